"""Posts as Bluesky's AppView shows them, and direct messages.

Sources: the lexicons app.bsky.feed.defs, app.bsky.notification.listNotifications and chat.bsky.convo.defs. A post that
came through Jetstream as well has the same key here, and gains its author's handle, name and counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from collectors.addresses import is_address
from collectors.bluesky.record import (
    COLLECTION,
    PLATFORM,
    SITE,
    Embed,
    External,
    Facet,
    key_of,
    language_of,
    links_of,
    media_of,
    mentions_of,
    page_of,
    read_record,
    written,
)
from collectors.clean import clean, linked
from collectors.errors import NormaliseError
from collectors.moments import DateError, moment
from crm.words import Author, Counts, Media, Post

T = TypeVar("T")

MESSAGE = "dm:"
"""Before the ids of direct messages: ``dm:conversation/message``."""
LARGEST = 2**62
NO_HANDLE = "handle.invalid"
"""What the AppView writes where a handle no longer belongs to its account."""


class Profile(Struct, frozen=True):
    """Who said it; description and followers come with detailed profiles only."""

    did: str
    handle: str = ""
    name: str | None = field(default=None, name="displayName")
    avatar: str | None = None
    description: str | None = None
    followers: int | None = field(default=None, name="followersCount")


class Shown(Struct, frozen=True):
    """A picture as it is shown."""

    fullsize: str = ""
    alt: str | None = None


class View(Struct, frozen=True):
    """What is attached, as it is shown: the parts of every kind."""

    images: tuple[Shown, ...] = ()
    items: tuple[Shown, ...] = ()
    playlist: str = ""
    alt: str | None = None
    external: External | None = None
    media: View | None = None


class PostView(Struct, frozen=True, rename="camel"):
    """A post, or a notification of one, which has neither counts nor what is attached."""

    uri: str
    cid: str
    author: Profile
    record: msgspec.Raw
    indexed_at: str
    embed: View | None = None
    like_count: int | None = None
    reply_count: int | None = None
    repost_count: int | None = None


class Sender(Struct, frozen=True):
    """Who sent a message."""

    did: str


class ReplyTo(Struct, frozen=True):
    """The message that one answers."""

    id: str = ""


class MessageView(Struct, frozen=True, rename="camel"):
    """A direct message; one that was deleted has no text."""

    id: str
    rev: str
    sender: Sender
    sent_at: str
    text: str | None = None
    facets: tuple[Facet, ...] | None = None
    embed: Embed | None = None
    reply_to: ReplyTo | None = None


def read(raw: msgspec.Raw | bytes, kind: type[T]) -> T:
    """Something out of its JSON. Raises: NormaliseError."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"An item of Bluesky can't be read: {error}.", "bad_item") from error


def to_post(view: PostView, profile: Profile | None = None) -> Post:
    """The post that a view shows; `profile` knows more of its author. Raises: NormaliseError."""
    did, rkey = _parts(view.uri)
    record, seen = read_record(view.record, view.uri), said_at(view.indexed_at)
    facets, embed = record.facets or (), record.embed or Embed()
    return Post(
        PLATFORM,
        view.uri,
        author_of(profile or view.author),
        clean(record.text),
        written(record.created, seen),
        url=page_of(did, rkey),
        parent_key=key_of(record.reply.parent) if record.reply else None,
        root_key=key_of(record.reply.root) if record.reply else None,
        language_hint=language_of(record),
        mentions=tuple(dict.fromkeys(mentions_of(record.text, facets))),
        links=tuple(dict.fromkeys(links_of(facets, embed))),
        media=tuple(_shown(view.embed)) or tuple(media_of(did, embed)),
        counts=Counts(_count(view.like_count), _count(view.reply_count), _count(view.repost_count)),
    )


def to_message(view: MessageView, conversation: str, profile: Profile | None = None) -> Post:
    """The private post that a direct message is, in the thread of its conversation. Raises: NormaliseError."""
    text, facets = clean(view.text or ""), view.facets or ()
    key = f"{PLATFORM}:{MESSAGE}{clean(conversation)}"
    links = (*links_of(facets, view.embed or Embed()), *linked(text))
    return Post(
        PLATFORM,
        message_id(conversation, view.id),
        author_of(profile or Profile(view.sender.did)),
        text,
        said_at(view.sent_at),
        url=f"{SITE}/messages/{clean(conversation)}",
        parent_key=f"{key}/{clean(view.reply_to.id)}" if view.reply_to and view.reply_to.id else None,
        root_key=key,
        mentions=tuple(dict.fromkeys(mentions_of(text, facets))),
        links=tuple(dict.fromkeys(links)),
        private=True,
    )


def message_id(conversation: str, message: str) -> str:
    """The native id of a direct message. Raises: NormaliseError."""
    if not conversation or not message:
        raise NormaliseError("A direct message has no id.", "bad_item")
    return f"{MESSAGE}{clean(conversation)}/{clean(message)}"


def author_of(profile: Profile) -> Author:
    """The account. Raises: NormaliseError."""
    did = clean(profile.did)
    if not did.startswith("did:"):
        raise NormaliseError(f"{did[:60]!r} is no account of Bluesky.", "bad_item")
    bio = clean(profile.description or "")
    return Author(
        PLATFORM,
        did,
        "" if profile.handle == NO_HANDLE else clean(profile.handle),
        clean(profile.name or ""),
        url=f"{SITE}/profile/{did}",
        avatar_url=clean(profile.avatar) if is_address(profile.avatar or "") and profile.avatar else "",
        followers=None if profile.followers is None else _count(profile.followers),
        bio=bio,
        links=linked(bio),
    )


def said_at(text: str) -> datetime:
    """A time of the server's. Raises: NormaliseError."""
    try:
        return moment(text)
    except DateError as error:
        raise NormaliseError(f"A post has a date that can't be read: {error}.", "bad_item") from error


def _parts(uri: str) -> tuple[str, str]:
    parts = uri.removeprefix("at://").split("/")
    if not uri.startswith("at://did:") or len(parts) != 3 or parts[1] != COLLECTION or clean(uri) != uri:
        raise NormaliseError(f"{uri[:200]!r} is no post of Bluesky.", "bad_item")
    return parts[0], parts[2]


def _shown(view: View | None) -> Iterator[Media]:
    for one in filter(None, (view, view.media if view else None)):
        for image in (*one.images, *one.items):
            if is_address(image.fullsize):
                yield Media("image", clean(image.fullsize), clean(image.alt or ""))
        if is_address(one.playlist):
            yield Media("video", clean(one.playlist), clean(one.alt or ""))
        if one.external and is_address(one.external.uri):
            yield Media("link", clean(one.external.uri), clean(one.external.title))


def _count(value: int | None) -> int:
    return min(max(0, value or 0), LARGEST)
