"""Posts to index, and the judge: what a right index answers, worked out over a plain list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from crm.ports.index import Bucket, Dimension, Scope
from crm.ports.likeness import marks, seeds
from crm.query import Subject, compile_matcher
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words
from crm.text import searchable, tokens
from crm.words import Aspect, Author, EnrichedPost, Label, Media, Origin, Post

NOON = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)
TIMES: frozenset[Dimension] = frozenset({"day", "hour", "hour_of_week"})


def post(
    native_id: str,
    text: str = "سلام دنیا",
    at: datetime = NOON,
    *,
    platform: str = "x",
    author: str = "u1",
    handle: str = "",
    followers: int | None = None,
    parent: str | None = None,
    root: str | None = None,
    edited_at: datetime | None = None,
    links: tuple[str, ...] = (),
    media: tuple[Media, ...] = (),
    private: bool = False,
) -> Post:
    """A post; `parent` and `root` are native ids on the same platform."""
    return Post(
        platform, native_id, Author(platform, author, handle or author, followers=followers), text, at,
        parent_key=f"{platform}:{parent}" if parent else None, root_key=f"{platform}:{root}" if root else None,
        edited_at=edited_at, links=links, media=media, private=private,
    )  # fmt: skip


def document(
    said: Post,
    *,
    workspace: str = "acme",
    monitors: tuple[str, ...] = (),
    language: str | None = "fa",
    sentiment: str | None = "neutral",
    urgency: str | None = "normal",
    revision: int = 1,
    thread_key: str | None = None,
    customer: str | None = None,
    origin: Origin = "stream",
    own: bool = False,
    intents: tuple[str | None, ...] = (),
    emotion: str | None = None,
    offensive: bool = False,
    aspects: tuple[tuple[str, str | None], ...] = (),
    bands: tuple[str, ...] = (),
    topics: tuple[str, ...] = (),
) -> EnrichedPost:
    """A document as enrichment makes it."""
    return EnrichedPost(
        workspace, said, " ".join(tokens(searchable(said))), Label(language, 0.9, "language", "1"),
        Label(sentiment, 0.8, "sentiment", "1"), Label(urgency, 0.7, "urgency", "1"), revision,
        thread_key or said.thread_key, monitors, customer, origin, own, bands=bands, topics=topics,
        intents=tuple(Label(intent, 0.8, "intent", "1") for intent in intents),
        emotion=Label(emotion, 0.6, "emotion", "1") if emotion else None,
        offence=Label("offensive", 0.9, "offence", "1") if offensive else None,
        aspects=tuple(Aspect(name, Label(mood, 0.7, "aspects", "1")) for name, mood in aspects),
    )  # fmt: skip


def hits(documents: Iterable[EnrichedPost], scope: Scope, query: Node) -> list[EnrichedPost]:
    """The documents that must be found, newest first."""
    matches = compile_matcher(query)
    found = [one for one in documents if readable(one, scope) and matches(Subject.of(one))]
    return sorted(found, key=lambda one: (one.post.posted_at, one.post.key), reverse=True)


def readable(one: EnrichedPost, scope: Scope) -> bool:
    allowed = scope.monitors is None or bool(set(scope.monitors) & set(one.monitors))
    return one.workspace == scope.workspace and allowed and (scope.private or not one.post.private)


def counts(
    documents: Iterable[EnrichedPost], scope: Scope, query: Node, by: Sequence[Dimension], zone: str
) -> list[Bucket]:
    """The buckets that must be counted, in order."""
    found: Counter[tuple[str, ...]] = Counter()
    for one in hits(documents, scope, query):
        found.update(set(product(*(list(keys(one, dimension, zone, scope)) for dimension in by))))
    times = [place for place, dimension in enumerate(by) if dimension in TIMES]
    alone = list(by) == ["text"]
    buckets = [Bucket(names, posts) for names, posts in found.items() if posts > 1 or not alone]
    return sorted(buckets, key=lambda b: ([b.keys[place] for place in times], -b.posts, b.keys))


def keys(one: EnrichedPost, dimension: Dimension, zone: str, scope: Scope) -> Iterator[str]:
    local = one.post.posted_at.astimezone(ZoneInfo(zone))
    match dimension:
        case "day":
            yield local.date().isoformat()  # %Y leaves out the zeros of early years on some systems
        case "hour":
            yield local.isoformat(timespec="hours")[:13]
        case "hour_of_week":
            yield f"{(local.weekday() + 2) % 7}-{local:%H}"
        case "sentiment" | "language" | "urgency":
            label: Label = getattr(one, dimension)
            yield label.value or ""
        case "platform":
            yield one.post.platform
        case "author":
            yield one.post.author.key
        case "text":
            yield from seeds(one.bands)
        case "monitor":
            yield from (m for m in set(one.monitors) if scope.monitors is None or m in scope.monitors)


MONITORS = ("brand", "Rival", "رقیب", "other brand")
WORDS = ("سلام", "دنیا", "پست", "card", "cards", "car", "lost", "کارت", "کارتم", "خوب", "نان")
_TEXTS = (*WORDS, "🙂", "كارت", "«نان‌ماه»", "؟", "https://shop.example/x", "#نان_ماه", "@Support")
_MOMENTS = [
    NOON + timedelta(seconds=seconds)
    for seconds in (0, 0, 0.25, 0.5, 1, 59, 899, 900, 30_600, 30_599, 43_200, 86_400, -1, -900, -86_400 * 200)
] + [datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC), datetime(2, 1, 1, tzinfo=UTC)]

moments = st.sampled_from(_MOMENTS)


BANDS = (
    tuple(f"{number:06d}" for number in range(1, 15)),
    tuple(f"{number:06d}" for number in range(5, 19)),
    ("v00001", "v00002", *(f"{number:06d}" for number in range(14, 26))),
    ("00000g",),
    ("00000h",),
)
"""Hashes of texts: the first two share many marks, the third has one of the first and some of the second, and the
others are of short texts."""

_posts = st.builds(
    post,
    st.sampled_from("Aabcdef"),
    st.lists(st.sampled_from(_TEXTS), max_size=7).map(" ".join),
    moments,
    platform=st.sampled_from(["x", "mastodon"]),
    author=st.sampled_from(["U1", "u1", "u2"]),
    handle=st.sampled_from(["Ali", "ali", "نرگس", "u3"]),
    followers=st.sampled_from([None, 0, 10, 5000]),
    parent=st.sampled_from([None, "a", "z"]),
    media=st.sampled_from([(), (Media("image", "u"),)]),
    private=st.sampled_from([False, False, True]),
)
_documents = st.builds(
    document,
    _posts,
    monitors=st.lists(st.sampled_from(MONITORS), max_size=3, unique=True).map(tuple),
    language=st.sampled_from(["fa", "en", "fa-Latn", None]),
    sentiment=st.sampled_from(["negative", "positive", None]),
    urgency=st.sampled_from(["low", "high", None]),
    revision=st.integers(0, 3),
    customer=st.sampled_from([None, "C1", "c1"]),
    origin=st.sampled_from(["stream", "import"]),
    own=st.booleans(),
    intents=st.sampled_from([(), (None,), ("praise",), ("praise", "question")]),
    emotion=st.sampled_from([None, "joy", "none"]),
    offensive=st.booleans(),
    aspects=st.sampled_from([(), (("price", "negative"),), (("price", None), ("delivery", "positive"))]),
    bands=st.sampled_from([(), *BANDS]),
    topics=st.sampled_from([(), ("t1",), ("t1", "t2")]),
)
batches = st.lists(st.lists(_documents, max_size=8), max_size=3)
"""Batches of documents of the workspace ``acme`` that share a few keys."""

_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda found: Words(tuple(found)))
_prefixes = st.sampled_from(["c", "car", "کار", "س", "lo", "zz"]).map(Prefix)
_near = st.builds(Near, _words | _prefixes, _words | _prefixes, st.integers(0, 4))
_instants = (moments | moments.map(lambda at: at.replace(microsecond=0))).map(lambda at: at.isoformat())
_fields = st.one_of(
    *(st.builds(Field, st.just(name), st.just(":"), st.sampled_from(values)) for name, values in {
        "author": ("ali", "نرگس", "u3", "x:U1", "x:u1", "nobody"), "platform": ("x", "mastodon", "rss"),
        "lang": ("fa", "en", "fa-Latn", "unknown"), "sentiment": ("negative", "neutral", "unknown"),
        "urgency": ("high", "unknown"), "intent": ("unknown", "praise", "spam"), "topic": ("t1", "t3"),
        "monitor": MONITORS,
        "customer": ("C1", "c1"), "thread": ("x:a", "x:z", "mastodon:b"),
        "is": ("reply", "own", "private", "mention", "imported", "offensive"),
        "emotion": ("joy", "anger", "unknown"), "aspect": ("price", "price/negative", "delivery/positive"),
        "alike": tuple(",".join(marks(bands)) for bands in BANDS), "has": ("link", "media", "question"),
    }.items()),
    st.builds(Field, st.just("followers"), st.sampled_from([":", ">", ">=", "<", "<="]), st.sampled_from(["0", "10"])),
    st.builds(Field, st.sampled_from(["since", "until"]), st.just(":"), _instants),
)  # fmt: skip
queries = st.recursive(
    _words | _prefixes | _near | _fields | st.just(Everything()),
    lambda nodes: st.one_of(
        st.builds(Not, nodes),
        *(st.builds(make, st.lists(nodes, min_size=1, max_size=3).map(tuple)) for make in (And, Or)),
    ),
    max_leaves=6,
)
scopes = st.builds(
    Scope,
    st.just("acme"),
    st.none() | st.lists(st.sampled_from(MONITORS), max_size=2, unique=True).map(tuple),
    st.booleans(),
)
ALL_DIMENSIONS: tuple[Dimension, ...] = tuple(one for one in get_args(Dimension) if one != "text")
"""Those that may be put together."""
_alone: list[Dimension] = ["text"]
dimensions = st.lists(st.sampled_from(ALL_DIMENSIONS), max_size=3, unique=True) | st.just(_alone)
zones = st.sampled_from(["UTC", "Asia/Tehran", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])
