"""Where the processes of a long siege are born: everything is imported once, and a role is a fork of that.

A role that dies hundreds of times would spend most of its life importing. Forked it begins a few seconds further on and
is the same from there: its own command line, environment, files and threads. That real processes start and end well
is shown by the short siege.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from tests.conftest import ROOT
from tests.services.process import parent_of

LOADED = (
    "shenava.cli", "shenava.roles", "shenava.collecting", "shenava.serving", "shenava.tidying", "shenava.jobs",
    "dashboard.app", "enrich.models", "enrich.pipeline", "stream.worker", "stream.sqlite", "stream.kafka",
    "index.sqlite", "index.elasticsearch", "crm.usecases.sending", "crm.usecases.trail", "crm.usecases.live",
)  # fmt: skip
LOOK_SECONDS = 0.01


class Born:
    """A process that is a fork; it has what we use of :class:`subprocess.Popen`."""

    def __init__(self, pid: int, parent: int) -> None:
        self.pid, self._parent = pid, parent

    def poll(self) -> int | None:
        """None while it lives, else 0: how it ended only its parent knows."""
        return None if parent_of(self.pid) == self._parent else 0

    def wait(self, timeout: float | None = None) -> int:
        """Return once it has ended; raises TimeoutExpired."""
        latest = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if latest is not None and time.monotonic() > latest:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(LOOK_SECONDS)
        return 0

    def terminate(self) -> None:
        """Ask it to end."""
        self._tell(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._tell(signal.SIGKILL)

    def _tell(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Nursery:
    """A process with everything imported, which forks when it is told to."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def start(self, words: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> Born:
        """Start `shenava WORDS` in a folder; what it says is added to `log`."""
        order = {"words": list(words), "environment": dict(environment), "folder": str(folder), "log": str(log)}
        ask, answer = self._process.stdin, self._process.stdout
        assert ask is not None
        assert answer is not None
        ask.write(json.dumps(order).encode() + b"\n")
        ask.flush()
        return Born(int(answer.readline()), self._process.pid)


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery for one test. Whoever was born there ends with it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHENAVA_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with process:
        try:
            yield Nursery(process)
        finally:
            process.terminate()


def main() -> None:
    """Fork once for each line on the standard input, and say the new process's id."""
    for name in LOADED:
        importlib.import_module(name)
    assert threading.active_count() == 1  # a thread would be missing in every fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    for line in sys.stdin.buffer:
        pid = os.fork()
        if not pid:
            _become(json.loads(line))
        print(pid, flush=True)


def _become(order: Mapping[str, object]) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update({**order["environment"], "SHENAVA_PARENT": str(os.getppid())})  # type: ignore[dict-item]
    os.chdir(str(order["folder"]))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(str(order["log"]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["shenava", *order["words"]]  # type: ignore[misc]
    code = 1
    try:
        importlib.import_module("shenava.cli").main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
