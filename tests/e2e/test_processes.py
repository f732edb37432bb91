"""Starting, stopping and killing: nothing stored is harmed, and what went wrong is said in one sentence."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.installation import ROLES, Installation, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
POSTS = 3000


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "posts.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for number in range(POSTS):
            text = (
                f"my card number{number} was charged twice, again"
                if number % 2
                else f"کارت شماره{number} من کار نمی‌کند"
            )
            at = f"2026-03-{1 + number % 20:02}T10:00:00Z"
            out.write(
                json.dumps({"id": str(number), "text": text, "author": f"a{number % 97}", "created_at": at}) + "\n"
            )
    return file


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that failed said: one sentence, on stderr alone."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("shenava: ")
    return line


def test_a_second_up_on_the_same_folder_is_refused(installation: Callable[..., Installation]) -> None:
    first = installation()
    second = first.run("up", "--port", "0")
    assert "is in use by another Shenava" in one_line(second)
    assert first.up is not None
    assert str(first.up.pid) in second.stderr
    until(lambda: set(first.pids()) == set(ROLES), "every role runs")
    looked = {one["what"]: one["state"] for one in json.loads(first.run("doctor", "--json").stdout)}
    assert looked["shenava up"] == f"runs as process {first.up.pid} at {first.url}"


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    one = Installation(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", one.port))
        taken.listen()
        assert f"Port {one.port} on 127.0.0.1 is in use" in one_line(one.run("up", "--port", str(one.port)))


def test_terminating_ends_every_process(installation: Callable[..., Installation]) -> None:
    one = installation()
    until(lambda: set(one.pids()) == set(ROLES), "every role runs")
    one.set_up()
    assert one.up is not None
    # A browser that listens for news holds nothing up.
    with httpx.stream("GET", f"{one.url}/live", cookies={"shenava_session": one.session}, trust_env=False) as listening:
        assert listening.status_code == 200
        one.up.send_signal(signal.SIGTERM)
        assert one.up.wait(60) == 0
    assert one.pids() == {}
    assert "Traceback" not in one.log.read_text()


@pytest.mark.faults
def test_roles_end_when_their_supervisor_was_killed(installation: Callable[..., Installation]) -> None:
    one = installation()
    until(lambda: set(one.pids()) == set(ROLES), "every role runs")
    assert one.up is not None
    one.up.kill()
    until(lambda: one.pids() == {}, "the roles end by themselves")
    assert one.run("doctor", "--json").returncode in (0, 1)
    # The folder is free again.
    with one.started():
        until(lambda: set(one.pids()) == set(ROLES), "every role runs again")


@pytest.mark.faults
def test_whatever_is_killed_in_mid_batch_nothing_is_lost_or_doubled(
    installation: Callable[..., Installation], rows: Path
) -> None:
    one = installation()
    one.set_up(brand="Nanmah")
    with rows.open("rb") as file:
        one.api("POST", "/imports", files={"file": ("posts.jsonl", file)}, data={"platform": "x"})
    for role in ("collect", "understand", "enrich", "understand", "respond", "console"):
        was = one.kill(role)
        until(lambda role=role, was=was: one.pids().get(role) not in (None, was), f"{role} runs again")
    until(lambda: _reachable(one), "the console answers again")
    until(lambda: one.api("GET", "/posts", params={"limit": 1})["total"] == POSTS, "every post is searchable", 180.0)
    keys, cursor = [], ""
    while cursor is not None:
        page = one.api("GET", "/posts", params={"limit": 100} | ({"cursor": cursor} if cursor else {}))
        keys += [hit["post"]["post"]["native_id"] for hit in page["hits"]]
        cursor = page["cursor"]
    assert sorted(keys, key=int) == [str(number) for number in range(POSTS)]
    assert one.api("GET", "/health")["health"]["dead_total"] == 0


def _reachable(one: Installation) -> bool:
    try:
        return bool(one.api("GET", "/me"))
    except (httpx.HTTPError, AssertionError):
        return False


@pytest.mark.faults
def test_a_killed_import_goes_on_where_it_stopped(tmp_path: Path, rows: Path) -> None:
    one = Installation(tmp_path)
    words = one.command("import", str(rows), "--platform", "x")
    first = subprocess.Popen(words, env=one.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: (one.data / "stream.sqlite").exists(), "the import began")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    again = one.run("import", str(rows), "--platform", "x")
    assert again.returncode == 0, again.stderr
    found = json.loads(one.run("search", "", "--json").stdout)
    assert found["total"] == POSTS
