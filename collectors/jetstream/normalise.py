"""Messages of Jetstream as posts and removals.

Sources: github.com/bluesky-social/jetstream (README) and the lexicon app.bsky.feed.post.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct, field

from collectors.clean import clean
from collectors.errors import NormaliseError
from collectors.moments import DateError, moment
from crm.words import Author, Media, Post

PLATFORM = "bluesky"
COLLECTION = "app.bsky.feed.post"
GONE, TAKEN_DOWN = "deleted", "takendown"
"""What an account may be, and its posts with it; one that was taken down may be given back."""
_START = datetime(1970, 1, 1, tzinfo=UTC)


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


class Commit(Struct, frozen=True):
    """A change of a record; it comes without one where it was deleted."""

    operation: str
    collection: str
    rkey: str
    record: msgspec.Raw = msgspec.Raw(b"")


class Account(Struct, frozen=True):
    """What became of an account."""

    active: bool = True
    status: str = ""


class Message(Struct, frozen=True):
    """One message; `time_us` is when Jetstream saw it, in microseconds since 1970."""

    did: str
    time_us: int
    commit: Commit | None = None
    account: Account | None = None


_messages = msgspec.json.Decoder(Message)
_records = msgspec.json.Decoder(Record)


def read(message: str | bytes) -> Message:
    """A message of the stream. Raises: NormaliseError."""
    try:
        return _messages.decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"A message of Jetstream can't be read: {error}.", "bad_item") from error


def post_key(message: Message, commit: Commit) -> str:
    """The key of the post that a commit is about."""
    return f"{PLATFORM}:at://{message.did}/{COLLECTION}/{commit.rkey}"


def removed_post(message: Message) -> str | None:
    """The key of the post that this message deletes."""
    commit = message.commit
    gone = commit is not None and commit.operation == "delete" and commit.collection == COLLECTION
    return post_key(message, commit) if commit is not None and gone else None


def removed_author(message: Message) -> str | None:
    """The key of the author who is gone by this message, perhaps not for good, see :func:`is_for_good`."""
    account = message.account
    gone = account is not None and not account.active and account.status in (GONE, TAKEN_DOWN)
    return f"{PLATFORM}:{message.did}" if gone else None


def is_for_good(message: Message) -> bool:
    """Whether the author who is gone deleted the account, so that nothing of it comes back."""
    return message.account is None or message.account.status == GONE


def to_post(message: Message) -> Post | None:
    """The post that this message creates or changes; None where it is about something else.

    Jetstream knows no handles and no names. The author's clock counts unless it runs ahead.
    Raises: NormaliseError.
    """
    commit = message.commit
    if commit is None or commit.collection != COLLECTION or commit.operation == "delete":
        return None
    try:
        record = _records.decode(commit.record)
        seen = _START + timedelta(microseconds=message.time_us)
    except (msgspec.DecodeError, UnicodeError, OverflowError, RecursionError) as error:
        raise NormaliseError(f"The post {post_key(message, commit)} can't be read: {error}.", "bad_item") from error
    facets, embed = record.facets or (), record.embed or Embed()
    return Post(
        PLATFORM,
        f"at://{message.did}/{COLLECTION}/{commit.rkey}",
        Author(PLATFORM, message.did, url=f"https://bsky.app/profile/{message.did}"),
        clean(record.text),
        _written(record.created, seen),
        url=_page(message.did, commit.rkey),
        parent_key=_key(record.reply.parent) if record.reply else None,
        root_key=_key(record.reply.root) if record.reply else None,
        edited_at=seen if commit.operation == "update" else None,
        language_hint=record.langs[0].partition("-")[0].lower()[:8] if record.langs else "",
        mentions=tuple(dict.fromkeys(_mentions(record.text, facets))),
        links=tuple(dict.fromkeys(_links(facets, embed))),
        media=tuple(_media(message.did, embed)),
    )


def _written(created: str, seen: datetime) -> datetime:
    try:
        return min(moment(created), seen)
    except DateError:
        return seen


def _key(ref: Ref) -> str | None:
    return f"{PLATFORM}:{ref.uri}" if ref.uri.startswith("at://") else None


def _page(did: str, rkey: str) -> str:
    return f"https://bsky.app/profile/{did}/post/{rkey}"


def _mentions(text: str, facets: tuple[Facet, ...]) -> Iterator[str]:
    raw = text.encode()
    for facet in facets:
        if any(feature.did for feature in facet.features) and 0 <= facet.index.start < facet.index.end:
            called = raw[facet.index.start : facet.index.end].decode(errors="ignore").strip().removeprefix("@")
            if called:
                yield called


def _links(facets: tuple[Facet, ...], embed: Embed) -> Iterator[str]:
    """Links in the text, the link card, and the page of a quoted post."""
    yield from (feature.uri for facet in facets for feature in facet.features if feature.uri)
    for one in (embed, embed.media):
        if one and one.external and one.external.uri:
            yield one.external.uri
    quoted = embed.record.record or embed.record if embed.record else Ref()
    parts = quoted.uri.removeprefix("at://").split("/")
    if len(parts) == 3 and parts[1] == COLLECTION:
        yield _page(parts[0], parts[2])


def _media(did: str, embed: Embed) -> Iterator[Media]:
    for one in filter(None, (embed, embed.media)):
        for image in one.images:
            if cid := image.image.ref.cid or image.image.cid:
                url = f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}/{cid}@jpeg"
                yield Media("image", url, clean(image.alt or ""))
        if one.video and (cid := one.video.ref.cid or one.video.cid):
            yield Media("video", f"https://video.bsky.app/watch/{did}/{cid}/playlist.m3u8", clean(one.alt or ""))
        if one.external and one.external.uri:
            yield Media("link", one.external.uri, clean(one.external.title))
