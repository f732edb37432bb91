"""Facets: what a post *is*, spelt as tokens beside what it says, so that one FTS5 expression asks for both.

Every facet begins with a control character that no folded token holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from hashlib import blake2b
from typing import get_args

from crm.errors import InvalidInputError
from crm.query import UNKNOWN, traits
from crm.query.tree import Field
from crm.words import Emotion, EnrichedPost, Intent

_MARK = "\x02"
_NAMES = {name: _MARK + short for name, short in {
    "platform": "p", "lang": "l", "sentiment": "s", "urgency": "u", "monitor": "m", "author": "h", "thread": "t",
    "customer": "c", "is": "i", "intent": "n", "emotion": "e", "aspect": "b", "topic": "o",
}.items()}  # fmt: skip
_PLAIN = re.compile(r"[a-z0-9_.:-]{1,40}")
_MOST_BITS = 24
"""Accounts are put together by the length of their followers' number in bits, from 8 M on all in one."""

NOTHING = f"{_MARK}nothing"
"""A facet that no post has."""


def digest(key: str) -> int:
    """A key as a signed 64-bit number; accounts are counted and found by it."""
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def facet(name: str, value: str) -> str:
    """The token of a property. Values that a tokenizer would change are replaced by a digest."""
    return _NAMES[name] + (value if _PLAIN.fullmatch(value) else f"={digest(value) & (1 << 64) - 1:016x}")


def scope_facet(workspace: int, private: bool) -> str:
    """Every post has exactly one of these: its workspace's public or private one."""
    return f"{_MARK}{'-' if private else '+'}{workspace}"


def author_facet(author: int) -> str:
    """The facet of an account, by the digest of its key."""
    return f"{_MARK}a{author & (1 << 64) - 1:016x}"


def kind_facets(
    scope: str, platform: str, language: str, sentiment: str, urgency: str, monitors: Collection[str]
) -> str:
    """The facets that all posts of one kind share, joined by spaces."""
    named = (("platform", platform), ("lang", language), ("sentiment", sentiment), ("urgency", urgency))
    found = [facet(name, value or UNKNOWN) for name, value in named]
    mention = [facet("is", "mention")] if monitors else []
    return " ".join([scope, *found, *mention, *(facet("monitor", monitor) for monitor in monitors)])


@lru_cache(maxsize=16_384)
def account(key: str, handle: str) -> tuple[int, str]:
    """The digest of an account's key, and the facets that all of its posts share. Many posts come from few accounts."""
    author = digest(key)
    return author, " ".join([author_facet(author), *([facet("author", handle.casefold())] if handle else [])])


def own_facets(document: EnrichedPost) -> str:
    """The facets of one post beyond those of its kind and its author."""
    shown = traits(document.post, own=document.own, origin=document.origin, mention=False, offensive=document.offensive)
    found = [facet("thread", document.thread_key), _traits(shown)]
    if document.intents or document.emotion or document.aspects:
        found.append(_said(document.wants, document.feeling, document.spoken_of))
    found += [facet("topic", topic) for topic in document.topics]
    if document.customer:
        found.append(facet("customer", document.customer))
    followers = document.post.author.followers
    if followers is not None:
        found.append(f"{_MARK}f{min(followers.bit_length(), _MOST_BITS)}")
    return " ".join(found)


@lru_cache(maxsize=4096)
def _said(intents: tuple[str, ...], emotion: str | None, aspects: tuple[str, ...]) -> str:
    found = [facet("intent", intent) for intent in intents] + [facet("aspect", aspect) for aspect in aspects]
    return " ".join([*found, *([facet("emotion", emotion)] if emotion else [])])


@lru_cache(maxsize=1024)
def _traits(shown: frozenset[str]) -> str:
    return " ".join([facet("is", trait) for trait in sorted(shown)])


def follower_facets(field: Field) -> list[str]:
    """Facets any of which every post has that a followers field matches; some others have them too."""
    bits = min(int(field.value).bit_length(), _MOST_BITS)
    first, last = (0 if "<" in field.operator else bits), (_MOST_BITS if ">" in field.operator else bits)
    return [f"{_MARK}f{number}" for number in range(first, last + 1)]


def unknown_facets(field: Field) -> list[str]:
    """The facets none of which a post has of which nothing is known for this field; none for other fields."""
    if field.value != UNKNOWN or field.name not in ("intent", "emotion"):
        return []
    every: tuple[str, ...] = get_args(Intent) if field.name == "intent" else get_args(Emotion)
    return [facet(field.name, value) for value in every]


def field_facets(field: Field) -> list[str]:
    """The facets any of which a post must have for this field; none where nothing can match.

    Raises InvalidInputError for case: and tag:, which only the records can answer.
    """
    match field.name:
        case "author":
            return [facet("author", field.value), author_facet(digest(field.value))]
        case "has" | "is":
            return [facet("is", field.value)]
        case "platform" | "lang" | "sentiment" | "urgency" | "monitor" | "customer" | "thread":
            return [facet(field.name, field.value)]
        case "intent" | "emotion" | "aspect" | "topic":
            return [facet(field.name, field.value)]
        case "case" | "tag":
            raise InvalidInputError(f"The field {field.name} is answered by the records; bind it to threads first.")
    return []
