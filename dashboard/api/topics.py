"""Topics of a monitor, and the themes that people look for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from msgspec import Struct

from crm.usecases.topics import TopicView
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["topics"])


class OfMonitor(Asked):
    """A monitor, by its id."""

    monitor: str


class TopicQuery(OfMonitor):
    """A monitor, and whether its hidden topics are asked for instead of the others."""

    hidden: bool = False


class TopicShown(Struct, frozen=True):
    """A topic: posts of the last 28 days and of the 28 before; `net` sentiment is from -100 to 100.

    Its posts are found by the query `topic:ID`.
    """

    id: str
    label: str
    words: tuple[str, ...]
    posts: int
    before: int
    net: float | None
    examples: tuple[str, ...]
    hidden: bool


class ThemeShown(Struct, frozen=True):
    """Words by which a topic is looked for."""

    id: str
    words: tuple[str, ...]


class Named(Asked):
    """A topic and its name; an empty one gives it back its own words."""

    topic: str
    name: str


class Hidden(Asked):
    """A topic that is left out of what is shown, or shown again."""

    topic: str
    hidden: bool = True


class Sought(Asked):
    """A theme to look for in a monitor: one to eight words or short phrases."""

    monitor: str
    words: list[str]


class Unsought(Asked):
    """A theme, by its id."""

    theme: str


@router.get("/topics", response_model=list[shown(TopicShown)])  # type: ignore[misc]
def topics(who: Caller, wanted: Annotated[TopicQuery, Query()]) -> list[TopicShown]:
    """The topics of a monitor, most posts first; the hidden ones or the others. `examples` are keys of posts."""
    return [_shown(view) for view in who.services.topics.all(who.actor, wanted.monitor, hidden=wanted.hidden)]


@router.get("/topics/themes", response_model=list[shown(ThemeShown)])  # type: ignore[misc]
def themes(who: Caller, wanted: Annotated[OfMonitor, Query()]) -> list[ThemeShown]:
    """The themes that people look for in a monitor."""
    return [ThemeShown(one.id, one.words) for one in who.services.topics.themes(who.actor, wanted.monitor)]


@router.post("/topics/find", status_code=204)
def find(who: Caller, asked: OfMonitor) -> None:
    """Find the topics of a monitor anew, in the background."""
    who.services.topics.refresh(who.actor, asked.monitor)


@router.post("/topics/name", status_code=204)
def name(who: Caller, asked: Named) -> None:
    """Call a topic by a name."""
    who.services.topics.rename(who.actor, asked.topic, asked.name)


@router.post("/topics/hide", status_code=204)
def hide(who: Caller, asked: Hidden) -> None:
    """Leave a topic out of what is shown, or show it again."""
    who.services.topics.hide(who.actor, asked.topic, asked.hidden)


@router.post("/topics/themes", response_model=shown(ThemeShown), status_code=201)
def add_theme(who: Caller, asked: Sought) -> ThemeShown:
    """Look for a theme from the next time on."""
    theme = who.services.topics.add_theme(who.actor, asked.monitor, asked.words)
    return ThemeShown(theme, tuple(asked.words))


@router.post("/topics/themes/remove", status_code=204)
def remove_theme(who: Caller, asked: Unsought) -> None:
    """Look for a theme no more."""
    who.services.topics.remove_theme(who.actor, asked.theme)


def _shown(view: TopicView) -> TopicShown:
    one = view.topic
    examples = tuple(post.post.key for post in view.examples)
    return TopicShown(one.id, view.label, one.words, view.posts, view.before, view.net, examples, one.hidden)
