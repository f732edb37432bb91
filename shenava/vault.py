"""The key file: one random master key, readable by its owner alone and never part of a back-up."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import TextIO

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm.errors import StoreError
from crm.ports.vault import OtherKeyError

KEY_BYTES = 32


class FileVault:
    """A :class:`crm.ports.vault.Vault` whose master key lies in a file (or came from the environment)."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._fernet = Fernet(base64.urlsafe_b64encode(self.key("tokens")))

    @classmethod
    def open(cls, path: Path) -> FileVault:
        """Read the key at `path`, or make one there with mode 0600. Raises StoreError where it can't be used."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls.from_text(path.read_text("ascii").strip(), str(path))
        except OSError as error:
            raise StoreError(f"The key file {path} can't be written: {error.strerror}.") from error
        text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            on_disk(file)
        folder_on_disk(path.parent)
        return cls.from_text(text, str(path))

    @classmethod
    def from_text(cls, text: str, origin: str) -> FileVault:
        """A vault from the key's base64 text; `origin` says in an error where it came from."""
        try:
            master = base64.b64decode(text, validate=True)
        except ValueError:
            master = b""
        if len(master) != KEY_BYTES:
            raise StoreError(f"The key in {origin} is not {KEY_BYTES} bytes in base64; put the right key file back.")
        return cls(master)

    def encrypt(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def decrypt(self, sealed: bytes) -> str:
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise OtherKeyError from error

    def key(self, purpose: str) -> bytes:
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"shenava {purpose}".encode()).derive(self._master)


def on_disk(file: TextIO) -> None:
    """Return once what was written is on the disk, and not only on its way there."""
    file.flush()
    os.fsync(file.fileno())


def folder_on_disk(folder: Path) -> None:
    """The same for the names in a folder. Windows lets nobody ask for it, and keeps them by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
