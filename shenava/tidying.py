"""What an installation throws away by itself, so that nothing erased lives on in a forgotten corner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from crm.policies.files import SENT_KEPT
from crm.records import budget, dead_letters, receipts, reply_files, sources, tombstones
from crm.records.sources import SourceRow
from shenava.wiring import House

UPLOADS = "uploads"
UNCLAIMED = timedelta(hours=1)
"""How long an uploaded file may wait for the source that reads it."""
ANOTHER_TRY = timedelta(days=7)
"""How long the file of an import that failed is kept, so that it can be tried again."""


def tidy(house: House) -> None:
    """Delete what has had its time, and read uploads.

    Tombstones, replayed dead letters, old reads and gaps, pictures long sent, back-ups, months of posts.
    """
    with house.records.write() as tx:
        tombstones.expire(tx, house.clock.now())
        dead_letters.expire(tx, house.clock.now())
        budget.expire(tx, house.clock.now())
        reply_files.drop_sent(tx, house.clock.now() - SENT_KEPT)
    house.expire_copies()
    drop_uploads(house)
    house.index.purge()
    if house.settings.index_kept_months:
        house.index.expire(months_before(house.clock.now(), house.settings.index_kept_months))


def months_before(now: datetime, months: int) -> datetime:
    """The first moment (UTC) of the month that lies `months` before the one of `now`."""
    year, month = divmod(now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def drop_uploads(house: House) -> list[Path]:
    """Delete uploaded files that no source has yet to read: it is finished or removed. Returns those that went.

    A file whose import failed waits a week for another try; it and one whose import is paused go after the next
    erasure: nobody can tell whom they name. Whoever wants a file after all hands it over again, and what was
    erased is left out.
    """
    with house.records.read() as tx:
        erased, now = receipts.newest(tx), house.clock.now()
        wanted = {row.options.get("path") for row in sources.every(tx) if not _is_done(row, erased, now)}
    before = (now - UNCLAIMED).timestamp()
    gone = []
    for path in sorted((house.data / UPLOADS).glob("*")):
        if path.is_file() and path.stat().st_mtime < before and not wanted & {str(path), str(path.resolve())}:
            path.unlink(missing_ok=True)
            gone.append(path)
    return gone


def _is_done(source: SourceRow, erased: datetime | None, now: datetime) -> bool:
    """Whether nobody reads the source's file any more, `erased` being the time of the newest erasure."""
    idle = not source.enabled or source.state == "failed"
    if source.state == "failed" and now - source.created_at > ANOTHER_TRY:
        return True
    return source.state == "finished" or (idle and erased is not None and source.created_at <= erased)
