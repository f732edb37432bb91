"""Where the key lies: never lost, never made a second time, and moved only where it can be read again."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from crm.errors import InvalidInputError, StoreError
from shenava.doctoring import examine
from shenava.keys import KeyPlace, KeyRingError, Place
from shenava.settings import Settings
from shenava.vault import FileVault
from shenava.wiring import House
from tests.conformance.doubles import ManualClock

KEY = base64.b64encode(b"thirty-two bytes of a test's key").decode()


class MemoryRing(KeyringBackend):
    """A key ring that can be locked."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("The collection is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring() -> MemoryRing:
    return MemoryRing()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secret.key"


def test_a_key_moves_into_the_key_ring_and_back(path: Path, ring: MemoryRing) -> None:
    place = KeyPlace(path, "", lambda: ring)
    assert place.place == Place.FILE
    sealed, text = place.open().encrypt("hush"), path.read_text().strip()
    assert place.move(Place.KEYRING)
    assert (place.place, list(ring.kept.values())) == (Place.KEYRING, [text])
    assert text not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyPlace(path, "", lambda: ring).open().decrypt(sealed) == "hush"
    assert not place.move(Place.KEYRING)
    assert place.move(Place.FILE)
    assert (path.read_text().strip(), ring.kept, place.place) == (text, {}, Place.FILE)
    assert place.open().decrypt(sealed) == "hush"
    assert [one.name for one in path.parent.iterdir()] == ["secret.key"]


class NotingRing(MemoryRing):
    """Notes in which order things reach the disk, and are taken away from their old place."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.steps: list[str] = []
        self._path, self._fsync = path, os.fsync
        monkeypatch.setattr(os, "fsync", self.fsync)

    def fsync(self, descriptor: int) -> None:
        what = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        self.steps.append(f"{what} is on the disk, there is the {self.there()}")
        self._fsync(descriptor)

    def sync(self) -> None:
        self.steps.append(f"all is on the disks, there is the {self.there()}")

    def delete_password(self, service: str, username: str) -> None:
        self.steps.append("taken out of the ring")
        super().delete_password(service, username)

    def there(self) -> str:
        return "name" if self._path.read_text().startswith("keyring ") else "key"


def test_a_crash_never_leaves_no_key(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = NotingRing(path, monkeypatch)
    place = KeyPlace(path, "", lambda: ring, ring.sync)
    place.open()
    assert ring.steps == ["file is on the disk, there is the key", "folder is on the disk, there is the key"]
    ring.steps.clear()
    place.move(Place.KEYRING)
    assert ring.steps == [
        "all is on the disks, there is the key", "file is on the disk, there is the key",
        "folder is on the disk, there is the name",
    ]  # fmt: skip
    ring.steps.clear()
    place.move(Place.FILE)
    assert ring.steps == [
        "file is on the disk, there is the name", "folder is on the disk, there is the key", "taken out of the ring",
    ]  # fmt: skip


def test_where_it_lies_is_told_with_the_path_and_without_the_key(path: Path, ring: MemoryRing) -> None:
    place = KeyPlace(path, "", lambda: ring)
    assert place.where == f"file, {path}, which is made at the first start"
    place.open()
    text = path.read_text().strip()
    assert place.where == f"file, {path}"
    place.move(Place.KEYRING)
    assert place.where == f"keyring, under the name that is in {path}"
    assert text not in place.where
    assert KeyPlace(path, KEY, lambda: ring).where == "environment, SHENAVA_SECRET_KEY"


@pytest.mark.parametrize("other", [fail.Keyring, null.Keyring, MemoryRing])
def test_a_key_ring_that_is_away_is_said_and_no_other_key_is_made(
    path: Path, ring: MemoryRing, other: type[KeyringBackend]
) -> None:
    place = KeyPlace(path, "", lambda: ring)
    sealed = place.open().encrypt("hush")
    place.move(Place.KEYRING)
    named, away = path.read_text(), KeyPlace(path, "", other)
    for step in (away.open, lambda: away.move(Place.FILE)):
        with pytest.raises(KeyRingError, match="as the user whose key ring holds the key"):
            step()
    assert path.read_text() == named
    assert KeyPlace(path, "", lambda: ring).open().decrypt(sealed) == "hush"


@pytest.mark.parametrize("other", [fail.Keyring, null.Keyring])
def test_what_a_key_ring_does_not_keep_stays_in_the_file(path: Path, other: type[KeyringBackend]) -> None:
    place = KeyPlace(path, "", other)
    place.open()
    before = path.read_text()
    with pytest.raises(KeyRingError):
        place.move(Place.KEYRING)
    assert (path.read_text(), place.place) == (before, Place.FILE)


def test_a_locked_key_ring_says_so(path: Path, ring: MemoryRing) -> None:
    place = KeyPlace(path, "", lambda: ring)
    place.open()
    place.move(Place.KEYRING)
    ring.locked = True
    with pytest.raises(KeyRingError, match="The collection is locked"):
        place.open()


def test_a_key_ring_with_another_text_is_no_key(path: Path, ring: MemoryRing) -> None:
    place = KeyPlace(path, "", lambda: ring)
    place.open()
    place.move(Place.KEYRING)
    ring.kept = dict.fromkeys(ring.kept, "hush")
    for step in (place.open, lambda: place.move(Place.FILE)):
        with pytest.raises(StoreError, match="32 bytes"):
            step()
    assert place.place == Place.KEYRING


def test_the_environment_counts_before_all_and_is_not_moved(path: Path, ring: MemoryRing) -> None:
    KeyPlace(path, "", lambda: ring).open()
    place = KeyPlace(path, KEY, lambda: ring)
    assert place.place == Place.ENVIRONMENT
    assert place.open().decrypt(FileVault.from_text(KEY, "here").encrypt("hush")) == "hush"
    for to in Place:
        with pytest.raises(InvalidInputError, match="SHENAVA_SECRET_KEY"):
            place.move(to)
    with pytest.raises(InvalidInputError):
        KeyPlace(path, "", lambda: ring).move(Place.ENVIRONMENT)
    assert ring.kept == {}


@pytest.mark.slow
def test_the_doctor_says_where_the_key_lies(tmp_path: Path, ring: MemoryRing) -> None:
    house = House(Settings(data=tmp_path), ManualClock(), lambda: ring)
    assert examine(house)[0].state == "in the data folder"
    assert house.key_place.move(Place.KEYRING)
    again = House(Settings(data=tmp_path), ManualClock(), lambda: ring)
    assert examine(again)[0].state == "in the system's key ring"
    ring.kept.clear()
    lost = examine(House(Settings(data=tmp_path), ManualClock(), lambda: ring))[0]
    assert (lost.ok, "key ring" in lost.mend) == (False, True)
    kept = House(Settings(data=tmp_path, secret_key=KEY), ManualClock(), lambda: ring)
    assert examine(kept)[0].state == "in the environment"
    for one in (house, again, kept):
        one.close()
