"""Events as bytes: ``{"schema": 1, "event": {"type": "post", ...}}`` in JSON.

Changes only add. A reader fills fields that an older writer did not know with their defaults,
so a decoded event is always of this program's schema; what a newer writer sent goes to the dead
letters until this program is updated. ``tests/golden`` holds an example of every schema.
JSON because a person can read it in a dead letter; MessagePack would save some 6 microseconds a post.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from crm.errors import PermanentError
from crm.ports.log import Record
from crm.words import SCHEMA_VERSION, Collected, CollectedEvent, EnrichedEvent, EnrichedPost, Removed, RemovedPost

T = TypeVar("T")

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises; the last of them where something is nested too deeply."""


class UnreadableEnvelopeError(PermanentError):
    """The bytes are not an event of the kind expected."""

    def __init__(self, kind: str, reason: object) -> None:
        super().__init__(f"The event is not a readable {kind} event: {reason}.")


class NewerEnvelopeError(PermanentError):
    """A newer program wrote the event."""

    def __init__(self, schema: int) -> None:
        super().__init__(
            f"The event has schema {schema}, and this Shenava knows schemas up to {SCHEMA_VERSION}: "
            "update Shenava, then replay the event."
        )


class Envelope(Struct, frozen=True):
    """What surrounds an event; the event itself is decoded after its schema was checked."""

    schema: int
    event: Raw


class _Outgoing(Struct, frozen=True):
    schema: int
    event: Collected | Removed | EnrichedPost | RemovedPost


class _Owner(Struct, frozen=True):
    workspace: str | None = None


class Head(Struct, frozen=True):
    """What can be said of an event that may be broken; None where it doesn't say."""

    schema: int | None = None
    workspace: str | None = None


class _Speaker(Struct, frozen=True):
    platform: str
    native_id: str


class _Said(Struct, frozen=True):
    platform: str
    native_id: str
    author: _Speaker


class _Speech(Struct, frozen=True):
    post: _Said


_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)
_owners = msgspec.json.Decoder(_Owner)
_speeches = msgspec.json.Decoder(_Speech)
_collected: msgspec.json.Decoder[CollectedEvent] = msgspec.json.Decoder(Collected | Removed)
_enriched: msgspec.json.Decoder[EnrichedEvent] = msgspec.json.Decoder(EnrichedPost | RemovedPost)


def encode(event: CollectedEvent | EnrichedEvent) -> bytes:
    """The event in its envelope."""
    return _encoder.encode(_Outgoing(SCHEMA_VERSION, event))


def record(event: CollectedEvent | EnrichedEvent) -> Record:
    """The event ready to be appended. All versions of a post, and its removal, have the same key.

    Collected events are keyed by post, enriched ones by ``workspace/post``; a removal of everything
    of an author by the author's key in the post's place.
    """
    match event:
        case Collected():
            key = event.post.key
        case EnrichedPost():
            key = event.key
        case Removed():
            key = event.post_key or event.author_key or ""
        case RemovedPost():
            key = f"{event.workspace}/{event.post_key or event.author_key or ''}"
    return Record(key, encode(event))


def decode_collected(value: bytes) -> CollectedEvent:
    """An event of ``posts.collected``. Raises PermanentError where it is broken or newer than this program."""
    return _decode(value, _collected, "collected")


def decode_enriched(value: bytes) -> EnrichedEvent:
    """An event of ``posts.enriched``. Raises PermanentError where it is broken or newer than this program."""
    return _decode(value, _enriched, "enriched")


def head(value: bytes) -> Head:
    """The schema and workspace of an event, as far as it can be read; never raises."""
    try:
        envelope = _envelopes.decode(value)
    except UNREADABLE:
        return Head()
    try:
        return Head(envelope.schema, _owners.decode(envelope.event).workspace)
    except UNREADABLE:
        return Head(envelope.schema)


def about(value: bytes) -> frozenset[str]:
    """The keys of the post that an event carries and of its author; none where it carries or tells none. Never raises.

    It reads what a newer program wrote too.
    """
    try:
        post = _speeches.decode(_envelopes.decode(value).event).post
    except UNREADABLE:
        return frozenset()
    return frozenset(f"{one.platform}:{one.native_id}" for one in (post, post.author))


def _decode(value: bytes, decoder: msgspec.json.Decoder[T], kind: str) -> T:
    try:
        envelope = _envelopes.decode(value)
        if envelope.schema > SCHEMA_VERSION:
            raise NewerEnvelopeError(envelope.schema)
        return decoder.decode(envelope.event)
    except UNREADABLE as error:
        raise UnreadableEnvelopeError(kind, error) from error
