from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crm.errors import StoreError
from crm.ports.index import Scope
from crm.query.tree import Everything
from crm.records import migrate, tombstones, workspaces
from crm.records.workspaces import Workspace
from shenava import backup, restoring
from shenava.backup import DamagedBackupError
from shenava.locks import FolderInUseError, only_one
from shenava.settings import Settings
from shenava.wiring import House
from tests.conformance.doubles import ManualClock
from tests.doubles.office import START, WORKSPACE, said

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
    gone = backup.expire(folder, house.clock.now() + timedelta(days=31), 30)
    assert gone == [first]
    assert (folder / "shenava-notes.tar.gz").exists()


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
