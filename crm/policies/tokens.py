"""How a credential of several parts is kept, and when its token must be renewed.

An account's secret is one word (a token, a password), or a JSON object of strings. A sign-in leaves ``access_token``
and, where the platform lets a token be renewed, ``refresh_token``, ``expires_at`` (seconds since 1970), ``client_id``
and ``client_secret``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

EARLY = timedelta(minutes=1)
"""How long before its end a token is renewed."""
LATEST = 253_402_300_799
"""The last second of the year 9999."""


class Token(Struct, frozen=True):
    """The parts of a secret that are about tokens. Never shown."""

    access_token: str | None = None
    refresh_token: str = ""
    expires_at: str = ""
    client_id: str = ""
    client_secret: str = ""

    def __repr__(self) -> str:
        return "Token(...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return []

    @property
    def ends(self) -> datetime | None:
        """When the access token ends; None where that is not known."""
        said = self.expires_at.strip()
        if not (said.isascii() and said.isdigit() and int(said) <= LATEST):
            return None
        return datetime.fromtimestamp(int(said), UTC)

    @property
    def renewable(self) -> bool:
        """Whether the platform can be asked for another access token in its place."""
        return bool(self.access_token is not None and self.refresh_token.strip())

    def is_due(self, now: datetime) -> bool:
        """Whether the access token has ended, or ends within a minute."""
        return self.ends is not None and self.ends - EARLY <= now

    def is_over(self, now: datetime) -> bool:
        """Whether the access token has ended and nothing can renew it."""
        return self.ends is not None and self.ends <= now and not self.renewable


def read(secret: str) -> Token:
    """The parts of a secret; all empty where it has none."""
    try:
        return msgspec.json.decode(secret, type=Token) if secret.lstrip().startswith("{") else Token()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Token()


def access_token(secret: str) -> str:
    """What is sent to the platform: the secret's access token where it has parts, else all of it."""
    found = read(secret).access_token
    return (secret if found is None else found).strip()
