"""Imports of published data sets, and rows of any kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.file import FileSource
from collectors.file.columns import NAMES
from collectors.file.normalise import Plan, to_post
from tests.collectors.test_file import read_all
from tests.conformance.source import Heard, Stage

NOW = datetime(2026, 3, 21, 8, tzinfo=UTC)


@pytest.fixture
def data(shared: Callable[[str], Path]) -> Callable[[str, str], Heard]:
    def load(name: str, platform: str) -> Heard:
        options = {"path": str(shared(f"data/{name}.jsonl.gz")), "platform": platform, "zone": "Asia/Tehran"}
        return read_all(Stage(FileSource(), options, [], {}, workspace="w1", platform=platform))

    return load


def test_conversations_with_brands(data: Callable[[str, str], Heard]) -> None:
    heard = data("twcs_sample", "x")
    assert (len(set(heard.keys)), len(heard.rejected)) == (4992, 1)
    posts = {event.post.key: event.post for event in heard.collected}
    assert posts["x:1"].parent_key == "x:3"
    assert posts["x:1"].author.handle == "sprintcare"
    answered = [post for post in posts.values() if post.parent_key in posts]
    assert len(answered) > 2000
    wrong = sum(post.posted_at < posts[post.parent_key or ""].posted_at for post in answered)
    assert wrong == 0, "no answer comes before its question"


def test_threads_of_one_brand(data: Callable[[str, str], Heard]) -> None:
    heard = data("twcs_threads", "x")
    assert (len(set(heard.keys)), heard.rejected) == (354, [])
    assert all(event.post.thread_key.removeprefix("x:").isdigit() for event in heard.collected)


def test_complaints_to_airlines(data: Callable[[str, str], Heard]) -> None:
    heard = data("airline_tweets", "x")
    assert (len(set(heard.keys)), heard.rejected) == (10024, [])
    post = heard.collected[0].post
    assert (post.author.handle, post.mentions[0]) == ("cairdin", "VirginAmerica")
    assert post.posted_at == datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC)
    assert not any("&amp;" in event.post.text for event in heard.collected)


def test_persian_comments(data: Callable[[str, str], Heard]) -> None:
    heard = data("fa_instagram_comments", "instagram")
    assert (len(set(heard.keys)), heard.rejected) == (6057, [])
    assert len({event.post.author.key for event in heard.collected}) == 6057
    assert heard.collected[0].post.posted_at == datetime(2020, 5, 18, 12, 1, 28, tzinfo=UTC)


cells = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
    | st.lists(st.integers(), max_size=2) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)  # fmt: skip
plan = Plan("x", {field: field for field in NAMES}, UTC, NOW)


@given(st.dictionaries(st.sampled_from(list(NAMES)), cells))
def test_only_its_own_error_escapes(row: dict[str, Any]) -> None:
    with suppress(NormaliseError):
        post = to_post({"text": "words", "created_at": "2026-03-21"} | row, plan)
        assert post.native_id
        assert post.author.native_id
        "".join((post.key, post.author.key, post.text, post.title, post.url, post.place)).encode()


@given(row=st.dictionaries(st.sampled_from(["id", "text", "created_at", "author"]), cells))
def test_a_row_gives_the_same_post_each_time(row: dict[str, Any]) -> None:
    with suppress(NormaliseError, ValueError):
        again = json.loads(json.dumps(row))
        assert to_post(row, plan) == to_post(again, plan)
