"""A disk without room for any role: work stands still, and once there is room it goes on with nothing lost."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.harness import Plan, Run, seed

POSTS = 4_000
ROOMY, ROOM_LEFT = 256 << 20, 400 << 10
FULL_SECONDS, OFTEN = 120.0, 12
"""How long the disk is full at most, and after how many complaints somebody makes room."""

Resize = Callable[[int], None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Resize]:
    """A disk of its own for the data folder; gives what changes its size (bytes)."""
    data = tmp_path / "data"
    data.mkdir()

    def mount(option: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(data)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    if os.geteuid() != 0 or not mount(f"size={ROOMY}"):
        pytest.skip("not run: a disk of its own can't be mounted here; only root may, and not in every container")

    def resize(size: int) -> None:
        assert mount(f"remount,size={size}")

    yield resize
    subprocess.run(["umount", "--lazy", str(data)], check=True)


def complaints(run: Run) -> list[str]:
    """What the roles said about the disk."""
    return re.findall(r"disk[a-z ]* full", run.log.read_text(encoding="utf-8"), re.IGNORECASE)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("faults")
def test_a_disk_without_room_stops_every_role_and_harms_nothing(
    disk: Resize, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path, Plan(seed(), POSTS, 0))
    while run.feed():
        pass
    there = os.statvfs(run.house.data)
    disk((there.f_blocks - there.f_bfree) * there.f_frsize + ROOM_LEFT)
    with run.crew:
        latest = time.monotonic() + FULL_SECONDS
        while time.monotonic() < latest and len(complaints(run)) < OFTEN:
            run.crew.tend()
            time.sleep(0.3)
        disk(ROOMY)
        run.drain()
    verdict = run.judge()
    run.house.close()
    said = complaints(run)
    with capsys.disabled():
        print(f"\nfull disk: {len(said)} complaints, {run.summary(verdict)}")
    assert len(said) >= OFTEN
    assert "Traceback" not in run.log.read_text(encoding="utf-8")
    assert verdict.clean, str(verdict)
