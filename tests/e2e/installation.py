"""The whole program as its users run it: `shenava up` on a data folder of its own, and the command line beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from shenava.settings import Settings
from shenava.wiring import House
from tests.conftest import ROOT
from tests.services.process import free_port, running, wait_until_http

ROLES = ("collect", "enrich", "understand", "respond", "console")
"""Every process but the supervisor."""
EMAIL, PASSWORD = "negar@nanmah.example", "correct horse battery"
T = TypeVar("T")


def until(look: Callable[[], T | bool | None], what: str, seconds: float = 180.0) -> T:
    """What `look` gives once it gives something; fails after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")


class Installation:
    """A data folder with a port; `allow` are addresses of this machine that it may call."""

    def __init__(self, folder: Path, allow: tuple[str, ...] = ()) -> None:
        self.folder, self.data, self.port = folder, folder / "data", free_port()
        self.url, self.log = f"http://127.0.0.1:{self.port}", folder / "up.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHENAVA_")}
        self.environment = {
            **kept, "HOME": str(folder), "SHENAVA_ALLOW_ADDRESSES": json.dumps(allow), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self.up: subprocess.Popen[bytes] | None = None
        self._token = ""

    def command(self, *words: str) -> list[str]:
        """A command line that works on this data folder."""
        return [sys.executable, "-m", "shenava", *words, "--data", str(self.data)]

    def run(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run a command on this data folder to its end."""
        return self._run(self.command(*words), **more)

    def plain(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command that needs no data folder."""
        return self._run([sys.executable, "-m", "shenava", *words])

    def _run(self, words: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=240,
            check=False, **more,
        )  # fmt: skip

    @contextmanager
    def started(self) -> Iterator[Installation]:
        """`shenava up` until the end of the block; answers from the first line on."""
        command = self.command("up", "--port", str(self.port))
        with running(command, self.log, self.environment, self.folder) as self.up:
            wait_until_http(f"{self.url}/ready", 180.0, lambda: self.up is not None and self.up.poll() is None)
            yield self

    def set_up(self, language: str = "en", **form: str) -> None:
        """The first visit, without a browser."""
        given = {"email": EMAIL, "password": PASSWORD, "brand": "Nanmah", "zone": "Asia/Tehran", **form}
        headers, cookies = {"Origin": self.url}, {"shenava_language": language}
        with httpx.Client(base_url=self.url, trust_env=False, cookies=cookies, timeout=30.0) as browser:
            answer = browser.post("/setup", data=given, headers=headers)
        assert answer.status_code == 303, answer.text

    @property
    def session(self) -> str:
        """A session of the administrator, as their browser keeps it."""
        house = House(Settings(data=self.data))
        token = house.accounts.log_in(EMAIL, PASSWORD).token
        house.close()
        return token

    @property
    def token(self) -> str:
        """An API token of the administrator."""
        if not self._token:
            house = House(Settings(data=self.data))
            actor = house.accounts.actor_of(self.session)
            assert actor is not None
            self._token = house.accounts.create_api_token(actor, "tests")
            house.close()
        return self._token

    def api(self, method: str, path: str, **options: Any) -> Any:
        """Call the HTTP API; gives the decoded answer and fails on an error."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(
            method, f"{self.url}/api/v1{path}", headers=headers, trust_env=False, timeout=30.0, **options
        )  # fmt: skip
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def pid(self, role: str) -> int:
        """The process of a role; fails where it does not run."""
        return until(lambda: self.pids().get(role), f"the process of {role}", 30.0)

    def pids(self) -> dict[str, int]:
        """The processes of all roles that run on this data folder."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (words := _words(entry)) and words[-1] == str(self.data) and words[-3] in ROLES:
                found[words[-3]] = int(entry.name)
        return found

    def kill(self, role: str) -> int:
        """End a role as a power cut would; gives the id that it had."""
        pid = self.pid(role)
        os.kill(pid, signal.SIGKILL)
        return pid


def _words(entry: Path) -> list[str]:
    """The command line of a process that is a command of ours; empty for all others and for those that ended."""
    try:
        words = (entry / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        ended = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return []
    return words if len(words) >= 5 and words[-2] == "--data" and not ended else []
