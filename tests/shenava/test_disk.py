"""The size of the data folder, while files come and go."""

from __future__ import annotations

from pathlib import Path

from shenava.disk import DiskUse, used
from tests.conformance.doubles import ManualClock


def test_files_that_go_while_it_looks_count_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_bytes(b"12345")
    (tmp_path / "records.sqlite").write_bytes(b"123")
    (tmp_path / "records.sqlite-journal").symlink_to(tmp_path / "gone")
    assert used(tmp_path) == 8
    assert used(tmp_path / "nothing") == 0


def test_the_files_are_walked_over_twice_a_minute_at_most(tmp_path: Path) -> None:
    clock = ManualClock()
    disk = DiskUse(tmp_path, clock)
    assert disk()[0] == 0
    (tmp_path / "a").write_bytes(b"123")
    clock.advance(29)
    assert disk()[0] == 0
    clock.advance(1)
    found, free = disk()
    assert found == 3
    assert free > 0
