"""Who is looking, and what they may call: set once per request, read by pages and components.

The middleware of :mod:`dashboard.auth` sets a :class:`Viewer` before any layout, callback or
API handler runs and takes it away afterwards. Nothing here is kept between requests, and
nothing a browser sent is trusted: the actor was resolved from the session on the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from crm.errors import AuthorisationError

if TYPE_CHECKING:
    from crm.policies.access import Actor
    from crm.usecases.services import Services

Language = Literal["fa", "en"]
LANGUAGES: tuple[Language, ...] = ("fa", "en")
Direction = Literal["rtl", "ltr"]


@dataclass
class Viewer:
    """One request's person: `actor` is None before log-in. `base` is our address as they typed it."""

    services: Services
    language: Language = "en"
    actor: Actor | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    color_scheme: str = "auto"
    keys_on: bool = True
    base: str = ""

    @property
    def direction(self) -> Direction:
        """``rtl`` in Persian."""
        return "rtl" if self.language == "fa" else "ltr"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The workspace's reporting zone, UTC before log-in."""
        if self.actor is None:
            return ZoneInfo("UTC")
        return ZoneInfo(self.services.setup.workspace(self.actor).zone)


_viewer: ContextVar[Viewer | None] = ContextVar("shenava_viewer", default=None)


def viewer() -> Viewer:
    """The person behind this request. Raises AuthorisationError outside of one."""
    found = _viewer.get()
    if found is None:
        raise AuthorisationError("Nobody is signed in here; sign in first.")
    return found


def services() -> Services:
    """The use cases of this console. Raises AuthorisationError outside of a request."""
    return viewer().services


def actor() -> Actor:
    """Who is signed in. Raises AuthorisationError where nobody is."""
    found = viewer().actor
    if found is None:
        raise AuthorisationError("Nobody is signed in here; sign in first.")
    return found


def language() -> Language:
    """The viewer's language; English outside of a request."""
    found = _viewer.get()
    return found.language if found else "en"


@contextmanager
def viewing(who: Viewer) -> Iterator[Viewer]:
    """Make `who` the viewer within a ``with`` block (the middleware, and tests of pages)."""
    token = _viewer.set(who)
    try:
        yield who
    finally:
        _viewer.reset(token)
