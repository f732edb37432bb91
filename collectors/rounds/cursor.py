"""Where a run stands, so that the next one goes on."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Place(Struct, omit_defaults=True):
    """Where one strand stands, in seconds since 1970.

    `newest` is the newest post of all finished sweeps. A sweep goes from the newest post back to `since`; while it is
    under way `top` is the newest it has seen, or when it began, `low` the oldest, and `token` its next page.
    """

    newest: float = 0.0
    since: float = 0.0
    top: float = 0.0
    low: float = 0.0
    token: str = ""

    def saw(self, times: list[float]) -> None:
        """Note the posts of a page."""
        if times:
            self.top = max(self.top, *times)
            self.low = min(times) if not self.low else min(self.low, *times)

    def finish(self, now: float) -> None:
        """The sweep has come to its end; a clock that runs ahead of ours does not count."""
        self.newest = max(self.newest, min(self.top, now))
        self.since = self.top = self.low = 0.0
        self.token = ""


class Cursor(Struct, omit_defaults=True):
    """Everything that outlives a run.

    `places` are those of the strands; `seen` the versions of the last posts; `due` when each of the posts that are
    looked at again has its turn, in seconds since 1970; `missed` how often running each was not there, `turns` how
    often it was looked at; `marks` are words of the platform's own.
    """

    places: dict[str, Place] = {}
    seen: dict[str, str] = {}
    due: dict[str, int] = {}
    missed: dict[str, int] = {}
    turns: dict[str, int] = {}
    marks: dict[str, str] = {}


def read(text: str) -> Cursor:
    """The cursor that was stored; a new one of nothing."""
    return msgspec.json.decode(text, type=Cursor) if text else Cursor()


def write(cursor: Cursor) -> str:
    """The cursor to be stored."""
    return msgspec.json.encode(cursor).decode()
