"""What a platform is asked finds everything that the query matches, and the rest is filtered by what was left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.query import parse, render
from crm.query.tree import And, Field, Near, Node, Not, Or, Prefix, Words
from crm.query.widen import is_sought, widened
from crm.text import tokens
from crm.words import Post
from tests.crm.query.posts import naive, nodes, posts

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def knows(*kinds: type) -> Callable[[Node], bool]:
    return lambda node: isinstance(node, kinds)


platforms = st.sets(st.sampled_from([Words, Prefix, Near, Field, Not])).map(lambda kinds: knows(*kinds))


@pytest.mark.slow
@given(nodes, posts, platforms)
def test_nothing_is_missed_and_what_is_left_filters_the_rest(
    node: Node, said: Post, can: Callable[[Node], bool]
) -> None:
    line, asked = tokens(said.text), widened(node, can)
    found = asked.query is None or naive(asked.query, said, line)
    assert naive(node, said, line) == (found and all(naive(part, said, line) for part in asked.left))


@given(nodes, platforms)
def test_only_what_the_platform_knows_is_asked(node: Node, can: Callable[[Node], bool]) -> None:
    def known(asked: Node) -> bool:
        match asked:
            case And() | Or():
                return all(known(child) for child in asked.children)
            case Not():
                return can(asked) and known(asked.child)
        return can(asked)

    asked = widened(node, can).query
    assert asked is None or known(asked)


@pytest.mark.parametrize(
    ("query", "asked", "left"),
    [
        ("nanmah", "nanmah", []),
        ("nanmah lang:fa", "nanmah", ["lang:fa"]),
        ("nanmah -bread", "nanmah -bread", []),
        ("nanmah -lang:fa", "nanmah", ["-lang:fa"]),
        ("nanmah OR lang:fa", None, ["nanmah OR lang:fa"]),
        ("nanmah -(bread lang:fa)", "nanmah", ["-(bread lang:fa)"]),
        ("nanmah NEAR/3 app", "nanmah app", ["nanmah NEAR/3 app"]),
        ("", None, []),
    ],
)
def test_examples(query: str, asked: str | None, left: list[str]) -> None:
    found = widened(parse(query, now=NOW), knows(Words, Not))
    assert found.query == (None if asked is None else parse(asked, now=NOW))
    assert [render(part) for part in found.left] == [render(parse(part, now=NOW)) for part in left]


def test_a_search_needs_something_to_look_for() -> None:
    def sought(text: str) -> bool:
        return is_sought(parse(text, now=NOW))

    assert sought("nanmah -bread")
    assert sought("nanmah OR bread")
    assert not sought("-bread -salt")
    assert not sought("nanmah OR -bread")
    assert not sought("")
