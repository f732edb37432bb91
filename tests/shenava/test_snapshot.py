"""Back-ups of stores that are servers, here played by other files: whole, and put back whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from crm.ports.log import Record
from crm.query.tree import Everything
from crm.records import sources, whole
from crm.records.sources import SourceRow
from crm.records.tables import sources as sources_table
from crm.words import COLLECTED
from shenava import moving, snapshot
from shenava.moving import NotEmptyError
from shenava.snapshot import BehindError, files_of
from shenava.wiring import House
from tests.doubles.office import START, WORKSPACE
from tests.shenava.test_backup import SCOPE
from tests.shenava.test_migrating import POSTS, house, tell

__all__ = ["house"]


@pytest.fixture
def filed(house: House) -> House:
    """An installation with nothing on its way."""
    consumer = house.log.consumer(COLLECTED, "enrich")
    while consumer.poll(1000, 0.0):
        consumer.commit()
    return house


def cursor_in(house: House) -> str:
    with house.records.read() as tx:
        return str(tx.execute(select(sources_table.c.cursor)).scalar_one())


def test_what_was_taken_is_put_back_whole(filed: House, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "new").mkdir()
    snapshot.take(filed, tmp_path / "copy", tell)
    other = files_of(filed, tmp_path / "new")
    snapshot.put(other, tmp_path / "copy", tell)
    assert len(other.index.search(SCOPE, Everything(), limit=1000).hits) == POSTS
    for table in whole.EVERY:
        with filed.records.read() as one, other.records.read() as two:
            assert whole.summed(one, table) == whole.summed(two, table), table.name
    with pytest.raises(NotEmptyError):
        snapshot.put(other, tmp_path / "copy", tell)
    other.close()


def test_sources_go_on_where_they_were_when_it_began(filed: House, tmp_path: Path) -> None:
    with filed.records.write() as tx:
        options = {"url": "https://news.example"}
        sources.put(tx, SourceRow("s1", WORKSPACE, "feed", "News", options, START, cursor="before"))

    def reads_on(what: str, done: int, total: int) -> None:
        tell(what, done, total)
        if what == "posts" and done == moving.PAGE:
            with filed.records.write() as tx:
                tx.execute(update(sources_table).values(cursor="after"))

    snapshot.take(filed, tmp_path, reads_on)
    copy = files_of(filed, tmp_path)
    assert (cursor_in(copy), cursor_in(filed)) == ("before", "after")
    copy.close()


def test_what_is_on_its_way_is_waited_for_and_not_lost(filed: House, tmp_path: Path) -> None:
    filed.log.append(COLLECTED, [Record("k:late", b"late")])
    filed.clock.advance(1)  # type: ignore[attr-defined]
    with pytest.raises(BehindError):
        snapshot.take(filed, tmp_path, tell)
