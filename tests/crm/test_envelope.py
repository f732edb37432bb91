"""Envelopes: every schema that was ever written can be read, and what can't be says why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.envelope import Head, about, decode_collected, decode_enriched, encode, head, record
from crm.errors import PermanentError
from crm.words import SCHEMA_VERSION, Author, Collected, EnrichedPost, Label, Media, Post, Removed, RemovedPost

GOLDEN = Path(__file__).parent.parent / "golden"
VERSIONS = range(1, SCHEMA_VERSION + 1)
NOW = datetime(2026, 3, 21, 8, 6, tzinfo=UTC)


def golden(kind: str, version: int) -> list[bytes]:
    raws = msgspec.json.decode((GOLDEN / f"{kind}-v{version}.json").read_bytes(), type=list[msgspec.Raw])
    return [bytes(raw) for raw in raws]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_collected_schema_can_be_read(version: int) -> None:
    full, small, removed, author_removed = (decode_collected(value) for value in golden("collected", version))
    assert isinstance(full, Collected)
    assert (full.source, full.origin, full.workspace, full.open_cases) == ("s1", "own", "w1", True)
    assert full.post.text == "سلام، برنامه‌ی بانک از دیروز باز نمی‌شود 🙏"
    assert full.post.posted_at == datetime(2026, 3, 21, 8, 0, 0, 123000, tzinfo=UTC)
    assert full.post.media == (Media("picture", "https://social.example/m.jpg", "خطا"),)
    assert full.post.author.followers == 120
    assert full.post.thread_key == "bluesky:at://did:plc:bank/post/8"
    assert full.post.private
    assert isinstance(small, Collected)
    assert (small.origin, small.workspace, small.post.author.followers) == ("stream", None, None)
    assert removed == Removed("s1", NOW, post_key=full.post.key, workspace="w1")
    assert author_removed == Removed("s1", NOW, author_key="bluesky:did:plc:parisa")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_enriched_schema_can_be_read(version: int) -> None:
    full, small, removed, author_removed = (decode_enriched(value) for value in golden("enriched", version))
    assert isinstance(full, EnrichedPost)
    assert full.sentiment == Label("negative", 0.91, "lexicon", "1")
    assert full.urgency.value is None
    assert (full.revision, full.monitors, full.customer, full.made_up) == (7, ("m1", "m2"), "c1", True)
    assert full.version == (int(datetime(2026, 3, 21, 8, 5, tzinfo=UTC).timestamp()) << 31) + 7
    assert full.bands == (() if version < 2 else ("ks4coo", "sqvu7b"))
    assert isinstance(small, EnrichedPost)
    assert (small.monitors, small.collected_at, small.bands) == ((), None, ())
    assert removed == RemovedPost("w1", NOW, post_key=full.post.key)
    assert author_removed == RemovedPost("w1", NOW, author_key="bluesky:did:plc:parisa")


@pytest.mark.parametrize(("kind", "decode"), [("collected", decode_collected), ("enriched", decode_enriched)])
def test_the_newest_golden_file_is_what_is_written_today(kind: str, decode: object) -> None:
    assert callable(decode)
    for value in golden(kind, SCHEMA_VERSION):
        assert msgspec.json.decode(encode(decode(value))) == msgspec.json.decode(value)


@given(text=st.text(), key=st.text(min_size=1), moment=st.datetimes(timezones=st.just(UTC)))
def test_what_was_encoded_comes_back(text: str, key: str, moment: datetime) -> None:
    event = Collected("s", Post("csv", key, Author("csv", key, name=text), text, moment), moment)
    assert decode_collected(encode(event)) == event


def test_the_schema_is_written_even_where_it_is_the_default() -> None:
    assert msgspec.json.decode(encode(Removed("s", NOW, post_key="csv:1")))["schema"] == SCHEMA_VERSION


def test_a_field_of_tomorrow_is_ignored_within_the_same_schema() -> None:
    value = golden("collected", 1)[3].replace(b'"event": {', b'"event": {"mood": "sunny",')
    assert b"sunny" in value
    assert decode_collected(value) == Removed("s1", NOW, author_key="bluesky:did:plc:parisa")


def test_a_newer_schema_is_refused_with_the_mend() -> None:
    with pytest.raises(PermanentError, match=f"schema 99, and this Shenava knows schemas up to {SCHEMA_VERSION}"):
        decode_enriched(b'{"schema": 99, "event": {"type": "hologram"}}')


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b"null",
        b'{"schema": 1}',
        b'{"schema": "1", "event": {}}',
        b'{"schema": 1, "event": {"type": "post"}}',
        b'{"schema": 1, "event": {"type": "enriched"}}',
        '{"schema": 1, "event": {"type": "removed", "source": "خ"'.encode(),
        b'{"schema": 1, "event": {"type": "removed", "source": "\xff", "removed_at": "2026-03-21T08:06:00Z"}}',
        b'{"schema": 1, "event": {"type": "removed", "source": "s", "removed_at": "yesterday"}}',
        b'{"schema": 1, "event": {"type": "removed", "source": "s", "removed_at": "2026-03-21T08:06:00"}}',
        pytest.param(b'{"schema": 1, "event": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="deep event"),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_broken_bytes_are_a_permanent_error_in_one_sentence(value: bytes) -> None:
    with pytest.raises(PermanentError, match=r"^The event is not a readable collected event: .+\.$"):
        decode_collected(value)
    assert isinstance(head(value), Head)
    assert isinstance(about(value), frozenset)


@given(st.binary())
def test_the_head_of_anything_can_be_asked(value: bytes) -> None:
    assert isinstance(head(value), Head)


def test_the_head_says_schema_and_workspace_where_it_can() -> None:
    assert head(encode(Removed("s", NOW, post_key="csv:1", workspace="w1"))) == Head(SCHEMA_VERSION, "w1")
    assert head(encode(Removed("s", NOW, post_key="csv:1"))) == Head(SCHEMA_VERSION, None)
    assert head(b'{"schema": 99, "event": [1]}') == Head(99, None)


def test_all_versions_of_a_post_and_its_removal_share_a_key() -> None:
    post = Post("csv", "1", Author("csv", "2"), "سلام", NOW)
    label = Label("fa", 1.0, "m", "1")
    assert record(Collected("s", post, NOW)).key == record(Removed("s", NOW, post_key=post.key)).key == "csv:1"
    enriched = EnrichedPost("w1", post, "سلام", label, label, label, 1, post.key)
    assert record(enriched).key == record(RemovedPost("w1", NOW, post_key=post.key)).key == "w1/csv:1"
    assert record(RemovedPost("w1", NOW, author_key="csv:2")).key == "w1/csv:2"
    assert decode_enriched(record(enriched).value) == enriched
