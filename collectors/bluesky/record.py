"""Posts as their authors' servers keep them. Source: the lexicons app.bsky.feed.post and app.bsky.embed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Struct, field

from collectors.clean import clean
from collectors.errors import NormaliseError
from collectors.moments import DateError, moment
from crm.words import Media

PLATFORM = "bluesky"
COLLECTION = "app.bsky.feed.post"
SITE = "https://bsky.app"


class Link(Struct, frozen=True):
    """A content hash."""

    cid: str = field(default="", name="$link")


class Blob(Struct, frozen=True):
    """A file; older records name its hash directly."""

    ref: Link = Link()
    cid: str = ""


class Image(Struct, frozen=True):
    """A picture with the description that its author wrote."""

    image: Blob = Blob()
    alt: str | None = None


class External(Struct, frozen=True):
    """A link card."""

    uri: str = ""
    title: str = ""


class Ref(Struct, frozen=True):
    """Points at a record, or holds what does."""

    uri: str = ""
    record: Ref | None = None


class Embed(Struct, frozen=True):
    """Whatever is attached: the parts of every kind of embed."""

    images: tuple[Image, ...] = ()
    items: tuple[Image, ...] = ()
    external: External | None = None
    video: Blob | None = None
    alt: str | None = None
    record: Ref | None = None
    media: Embed | None = None


class Span(Struct, frozen=True):
    """A part of the text, in bytes of UTF-8."""

    start: int = field(default=0, name="byteStart")
    end: int = field(default=0, name="byteEnd")


class Feature(Struct, frozen=True):
    """What a part of the text is: a link, or somebody addressed."""

    uri: str = ""
    did: str = ""


class Facet(Struct, frozen=True):
    """What a part of the text stands for."""

    index: Span = Span()
    features: tuple[Feature, ...] = ()


class Reply(Struct, frozen=True):
    """What a post answers, and the first post of that thread."""

    root: Ref = Ref()
    parent: Ref = Ref()


class Record(Struct, frozen=True):
    """A post as its author's server keeps it."""

    text: str
    created: str = field(default="", name="createdAt")
    langs: tuple[str, ...] | None = None
    reply: Reply | None = None
    facets: tuple[Facet, ...] | None = None
    embed: Embed | None = None


_records = msgspec.json.Decoder(Record)


def read_record(raw: msgspec.Raw, key: str) -> Record:
    """The record of the post `key`. Raises: NormaliseError."""
    try:
        return _records.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"The post {key} can't be read: {error}.", "bad_item") from error


def language_of(record: Record) -> str:
    """The first language that the author set."""
    return record.langs[0].partition("-")[0].lower()[:8] if record.langs else ""


def written(created: str, seen: datetime) -> datetime:
    """When a post was said: by its author's clock, unless that runs ahead."""
    try:
        return min(moment(created), seen)
    except DateError:
        return seen


def key_of(ref: Ref) -> str | None:
    """The key of the post that a reference points at."""
    return f"{PLATFORM}:{ref.uri}" if ref.uri.startswith("at://") else None


def page_of(did: str, rkey: str) -> str:
    """A post's page."""
    return f"{SITE}/profile/{did}/post/{rkey}"


def mentions_of(text: str, facets: tuple[Facet, ...]) -> Iterator[str]:
    """The handles of those whom a text addresses."""
    raw = text.encode()
    for facet in facets:
        if any(feature.did for feature in facet.features) and 0 <= facet.index.start < facet.index.end:
            called = raw[facet.index.start : facet.index.end].decode(errors="ignore").strip().removeprefix("@")
            if called:
                yield called


def links_of(facets: tuple[Facet, ...], embed: Embed) -> Iterator[str]:
    """Links in the text, the link card, and the page of a quoted post."""
    yield from (feature.uri for facet in facets for feature in facet.features if feature.uri)
    for one in (embed, embed.media):
        if one and one.external and one.external.uri:
            yield one.external.uri
    quoted = embed.record.record or embed.record if embed.record else Ref()
    parts = quoted.uri.removeprefix("at://").split("/")
    if len(parts) == 3 and parts[1] == COLLECTION:
        yield page_of(parts[0], parts[2])


def media_of(did: str, embed: Embed) -> Iterator[Media]:
    """Pictures, videos and the link card, as Bluesky's servers show them."""
    for one in filter(None, (embed, embed.media)):
        for image in (*one.images, *one.items):
            if cid := image.image.ref.cid or image.image.cid:
                url = f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}/{cid}@jpeg"
                yield Media("image", url, clean(image.alt or ""))
        if one.video and (cid := one.video.ref.cid or one.video.cid):
            yield Media("video", f"https://video.bsky.app/watch/{did}/{cid}/playlist.m3u8", clean(one.alt or ""))
        if one.external and one.external.uri:
            yield Media("link", one.external.uri, clean(one.external.title))
