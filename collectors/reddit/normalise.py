"""Submissions (t3), comments (t1) and private messages (t4) as posts.

Source: github.com/reddit-archive/reddit/wiki/JSON and recorded answers. Posts are known by their full
names (``t1_d1616q2``), authors by theirs (``t2_59b2c``), in older answers by their names alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from collectors.addresses import is_address
from collectors.clean import clean, from_html, linked
from collectors.errors import NormaliseError
from collectors.reddit.media import attached, hosted, pictured
from crm.words import Author, Counts, Media, Post

T = TypeVar("T")

PLATFORM = "reddit"
WEB = "https://www.reddit.com"
DELETED, REMOVED = "[deleted]", "[removed]"
BY_ITS_AUTHOR = frozenset({"deleted", "author"})
"""`removed_by_category` where the author took it away; everybody else may give it back."""
HIDDEN = frozenset({"private", "employees_only", "gold_only", "user_private"})
LARGEST = 2**62
DEEPEST = 60
_CALLS = re.compile(r"(?<![\w/])/?u/([A-Za-z0-9_-]{3,20})(?![\w-])")
_THREAD = re.compile(r"/comments/([a-z0-9]{1,13})(?:/|$)")
_FULLNAME = re.compile(r"t[1-6]_[a-z0-9]{1,13}")


class Thing(Struct, frozen=True):
    """Anything Reddit answers with: what kind it is, and itself, still to be read."""

    kind: str
    data: object


class Page(Struct, frozen=True):
    """What is read of a listing: its things, and where the next page begins."""

    children: list[object] = []
    after: str | None = None


class RawThing(Struct, frozen=True, kw_only=True):
    """What all three have in common. `edited` is False or the time, `author` is missing for a community's messages."""

    id: str
    name: str = ""
    author: str | None = None
    author_fullname: str | None = None
    created_utc: float
    edited: bool | float | None = None
    subreddit: str | None = None
    subreddit_type: str | None = None


class RawComment(RawThing, frozen=True, kw_only=True):
    """A comment. In the inbox it has a `context` in place of its link and its address."""

    body: str
    body_html: str | None = None
    parent_id: str | None = None
    link_id: str | None = None
    permalink: str | None = None
    context: str | None = None
    score: int | None = None
    media_metadata: object = None


class RawSubmission(RawThing, frozen=True, kw_only=True):
    """A post of a community: a text of its own, a link, pictures or a video."""

    title: str
    selftext: str | None = None
    selftext_html: str | None = None
    permalink: str | None = None
    url: str | None = None
    is_self: bool = False
    score: int | None = None
    num_comments: int | None = None
    num_crossposts: int | None = None
    view_count: int | None = None
    removed_by_category: str | None = None
    post_hint: str | None = None
    preview: object = None
    media: object = None
    media_metadata: object = None
    gallery_data: object = None


class RawMessage(RawThing, frozen=True, kw_only=True):
    """A private message; `dest` is whom it went to."""

    body: str
    body_html: str | None = None
    subject: str | None = None
    dest: str | None = None
    parent_id: str | None = None
    first_message_name: str | None = None


Raw = RawComment | RawSubmission | RawMessage
KINDS: dict[str, type[Raw]] = {"t1": RawComment, "t3": RawSubmission, "t4": RawMessage}


def page(answer: object) -> Page:
    """A listing out of a decoded answer. Raises: NormaliseError."""
    thing = _as(answer, Thing, "a listing")
    if thing.kind != "Listing":
        raise NormaliseError(f"It is no listing but {thing.kind[:40]!r}.", "bad_item")
    return _as(thing.data, Page, "a listing")


def things(answer: object, depth: int = DEEPEST) -> Iterator[object]:
    """Every submission, comment and message of an answer, still to be read; what is answered before its answers."""
    if depth <= 0:
        return
    if isinstance(answer, list):
        for one in answer:
            yield from things(one, depth - 1)
    elif isinstance(answer, dict):
        kind, data = answer.get("kind"), answer.get("data")
        if isinstance(kind, str) and kind in KINDS and isinstance(data, dict):
            yield answer
            yield from things(data.get("replies"), depth - 1)
        elif isinstance(data, dict):
            yield from things(data.get("children") or data.get("things"), depth - 1)
        elif "json" in answer:
            yield from things(answer["json"], depth - 1)


def read(thing: object) -> Raw:
    """A submission, a comment or a message out of its decoded JSON. Raises: NormaliseError."""
    found = _as(thing, Thing, "an item")
    kind = KINDS.get(found.kind)
    if kind is None:
        raise NormaliseError(f"An item of the kind {found.kind[:40]!r} is no post.", "bad_item")
    return _as(found.data, kind, f"a {kind.__name__.removeprefix('Raw').lower()}")


def fullname(raw: Raw) -> str:
    """``t1_``, ``t3_`` or ``t4_`` and its id: what Reddit knows it by."""
    prefix = next(name for name, kind in KINDS.items() if isinstance(raw, kind))
    return clean(raw.name) or f"{prefix}_{clean(raw.id)}"


def named(thing: object) -> str:
    """The full name of a thing, also of one that can't be read otherwise; empty where it has none."""
    data = thing.get("data") if isinstance(thing, dict) else None
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) else ""


def is_gone(raw: Raw) -> bool:
    """Whether what it said, or who said it, is no longer public: there is no post in it."""
    text = raw.selftext if isinstance(raw, RawSubmission) else raw.body
    if isinstance(raw, RawSubmission) and raw.removed_by_category:
        return True
    return raw.author in (DELETED, REMOVED) or (text or "").strip() in (DELETED, REMOVED)


def is_gone_for_good(raw: Raw) -> bool:
    """Whether its author took it away, and not a moderator, who may give it back."""
    if isinstance(raw, RawSubmission) and raw.removed_by_category:
        return raw.removed_by_category in BY_ITS_AUTHOR
    text = raw.selftext if isinstance(raw, RawSubmission) else raw.body
    return raw.author == DELETED and (text or "").strip() != REMOVED


def lost_its_author(raw: Raw) -> bool:
    """Whether the words stand but their author's account is gone."""
    if isinstance(raw, RawSubmission) and raw.removed_by_category:
        return False
    text = raw.selftext if isinstance(raw, RawSubmission) else raw.body
    return raw.author == DELETED and (text or "").strip() not in ("", DELETED, REMOVED)


def edited_seconds(raw: Raw) -> float:
    """When its text was last changed, in seconds since 1970; 0 for never."""
    # answers of before 2014 say True
    return 0.0 if isinstance(raw.edited, bool) else raw.edited or 0.0


def to_post(raw: Raw) -> Post:
    """The post that a thing is. Raises: NormaliseError, also for one that is gone."""
    if is_gone(raw):
        raise NormaliseError(f"{fullname(raw)} was deleted or removed.", "bad_item")
    match raw:
        case RawSubmission():
            return _submission(raw)
        case RawComment():
            return _comment(raw)
    return _message(raw)


def _submission(raw: RawSubmission) -> Post:
    text, links = _text(raw.selftext_html, raw.selftext or "")
    url = clean(raw.url or "")
    own = raw.is_self or not is_address(url) or url.startswith(f"{WEB}/r/{raw.subreddit}/comments/{raw.id}")
    held = (*attached(raw.media_metadata, raw.gallery_data), *hosted(raw.media))
    return Post(
        PLATFORM,
        fullname(raw),
        _author(raw),
        text,
        _moment(raw.created_utc),
        url=_address(raw.permalink) or f"{WEB}/comments/{clean(raw.id)}",
        title=clean(raw.title),
        edited_at=_edited(raw),
        mentions=_mentions(text),
        links=tuple(dict.fromkeys((*(() if own else (url,)), *links))),
        media=_once((*held, *(() if held else pictured(url, raw.post_hint, raw.preview)))),
        counts=Counts(_count(raw.score), _count(raw.num_comments), _count(raw.num_crossposts), _count(raw.view_count)),
        private=raw.subreddit_type in HIDDEN,
    )


def _comment(raw: RawComment) -> Post:
    text, links = _text(raw.body_html, raw.body)
    found = _THREAD.search(raw.context or raw.permalink or "")
    root = _key(raw.link_id) or (f"{PLATFORM}:t3_{found[1]}" if found else None)
    thread = root.rpartition("_")[2] if root else ""
    return Post(
        PLATFORM,
        fullname(raw),
        _author(raw),
        text,
        _moment(raw.created_utc),
        url=_address(raw.permalink or raw.context) or f"{WEB}/comments/{thread}/_/{clean(raw.id)}",
        parent_key=_key(raw.parent_id) or root,
        root_key=root,
        edited_at=_edited(raw),
        mentions=_mentions(text),
        links=links,
        media=_once(attached(raw.media_metadata, None)),
        counts=Counts(_count(raw.score)),
        private=raw.subreddit_type in HIDDEN,
    )


def _message(raw: RawMessage) -> Post:
    text, links = _text(raw.body_html, raw.body)
    first = _key(raw.first_message_name)
    return Post(
        PLATFORM,
        fullname(raw),
        _author(raw),
        text,
        _moment(raw.created_utc),
        url=f"{WEB}/message/messages/{(first or fullname(raw)).rpartition('_')[2]}",
        title=clean(raw.subject or ""),
        parent_key=_key(raw.parent_id) or first,
        root_key=first,
        mentions=_mentions(text),
        links=links,
        private=True,
    )


def _author(raw: Raw) -> Author:
    """The account; a community where its moderators speak for it."""
    if not raw.author:
        if not raw.subreddit:
            raise NormaliseError(f"{fullname(raw)} names no author.", "bad_item")
        name = f"r/{clean(raw.subreddit)}"
        return Author(PLATFORM, name.casefold(), name, url=f"{WEB}/{name}")
    name = clean(raw.author)
    return Author(PLATFORM, clean(raw.author_fullname or "") or f"u/{name.casefold()}", name, url=f"{WEB}/user/{name}")


def _text(markup: str | None, source: str) -> tuple[str, tuple[str, ...]]:
    """What a reader sees, and the addresses in it; what was typed where Reddit sends no more."""
    text, links = from_html(markup) if markup else ("", ())
    return (text, links) if text else (clean(source).strip(), linked(clean(source)))


def _mentions(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_CALLS.findall(text)))


def _once(media: Iterator[Media] | tuple[Media, ...]) -> tuple[Media, ...]:
    return tuple({one.url: one for one in media}.values())


def _address(path: str | None) -> str:
    """A page on the website; empty where the path is missing."""
    path = clean(path or "").partition("?")[0]
    if path.startswith("/"):
        return WEB + path
    return path if is_address(path) else ""


def _key(name: str | None) -> str | None:
    return f"{PLATFORM}:{name}" if name and _FULLNAME.fullmatch(name) else None


def _count(value: int | None) -> int:
    return min(max(0, value or 0), LARGEST)


def _edited(raw: Raw) -> datetime | None:
    seconds = edited_seconds(raw)
    return _moment(seconds) if seconds else None


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NormaliseError(f"A date can't be read: {seconds!r}.", "bad_item") from error


def _as(value: object, kind: type[T], what: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        raise NormaliseError(f"{what.capitalize()} can't be read: {error}.", "bad_item") from error
