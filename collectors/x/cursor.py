"""Where a run stands, so that the next one goes on."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Place(Struct, omit_defaults=True):
    """Where one strand stands, in ids.

    `newest` is the newest post of all finished sweeps. A sweep goes from the newest post back to `since`; while it is
    under way `top` is the newest it has seen, or when it began, `low` the oldest, and `token` its next page.
    """

    newest: str = ""
    since: str = ""
    top: str = ""
    low: str = ""
    token: str = ""

    def saw(self, ids: list[str]) -> None:
        """Note the posts of a page."""
        numbers = [int(one) for one in ids]
        self.top = str(max([*numbers, int(self.top or 0)]))
        self.low = str(min([*numbers, *([int(self.low)] if self.low else [])]))

    def finish(self) -> None:
        """The sweep has come to its end."""
        self.newest = str(max(int(self.newest or 0), int(self.top or 0)))
        self.since = self.top = self.low = self.token = ""


class Quoting(Struct, omit_defaults=True):
    """Where the quotations of a post are being read, and their number when that began.

    `deep` means that it began anew because X lost the page, so it goes on past what is known.
    """

    count: int
    token: str = ""
    deep: bool = False


class Cursor(Struct, omit_defaults=True):
    """Everything that outlives a run.

    `me` is the id of the account `handle`; `places` are those of the strands; `seen` the newest version of the last
    posts, by their first; `due` when each of the posts that are looked at again has its turn, in seconds since 1970;
    `quotes` how often each of our own posts was quoted when that was last asked, `quoting` where that is under way.
    """

    handle: str = ""
    me: str = ""
    places: dict[str, Place] = {}
    seen: dict[str, str] = {}
    due: dict[str, int] = {}
    quotes: dict[str, int] = {}
    quoting: dict[str, Quoting] = {}


def read(text: str) -> Cursor:
    """The cursor that was stored; a new one of nothing."""
    return msgspec.json.decode(text, type=Cursor) if text else Cursor()


def write(cursor: Cursor) -> str:
    """The cursor to be stored."""
    return msgspec.json.encode(cursor).decode()
