"""Whatever X answers: a post of ours, or the normaliser's own error."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.x.normalise import id_at, moment_of, to_message, to_post
from collectors.x.raw import Included, read_message, read_page, read_post
from crm.words import Post

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
BARE = {"id": "1578516295611748353", "text": "hello"}
NAMES = [
    "id", "text", "author_id", "conversation_id", "created_at", "lang", "entities", "note_tweet", "note_post",
    "article", "referenced_tweets", "referenced_posts", "edit_history_tweet_ids", "public_metrics", "attachments",
    "geo", "event_type", "dm_conversation_id", "sender_id",
]  # fmt: skip
references = st.fixed_dictionaries({"type": st.sampled_from(["replied_to", "x"]), "id": st.text(max_size=4)})
urls = st.fixed_dictionaries({"url": st.text(max_size=3), "expanded_url": st.text(st.characters(codec=None))})
likely = st.fixed_dictionaries(
    {},
    optional={
        "referenced_tweets": st.lists(references),
        "entities": st.fixed_dictionaries({"urls": st.lists(urls)}),
        "public_metrics": st.dictionaries(st.sampled_from(["like_count", "quote_count"]), st.integers()),
        "edit_history_tweet_ids": st.lists(st.sampled_from(["1578516295611748353", "1578516295611740000", "", "x"])),
        "conversation_id": st.text(max_size=5), "id": st.integers(0, 10**21).map(str), "created_at": st.text(),
    },
)  # fmt: skip


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(NAMES), anything) | likely, anything)
def test_only_its_own_error_escapes(raw: dict[str, Any], user: Any) -> None:
    item = BARE | raw
    whole = {"data": [item], "includes": {"users": [user, {"id": "7", "url": user}], "media": [user], "places": user}}
    with suppress(NormaliseError):
        read_page(json.dumps(whole).encode())
    with suppress(NormaliseError):
        to_post(read_post(json.dumps(item)), Included()).text.encode()
    with suppress(NormaliseError):
        to_message(read_message(json.dumps(item)), Included()).text.encode()


@given(st.binary())
def test_bytes_that_are_no_answer(raw: bytes) -> None:
    with suppress(NormaliseError):
        read_page(raw)


@pytest.mark.parametrize("body", [b'{"data": null}', b'{"meta": {"result_count": 0}}', b"{}", b'{"data": []}'])
def test_an_empty_answer(body: bytes) -> None:
    assert read_page(body).data == ()


def post_of(**raw: Any) -> Post:
    return to_post(read_post(json.dumps(BARE | raw)), Included())


def test_an_edited_post_keeps_its_first_id() -> None:
    first, last = "1578516295611700000", "1578516295611748353"
    post = post_of(edit_history_tweet_ids=[first, last])
    assert post.native_id == first
    assert (post.posted_at, post.edited_at) == (moment_of(first), moment_of(last))
    assert post.url.endswith(last)


def test_a_root_is_not_its_own_root() -> None:
    assert post_of(conversation_id=BARE["id"]).root_key is None
    answer = post_of(conversation_id="12", referenced_tweets=[{"type": "replied_to", "id": "34"}])
    assert (answer.root_key, answer.parent_key) == ("x:12", "x:34")
    assert post_of(referenced_tweets=[{"type": "quoted", "id": "34"}]).parent_key is None


def test_a_post_from_before_ids_were_times() -> None:
    assert post_of(id="20", created_at="2006-03-21T20:50:14.000Z").posted_at == datetime(
        2006, 3, 21, 20, 50, 14, tzinfo=UTC
    )
    with pytest.raises(NormaliseError, match="no date"):
        post_of(id="20")


def test_strangers_are_never_one_person() -> None:
    assert post_of().author.native_id != post_of(id="1578516295611748354").author.native_id


@pytest.mark.parametrize(("said", "hint"), [("fa", "fa"), ("und", ""), ("zxx", ""), ("qme", ""), (None, "")])
def test_a_language_that_x_does_not_know_is_no_hint(said: str | None, hint: str) -> None:
    assert post_of(lang=said).language_hint == hint


@given(st.datetimes(datetime(2011, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_ids_are_times(at: datetime) -> None:
    found = moment_of(id_at(at))
    assert found is not None
    assert abs((found - at).total_seconds()) <= 0.001
