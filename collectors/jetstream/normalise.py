"""Messages of Jetstream as posts and removals.

Source: github.com/bluesky-social/jetstream (README).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from collectors.bluesky.record import (
    COLLECTION,
    PLATFORM,
    Embed,
    key_of,
    language_of,
    links_of,
    media_of,
    mentions_of,
    page_of,
    read_record,
    written,
)
from collectors.clean import clean
from collectors.errors import NormaliseError
from crm.words import Author, Post

GONE, TAKEN_DOWN = "deleted", "takendown"
"""What an account may be, and its posts with it; one that was taken down may be given back."""
_START = datetime(1970, 1, 1, tzinfo=UTC)


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
    record = read_record(commit.record, post_key(message, commit))
    try:
        seen = _START + timedelta(microseconds=message.time_us)
    except OverflowError as error:
        raise NormaliseError(f"The post {post_key(message, commit)} can't be read: {error}.", "bad_item") from error
    facets, embed = record.facets or (), record.embed or Embed()
    return Post(
        PLATFORM,
        f"at://{message.did}/{COLLECTION}/{commit.rkey}",
        Author(PLATFORM, message.did, url=f"https://bsky.app/profile/{message.did}"),
        clean(record.text),
        written(record.created, seen),
        url=page_of(message.did, commit.rkey),
        parent_key=key_of(record.reply.parent) if record.reply else None,
        root_key=key_of(record.reply.root) if record.reply else None,
        edited_at=seen if commit.operation == "update" else None,
        language_hint=language_of(record),
        mentions=tuple(dict.fromkeys(mentions_of(record.text, facets))),
        links=tuple(dict.fromkeys(links_of(facets, embed))),
        media=tuple(media_of(message.did, embed)),
    )
