"""Queries as hashtags, and what Meta sends made into posts or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.meta.normalise import FACEBOOK, INSTAGRAM, of_comment, of_media, of_message, of_post, of_remark
from collectors.meta.raw import (
    Listed,
    RawComment,
    RawConversation,
    RawMedia,
    RawMessage,
    RawPost,
    RawRemark,
    read,
)
from collectors.meta.search import asked
from crm.ports.source import CantBeAskedError
from crm.query import parse
from crm.words import Post

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "texts", "left"),
    [
        ("nanmah", ("nanmah",), ()),
        ("#نان_ماه", ("نانماه", "نان_ماه"), ()),
        ("آذربانک", ("اذربانک", "آذربانک"), ()),
        ("آب OR b OR c OR d OR e OR f OR g OR h OR i OR j", ("اب", *"bcdefghij"), ()),
        ('"nanmah bank"', ("nanmahbank", "nanmah_bank"), ()),
        ("nanmah OR rival", ("nanmah", "rival"), ()),
        ("(nanmah OR rival) app", ("app",), ("nanmah OR rival",)),
        ("nanmah -bread lang:fa", ("nanmah",), ("NOT bread", "lang:fa")),
        ("(nanmah app) OR rival", ("nanmah", "rival"), ("(nanmah AND app) OR rival",)),
    ],
)
def test_queries_as_they_are_asked(query: str, texts: tuple[str, ...], left: tuple[str, ...]) -> None:
    found = asked(parse(query, now=NOW))
    assert (set(found.texts), set(found.left)) == (set(texts), set(left))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lang:fa", "nothing_sought"), ("-nanmah", "nothing_sought"), ("nanmah OR lang:fa", "nothing_sought"),
        ("nanma*", "nothing_sought"), ("2026", "nothing_sought"), ("😀", "nothing_sought"),
        ("a OR b OR c OR d OR e OR f OR g OR h OR i OR j OR k", "many_texts"),
    ],
)  # fmt: skip
def test_queries_that_can_not_be_asked(query: str, code: str) -> None:
    with pytest.raises(CantBeAskedError) as caught:
        asked(parse(query, now=NOW))
    assert caught.value.code == code
    assert str(caught.value).endswith(".")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
AT = "2026-03-21T07:00:00+0000"
PEOPLE = {"from": {"id": "5", "username": "sara"}}
SHAPES: list[tuple[dict[str, Any], Any, Callable[[Any], Post]]] = [
    (
        {
            "id": "1", "timestamp": AT, "caption": "", "media_type": "IMAGE", "media_url": "u", "permalink": "p",
            "username": "a", "owner": {"id": "4"}, "comments_count": 1, "like_count": 1, "children": {"data": [{}]},
        },
        RawMedia, of_media,
    ),
    (
        {"id": "1", "timestamp": AT, "text": "", "media": {"id": "2"}, "parent_id": "3", "replies": {}, **PEOPLE},
        RawRemark, of_remark,
    ),
    (
        {
            "id": "1_2", "created_time": AT, "message": "", "permalink_url": "u", "message_tags": [{"name": "a"}],
            "attachments": {"data": [{"media": {}}]}, "place": {}, "shares": {}, "reactions": {}, "comments": {},
            **PEOPLE,
        },
        RawPost, of_post,
    ),
    (
        {
            "id": "1_2", "created_time": AT, "message": "", "permalink_url": "https://f/1/posts/2/?comment_id=3",
            "parent": {"id": "3"}, "attachment": {}, "like_count": 1, "comment_count": 1, "is_private": False, **PEOPLE,
        },
        RawComment, of_comment,
    ),
    (
        {"id": "m", "created_time": AT, "message": "", "attachments": {"data": [{}]}, "shares": {}, **PEOPLE},
        RawMessage, lambda raw: of_message(raw, INSTAGRAM, RawConversation("t_1")),
    ),
]  # fmt: skip


@given(st.data(), st.sampled_from(SHAPES), anything)
def test_whatever_comes_becomes_a_post_or_is_named(
    data: st.DataObject, shape: tuple[dict[str, Any], Any, Callable[[Any], Post]], value: object
) -> None:
    item, kind, make = shape
    name = data.draw(st.sampled_from(list(item)))
    with suppress(NormaliseError):
        msgspec.json.encode(make(read(json.dumps(item | {name: value}).encode(), kind, "item")))
    if isinstance(item[name], dict):
        with suppress(NormaliseError):
            inner = {**item[name], **dict.fromkeys(("id", "data", "summary", "url"), value)}
            msgspec.json.encode(make(read(json.dumps(item | {name: inner}).encode(), kind, "item")))


@given(st.text(max_size=80))
def test_a_link_to_the_next_page_is_read_or_there_is_none(link: str) -> None:
    said = json.dumps({"data": [{}], "paging": {"next": f"https://graph.example.org/{link}"}}).encode()
    assert "access_token" not in read(said, Listed, "list").after()


def test_an_unknown_author_is_nobody_else() -> None:
    posts = [of_post(read(json.dumps({"id": one, "created_time": AT}).encode(), RawPost, "post")) for one in ("1", "2")]
    assert {post.author.key for post in posts} == {f"{FACEBOOK}:unknown-1", f"{FACEBOOK}:unknown-2"}
