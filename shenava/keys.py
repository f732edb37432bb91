"""Where the master key lies: in the environment, in the key file, or in the system's key ring.

A key that was moved into the key ring leaves its file behind, which then names it. So a key ring that can't be reached
is never taken for a first start, and no second key is made that could not read what the first one encrypted.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from crm.errors import InvalidInputError, StoreError
from shenava.vault import FileVault, folder_on_disk, on_disk

SERVICE, MARK = "shenava", "keyring "


class Place(StrEnum):
    """Where the key lies."""

    ENVIRONMENT = "environment"
    FILE = "file"
    KEYRING = "keyring"


class KeyRing(Protocol):
    """What we ask of the system's key ring, as the backends of the library `keyring` have it; errors are their own."""

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept under this name; None where there is nothing."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it, in place of what was there."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""
        ...


class KeyRingError(StoreError):
    """The key should be in the system's key ring and can't be had from there, or not be put there."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The system's key ring can't be used ({reason}). Run Shenava as the user whose key ring holds the key, "
            "in a session where it is unlocked, or set SHENAVA_SECRET_KEY."
        )


def system_key_ring() -> KeyRing:
    """The key ring of the person who runs us, whichever the system has."""
    import keyring

    with _asking():
        return keyring.get_keyring()


def everything_on_disk() -> None:
    """Return once whatever any program wrote is on the disks, as far as the system can be asked for that."""
    if hasattr(os, "sync"):
        os.sync()


class KeyPlace:
    """The key of one data folder; `ring` is asked for only where the key lies in a key ring, or goes there."""

    def __init__(
        self, path: Path, from_environment: str, ring: Callable[[], KeyRing] = system_key_ring,
        sync: Callable[[], None] = everything_on_disk,
    ) -> None:  # fmt: skip
        self._path, self._environment, self._ring, self._sync = path, from_environment, ring, sync

    @property
    def place(self) -> Place:
        """Where the key lies, or will lie once it is made."""
        if self._environment:
            return Place.ENVIRONMENT
        return Place.FILE if self._name() is None else Place.KEYRING

    @property
    def where(self) -> str:
        """The same for a person: the file that holds the key or names it, and nothing of the key."""
        file = self._path.absolute()
        match self.place:
            case Place.ENVIRONMENT:
                return "environment, SHENAVA_SECRET_KEY"
            case Place.KEYRING:
                return f"keyring, under the name that is in {file}"
        return f"file, {file}" if file.exists() else f"file, {file}, which is made at the first start"

    def open(self) -> FileVault:
        """The vault; a key file is made where there is none. Raises StoreError where the key can't be used."""
        if self._environment:
            return FileVault.from_text(self._environment, "SHENAVA_SECRET_KEY")
        name = self._name()
        return FileVault.open(self._path) if name is None else self._vault(name)

    def move(self, to: Place) -> bool:
        """Move the key from its file into the key ring or back; False where it lies there already.

        Nothing is taken away before the key can be read at its new place.
        Raises InvalidInputError where the key comes from the environment, StoreError.
        """
        if Place.ENVIRONMENT in (self.place, to):
            raise InvalidInputError(
                "The key in SHENAVA_SECRET_KEY is not moved: whoever sets it decides where it lies."
            )
        if self.place == to:
            return False
        if to == Place.KEYRING:
            self._into_ring()
        else:
            self._into_file()
        return True

    def _into_ring(self) -> None:
        FileVault.open(self._path)
        text, name = self._path.read_text("ascii").strip(), secrets.token_hex(8)
        with _asking():
            ring = self._ring()
            ring.set_password(SERVICE, name, text)
            kept = ring.get_password(SERVICE, name)
        if kept != text:
            raise KeyRingError("it does not keep what it is given")
        # where a key ring keeps its keys is its own affair, so everything that is on its way must be on the disks
        self._sync()
        self._write(f"{MARK}{name}")

    def _into_file(self) -> None:
        name = self._name() or ""
        text = self._kept(name)
        FileVault.from_text(text, "the system's key ring")
        self._write(text)
        with suppress(KeyRingError), _asking():
            self._ring().delete_password(SERVICE, name)

    def _vault(self, name: str) -> FileVault:
        return FileVault.from_text(self._kept(name), "the system's key ring")

    def _kept(self, name: str) -> str:
        with _asking():
            text = self._ring().get_password(SERVICE, name)
        if text is None:
            raise KeyRingError(f"it holds nothing named {name} for {SERVICE}")
        return text

    def _name(self) -> str | None:
        """Under which name the key ring keeps the key; None where it lies in the file, or nowhere yet."""
        try:
            text = self._path.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as error:
            raise StoreError(f"The key file {self._path} can't be read: {error}.") from error
        return text.removeprefix(MARK).strip() if text.startswith(MARK) else None

    def _write(self, text: str) -> None:
        """Replace the file at once: it holds the old text or the new one, whenever the power goes, then the new one."""
        fresh = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text + "\n")
                on_disk(file)
            fresh.replace(self._path)
            folder_on_disk(self._path.parent)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise StoreError(f"The key file {self._path} can't be written: {error.strerror}.") from error


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # each backend raises its own library's, and none of them has the key in its words
        raise KeyRingError(str(error).split(".")[0] or type(error).__name__) from error
