"""Reading and rewriting trees, and where a query meets a text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from crm.query import Subject, bind_threads, compile_matcher, fields_used, highlight_spans, parse, render
from crm.query.tree import And, Field, Node, Not, Or, Words
from crm.query.walk import NOTHING
from crm.text import tokens
from crm.words import Post
from tests.crm.query.posts import nodes, posts, subject


@pytest.mark.parametrize(
    ("query", "text", "shown"),
    [
        ("خواهم", "من می‌خواهم", []),
        ("می‌خواهم", "من می‌خواهم، می خواهم!", ["می‌خواهم", "می خواهم"]),
        ("كتاب", "این کِتاب‌ها خوبند", ["کِتاب"]),
        ('"nan mah"', "see #NanMah, nanmah", ["#NanMah", "nanmah"]),
        ("bad -good", "bad and good", ["bad"]),
        ("refund NEAR/1 card", "refund my card, another card", ["refund", "card"]),
        ("refun* lang:en", "Refunds. REFUND!", ["Refunds", "REFUND"]),
        ("😡", "oh 😡😡 no", ["😡"]),
        ("Monzo", "Monzo’s", ["Monzo"]),
        ("", "anything", []),
        ('a "a b"', "a b a", ["a b", "a"]),
    ],
)
def test_shows_where(query: str, text: str, shown: list[str]) -> None:
    spans = highlight_spans(text, parse(query))
    assert [text[start:end] for start, end in spans] == shown


@given(nodes, posts)
def test_spans_are_apart_and_in_order(node: Node, said: Post) -> None:
    spans = highlight_spans(said.text, node)
    assert all(0 <= start < end <= len(said.text) for start, end in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_fields_are_named() -> None:
    node = parse('bad -lang:fa "new card" OR good* -worse NEAR/2 x')
    assert fields_used(node) == {"lang"}


def test_threads_are_bound() -> None:
    node = parse("bad case:open -tag:vip")
    keys = {"case": ["x:1", "x:2", "x:3"], "tag": []}
    bound, hit = bind_threads(node, lambda field: keys[field.name], 2)
    assert hit
    assert bound == And((Words(("bad",)), Or((Field("thread", ":", "x:1"), Field("thread", ":", "x:2"))), Not(NOTHING)))
    assert not bind_threads(node, lambda field: keys[field.name], 3)[1]


def test_a_bound_tree_means_the_same() -> None:
    node, _ = bind_threads(parse("tag:vip"), lambda _field: [])
    assert not compile_matcher(node)(subject("a"))


@pytest.mark.parametrize(
    "query", ['tag:"a b"', 'tag:«a "b»', "tag:a", 'topic:"x, y"', "=می", '="OR"', "NOT *", '"a b" OR c']
)
def test_renders(query: str) -> None:
    node = parse(query)
    assert parse(render(node)) == node


@given(nodes, posts)
def test_a_rendered_tree_means_the_same(node: Node, said: Post) -> None:
    one = Subject.new(said, tokens(said.text))
    assert compile_matcher(parse(render(node)))(one) == compile_matcher(node)(one)
