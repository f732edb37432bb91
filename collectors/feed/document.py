"""A feed's document, in whichever form, as entries of one kind.

Sources: feedparser's documentation; jsonfeed.org/version/1.1.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from time import struct_time
from urllib.parse import urljoin
from xml.sax import SAXException

import msgspec
from msgspec import Struct, field

from collectors.errors import NormaliseError, NothingSaidError
from collectors.moments import DateError, moment
from crm.errors import PermanentError

FEEDS = frozenset(("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"))
_END = re.compile(
    # RSS 1.0 closes its channel before its items.
    rb"</\s*(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\s*(?:>|\Z)(?!.*<(?:[\w.-]+:)?(?:item|entry)[\s>])",
    re.IGNORECASE | re.DOTALL,
)


class Attached(Struct, frozen=True):
    """A file that belongs to an entry."""

    url: str
    kind: str = ""


class Entry(Struct, frozen=True):
    """One entry as the feed gives it; `body` is HTML, or plain text where `plain`."""

    id: str = ""
    url: str = ""
    title: str = ""
    body: str = ""
    plain: bool = False
    author: str = ""
    language: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    replies: int = 0
    attached: tuple[Attached, ...] = ()


class Feed(Struct, frozen=True):
    """What a feed says of itself, and its entries, each not yet read."""

    address: str
    title: str = ""
    url: str = ""
    language: str = ""
    entries: Sequence[Mapping[str, object]] = ()
    json: bool = False

    def read(self) -> Iterator[Entry | NormaliseError]:
        """Its entries, and errors in place of those that can't be read."""
        for entry in self.entries:
            try:
                yield _json_entry(entry) if self.json else _xml_entry(entry)
            except (msgspec.ValidationError, TypeError, ValueError, OverflowError, AttributeError) as error:
                yield NormaliseError(f"An entry can't be read: {error}.", "bad_item")


class NotAFeedError(PermanentError):
    """What answers is something else; `feed` is the feed that a page names, or empty."""

    def __init__(self, address: str, feed: str = "") -> None:
        self.address, self.feed = address, feed
        mend = f"its feed is {feed}" if feed else "look on the page for a link called RSS, Atom or feed"
        super().__init__(f"{address} is not a feed; {mend}.")


class BrokenFeedError(PermanentError):
    """A feed whose markup nothing can be made of."""


def parse(address: str, body: bytes, content_type: str = "") -> Feed:
    """The feed in `body`. Raises: NotAFeedError; RetryableError where it is empty or breaks off without an entry."""
    if not body.strip():
        raise NothingSaidError(f"{address} answered with nothing.")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_feed(address, body)
    return _xml_feed(address, body, content_type)


class _JsonAuthor(Struct):
    name: str | None = None


class _JsonAttachment(Struct):
    url: str = ""
    mime_type: str = ""


class _JsonEntry(Struct):
    id: str | int | float = ""
    url: str | None = None
    title: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    image: str | None = None
    language: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    authors: tuple[_JsonAuthor, ...] | None = None
    author: _JsonAuthor | None = None
    attachments: tuple[_JsonAttachment, ...] | None = None


class _JsonFeed(Struct):
    version: str
    title: str | None = None
    home_page_url: str | None = None
    language: str | None = None
    items: list[dict[str, object]] = field(default_factory=list)


def _json_feed(address: str, body: bytes) -> Feed:
    try:
        feed = msgspec.json.decode(body.lstrip(b"\xef\xbb\xbf"), type=_JsonFeed)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise NotAFeedError(address) from None
    if "jsonfeed.org" not in feed.version:
        raise NotAFeedError(address)
    return Feed(address, feed.title or "", feed.home_page_url or "", feed.language or "", feed.items, json=True)


def _json_entry(raw: Mapping[str, object]) -> Entry:
    one = msgspec.convert(raw, _JsonEntry)
    names = [author.name for author in one.authors or () if author.name]
    attached = [Attached(file.url, file.mime_type) for file in one.attachments or ()]
    if one.image:
        attached.insert(0, Attached(one.image, "image"))
    return Entry(
        str(one.id),
        one.url or "",
        one.title or "",
        one.content_html or one.content_text or one.summary or "",
        not one.content_html,
        ", ".join(names) or ((one.author and one.author.name) or ""),
        one.language or "",
        _moment(one.date_published),
        _moment(one.date_modified),
        attached=tuple(attached),
    )


def _xml_feed(address: str, body: bytes, content_type: str) -> Feed:
    import feedparser

    headers = {"content-location": address} | ({"content-type": content_type} if content_type else {})
    try:
        found = feedparser.parse(body, response_headers=headers)
    except Exception as error:
        # the library lets errors of the readers below it through, for markup that is too broken for them
        raise BrokenFeedError(f"{address} is too broken to be read as a feed ({error}); tell its makers.") from error
    if not found.get("entries") and (not found.get("version") or _is_page(body)):
        raise NotAFeedError(address, _feed_named_by(address, body))
    about, entries = found.get("feed", {}), found["entries"]
    if isinstance(found.get("bozo_exception"), SAXException) and not _END.search(body[-2000:].replace(b"\0", b"")):
        # The last entry of half a document is half an entry: without its id it would be another post.
        entries = entries[:-1]
    return Feed(address, _text(about, "title"), _text(about, "link"), _text(about, "language"), entries)


def _xml_entry(raw: Mapping[str, object]) -> Entry:
    body = _body(raw)
    return Entry(
        _text(raw, "id"),
        _text(raw, "link"),
        _text(raw, "title"),
        _text(body, "value") or _text(raw, "summary"),
        _text(body, "type") == "text/plain",
        _writer(raw),
        _text(body, "language"),
        _parsed(raw, "published") or _parsed(raw, "created"),
        _parsed(raw, "updated"),
        _number(_text(raw, "slash_comments")),
        tuple(_attached(raw)),
    )


def _get(raw: Mapping[str, object], name: str) -> object:
    # the library's own mapping gives one key for another, with a warning
    return dict.get(raw, name) if isinstance(raw, dict) else None


def _text(raw: Mapping[str, object], name: str) -> str:
    value = _get(raw, name)
    return value if isinstance(value, str) else ""


def _items(raw: Mapping[str, object], name: str) -> Iterator[dict[str, object]]:
    value = _get(raw, name)
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _body(raw: Mapping[str, object]) -> Mapping[str, object]:
    """The fullest content, else the summary's details."""
    contents = sorted(_items(raw, "content"), key=lambda one: "html" not in _text(one, "type"))
    details = _get(raw, "summary_detail")
    return contents[0] if contents else details if isinstance(details, dict) else {}


def _writer(raw: Mapping[str, object]) -> str:
    """The name of who wrote it, without the e-mail address that many feeds put beside it."""
    details = _get(raw, "author_detail")
    return (_text(details, "name") if isinstance(details, dict) else "") or _text(raw, "author")


def _attached(raw: Mapping[str, object]) -> Iterator[Attached]:
    for one in _items(raw, "links"):
        if _text(one, "rel") == "enclosure" and (url := _text(one, "href")):
            yield Attached(url, _text(one, "type"))
    for name in ("enclosures", "media_content"):
        for one in _items(raw, name):
            if url := _text(one, "href") or _text(one, "url"):
                yield Attached(url, _text(one, "type") or _text(one, "medium"))
    yield from (Attached(url, "image") for one in _items(raw, "media_thumbnail") if (url := _text(one, "url")))


def _parsed(raw: Mapping[str, object], name: str) -> datetime | None:
    """A date as we read it, else as the library does (which takes Jalali years for Gregorian ones)."""
    if found := _moment(_text(raw, name)):
        return found
    value = _get(raw, f"{name}_parsed")
    if not isinstance(value, struct_time):
        return None
    try:
        return datetime.fromtimestamp(timegm(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _moment(value: str | None) -> datetime | None:
    try:
        return moment(value) if value else None
    except DateError:
        return None


def _number(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def _is_page(body: bytes) -> bool:
    return b"<html" in body[:2000].lower()


def _feed_named_by(address: str, body: bytes) -> str:
    """The first feed that a web page names as another form of itself."""
    found: list[str] = []

    class Links(HTMLParser):
        """Takes note of links to feeds."""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            said = {name: value or "" for name, value in attrs}
            if tag == "link" and "alternate" in said.get("rel", "").lower() and said.get("type", "").lower() in FEEDS:
                found.append(said.get("href", ""))

    try:
        Links().feed(body.decode(errors="replace"))
        return urljoin(address, next(filter(None, found), ""))[:1000] if any(found) else ""
    except (AssertionError, ValueError):
        return ""
