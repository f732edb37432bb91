"""What monitors look for, in Reddit's search syntax: nothing that a query matches may be missed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.reddit.search import LIMIT, asked
from crm.ports.source import CantBeAskedError
from crm.query import Subject, compile_matcher, parse
from crm.query.tree import And, Field, Near, Node, Not, Or, Prefix, Words
from crm.text import searchable, tokens
from crm.words import Author, Post
from tests.services.reddit import START, matches

START_DATE = datetime.fromtimestamp(START, UTC)


@pytest.mark.parametrize(
    ("query", "text", "left"),
    [
        ("bank", "bank", ()),
        ('"bank card"', '("bank card" OR bankcard)', ()),
        ('="bank card"', '"bank card"', ()),
        ("bank card", "bank AND card", ()),
        ("bank OR card", "(bank OR card)", ()),
        ("(bank OR card) fee", "(bank OR card) AND fee", ()),
        ("fee OR (bank card)", "(fee OR (bank AND card))", ()),
        ("bank NOT author:joe_x", "bank AND NOT author:joe_x", ()),
        ("author:Joe_X", "author:joe_x", ()),
        ("bank NOT card", "bank", ("NOT card",)),
        ("bank lang:fa sentiment:negative", "bank", ("lang:fa", "sentiment:negative")),
        ("bank NEAR/3 card", "bank AND card", ("bank NEAR/3 card",)),
        ("ban* card", "card", ("ban*",)),
        ("bank 😡", "bank", ("emoji1f621",)),
        ("bank platform:reddit,x", "bank", ()),
        ("(bank platform:reddit) OR (card platform:x)", "bank", ()),
        ("bank NOT platform:x", "bank", ()),
        ("bank author:reddit:t2_abc", "bank", ("author:reddit:t2_abc",)),
        ('"or"', '"or"', ()),
    ],
)
def test_what_is_asked(query: str, text: str, left: tuple[str, ...]) -> None:
    found = asked(parse(query))
    assert (found.texts, found.left) == ((text,), left)


@pytest.mark.parametrize(
    ("query", "typed"),
    [
        ("بانک", "بانك"), ("بانکی", "بانكي"), ("آذر", "آذر"), ("آذر", "اذر"), ("میخواهم", '"می خواهم"'),
        ("بزرگتر", '"بزرگ تر"'), ("کتابها", "کتابها"), ("کتابها", '"کتاب ها"'), ("مسئول", "مسئول"), ("جزئی", "جزئی"),
    ],
)  # fmt: skip
def test_persian_as_it_is_typed(query: str, typed: str) -> None:
    assert typed in asked(parse(query)).texts[0].strip("()").split(" OR ")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("platform:x bank", "other_platform"), ("NOT platform:reddit", "other_platform"), ("*", "nothing_sought"),
        ("NOT bank", "nothing_sought"), ("lang:fa", "nothing_sought"), ("bank OR lang:fa", "nothing_sought"),
        ("ban*", "nothing_sought"), ("NOT author:joe", "nothing_sought"),
        (" AND ".join(f"({' OR '.join(f'{side}{n:035}' for n in range(40))})" for side in "ab"), "too_long"),
    ],
)  # fmt: skip
def test_what_can_not_be_asked(query: str, code: str) -> None:
    with pytest.raises(CantBeAskedError) as caught:
        asked(parse(query))
    assert caught.value.code == code


def test_long_queries_become_several() -> None:
    words = [f"word{n}" for n in range(200)]
    for query in (" OR ".join(words), f"shop ({' OR '.join(words)})", f"({' OR '.join(words)}) AND (a1 OR b1)"):
        found = asked(parse(query))
        assert len(found.texts) > 1
        assert found.left == ()
        assert all(
            any(word in text.replace("(", " ").replace(")", " ").split() for text in found.texts) for word in words
        )


def test_what_does_not_fit_is_left_to_us() -> None:
    query = " ".join(f"word{n}" for n in range(200))
    found = asked(parse(query))
    assert len(found.texts) == 1
    assert found.left == (query.replace(" ", " AND "),)


word = st.sampled_from(["bank", "card", "fee", "tea", "بانک", "آذر", "کارت", "بزرگتر"])
leaf = st.one_of(
    st.builds(Words, st.lists(word.map(lambda one: tokens(one)[0]), min_size=1, max_size=2).map(tuple)),
    st.builds(lambda one: Prefix(tokens(one)[0][:3]), word),
    st.builds(lambda a, b: Near(Words((tokens(a)[0],)), Words((tokens(b)[0],)), 2), word, word),
    st.sampled_from([Field("author", ":", "joe_x"), Field("lang", ":", "fa"), Field("platform", ":", "x"),
                     Field("platform", ":", "reddit"), Field("has", ":", "link")]),
)  # fmt: skip
trees: st.SearchStrategy[Node] = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda parts: And(tuple(parts)), st.lists(inner, min_size=2, max_size=4)),
        st.builds(lambda parts: Or(tuple(parts)), st.lists(inner, min_size=2, max_size=4)),
    ),
    max_leaves=8,
)


@given(trees, st.lists(word, min_size=1, max_size=6), st.sampled_from(["joe_x", "ann"]))
def test_nothing_that_matches_is_missed(query: Node, words: list[str], author: str) -> None:
    try:
        found = asked(query)
    except CantBeAskedError:
        return
    assert all(len(text) <= LIMIT for text in found.texts)
    text = " ".join(words)
    post = Post("reddit", "t3_a", Author("reddit", "t2_a", author), text, START_DATE, title="")
    if compile_matcher(query)(Subject.new(post, tokens(searchable(post)), language="fa")):
        # as typed on a Persian and on an Arabic keyboard
        for typed in (text, text.replace("ک", "ك").replace("ی", "ي")):
            thing = {"data": {"title": "", "selftext": typed, "author": author}}
            assert any(matches(one, thing) for one in found.texts)
