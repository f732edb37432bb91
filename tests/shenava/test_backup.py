from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import select, update

from crm import envelope
from crm.errors import StoreError
from crm.ports.dead import DeadLetter
from crm.ports.index import Scope
from crm.ports.responder import SendOrder
from crm.query.tree import Everything
from crm.records import deliveries, migrate, monitors, outbox, replies, sources, tables, tombstones, workspaces
from crm.records.columns import metadata
from crm.records.monitors import Monitor
from crm.records.sources import AccountRow, SourceRow
from crm.records.workspaces import Workspace
from crm.usecases.casework import CaseSink
from crm.usecases.customers import CustomerDraft
from crm.usecases.sending import Sender
from crm.words import COLLECTED, ENRICHED
from shenava import backup, restoring
from shenava.backup import DamagedBackupError
from shenava.demo.load import load
from shenava.locks import FolderInUseError, only_one
from shenava.settings import Settings
from shenava.tidying import UPLOADS, drop_uploads, tidy
from shenava.wiring import House
from tests.conformance.doubles import ManualClock
from tests.doubles.office import MONITOR, START, WORKSPACE, actor, said
from tests.doubles.platform import MemoryPlatform

SCOPE = Scope(WORKSPACE, None, private=True)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(Settings.load(data=tmp_path / "data"), ManualClock(START))
    with one.records.write() as tx:
        workspaces.add(tx, Workspace(WORKSPACE, "Nanmah", "Asia/Tehran", "en", START))
        tombstones.salt(tx)
    one.index.write([said("p1", "zebra"), said("p2", "heron", who="did:kian")])
    assert one.log.append("posts.collected", []) >= -1
    one.vault.key("audit")
    yield one
    one.close()


def again(house: House) -> House:
    return House(house.settings, house.clock)


def keys(house: House) -> list[str]:
    return sorted(hit.post.key for hit in house.index.search(SCOPE, Everything()).hits)


def test_a_backup_holds_the_stores_and_never_the_key(house: House) -> None:
    made = house.back_up()
    with tarfile.open(made) as archive:
        names = archive.getnames()
    assert "secret.key" not in names
    assert {"records.sqlite", "index.sqlite", "stream.sqlite", "manifest.json"} == set(names)


def test_what_was_backed_up_comes_back(house: House) -> None:
    made = house.back_up()
    house.index.delete(WORKSPACE, ["bluesky:p1"])
    house.close()
    done = restoring.restore(again(house), made)
    assert done.erased_again == 0
    assert done.aside is not None
    assert (done.aside / "index.sqlite").exists()
    assert keys(again(house)) == ["bluesky:p1", "bluesky:p2"]


def test_what_was_erased_since_stays_erased(house: House) -> None:
    made = house.back_up()
    with house.records.write() as tx:
        tombstones.bury(tx, WORKSPACE, ["bluesky:did:kian"], "author", "erased", house.clock.now())
    house.index.delete(WORKSPACE, author_keys=["bluesky:did:kian"])
    house.close()
    assert restoring.restore(again(house), made).erased_again == 1
    restored = again(house)
    assert keys(restored) == ["bluesky:p1"]
    with restored.records.read() as tx:
        assert tombstones.buried(tx, WORKSPACE, ["bluesky:did:kian"]) == {"bluesky:did:kian"}


def test_a_damaged_backup_changes_nothing(house: House, tmp_path: Path) -> None:
    made = house.back_up()
    half = tmp_path / "half.tar.gz"
    half.write_bytes(made.read_bytes()[: made.stat().st_size // 2])
    other = tmp_path / "other.tar.gz"
    other.write_text("not a back-up")
    house.close()
    for bad in (half, other, tmp_path / "missing.tar.gz"):
        with pytest.raises(DamagedBackupError, match="nothing was changed"):
            restoring.restore(again(house), bad)
    assert keys(again(house)) == ["bluesky:p1", "bluesky:p2"]


def test_a_swapped_file_in_a_backup_is_noticed(house: House, tmp_path: Path) -> None:
    made = house.back_up()
    changed = tmp_path / "changed.tar.gz"
    with tarfile.open(made) as old, tarfile.open(changed, "w:gz") as new:
        for member in old:
            content = old.extractfile(member).read()  # type: ignore[union-attr]
            content += b"more" if member.name == "index.sqlite" else b""
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    with pytest.raises(DamagedBackupError, match=r"index\.sqlite"):
        restoring.restore(again(house), changed)


def test_nothing_is_restored_under_a_running_installation(house: House) -> None:
    made = house.back_up()
    with only_one(house.data), pytest.raises(FolderInUseError):
        restoring.restore(again(house), made)


def test_old_backups_go(house: House) -> None:
    first = house.back_up()
    folder = first.parent
    (folder / "shenava-notes.tar.gz").write_text("mine")
    gone = backup.expire(folder, house.data, house.clock.now() + timedelta(days=31), 30)
    assert gone == [first]
    assert (folder / "shenava-notes.tar.gz").exists()


def test_what_a_crash_left_unfinished_goes_after_a_day(house: House) -> None:
    made = house.back_up()
    day = house.clock.now().timestamp()
    left = [made.parent / "unfinished-abc", made.parent / "shenava-20260101.tar.partial", house.data / "unfinished-de"]
    for path in left:
        path.mkdir()
        os.utime(path, (day, day))
    assert backup.expire(made.parent, house.data, house.clock.now() + timedelta(hours=23), 30) == []
    gone = backup.expire(made.parent, house.data, house.clock.now() + timedelta(hours=25), 30)
    assert sorted(gone) == sorted(left)
    assert made.exists()


def test_a_restore_needs_no_room_beside_the_data_folder(house: House) -> None:
    with backup.unpacked(house.back_up(), house.data) as (work, _):
        assert work.parent == house.data
    assert not work.exists()


def test_a_restore_that_was_cut_off_has_not_forgotten_what_was_erased(house: House) -> None:
    made = house.back_up()
    with house.records.write() as tx:
        tombstones.bury(tx, WORKSPACE, ["bluesky:did:kian"], "author", "erased", house.clock.now())
    house.close()
    aside = house.data / f"{backup.ASIDE}20260321T080000000000Z"
    aside.mkdir()
    (house.data / backup.RECORDS).rename(aside / backup.RECORDS)
    assert restoring.restore(again(house), made).erased_again == 1
    assert keys(again(house)) == ["bluesky:p1"]


def test_a_migration_backs_up_first(house: House) -> None:
    with house.records.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'unknown'")
    house.close()
    with pytest.raises(migrate.NewerDataError):
        _ = again(house).records
    assert not (house.data / "backups").exists()


def test_an_unwritable_place_is_said(house: House, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises((StoreError, OSError)):
        backup.make(house.data, blocked / "sub", house.clock.now())


def work_on(house: House) -> None:
    """A customer whose post opened a case, whom somebody answered, and a post of theirs that died."""
    services, lena = house.services, actor("lena", "manager")
    with house.records.write() as tx:
        monitors.put(tx, Monitor(MONITOR, WORKSPACE, "Nanmah", "nanmah", "Nanmah", True, START, START))
        sources.put_account(
            tx,
            AccountRow("a1", WORKSPACE, "bluesky", "https://x.example", "n", "did:n", "connected", None, None, START),
            house.vault.encrypt("hush"),
        )
    CaseSink(house.records, house.clock).write([said("p1", "zebra")])
    mina = services.customers.save(lena, CustomerDraft("Zebra Mina"))
    services.customers.tie(lena, "bluesky:did:mina", mina.id)
    with house.records.read() as tx:
        (case,) = tx.execute(select(tables.cases.c.id)).scalars()
    services.replies.draft(lena, case, "reply", "Sorry about the zebra", "en")
    died = said("p9", "zebra")
    house.dead.add(
        [DeadLetter("d1", COLLECTED, "enrich", 0, 1, died.post.key, envelope.encode(died), "E", "no", START)]
    )


def words_in(house: House) -> str:
    with house.records.read() as tx:
        rows = [row for table in metadata.sorted_tables for row in tx.execute(select(table))]
    return "\n".join(str(cell) for row in rows for cell in row).lower()


def test_an_erased_customer_does_not_come_back(house: House) -> None:
    work_on(house)
    made = house.back_up()
    with house.records.read() as tx:
        (mina,) = tx.execute(select(tables.customers.c.id)).scalars()
    house.services.privacy.erase_customer(None, mina)
    assert "zebra" not in words_in(house)
    house.close()
    assert restoring.restore(again(house), made).erased_again == 1
    restored = again(house)
    assert "zebra" not in words_in(restored)
    assert "mina" not in words_in(restored)
    assert keys(restored) == ["bluesky:p2"]


def test_a_reply_sent_since_is_not_sent_again(house: House) -> None:
    work_on(house)
    with house.records.write() as tx:
        (reply,) = tx.execute(select(tables.replies.c.id)).scalars()
        outbox.add(tx, WORKSPACE, reply, START, START)
        tx.execute(update(tables.replies).values(status="approved", account_id="a1"))
    made = house.back_up()
    house.close()
    restoring.restore(again(house), made)
    restored, platform = again(house), MemoryPlatform(START)
    sender = Sender(restored.records, {"bluesky": platform}, restored.account_tokens, restored.clock, "w", lambda: 0.0)
    assert sender.step() == 1
    assert (platform.looked, platform.published) == (1, [])
    with restored.records.read() as tx:
        assert tx.execute(select(tables.replies.c.status)).scalars().all() == ["unknown"]


def test_parts_that_waited_are_not_sent_again_either(house: House) -> None:
    work_on(house)
    with house.records.write() as tx:
        (first,) = tx.execute(select(tables.replies.c.id)).scalars()
        outbox.add(tx, WORKSPACE, first, START, START)
        tx.execute(update(tables.replies).values(status="approved", account_id="a1"))
        row = replies.get(tx, WORKSPACE, first)
        replies.add(tx, structs.replace(row, id="second", text="and more", follows=first))
    made = house.back_up()
    house.close()
    restoring.restore(again(house), made)
    restored, platform = again(house), MemoryPlatform(START)
    with restored.records.read() as tx:
        account = restored.account_tokens.fresh(WORKSPACE, "a1", timedelta(seconds=5))
        parcel = outbox.of_reply(tx, first)
    assert parcel is not None
    platform.published = [SendOrder(first, account, "reply", row.text, row.answer_to, "", parcel.created_at)]
    sender = Sender(restored.records, {"bluesky": platform}, restored.account_tokens, restored.clock, "w", lambda: 0.0)
    sender.step()
    assert [one.key for one in platform.published] == [first]
    with restored.records.read() as tx:
        second = replies.get(tx, WORKSPACE, "second")
        assert replies.get(tx, WORKSPACE, first).status == "sent"
    assert (second.status, second.answer_to) == ("unknown", f"bluesky:post-{first}")


def test_what_goes_on_meanwhile_is_not_lost(house: House) -> None:
    """A batch is handled, and a source reads on, once the first store was copied."""
    consumer = house.log.consumer(ENRICHED, "cases")
    house.log.append(ENRICHED, [envelope.record(said("p5"))])
    with house.records.write() as tx:
        sources.put(tx, SourceRow("s1", WORKSPACE, "rss", "Feed", {}, START, cursor="before"))
    copied: list[str] = []

    def meanwhile(name: str, done: int, total: int) -> None:
        if done == total and not copied:
            copied.append(name)
            assert consumer.poll(10, 0)
            CaseSink(house.records, house.clock).write([said("p5")])
            consumer.commit()
            with house.records.write() as tx:
                sources.change(tx, "s1", cursor="after")

    made = house.back_up(meanwhile)
    consumer.close()
    house.close()
    restoring.restore(again(house), made)
    restored = again(house)
    with restored.records.read() as tx:
        assert [row.cursor for row in sources.every(tx)] == ["before"]
        kept = tx.execute(select(tables.kept_posts.c.post_key)).scalars().all()
    waiting = restored.log.consumer(ENRICHED, "cases").poll(10, 0)
    assert kept or [event.key for event in waiting] == [f"{WORKSPACE}/bluesky:p5"]


def test_data_put_aside_by_a_restore_go_with_the_old_backups(house: House) -> None:
    made = house.back_up()
    house.close()
    aside = restoring.restore(again(house), made).aside
    assert aside is not None
    (house.data / "replaced-by-me").mkdir()
    later = again(house)
    assert isinstance(later.clock, ManualClock)
    later.clock.advance(29 * 86_400)
    tidy(later)
    assert aside.exists()
    later.clock.advance(2 * 86_400)
    tidy(later)
    assert not aside.exists()
    assert not made.exists()
    assert (house.data / "replaced-by-me").exists()


def test_a_demo_that_nobody_wants_any_more_leaves_nothing(house: House) -> None:
    load(house, WORKSPACE, lambda _done, _total: None, lambda: False)
    with house.records.read() as tx:
        assert not [one for one in monitors.of_workspace(tx, WORKSPACE) if one.made_up]
        assert tx.execute(select(tables.templates)).all() == []
    assert house.log.append(COLLECTED, []) == -1


def test_uploads_go_once_they_were_read(house: House) -> None:
    folder = house.data / UPLOADS
    folder.mkdir()
    read, unread, nobodys, fresh = (folder / name for name in ("read.csv", "unread.csv", "nobodys.csv", "fresh.csv"))
    now = house.clock.now()
    for path, hours in ((read, 2), (unread, 2), (nobodys, 2), (fresh, 0)):
        path.write_text("id,text")
        then = (now - timedelta(hours=hours)).timestamp()
        os.utime(path, (then, then))
    with house.records.write() as tx:
        for path, state in ((read, "finished"), (unread, "failed")):
            sources.put(tx, SourceRow(path.stem, WORKSPACE, "file", path.name, {"path": str(path)}, now, state=state))
    assert drop_uploads(house) == [nobodys, read]
    assert sorted(folder.iterdir()) == [fresh, unread]
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(7 * 86_400)
    assert drop_uploads(house) == [fresh]
    house.clock.advance(1)
    assert drop_uploads(house) == [unread]


def test_the_file_of_a_failed_import_goes_with_the_next_erasure(house: House) -> None:
    folder, now = house.data / UPLOADS, house.clock.now()
    folder.mkdir()
    kept: dict[str, Path] = {}
    for name, state, enabled in (
        ("failed", "failed", True),
        ("paused", "stopped", False),
        ("running", "running", True),
    ):
        kept[name] = folder / f"{name}.csv"
        kept[name].write_text("id,text")
        then = (now - timedelta(hours=2)).timestamp()
        os.utime(kept[name], (then, then))
        row = SourceRow(name, WORKSPACE, "file", name, {"path": str(kept[name])}, now, enabled=enabled, state=state)
        with house.records.write() as tx:
            sources.put(tx, row)
    assert drop_uploads(house) == []
    house.services.privacy.erase(None, posts=["bluesky:p1"])
    assert drop_uploads(house) == [kept["failed"], kept["paused"]]
    assert kept["running"].exists()


def test_receipts_outlive_a_restore(house: House) -> None:
    made = house.back_up()
    (receipt,) = house.services.privacy.erase(None, posts=["bluesky:p1"])
    house.close()
    restoring.restore(again(house), made)
    restored = again(house)
    (row,) = restored.services.privacy.erased(actor("ines", "administrator")).rows
    assert row.receipt == receipt
    assert restored.services.privacy.verify(receipt)


def test_a_message_whose_posts_are_not_in_the_copy_may_come_again(house: House) -> None:
    """The stream is copied before the records, so what was taken since would be known and missing."""
    hook = SourceRow("h1", WORKSPACE, "webhook", "Forum", {}, START)
    with house.records.write() as tx:
        sources.put(tx, hook)
        deliveries.remember(tx, hook, ["i:old"], "d", house.clock.now() - timedelta(minutes=5))

    def meanwhile(name: str, done: int, total: int) -> None:
        if name == "stream.sqlite" and done == total:
            with house.records.write() as tx:
                deliveries.remember(tx, hook, ["i:new"], "d", house.clock.now())

    made = house.back_up(meanwhile)
    with house.records.read() as tx:
        assert set(deliveries.known(tx, "h1", ["i:old", "i:new"])) == {"i:old", "i:new"}
    house.close()
    restoring.restore(again(house), made)
    with again(house).records.read() as tx:
        assert set(deliveries.known(tx, "h1", ["i:old", "i:new"])) == {"i:old"}
