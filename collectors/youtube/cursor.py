"""Where each strand of a run goes on."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from crm.words import Origin


class Place(Struct, omit_defaults=True):
    """Where a list is read on, in seconds since 1970.

    A search is done until `done`; one that goes on looks at the stretch from `floor` to `until`, on the page `after`,
    and has found `found` videos there, the oldest of `oldest`; `top` is where it began. Of comments, `done` is when
    the list was last read down to its end, and `after` the page on which that goes on.
    """

    done: int = 0
    after: str = ""
    floor: int = 0
    until: int = 0
    top: int = 0
    oldest: int = 0
    found: int = 0


class Watch(Struct, omit_defaults=True):
    """Something that is looked at again from `due` on: when it was said, below which video, and how it came to us.

    `monitor` is the one whose search found it. What was `missed` once is asked for once more before it is taken for
    gone.
    """

    at: int
    due: int
    video: str = ""
    origin: Origin = "stream"
    missed: bool = False
    monitor: str = ""


class Cursor(Struct, omit_defaults=True):
    """Everything that outlives a run.

    `start` is the second from which on posts are wanted, `places` those of the lists, `seen` the versions of the last
    posts by their ids, `threads` how many answers a comment had when they were read, `watched` what is looked at again.
    `day` is the day of the quota, with the units used and the searches made in it; until `closed` nothing is searched.
    `me` is the channel of `handle`. Below found videos `below` units were used since the second `below_since`.
    """

    start: int = 0
    places: dict[str, Place] = {}
    seen: dict[str, str] = {}
    threads: dict[str, int] = {}
    watched: dict[str, Watch] = {}
    day: str = ""
    used: int = 0
    searches: int = 0
    closed: int = 0
    me: str = ""
    handle: str = ""
    below: int = 0
    below_since: int = 0


def load(text: str) -> Cursor:
    """The cursor that was stored; a new one of nothing."""
    return msgspec.json.decode(text, type=Cursor) if text else Cursor()


def store(cursor: Cursor) -> str:
    """The cursor to be stored."""
    return msgspec.json.encode(cursor).decode()
