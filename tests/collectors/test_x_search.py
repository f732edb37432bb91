"""How X is asked: what a query matches is among what X finds, in texts that X takes."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given

from collectors.x.search import LIMIT, asked
from collectors.x.spelling import RICHEST, written
from crm.ports.source import CantBeAskedError
from crm.query import parse, render
from crm.query.tree import Node
from crm.text import tokens
from crm.words import Post
from tests.crm.query.posts import naive, nodes, posts
from tests.services.x_posts import XMedia, XPost, XUser
from tests.services.x_query import BadQueryError, compiled

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def texts(query: str) -> tuple[str, ...]:
    return asked(parse(query, now=NOW)).texts


def on_x(post: Post) -> XPost:
    """The post as X has it, with its links shortened."""
    author = XUser(post.author.native_id, post.author.handle)
    text = re.sub(r"https?://\S+", "https://t.co/x1", post.text)
    root = XPost([("1", "")], author) if post.parent_key else None
    return XPost([("2", text)], author, answered=root, media=[XMedia("1")] if post.media else [])


@pytest.mark.slow
@given(nodes, posts)
def test_nothing_that_matches_is_missed(node: Node, post: Post) -> None:
    try:
        found = asked(node)
    except CantBeAskedError:
        return
    here, line = on_x(post), tokens(post.text)
    given_out = any(compiled(text)(here) for text in found.texts)
    if post.platform == "x":
        assert not naive(node, post, line) or given_out
        if given_out and not found.left and not post.private:
            assert naive(node, post, line)


@given(nodes)
def test_x_takes_every_text(node: Node) -> None:
    with suppress(CantBeAskedError):
        for text in asked(node).texts:
            compiled(text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("nanmah", "(nanmah OR #nanmah OR @nanmah) -is:retweet"),
        ("nanmah has:link -is:reply", "(nanmah OR #nanmah OR @nanmah) has:links -is:reply -is:retweet"),
        ("author:@Ann", "from:ann -is:retweet"),
        ("author:x:123 platform:x", "from:123 -is:retweet"),
        ("😡 or", '😡 ("or" OR #or OR @or) -is:retweet'),
        ("200", "(200 OR ۲۰۰) -is:retweet"),
        ("bank -(bread salt) -(a OR b)", "(bank OR #bank OR @bank) -a -b -is:retweet"),
    ],
)
def test_examples(query: str, text: str) -> None:
    assert texts(query) == (text,)


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("bank lang:fa since:2025-01-01", ["lang:fa", "since:2025-01-01"]),
        ("bank pay*", ["pay*"]),
        ("bank NEAR/3 app", ["bank NEAR/3 app"]),
        ("bank -has:link", ["-has:link"]),
        ("bank platform:x", []),
        ("bank (platform:x OR lang:fa)", []),
    ],
)
def test_what_only_we_can_judge(query: str, left: list[str]) -> None:
    assert list(asked(parse(query, now=NOW)).left) == [render(parse(part, now=NOW)) for part in left]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("-bank", "nothing_sought"), ("has:link", "nothing_sought"), ("lang:fa", "nothing_sought"),
        ("bank OR has:media", "nothing_sought"), ("bank OR -app", "nothing_sought"), ("pay*", "nothing_sought"),
        ("bank platform:instagram", "other_platform"), ("bank -platform:x", "other_platform"),
        (" ".join(f"word{n}" for n in range(200)), "too_long"),
    ],
)  # fmt: skip
def test_what_can_not_be_asked(query: str, code: str) -> None:
    with pytest.raises(CantBeAskedError, match=r"\.$") as caught:
        texts(query)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "said",
    ["آذربانک", "آذربانك", "#آذربانک", "اذربانک", "اپ آذربانك"],
)
def test_persian_spellings_are_found(said: str) -> None:
    post = XPost([("2", said)], XUser("7", "ann"))
    assert any(compiled(text)(post) for text in texts("آذربانک"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("می‌خواهم", "می خواهم"), ("می خواهم", "می‌خواهم"), ("میخواهم", "مي‌خواهم ... میخواهم"),
        ("کتاب", "کتاب‌ها"), ("«کتاب ها»", "کتابها"), ("مسئله", "یک مسئله"), ("بزرگ‌تر", "بزرگ تر"),
        ("نان‌ماه", "نان ماه"), ("نان‌ماه", "#نان_ماه"), ("#NanMah", "#nanmah"), ("nanmah", "hi @nanmah"),
    ],
)  # fmt: skip
def test_half_spaces_and_signs_are_found(query: str, said: str) -> None:
    post = XPost([("2", said)], XUser("7", "ann"), answered=None)
    assert any(compiled(text)(post) for text in texts(query))


def test_a_long_query_becomes_several_texts() -> None:
    names = [f"brand{n}" for n in range(150)]
    found = texts(f"({' OR '.join(names)}) (problem OR مشکل)")
    assert 1 < len(found) <= 16
    assert all(len(text) <= LIMIT for text in found)
    for name in names:
        post = XPost([("2", f"a problem with {name}")], XUser("7", "ann"))
        assert any(compiled(text)(post) for text in found)


def test_a_query_with_little_room_loses_the_rarer_spellings_first() -> None:
    (rich,), (poor,) = texts("بانک"), texts(" OR ".join(["بانک", *(f"شرکت{'ن' * 14}{n}" for n in "آبپتثجچحخدذر")]))
    assert "بانک‌های" in rich
    assert "بانک‌های" not in poor
    assert "بانك" in poor


def test_the_plain_spelling_comes_first() -> None:
    assert written(("بانک",), 0) == ["بانک"]
    assert written(("نان", "ماه"), 0) == ['"نان ماه"']
    assert written(("بانک",), RICHEST)[0] == "بانک"


@pytest.mark.parametrize("text", ["a OR", "(a", "has:media", "-a", "a lang:fa", "-(a b) c", "x" * 513])
def test_the_stand_in_refuses_what_x_refuses(text: str) -> None:
    with pytest.raises(BadQueryError):
        compiled(text)
