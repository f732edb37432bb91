"""Statuses as posts.

Source: docs.joinmastodon.org/entities. A status has an id of its server and an address (``uri``)
that is the same on all; posts and authors are known by their addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from collectors.clean import clean, from_html
from collectors.errors import NormaliseError
from collectors.moments import DateError, moment
from crm.words import Author, Counts, Media, Post

PLATFORM = "mastodon"
PUBLIC = ("public", "unlisted")
LARGEST = 2**62


class RawAccount(Struct, frozen=True):
    """Who said it; `acct` lacks the server's name on the server itself."""

    acct: str
    url: str | None = None
    uri: str | None = None
    display_name: str | None = None
    avatar: str | None = None
    note: str | None = None
    followers_count: int | None = None


class RawMention(Struct, frozen=True):
    """Somebody whom a status addresses."""

    acct: str = ""


class RawMedia(Struct, frozen=True):
    """A file that belongs to a status."""

    type: str = "unknown"
    url: str | None = None
    remote_url: str | None = None
    description: str | None = None


class RawCard(Struct, frozen=True):
    """The preview of a link."""

    url: str | None = None
    title: str | None = None


class RawReblog(Struct, frozen=True):
    """A status that was passed on, of which only the fact counts."""

    id: str = ""


class RawStatus(Struct, frozen=True):
    """What is read of a status; `reblog` holds somebody else's status that was passed on."""

    id: str
    uri: str
    created_at: str
    content: str
    account: RawAccount
    url: str | None = None
    edited_at: str | None = None
    in_reply_to_id: str | None = None
    spoiler_text: str | None = None
    language: str | None = None
    visibility: str = "public"
    replies_count: int | None = None
    reblogs_count: int | None = None
    favourites_count: int | None = None
    mentions: tuple[RawMention, ...] = ()
    media_attachments: tuple[RawMedia, ...] = ()
    card: RawCard | None = None
    reblog: RawReblog | None = None


_statuses = msgspec.json.Decoder(RawStatus)
_lists = msgspec.json.Decoder(list[msgspec.Raw])


def read(raw: bytes | str | msgspec.Raw) -> RawStatus:
    """A status out of its JSON. Raises: NormaliseError."""
    try:
        return _statuses.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"A status can't be read: {error}.", "bad_item") from error


def read_list(raw: bytes) -> list[msgspec.Raw]:
    """The statuses of a timeline, each still to be read. Raises: NormaliseError."""
    try:
        return _lists.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"It is no list of statuses: {error}.", "bad_item") from error


def to_post(status: RawStatus, server: str, parent_key: str | None = None) -> Post:
    """The post that a status is. `server` is the host that gave it out, by which short handles are completed.

    Raises: NormaliseError.
    """
    (text, links), card = from_html(status.content), status.card
    return Post(
        PLATFORM,
        clean(status.uri),
        _author(status.account, server),
        text,
        _date(status.created_at),
        url=clean(status.url or status.uri),
        title=clean(status.spoiler_text or ""),
        parent_key=parent_key,
        edited_at=_date(status.edited_at) if status.edited_at else None,
        language_hint=clean(status.language or "")[:35],
        mentions=tuple(clean(one.acct) for one in status.mentions if one.acct),
        links=tuple(dict.fromkeys((*links, *((card.url,) if card and card.url else ())))),
        media=tuple(_media(status)),
        counts=Counts(_count(status.favourites_count), _count(status.replies_count), _count(status.reblogs_count)),
        private=status.visibility not in PUBLIC,
    )


def _author(account: RawAccount, server: str) -> Author:
    """The account, with its handle completed by its server's name where the server leaves that out."""
    url = clean(account.url or "")
    native = clean(account.uri or url or account.acct)
    handle = clean(account.acct)
    bio, links = from_html(account.note or "")
    return Author(
        PLATFORM,
        native,
        handle if "@" in handle else f"{handle}@{server}",
        clean(account.display_name or ""),
        url=url,
        avatar_url=clean(account.avatar or ""),
        followers=None if account.followers_count is None else _count(account.followers_count),
        bio=bio,
        links=links,
    )


def _media(status: RawStatus) -> Iterator[Media]:
    for file in status.media_attachments:
        if url := file.url or file.remote_url:
            kind = {"gifv": "video", "unknown": "link"}.get(file.type, file.type)
            yield Media(clean(kind), clean(url), clean(file.description or ""))
    if status.card and status.card.url:
        yield Media("link", clean(status.card.url), clean(status.card.title or ""))


def _count(value: int | None) -> int:
    return min(max(0, value or 0), LARGEST)


def _date(text: str) -> datetime:
    try:
        return moment(text)
    except DateError as error:
        raise NormaliseError(f"A status has a date that can't be read: {error}.", "bad_item") from error
