"""Where a run stands, so that the next one goes on."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Place(Struct, omit_defaults=True):
    """Where one list stands: the next page of a sweep under way, and when one was last finished, in seconds.

    A `deep` sweep goes on past what is known, to the end or to what is older than we want.
    """

    after: str = ""
    deep: bool = False
    done: int = 0


class Thread(Struct, omit_defaults=True):
    """A post whose comments are followed: when and where it is, and how many comments it had when they were read.

    `whole` is when all of them were last read, in seconds since 1970.
    """

    posted: int
    url: str = ""
    count: int = -1
    whole: int = 0
    place: Place = msgspec.field(default_factory=Place)


class Cursor(Struct, omit_defaults=True):
    """Everything that outlives a run.

    `start` is the second from which on posts are wanted, `places` those of the lists, `seen` the version of the last
    posts, by their ids; `threads` the posts whose comments are followed. `hashtags` is the ledger: when each hashtag of
    the last 7 days was first asked for; `numbers` are their ids.
    """

    start: int = 0
    places: dict[str, Place] = {}
    seen: dict[str, str] = {}
    threads: dict[str, Thread] = {}
    hashtags: dict[str, int] = {}
    numbers: dict[str, str] = {}


def load(text: str) -> Cursor:
    """The cursor that was stored; a new one of nothing."""
    return msgspec.json.decode(text, type=Cursor) if text else Cursor()


def store(cursor: Cursor) -> str:
    """The cursor to be stored."""
    return msgspec.json.encode(cursor).decode()
