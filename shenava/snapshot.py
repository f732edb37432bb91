"""Back-ups of an installation whose stores are servers: the same posts and records as the files of an embedded one.

So a back-up made at scale can be opened on a laptop, and the other way round. What is on its way in the stream is
waited for instead of copied.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select, update

from crm.errors import StoreError
from crm.records import workspaces
from crm.records.database import Records
from crm.records.tables import jobs, sources
from shenava import moving, pipeline
from shenava.moving import NotEmptyError, Progress
from shenava.settings import Settings
from shenava.wiring import House

FILLING = (sources, jobs)
LOOK_SECONDS = 1.0
MOST_SECONDS = 600.0


class BehindError(StoreError):
    """Posts were collected that are not stored yet, and nobody stores them."""

    def __init__(self) -> None:
        super().__init__(
            f"Posts wait in the stream that were not filed within {MOST_SECONDS:.0f} s; a back-up would lose them. "
            "See that `shenava enrich` runs, and back up again."
        )


def files_of(house: House, folder: Path) -> House:
    """An installation of embedded stores in `folder`."""
    return House(Settings.load(data=folder, stream_url="", index_url="", records_url=""), house.clock)


def take(house: House, folder: Path, progress: Progress) -> None:
    """Write the installation into files below `folder` while it runs. Raises BehindError."""
    copy = files_of(house, folder)
    try:
        with house.records.read() as tx:
            begun = {table.name: _cursors(tx, table) for table in FILLING}
        _wait_until_filed(house)
        for workspace in _workspaces(house.records):
            for _ in moving.copy_posts(house.index, copy.index, workspace, progress):
                pass
        moving.copy_records(house.records, copy.records, progress)
        assert copy.log is not None  # an empty one
        # Sources go on where they were before the copying began: they read the rest again, and nothing doubles.
        with copy.records.write() as tx:
            for table in FILLING:
                _set_cursors(tx, table, begun[table.name])
    finally:
        copy.close()


def put(house: House, folder: Path, progress: Progress) -> None:
    """Fill the empty stores of `house` from files below `folder`, and compare. Raises NotEmptyError, DifferentError."""
    copy = files_of(house, folder)
    try:
        with house.records.read() as tx:
            if workspaces.every(tx):
                raise NotEmptyError(house.records.engine.url.render_as_string())
        moving.copy_records(copy.records, house.records, progress)
        for _ in moving.compare_records(copy.records, house.records):
            pass
        for workspace in _workspaces(copy.records):
            for _ in moving.copy_posts(copy.index, house.index, workspace, progress):
                pass
            moving.compare_posts(copy.index, house.index, workspace)
        for _ in moving.copy_events(copy.log, house.log, house.clock, progress):
            pass
    finally:
        copy.close()


def _workspaces(records: Records) -> list[str]:
    with records.read() as tx:
        return [one.id for one in workspaces.every(tx)]


def _wait_until_filed(house: House) -> None:
    """Return once every group has handled what was on the stream when this began, and what became of it."""
    latest = house.clock.monotonic() + MOST_SECONDS
    for topic in pipeline.GROUPS:
        begun = house.clock.monotonic()
        while pipeline.unfiled(house, topic, begun):
            if house.clock.monotonic() > latest:
                raise BehindError
            house.clock.sleep(LOOK_SECONDS)


def _cursors(tx: Connection, table: Table) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(table.c.id, table.c.cursor, table.c.state))]


def _set_cursors(tx: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    for name, cursor, state in rows:
        tx.execute(update(table).where(table.c.id == name).values(cursor=cursor, state=state))
