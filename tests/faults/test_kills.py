"""kill -9 of every role at random moments: nothing is missing, doubled, too much or wrong in the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.harness import Plan, Run, seed
from tests.faults.nursery import nursery

POSTS, KILLS, OFTEN = 3_000, 20, 10
MANY_POSTS, MANY_KILLS = 100_000, int(os.environ.get("SHENAVA_KILLS", "200"))


def check(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Let the run go to its end and say in one line what it came to."""

    def say(kills: int) -> None:
        if kills % OFTEN == 0:
            with capsys.disabled():
                print(f" {kills} kills", end="", flush=True)

    verdict = run.go(say)
    run.house.close()
    with capsys.disabled():
        print(f"\nfaults: {run.summary(verdict)}")
    assert verdict.clean, str(verdict)
    assert "Traceback" not in run.log.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("faults")
def test_nothing_is_lost_though_every_role_is_killed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(Run(tmp_path, Plan(seed(), POSTS, KILLS)), capsys)


@pytest.mark.faults
@pytest.mark.timeout(max(1800, MANY_KILLS * 10))
def test_nothing_is_lost_in_a_long_siege(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with nursery() as born:
        check(Run(tmp_path, Plan(seed(), MANY_POSTS, MANY_KILLS, gap=2.0), born=born), capsys)
