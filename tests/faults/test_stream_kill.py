"""kill -9 in mid-batch: what was acknowledged is there, and downstream sees every post once by its key."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from crm.ports.clock import SystemClock
from stream.sqlite import SQLiteLog
from tests.conformance.event_log import drain
from tests.faults.stream_child import BATCH, COLLECTED, ENRICHED, GROUP

ROOT = Path(__file__).resolve().parents[2]
KILLS = [pytest.param(5, marks=pytest.mark.slow), pytest.param(60, marks=pytest.mark.faults)]


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.stream_child", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill_after(child: subprocess.Popen[str], seconds: float) -> list[str]:
    """Wait for its first line, then a while, then kill it; returns all of its lines."""
    assert child.stdout is not None
    first = child.stdout.readline()
    time.sleep(seconds)
    child.kill()
    rest, _ = child.communicate()
    return [first, *rest.splitlines()]


@pytest.fixture
def random() -> Random:
    seed = time.time_ns() % 1_000_000
    print(f"seed {seed}")  # shown where the test fails
    return Random(seed)


@pytest.mark.parametrize("kills", KILLS)
def test_what_an_append_acknowledged_survives_a_kill(tmp_path: Path, random: Random, kills: int) -> None:
    stored = 0
    for _ in range(kills):
        lines = kill_after(start("append", tmp_path, stored), random.uniform(0.0, 0.2))
        acknowledged = max(int(line) for line in lines)
        log = _open(tmp_path)
        events = drain(log.consumer(COLLECTED, f"check {time.monotonic_ns()}"))
        assert len(events) >= acknowledged
        assert len(events) % BATCH == 0, "a batch was added in part"
        assert [event.key for event in events] == [f"k:{n}" for n in range(len(events))]
        assert all(event.value.decode() == f"پست {event.offset}" for event in events)
        stored = len(events)
        log.close()


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_worker_loses_nothing_and_shows_nothing_twice(tmp_path: Path, random: Random, kills: int) -> None:
    log = _open(tmp_path)
    count, downstream = log.consumer(COLLECTED, "count"), log.consumer(ENRICHED, "index")
    sent, shown = 0, dict[str, str]()
    for _ in range(kills):
        kill_after(start("append", tmp_path, sent), random.uniform(0.0, 0.1))
        sent += len(drain(count))
        count.commit()  # the worker trims what it and we are done with
        kill_after(start("consume", tmp_path), random.uniform(0.0, 0.25))
        shown |= {event.key: event.value.decode() for event in drain(downstream)}
    survivor = start("consume", tmp_path)
    deadline = time.monotonic() + 60
    while not _caught_up(log) and time.monotonic() < deadline:
        time.sleep(0.05)
    kill_after(survivor, 0.0)
    shown |= {event.key: event.value.decode() for event in drain(downstream)}
    assert shown == {f"k:{n}": f"پست {n}" for n in range(sent)}


def _open(folder: Path) -> SQLiteLog:
    return SQLiteLog(folder / "stream.sqlite", SystemClock(), lease=3600)


def _caught_up(log: SQLiteLog) -> bool:
    return [lag.waiting for lag in log.lag() if lag.group == GROUP] == [0]
