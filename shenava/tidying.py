"""What an installation throws away by itself, so that nothing erased lives on in a forgotten corner."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from crm.records import dead_letters, sources, tombstones
from shenava.wiring import House

UPLOADS = "uploads"
UNCLAIMED = timedelta(hours=1)
"""How long an uploaded file may wait for the source that reads it."""


def tidy(house: House) -> None:
    """Delete tombstones, replayed dead letters and back-ups whose time has passed, and uploads that were read."""
    with house.records.write() as tx:
        tombstones.expire(tx, house.clock.now())
        dead_letters.expire(tx, house.clock.now())
    house.expire_copies()
    drop_uploads(house)


def drop_uploads(house: House) -> list[Path]:
    """Delete uploaded files that no source has yet to read: it is finished or removed. Returns those that went."""
    with house.records.read() as tx:
        wanted = {row.options.get("path") for row in sources.every(tx) if row.state != "finished"}
    before = (house.clock.now() - UNCLAIMED).timestamp()
    gone = []
    for path in sorted((house.data / UPLOADS).glob("*")):
        if path.is_file() and path.stat().st_mtime < before and not wanted & {str(path), str(path.resolve())}:
            path.unlink(missing_ok=True)
            gone.append(path)
    return gone
