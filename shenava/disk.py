"""What the data folder takes of its disk."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from crm.ports.clock import Clock

FRESH = timedelta(seconds=30)


class DiskUse:
    """Bytes used by a folder and bytes free beside it; the walk over the files is made every 30 s at most."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._used = 0
        self._walked_at: datetime | None = None

    def __call__(self) -> tuple[int, int]:
        """Used and free bytes, now or up to 30 s ago."""
        now = self._clock.now()
        if self._walked_at is None or now - self._walked_at >= FRESH:
            self._used, self._walked_at = used(self._folder), now
        return self._used, shutil.disk_usage(self._folder).free


def used(folder: Path) -> int:
    """Bytes of all files below `folder`; those that go while it looks (journals, expired back-ups) count nothing."""
    total = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(place, name).stat().st_size
    return total
