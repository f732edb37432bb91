"""A document as one row of the index: fields to search and count by, and the whole of it beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from hashlib import blake2b

import msgspec
from msgspec import Struct, structs

from crm.ports.likeness import seeds
from crm.query import traits
from crm.words import EnrichedPost
from index.moments import FIRST_DAY, LAST_DAY, microseconds

UNDATED = "undated"
_AHEAD = timedelta(days=1)
LONG = 100
"""Elasticsearch cuts a token after 255 characters. One of more than this is indexed as its beginning and a digest."""

_MOST_OF_A_TERM = 8000
_MOST_OF_AN_ID = 500


class Row(Struct, frozen=True, omit_defaults=True):
    """What is sent; the fields are those of :data:`index.elasticsearch.template.MAPPING`."""

    workspace: str
    key: str
    posted_us: int
    posted: int
    tokens: str
    platform: str
    language: str
    sentiment: str
    urgency: str
    author: str
    thread: str
    private: bool
    document: EnrichedPost
    handle: str = ""
    monitors: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    customer: str | None = None
    followers: int | None = None
    long: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    emotion: str | None = None
    aspects: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    seeds: Sequence[str] = ()
    topics: tuple[str, ...] = ()


class Source(Struct, frozen=True):
    """What is read back of a row."""

    tokens: str
    document: EnrichedPost

    def whole(self) -> EnrichedPost:
        """The document as it was written."""
        document = self.document
        return document if document.tokens or not self.tokens else structs.replace(document, tokens=self.tokens)


def row(document: EnrichedPost) -> Row:
    """The row of a document. Its tokens are kept once, unless one of them had to be shortened."""
    post, words = document.post, document.tokens
    long = tuple(dict.fromkeys(word for word in words.split() if len(word) > LONG)) if len(words) > LONG else ()
    moment = microseconds(post.posted_at)
    author = post.author
    mention, offensive = bool(document.monitors), document.offensive
    shown = traits(post, own=document.own, origin=document.origin, mention=mention, offensive=offensive)
    indexed = " ".join(map(spelt, words.split())) if long else words
    return Row(
        document.workspace, term(post.key), moment, moment // 1000, indexed, term(post.platform),
        document.language.value or "", document.sentiment.value or "", document.urgency.value or "",
        term(author.key), term(document.thread_key), post.private,
        document if long else structs.replace(document, tokens=""), term(author.handle.casefold()),
        tuple(map(term, document.monitors)), tuple(shown), term(document.customer) if document.customer else None,
        author.followers, tuple(map(beginning, long)), document.wants, document.feeling,
        tuple(map(term, document.spoken_of)), document.bands, seeds(document.bands),
        tuple(map(term, document.topics)),
    )  # fmt: skip


def month_of(document: EnrichedPost) -> str:
    """``YYYY-MM`` of a plausible posting date, else ``undated``: before 2000 or a day beyond its collection."""
    posted = document.post.posted_at
    last = document.collected_at + _AHEAD if document.collected_at else LAST_DAY
    return f"{posted.astimezone(UTC):%Y-%m}" if FIRST_DAY <= posted < last else UNDATED


def row_id(workspace: str, key: str) -> str:
    """``workspace/key``, or a digest of it where that is longer than Elasticsearch allows."""
    name = f"{workspace}/{key}"
    return name if len(name) * 4 <= _MOST_OF_AN_ID or len(name.encode()) <= _MOST_OF_AN_ID else f"#{_digest(name)}"


def spelt(token: str) -> str:
    """A token as it stands in the index."""
    return token if len(token) <= LONG else f"{token[:LONG]}#{_digest(token)}"


def term(value: str) -> str:
    """A value as it stands in a keyword field; Lucene takes no more than 32 KB."""
    return value if len(value) <= _MOST_OF_A_TERM else f"{value[:LONG]}#{_digest(value)}"


def beginning(token: str) -> str:
    """As much of a long token, or of a prefix, as the field `long` holds."""
    return token[:_MOST_OF_A_TERM]


def encoded(line: object) -> bytes:
    """One line of a bulk request."""
    return msgspec.json.encode(line)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
