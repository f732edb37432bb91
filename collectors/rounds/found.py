"""What a platform's interface gives to the rounds: pages of posts, already normalised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from crm.ports.source import Quota, Rejected
from crm.words import Origin, Post


class Found(Struct, frozen=True):
    """A post, its version, and when it came into its list (seconds since 1970); `origin` where not the strand's."""

    post: Post
    version: str
    at: float
    origin: Origin | None = None


class Page(Struct, frozen=True):
    """A page of a list, in its order. `token` leads to the next one, empty for none; `read` counts its items."""

    found: tuple[Found, ...] = ()
    token: str = ""
    read: int = 0
    rejected: tuple[Rejected, ...] = ()


class Network(Protocol):
    """What the desk asks of a platform. Raises what sources raise."""

    platform: str
    together: int
    """How many posts can be asked for at once."""

    @property
    def quota(self) -> Quota | None:
        """What the last answer leaves us."""
        ...

    def above(self, found: Found, most: int) -> Page:
        """At most `most` of the posts above one in its thread, up to the root."""
        ...

    def again(self, known: Mapping[str, str]) -> Page:
        """Those of the posts that are still there; `known` are their versions by their native ids."""
        ...


Ask = Callable[[int, float, float, str], Page]
"""A page of at most so many posts, said between two times (0: open) in seconds since 1970, from a token on."""


class Strand(Struct, frozen=True):
    """One list: how it is asked, for which monitor, and what its posts are to us.

    `bounded` says that the platform itself keeps to the two times, so that a broken sweep goes on by them;
    `unfold` that threads are fetched to their roots.
    """

    key: str
    ask: Ask
    monitor: str = ""
    origin: Origin = "stream"
    bounded: bool = False
    unfold: bool = False
