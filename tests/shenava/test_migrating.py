"""Moving an installation to other stores: all of it arrives, whatever interrupts it, and nothing here changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.ports.log import Record
from crm.query.tree import Everything
from crm.records import audit, tombstones, whole, workspaces
from crm.records.workspaces import Workspace
from crm.usecases.casework import CaseSink
from crm.usecases.customers import CustomerDraft
from crm.words import COLLECTED, ENRICHED
from shenava import migrating, moving
from shenava.locks import FolderInUseError, only_one
from shenava.migrating import NothingToMoveError
from shenava.moving import DifferentError, NotEmptyError
from shenava.settings import Settings
from shenava.wiring import House
from tests.conformance.doubles import ManualClock
from tests.doubles.office import START, WORKSPACE, actor, said
from tests.shenava.test_backup import SCOPE

POSTS = 950


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(Settings.load(data=tmp_path / "data"), ManualClock(START))
    with one.records.write() as tx:
        workspaces.add(tx, Workspace(WORKSPACE, "نان‌ماه", "Asia/Tehran", "fa", START))
        tombstones.salt(tx)
        for number in range(30):
            audit.append(tx, WORKSPACE, "system", "tested", f"s{number}", START, text="كارت 🙂")
    posts = [said(f"p{number}", f"کارت گم شد {number}", who=f"did:{number % 7}") for number in range(POSTS)]
    one.index.write(posts)
    CaseSink(one.records, one.clock).write(posts[:40])
    one.services.customers.save(actor(), CustomerDraft("نرگس"))
    one.log.append(COLLECTED, [Record(f"k:{number}", f"پست {number}".encode()) for number in range(700)])
    yield one
    one.close()


def elsewhere(folder: Path) -> dict[str, str]:
    return {name: f"sqlite:///{folder / f'{name}.sqlite'}" for name in ("stream", "index", "records")}


def opened(house: House, urls: dict[str, str]) -> House:
    return House(Settings.load(data=house.data, **{f"{name}_url": url for name, url in urls.items()}), house.clock)


def tell(what: str, done: int, total: int) -> None:
    assert what
    assert done <= total


def test_all_of_it_arrives_and_what_was_here_stays(house: House, tmp_path: Path) -> None:
    urls = elsewhere(tmp_path)
    moved = {one.what: one.rows for one in migrating.run(house, **urls, progress=tell)}
    assert (moved["posts"], moved[COLLECTED], moved[ENRICHED], moved["audit"]) == (POSTS, 700, 0, 31)
    assert set(moved) >= {table.name for table in whole.EVERY}
    there = opened(house, urls)
    assert there.index.get(SCOPE, ["bluesky:p7"]) == house.index.get(SCOPE, ["bluesky:p7"])
    assert len(there.index.search(SCOPE, Everything(), limit=1000).hits) == POSTS
    with there.records.write() as tx:
        after = audit.append(tx, WORKSPACE, "system", "tested", "next", START)
    with house.records.read() as tx:
        assert after > max(row.id for row in audit.newest(tx, WORKSPACE))
    assert len(house.index.search(SCOPE, Everything(), limit=1000).hits) == POSTS
    there.close()


def test_the_same_command_goes_on_where_it_stopped(house: House, tmp_path: Path) -> None:
    urls = elsewhere(tmp_path)

    def breaks(what: str, done: int, _total: int) -> None:
        if what == "posts" and done > moving.PAGE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(migrating.run(house, **urls, progress=breaks))
    copied = list[int]()
    again = opened(house, {})
    moved = migrating.run(
        again, **urls, progress=lambda what, done, _: copied.append(done) if what == "posts" else None
    )
    assert {one.what: one.rows for one in moved}["posts"] == POSTS
    assert copied[-1] < POSTS
    assert not (house.data / migrating.FILE).exists()
    again.close()


def test_records_that_hold_something_are_left_alone(house: House, tmp_path: Path) -> None:
    urls = elsewhere(tmp_path)
    stranger = opened(house, {"records": urls["records"]})
    with stranger.records.write() as tx:
        workspaces.add(tx, Workspace("other", "Other", "UTC", "en", START))
    stranger.close()
    with pytest.raises(NotEmptyError):
        list(migrating.run(house, stream="", index="", records=urls["records"], progress=tell))


def test_a_difference_is_told_of(house: House, tmp_path: Path) -> None:
    urls = elsewhere(tmp_path)
    there = opened(house, {"index": urls["index"]})
    there.index.write([said("stranger", "somebody else")])
    there.close()
    with pytest.raises(DifferentError, match="951 there"):
        list(migrating.run(house, stream="", index=urls["index"], records="", progress=tell))
    Path(urls["index"].removeprefix("sqlite:///")).unlink()
    moved = list(migrating.run(house, stream="", index=urls["index"], records="", progress=tell))
    assert [one.rows for one in moved] == [POSTS]


def test_a_stream_is_read_to_its_end_though_an_earlier_try_was_killed(house: House, tmp_path: Path) -> None:
    killed = house.log.consumer(COLLECTED, moving.GROUP)
    assert killed.poll(100, 0.0)
    killed.commit()
    moved = list(migrating.run(house, elsewhere(tmp_path)["stream"], index="", records="", progress=tell))
    assert {one.what: one.rows for one in moved}[COLLECTED] == 700
    assert all(one.group != moving.GROUP for one in house.log.lag())


def test_nothing_is_moved_to_where_it_is_or_while_it_is_used(house: House, tmp_path: Path) -> None:
    with pytest.raises(NothingToMoveError):
        list(migrating.run(house, stream="", index=house.settings.index, records="", progress=tell))
    with only_one(house.data), pytest.raises(FolderInUseError):
        list(migrating.run(house, **elsewhere(tmp_path), progress=tell))
