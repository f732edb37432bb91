"""The judge: whether a post matches a query. The indexes must agree with it.

See :mod:`crm.query` for what each node means.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from crm.errors import InvalidInputError
from crm.ports.likeness import near
from crm.query.fields import UNKNOWN
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words
from crm.text import URL
from crm.words import EnrichedPost, Origin, Post

Matcher = Callable[["Subject"], bool]
Spots = Callable[[Sequence[str]], list[tuple[int, int]]]
"""Where something stands among tokens: (first token, number of tokens), in order."""


class Subject(Struct, frozen=True):
    """What a query is asked about; also before a post is fully enriched, for monitors.

    `line` are the tokens between single spaces, `vocabulary` the same as a set. Labels are their values,
    None where the model abstained.
    """

    post: Post
    tokens: tuple[str, ...]
    line: str
    vocabulary: frozenset[str]
    thread_key: str
    language: str | None = None
    sentiment: str | None = None
    urgency: str | None = None
    intents: tuple[str, ...] = ()
    emotion: str | None = None
    aspects: tuple[str, ...] = ()
    offensive: bool = False
    topics: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()
    customer: str | None = None
    origin: Origin = "stream"
    own: bool = False
    bands: tuple[str, ...] = ()

    @classmethod
    def new(
        cls,
        post: Post,
        tokens: Sequence[str],
        *,
        thread_key: str | None = None,
        language: str | None = None,
        sentiment: str | None = None,
        urgency: str | None = None,
        intents: tuple[str, ...] = (),
        emotion: str | None = None,
        aspects: tuple[str, ...] = (),
        offensive: bool = False,
        origin: Origin = "stream",
        own: bool = False,
    ) -> Subject:
        """A post on its way, with the tokens of its searchable text and what is known of it so far."""
        line = f" {' '.join(tokens)} "
        words = tuple(tokens)
        return cls(
            post, words, line, frozenset(words), thread_key or post.thread_key, language, sentiment, urgency,
            intents, emotion, aspects, offensive, origin=origin, own=own,
        )  # fmt: skip

    @classmethod
    def of(cls, enriched: EnrichedPost) -> Subject:
        """A post as the index holds it."""
        words = tuple(enriched.tokens.split())
        return cls(
            enriched.post, words, f" {enriched.tokens} ", frozenset(words), enriched.thread_key,
            enriched.language.value, enriched.sentiment.value, enriched.urgency.value,
            enriched.wants, enriched.feeling, enriched.spoken_of, enriched.offensive,
            monitors=enriched.monitors, customer=enriched.customer, origin=enriched.origin, own=enriched.own,
            bands=enriched.bands, topics=enriched.topics,
        )  # fmt: skip


def traits(post: Post, *, own: bool, origin: Origin, mention: bool, offensive: bool = False) -> frozenset[str]:
    """What has: and is: ask for, as the field's values.

    They are link, media, question, reply, own, private, mention, imported, made_up and offensive.

    A question has a question mark outside of its addresses.
    """
    text = post.text
    holding = (
        ("link", bool(post.links) or "://" in text),
        ("media", bool(post.media)),
        ("question", _asks(text) and _asks(URL.sub(" ", text))),
        ("reply", post.parent_key is not None),
        ("own", own),
        ("private", post.private),
        ("mention", mention),
        ("imported", origin == "import"),
        ("made_up", origin == "demo"),
        ("offensive", offensive),
    )
    return frozenset([name for name, holds in holding if holds])


def _asks(text: str) -> bool:
    return "?" in text or "؟" in text or "？" in text


def compile_matcher(node: Node) -> Matcher:
    """A function that says whether a subject matches.

    Raises InvalidInputError for case: and tag:, which only the records can answer (see `bind_threads`).
    """
    match node:
        case Everything():
            return lambda _subject: True
        case Words():
            return _words(node.tokens)
        case Prefix():
            start = f" {node.token}"
            return lambda subject: start in subject.line
        case Near():
            return _near(node)
        case Field():
            return _field(node)
        case Not():
            child = compile_matcher(node.child)
            return lambda subject: not child(subject)
        case And():
            return _all(node.children)
        case Or():
            return _any(node.children)


def _words(tokens: tuple[str, ...]) -> Matcher:
    if len(tokens) == 1:
        token = tokens[0]
        return lambda subject: token in subject.vocabulary
    needed, phrase = frozenset(tokens), f" {' '.join(tokens)} "
    return lambda subject: needed <= subject.vocabulary and phrase in subject.line


def _all(children: Iterable[Node]) -> Matcher:
    matchers = [compile_matcher(child) for child in children]
    return lambda subject: all(matcher(subject) for matcher in matchers)


def _any(children: Iterable[Node]) -> Matcher:
    # Single words are by far the most common children: one look into the vocabulary answers them all.
    single = frozenset(child.tokens[0] for child in children if isinstance(child, Words) and len(child.tokens) == 1)
    rest = [compile_matcher(child) for child in children if not (isinstance(child, Words) and len(child.tokens) == 1)]
    return lambda subject: not single.isdisjoint(subject.vocabulary) or any(matcher(subject) for matcher in rest)


def spots(node: Words | Prefix, tokens: Sequence[str]) -> list[tuple[int, int]]:
    """Where a word, phrase or prefix stands: (number of its first token, how many tokens), in order."""
    if isinstance(node, Prefix):
        return [(at, 1) for at, token in enumerate(tokens) if token.startswith(node.token)]
    size, first = len(node.tokens), node.tokens[0]
    wanted = node.tokens
    return [(at, size) for at, token in enumerate(tokens) if token == first and tuple(tokens[at : at + size]) == wanted]


def near_pairs(node: Near, tokens: Sequence[str]) -> Iterable[tuple[tuple[int, int], tuple[int, int]]]:
    """The pairs of spots that stand near each other; none lies between spots that overlap."""
    lefts = spots(node.left, tokens)
    rights = spots(node.right, tokens) if lefts else []
    begin = 0
    reach = node.distance + max((size for _, size in lefts + rights), default=0)
    for left in lefts:
        while begin < len(rights) and rights[begin][0] < left[0] - reach:
            begin += 1
        for right in rights[begin:]:
            if right[0] > left[0] + reach:
                break
            first, second = sorted((left, right))
            if second[0] - sum(first) <= node.distance:
                yield left, right


def _near(node: Near) -> Matcher:
    quick = compile_matcher(And((node.left, node.right)))
    return lambda subject: quick(subject) and any(True for _ in near_pairs(node, subject.tokens))


_COMPARE = {":": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _field(field: Field) -> Matcher:
    value = field.value
    match field.name:
        case "author":
            return lambda subject: value in (subject.post.author.handle.casefold(), subject.post.author.key)
        case "platform":
            return lambda subject: subject.post.platform == value
        case "lang" | "sentiment" | "urgency" | "emotion":
            return _label(field)
        case "intent":
            return lambda subject: value in (subject.intents or (UNKNOWN,))
        case "aspect":
            return lambda subject: value in subject.aspects
        case "topic":
            return lambda subject: value in subject.topics
        case "monitor":
            return lambda subject: value in subject.monitors
        case "customer":
            return lambda subject: subject.customer == value
        case "thread":
            return lambda subject: subject.thread_key == value
        case "alike":
            marks = value.split(",")
            return lambda subject: near(marks, subject.bands)
        case "has" | "is":
            return _trait(value)
        case "followers" | "since" | "until":
            return _measure(field)
        case "case" | "tag":
            raise InvalidInputError(f"The field {field.name} is answered by the records; bind it to threads first.")


def _label(field: Field) -> Matcher:
    get = operator.attrgetter("language" if field.name == "lang" else field.name)
    wanted = None if field.value == UNKNOWN else field.value
    return lambda subject: get(subject) == wanted


def _trait(name: str) -> Matcher:
    return lambda subject: (
        name
        in traits(
            subject.post,
            own=subject.own,
            origin=subject.origin,
            mention=bool(subject.monitors),
            offensive=subject.offensive,
        )
    )


def _measure(field: Field) -> Matcher:
    if field.name == "followers":
        compare, number = _COMPARE[field.operator], int(field.value)
        return lambda subject: (
            subject.post.author.followers is not None and bool(compare(subject.post.author.followers, number))
        )
    moment = _moment(field.value)
    if field.name == "since":
        return lambda subject: subject.post.posted_at >= moment
    return lambda subject: subject.post.posted_at < moment
