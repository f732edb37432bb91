"""Stories and comments as posts.

Source: hn.algolia.com/api (hits of a search) and github.com/HackerNews/API (single items). Both write HTML.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from collectors.clean import clean, from_html, mentioned
from collectors.errors import NormaliseError
from crm.words import Author, Counts, Post

PLATFORM = "hackernews"
PAGES = "https://news.ycombinator.com"
LATEST = 4_102_444_800
"""The year 2100 in seconds: what lies behind is no time of a post."""


class RawHit(Struct, frozen=True):
    """What a search gives of an item: a comment has `comment_text`, a story a title, perhaps an address or text."""

    objectID: str  # noqa: N815  # their name
    author: str
    created_at_i: int
    title: str | None = None
    url: str | None = None
    story_text: str | None = None
    comment_text: str | None = None
    story_id: int | None = None
    parent_id: int | None = None
    points: int | None = None
    num_comments: int | None = None


class RawItem(Struct, frozen=True):
    """A single item; one that is deleted has lost its author and text."""

    id: int
    by: str = ""
    time: int = 0
    title: str = ""
    url: str = ""
    text: str = ""
    parent: int | None = None
    score: int = 0
    descendants: int = 0
    deleted: bool = False
    dead: bool = False

    @property
    def gone(self) -> bool:
        """Whether the site shows it no more."""
        return self.deleted or self.dead or not self.by


class RawPage(Struct, frozen=True):
    """A page of a search; each hit is still to be read."""

    hits: tuple[msgspec.Raw, ...]
    nbHits: int  # noqa: N815


_pages = msgspec.json.Decoder(RawPage)
_hits = msgspec.json.Decoder(RawHit)
_items = msgspec.json.Decoder(RawItem | None)


def read_page(raw: bytes) -> RawPage:
    """A page out of its JSON. Raises: NormaliseError."""
    try:
        return _pages.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"It is no page of a search: {error}.", "bad_item") from error


def read_item(raw: bytes) -> RawItem | None:
    """An item out of its JSON; None for one that never was. Raises: NormaliseError."""
    try:
        found: RawItem | None = _items.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"An item can't be read: {error}.", "bad_item") from error
    return found


def read_hit(raw: msgspec.Raw) -> RawHit:
    """A hit out of its JSON. Raises: NormaliseError."""
    try:
        return _hits.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"A hit can't be read: {error}.", "bad_item") from error


def of_hit(hit: RawHit) -> Post:
    """The post that a hit is. Raises: NormaliseError."""
    root = hit.story_id if hit.comment_text is not None else None
    return _post(
        hit.objectID, hit.author, hit.created_at_i, hit.comment_text or hit.story_text or "", hit.title or "",
        hit.url or "", hit.parent_id or root, root, Counts(_count(hit.points), _count(hit.num_comments)),
    )  # fmt: skip


def of_item(item: RawItem, root: int | None = None) -> Post:
    """The post that an item is; `root` is the story it stands below. Raises: NormaliseError."""
    counts = Counts(_count(item.score), _count(item.descendants))
    return _post(str(item.id), item.by, item.time, item.text, item.title, item.url, item.parent, root, counts)


def _post(
    native: str, author: str, seconds: int, markup: str, title: str, url: str, parent: int | None, root: int | None,
    counts: Counts,
) -> Post:  # fmt: skip
    if not native.isdecimal() or not native.isascii() or not author or not 0 < seconds < LATEST:
        raise NormaliseError("An item has no number, no author or no time.", "bad_item")
    (text, links), name = from_html(markup), clean(author)
    return Post(
        PLATFORM,
        native,
        Author(PLATFORM, name, name, url=f"{PAGES}/user?id={name}"),
        text,
        datetime.fromtimestamp(seconds, UTC),
        url=f"{PAGES}/item?id={native}",
        title=clean(title),
        parent_key=_key(parent, native),
        root_key=_key(root, native),
        mentions=mentioned(text),
        links=tuple(dict.fromkeys((*([clean(url)] if url.startswith("http") else []), *links))),
        counts=counts,
    )


def _key(other: int | None, native: str) -> str | None:
    return f"{PLATFORM}:{other}" if other is not None and str(other) != native else None


def _count(value: int | None) -> int:
    return min(max(0, value or 0), 2**31)
