"""An entry of a feed as a post."""

from __future__ import annotations

from datetime import datetime

from collectors.addresses import host_of
from collectors.clean import clean, from_html, linked
from collectors.errors import NormaliseError
from collectors.feed.document import Attached, Entry, Feed
from crm.words import Author, Counts, Media, Post, content_id

PLATFORM = "rss"
LONGEST_ID = 500


def to_post(entry: Entry, feed: Feed, seen_at: datetime) -> Post:
    """The post that an entry is; one without a date was said when it was first seen.

    Ids of entries are only unique where they look like addresses; others, and missing ones, are
    told apart by the feed. The author is the writer it names, else the site.
    Raises: NormaliseError.
    """
    title, _ = from_html(entry.title)
    text, links = _plain(entry.body) if entry.plain else from_html(entry.body)
    if not text and not title:
        raise NormaliseError(
            f"The entry {(entry.id or entry.url)[:200]!r} has neither a title nor a text.", "empty_entry"
        )
    posted = entry.published or entry.updated or seen_at
    edited = entry.updated if entry.updated and entry.updated > posted else None
    return Post(
        PLATFORM,
        native_id(entry, feed),
        _author(entry, feed),
        text or title,
        posted,
        url=entry.url if entry.url.startswith(("http://", "https://")) else "",
        title=title if text else "",
        edited_at=edited,
        language_hint=(entry.language or feed.language)[:35],
        links=tuple(clean(link) for link in links),
        media=tuple(Media(_kind(file), clean(file.url)) for file in _once(entry.attached)),
        counts=Counts(replies=entry.replies),
    )


def native_id(entry: Entry, feed: Feed) -> str:
    """The id of an entry, the same each time that the feed is read."""
    said = clean(entry.id or entry.url).strip()
    if ":" in said and len(said) <= LONGEST_ID:
        return said
    return content_id(feed.address, said) if said else content_id(feed.address, entry.title, entry.body)


def _author(entry: Entry, feed: Feed) -> Author:
    site = host_of(feed.url) or host_of(feed.address) or "feed"
    name, _ = from_html(entry.author)
    title, _ = from_html(feed.title)
    native = f"{site}/{name}" if name else site
    return Author(PLATFORM, native, site, name or title or site, url=feed.url or feed.address)


def _kind(file: Attached) -> str:
    kind = file.kind.partition("/")[0].lower()
    return kind if kind in ("image", "video", "audio") else "link"


def _once(files: tuple[Attached, ...]) -> tuple[Attached, ...]:
    return tuple({file.url: file for file in reversed(files) if file.url}.values())[::-1]


def _plain(body: str) -> tuple[str, tuple[str, ...]]:
    text = clean(body).strip()
    return text, linked(text)
