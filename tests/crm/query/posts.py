"""Posts and queries for the tests of the matcher, and a naive evaluation to compare it with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from crm.query import Subject
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words
from crm.text import searchable, tokens
from crm.words import Author, EnrichedPost, Label, Media, Post

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
VOCABULARY = ("a", "b", "ab", "abc", "نان", "ماه")


def post(text: str = "", **changes: object) -> Post:
    """A post that says `text`."""
    author = Author("x", "7", handle="Ali", followers=500)
    return Post(**{"platform": "x", "native_id": "1", "author": author, "text": text, "posted_at": EPOCH, **changes})  # type: ignore[arg-type]


def subject(text: str = "", **changes: object) -> Subject:
    """What a query is asked about a post that says `text`."""
    said = post(text, **changes)
    return Subject.new(said, tokens(searchable(said)))


def enriched(text: str = "", **changes: object) -> EnrichedPost:
    """A post as the index holds it."""
    sure = Label(None, 0.4, "none", "1")
    known = {
        "workspace": "w", "post": post(text), "tokens": " ".join(tokens(text)), "language": Label("fa", 0.9, "m", "1"),
        "sentiment": Label("negative", 0.9, "m", "1"), "urgency": sure, "revision": 1, "thread_key": "x:root",
    }  # fmt: skip
    return EnrichedPost(**{**known, **changes})  # type: ignore[arg-type]


words = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=3).map(lambda found: Words(tuple(found)))
prefixes = st.sampled_from(("a", "ab", "ن")).map(Prefix)
terms = st.one_of(words, prefixes)
nears = st.builds(Near, terms, terms, st.integers(0, 4))
fields = st.one_of(
    st.sampled_from(["0", "499", "500", "501"]).flatmap(
        lambda n: st.sampled_from([":", ">", ">=", "<", "<="]).map(lambda op: Field("followers", op, n))
    ),
    st.sampled_from(["since", "until"]).flatmap(
        lambda name: st.integers(-2, 2).map(lambda h: Field(name, ":", (EPOCH + timedelta(hours=h)).isoformat()))
    ),
    st.sampled_from(["x", "rss"]).map(lambda value: Field("platform", ":", value)),
    st.sampled_from(["reply", "private", "own"]).map(lambda value: Field("is", ":", value)),
    st.sampled_from(["link", "media", "question"]).map(lambda value: Field("has", ":", value)),
)
leaves = st.one_of(words, prefixes, nears, fields, st.just(Everything()))
nodes: st.SearchStrategy[Node] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda found: And(tuple(found))),
        st.lists(inner, min_size=2, max_size=3).map(lambda found: Or(tuple(found))),
    ),
    max_leaves=8,
)
posts = st.builds(
    lambda text, shape: post(text, **shape),
    st.lists(st.sampled_from((*VOCABULARY, "?", "https://example.com/?q")), max_size=9).map(" ".join),
    st.fixed_dictionaries(
        {},
        optional={
            "platform": st.sampled_from(["x", "rss"]),
            "parent_key": st.just("x:0"),
            "private": st.booleans(),
            "media": st.just((Media("image", "https://example.com/a.png"),)),
            "posted_at": st.integers(-3, 3).map(lambda hours: EPOCH + timedelta(hours=hours)),
        },
    ),
)


def naive(node: Node, said: Post, line: list[str]) -> bool:
    """What the docstring of :mod:`crm.query` says, word for word and slowly."""
    match node:
        case Everything():
            return True
        case Words() | Prefix():
            return any(True for _ in _places(node, line))
        case Near():
            return any(
                max(a[0], b[0]) - min(a, b)[1] <= node.distance
                for a in _places(node.left, line)
                for b in _places(node.right, line)
            )
        case Not():
            return not naive(node.child, said, line)
        case And():
            return all(naive(child, said, line) for child in node.children)
        case Or():
            return any(naive(child, said, line) for child in node.children)
        case Field():
            return _holds(node, said)


def _places(node: Words | Prefix, line: list[str]) -> Iterator[tuple[int, int]]:
    """First place and the place behind the last, of each occurrence."""
    size = len(node.tokens) if isinstance(node, Words) else 1
    for at in range(len(line) - size + 1):
        part = line[at : at + size]
        if part == list(node.tokens) if isinstance(node, Words) else part[0].startswith(node.token):
            yield at, at + size


def _holds(field: Field, said: Post) -> bool:
    plain = " ".join(word for word in said.text.split() if not word.startswith("http"))
    followers = said.author.followers
    assert followers is not None
    answers = {
        "reply": said.parent_key is not None, "private": said.private, "own": False, "link": "http" in said.text,
        "media": bool(said.media), "question": "?" in plain,
    }  # fmt: skip
    match field.name, field.operator:
        case "platform", _:
            return said.platform == field.value
        case "since", _:
            return said.posted_at >= datetime.fromisoformat(field.value)
        case "until", _:
            return said.posted_at < datetime.fromisoformat(field.value)
        case "followers", sign:
            number = int(field.value)
            return {":": followers == number, ">": followers > number, ">=": followers >= number,
                    "<": followers < number, "<=": followers <= number}[sign]  # fmt: skip
    return answers[field.value]
