"""Answers in the shapes of YouTube's reference become posts, whatever is missing or mangled; so do our requests fit it.

There are no recordings of real answers: the shapes are those of developers.google.com/youtube/v3/docs (comments,
commentThreads, videos, channels, search), every property of each that the reference names, values made up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.youtube.normalise import of_channel, of_comment, of_thread, of_video
from collectors.youtube.raw import Listed, RawChannel, RawComment, RawFound, RawThread, RawVideo, read
from crm.ports.source import Search
from crm.query import parse
from crm.words import Counts
from tests.collectors.youtube_stage import HOUR, looks, served, stage, web, youtube
from tests.conformance.source import Stage
from tests.services.web import Web
from tests.services.youtube import NOW, YouTube

pytestmark = pytest.mark.slow

__all__ = ["served", "stage", "web", "youtube"]
ROOT = Path(__file__).parents[2]
COMMENT: dict[str, Any] = {
    "kind": "youtube#comment", "etag": "e", "id": "UgxAbCdEfGhIjKlMnOp4AaABAg.9xYz",
    "snippet": {
        "authorDisplayName": "@leila-k", "authorProfileImageUrl": "https://yt3.example.org/a.jpg",
        "authorChannelUrl": "http://www.youtube.com/@leila-k", "authorChannelId": {"value": "UC" + "l" * 22},
        "channelId": "UC" + "c" * 22, "textDisplay": "@sara بله، https://example.org/a", "textOriginal": None,
        "parentId": "UgxAbCdEfGhIjKlMnOp4AaABAg", "canRate": True, "viewerRating": "none", "likeCount": 3,
        "moderationStatus": "published", "publishedAt": "2026-03-20T10:00:00Z", "updatedAt": "2026-03-20T11:30:00Z",
    },
}  # fmt: skip
TOP: dict[str, Any] = {
    "kind": "youtube#comment", "etag": "e", "id": "UgxAbCdEfGhIjKlMnOp4AaABAg",
    "snippet": {**COMMENT["snippet"], "parentId": None, "updatedAt": "2026-03-20T10:00:00Z"},
}  # fmt: skip
THREAD: dict[str, Any] = {
    "kind": "youtube#commentThread", "etag": "e", "id": "UgxAbCdEfGhIjKlMnOp4AaABAg",
    "snippet": {
        "channelId": "UC" + "c" * 22, "videoId": "dQw4w9WgXcQ", "topLevelComment": TOP, "canReply": True,
        "totalReplyCount": 7, "isPublic": True,
    },
    "replies": {"comments": [COMMENT]},
}  # fmt: skip
VIDEO: dict[str, Any] = {
    "kind": "youtube#video", "etag": "e", "id": "dQw4w9WgXcQ",
    "snippet": {
        "publishedAt": "2026-03-19T08:00:00Z", "channelId": "UC" + "c" * 22, "title": "کارت تازه",
        "description": "More at https://example.org #bank", "channelTitle": "Azar Bank", "tags": ["bank"],
        "thumbnails": {
            "default": {"url": "https://i.example.org/1.jpg", "width": 120, "height": 90},
            "maxres": {"url": "https://i.example.org/5.jpg", "width": 1280, "height": 720},
        },
        "categoryId": "22", "liveBroadcastContent": "none", "defaultLanguage": "fa",
        "localized": {"title": "کارت تازه", "description": ""}, "defaultAudioLanguage": "fa-IR",
    },
    "statistics": {
        "viewCount": "120345", "likeCount": "33", "dislikeCount": "0", "favoriteCount": "0", "commentCount": "12",
    },
}  # fmt: skip
CHANNEL: dict[str, Any] = {
    "kind": "youtube#channel", "etag": "e", "id": "UC" + "c" * 22,
    "snippet": {
        "title": "Azar Bank", "description": "A bank", "customUrl": "@azarbank", "publishedAt": "2020-01-01T00:00:00Z",
        "thumbnails": {}, "defaultLanguage": "fa", "localized": {"title": "", "description": ""}, "country": "IR",
    },
    "statistics": {
        "viewCount": "5", "subscriberCount": "12300", "hiddenSubscriberCount": False, "videoCount": "7",
    },
}  # fmt: skip
FOUND: dict[str, Any] = {
    "kind": "youtube#searchResult", "etag": "e",
    "id": {"kind": "youtube#video", "videoId": "dQw4w9WgXcQ"},
    "snippet": {
        "publishedAt": "2026-03-19T08:00:00Z", "channelId": "UC" + "c" * 22, "title": "T", "description": "D",
        "thumbnails": {}, "channelTitle": "Azar Bank", "liveBroadcastContent": "none",
    },
}  # fmt: skip
LIST: dict[str, Any] = {
    "kind": "youtube#searchListResponse", "etag": "e", "nextPageToken": "CAUQAA", "prevPageToken": "x",
    "regionCode": "IR", "pageInfo": {"totalResults": 1_000_000, "resultsPerPage": 5}, "items": [FOUND],
}  # fmt: skip
READ: list[tuple[dict[str, Any], Callable[[bytes], object]]] = [
    (COMMENT, lambda raw: of_comment(read(raw, RawComment, "comment"))),
    (THREAD, lambda raw: of_thread(read(raw, RawThread, "thread"))),
    (VIDEO, lambda raw: of_video(read(raw, RawVideo, "video"))),
    (CHANNEL, lambda raw: of_channel(read(raw, RawChannel, "channel"))),
    (FOUND, lambda raw: read(raw, RawFound, "hit")),
    (LIST, lambda raw: read(raw, Listed, "list")),
]


def test_the_documentation_says_how_many_shapes_there_are() -> None:
    page = (ROOT / "docs" / "platforms" / "youtube.md").read_text(encoding="utf-8")
    assert f"| {len(READ)} resources (" in page
    assert "none exist for YouTube: 0 used" in page


def test_an_answer_to_a_comment() -> None:
    post = of_comment(read(json.dumps(COMMENT).encode(), RawComment, "comment"), "dQw4w9WgXcQ")
    assert (post.parent_key, post.root_key) == ("youtube:UgxAbCdEfGhIjKlMnOp4AaABAg", "youtube:dQw4w9WgXcQ")
    assert post.url == f"https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc={post.native_id}"
    assert (post.text, post.mentions) == ("@sara بله، https://example.org/a", ("sara",))
    assert post.links == ("https://example.org/a",)
    assert post.edited_at == datetime(2026, 3, 20, 11, 30, tzinfo=UTC)
    author = post.author
    assert (author.handle, author.native_id, author.url) == (
        "leila-k", "UC" + "l" * 22, "https://www.youtube.com/channel/UC" + "l" * 22,
    )  # fmt: skip


def test_an_answer_of_which_no_video_is_known_stands_below_its_comment() -> None:
    post = of_comment(read(json.dumps(COMMENT).encode(), RawComment, "comment"))
    assert (post.parent_key, post.root_key, post.url) == (post.root_key, "youtube:UgxAbCdEfGhIjKlMnOp4AaABAg", "")


def test_a_thread_begins_with_its_comment() -> None:
    post = of_thread(read(json.dumps(THREAD).encode(), RawThread, "thread"))
    assert (post.parent_key, post.root_key, post.edited_at) == ("youtube:dQw4w9WgXcQ", "youtube:dQw4w9WgXcQ", None)
    assert (post.counts.likes, post.counts.replies) == (3, 7)


def test_a_video() -> None:
    post = of_video(read(json.dumps(VIDEO).encode(), RawVideo, "video"))
    assert (post.title, post.language_hint) == ("کارت تازه", "fa")
    assert post.counts == Counts(33, 12, 0, 120_345)
    assert [(media.kind, media.url) for media in post.media] == [
        ("video", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"), ("image", "https://i.example.org/5.jpg"),
    ]  # fmt: skip
    assert post.links == ("https://example.org",)


def test_a_channel() -> None:
    known = of_channel(read(json.dumps(CHANNEL).encode(), RawChannel, "channel"))
    assert (known.handle, known.followers, known.place, known.bio) == ("azarbank", 12_300, "IR", "A bank")
    hidden = CHANNEL | {"statistics": {"subscriberCount": "12300", "hiddenSubscriberCount": True}}
    assert of_channel(read(json.dumps(hidden).encode(), RawChannel, "channel")).followers is None


def test_a_closed_channel_has_a_name_alone() -> None:
    snippet = {**COMMENT["snippet"], "authorChannelId": None, "authorChannelUrl": "", "authorDisplayName": "Leila"}
    author = of_comment(read(json.dumps(COMMENT | {"snippet": snippet}).encode(), RawComment, "comment")).author
    assert (author.native_id, author.name, author.handle, author.url) == ("Leila", "Leila", "", "")
    nobody = COMMENT | {"snippet": {**snippet, "authorDisplayName": ""}}
    with pytest.raises(NormaliseError, match="no author"):
        of_comment(read(json.dumps(nobody).encode(), RawComment, "comment"))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def ways(item: object, so_far: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Where something can be mangled."""
    if not isinstance(item, dict):
        return [so_far]
    return [so_far] * bool(so_far) + [way for name, value in item.items() for way in ways(value, (*so_far, name))]


def mangled(item: dict[str, Any], way: tuple[str, ...], value: object) -> dict[str, Any]:
    if len(way) == 1:
        return item | {way[0]: value}
    return item | {way[0]: mangled(item[way[0]], way[1:], value)}


@given(st.data())
def test_a_mangled_item_becomes_a_post_or_is_named(data: st.DataObject) -> None:
    item, reader = data.draw(st.sampled_from(READ))
    way = data.draw(st.sampled_from(ways(item)))
    raw = json.dumps(mangled(item, way, data.draw(anything))).encode("utf-8", "surrogatepass")
    with suppress(NormaliseError):
        msgspec.json.encode(reader(raw))


@given(st.binary(max_size=60))
def test_an_answer_that_is_none_is_named(raw: bytes) -> None:
    for _, reader in READ:
        with pytest.raises(NormaliseError):
            reader(b"\x00" + raw)


DOCUMENTED = {
    "search": {
        "part", "q", "type", "order", "safeSearch", "maxResults", "publishedAfter", "publishedBefore", "pageToken",
    },
    "videos": {"part", "id"},
    "channels": {"part", "id", "mine", "forHandle"},
    "commentThreads": {
        "part", "allThreadsRelatedToChannelId", "videoId", "id", "order", "maxResults", "textFormat", "pageToken",
    },
    "comments": {"part", "id", "parentId", "maxResults", "textFormat", "pageToken"},
}  # fmt: skip
"""Of the parameters that the reference names, those we use."""


def test_our_requests_are_as_the_reference_says(stage: Stage, youtube: YouTube, web: Web) -> None:
    youtube.page_size, youtube.inlined = 2, 1
    video = youtube.show(NOW - HOUR, "Nanmah", channel="UC" + "x" * 22)
    above = youtube.remark(NOW - 900, video, "One")
    for n in range(3):
        youtube.remark(NOW - 800 + n, video, "Two", above=above)
    stage.searches = (Search("m1", parse("nanmah", now=stage.clock.now())),)
    looks(stage, rounds=15, search="yes", videos=video)
    asked = {urlsplit(one.path).path.rpartition("/")[2] for one in web.asked}
    assert asked == set(DOCUMENTED)
    for one in web.asked:
        split = urlsplit(one.path)
        said = {name: values[0] for name, values in parse_qs(split.query).items()}
        path = split.path.removeprefix("/youtube/v3/")
        assert one.method == "GET"
        assert set(said) <= DOCUMENTED[path], said
        if "id" in said:
            assert len(said["id"].split(",")) <= 50
            assert not {"maxResults", "order", "pageToken"} & set(said)
        if path == "commentThreads":
            assert len({"allThreadsRelatedToChannelId", "videoId", "id"} & set(said)) == 1
        if path == "comments":
            assert len({"parentId", "id"} & set(said)) == 1
        if path == "search":
            assert int(said["maxResults"]) <= 50
            assert said["publishedAfter"] < said["publishedBefore"]
