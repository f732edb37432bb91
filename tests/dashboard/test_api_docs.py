"""Every command of docs/api.md, as it stands there, against a server that runs."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from dashboard.api.shapes import Refusal
from tests.conftest import ROOT
from tests.dashboard.bureau import Bureau, open_bureau
from tests.doubles.office import said

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "api.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
COMMANDS = [
    command.strip()
    for block in BLOCKS
    for command in re.split(r"(?<!\\)\n", block)
    if command.strip().startswith("curl")
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bureau, dict[str, str]]]:
    bureau = open_bureau(tmp_path_factory.mktemp("bureau"))
    bureau.hear(said("p1"))
    folder = tmp_path_factory.mktemp("work")
    (folder / "posts.csv").write_text("id,text,author\n1,my card,mina\n", encoding="utf-8")
    case = bureau.as_("agent", "GET", "/cases").json()["rows"][0]["case"]["id"]
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        server = uvicorn.Server(
            uvicorn.Config(bureau.browser.app, log_level="warning", timeout_graceful_shutdown=1, ws="none")
        )  # fmt: skip
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/api/v1"
        yield bureau, {"SHENAVA": address, "TOKEN": bureau.tokens["manager"], "CASE": case, "HOME": str(folder)}
        server.should_exit = True
        thread.join(20)
    bureau.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_works(served: tuple[Bureau, dict[str, str]], command: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("not run: there is no curl on this machine")
    _, environment = served
    done = subprocess.run(
        ["bash", "-c", f"{command} -w '\\n%{{http_code}}' --noproxy '*'"], env={"PATH": "/usr/bin:/bin", **environment},
        cwd=environment["HOME"], capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    body, _, status = done.stdout.rpartition("\n")
    wrong_on_purpose = "AND (late'" in command
    assert int(status) == 422 if wrong_on_purpose else 200 <= int(status) < 300, done.stdout
    assert ("column" in json.loads(body or "{}")) is wrong_on_purpose


def test_every_error_code_is_explained() -> None:
    codes = Refusal.model_json_schema()["properties"]["error"]["enum"]
    assert all(f"`{code}`" in PAGE.read_text(encoding="utf-8") for code in codes if code != "failed")
