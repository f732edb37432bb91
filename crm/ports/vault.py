"""Keys that are not stored with the data."""

from __future__ import annotations

from typing import Protocol

from crm.errors import AuthorisationError


class OtherKeyError(AuthorisationError):
    """A secret was encrypted with another key file than the one that is there."""

    def __init__(self) -> None:
        super().__init__("A stored token was encrypted with another key file; connect the account again.")


class Vault(Protocol):
    """Encrypts what must not lie open, and makes keys for other purposes."""

    def encrypt(self, secret: str) -> bytes:
        """Authenticated encryption of `secret`; a different result each time."""
        ...

    def decrypt(self, sealed: bytes) -> str:
        """The secret again. Raises OtherKeyError when it was made with another key or was changed."""
        ...

    def key(self, purpose: str) -> bytes:
        """A 32-byte key for `purpose`, always the same one."""
        ...
