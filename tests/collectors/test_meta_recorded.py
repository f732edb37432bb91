"""What Meta really answered, read; and how it was asked, beside how we ask."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import msgspec
import pytest

from collectors.errors import NormaliseError
from collectors.meta import facebook, instagram
from collectors.meta.api import Usage, refusal
from collectors.meta.cursor import Thread
from collectors.meta.desk import Us
from collectors.meta.hashtags import Hashtag
from collectors.meta.normalise import FACEBOOK, INSTAGRAM, of_comment, of_media, of_message, of_post, of_remark
from collectors.meta.raw import (
    Listed,
    RawComment,
    RawConversation,
    RawMe,
    RawMedia,
    RawMessage,
    RawPost,
    RawRemark,
    read,
)
from crm.errors import AuthorisationError
from crm.words import Post
from tests.conftest import ROOT
from tests.services.meta_recordings import Recordings, items_of, use_of

pytestmark = pytest.mark.slow

READ: dict[Any, Callable[[Any], Post]] = {
    RawMedia: of_media,
    RawRemark: of_remark,
    RawPost: of_post,
    RawComment: of_comment,
    RawMessage: lambda raw: of_message(raw, FACEBOOK),
}
UNTIMED = "media by hashtag, asked without a time: told"


@pytest.fixture(scope="module")
def recordings(shared: Callable[[str], Path]) -> Recordings:
    return Recordings(shared("fixtures/instagram_facebook.tar.gz"))


def posts_of(recordings: Recordings, *uses: str) -> Iterator[tuple[str, dict[str, Any], Post]]:
    """Every recorded thing of a use with the post that becomes of it."""
    for name, answer in recordings.answers.items():
        use, kind = use_of(name)
        if use in uses:
            for item in items_of(answer):
                yield name, item, READ[kind](read(json.dumps(item).encode(), kind, "item"))


def test_media_become_posts(recordings: Recordings) -> None:
    found = list(posts_of(recordings, "media read", "media of others read, which we don't ask for"))
    for _, item, post in found:
        assert (post.platform, post.native_id) == (INSTAGRAM, item["id"])
        assert (post.text, post.url) == (item.get("caption", ""), item.get("permalink", ""))
        assert post.posted_at.isoformat() == item["timestamp"].replace("+0000", "+00:00")
        children = item.get("children", {}).get("data", [item])
        assert [one.url for one in post.media] == [one["media_url"] for one in children]
        assert (post.counts.likes, post.counts.replies) == (item["like_count"], item["comments_count"])
        assert post.author.handle == item.get("username", "")
    assert len(found) == len({post.key for _, _, post in found}) + 4


def test_comments_of_instagram_become_posts(recordings: Recordings) -> None:
    uses = [name for name in recordings.used_as("comments read") if name.startswith("instagram/")]
    found = [one for one in posts_of(recordings, "comments read") if one[0] in uses]
    assert len(found) == 11
    for _, item, post in found:
        media = item.get("media", {}).get("id", "")
        assert post.native_id == (f"{media}_{item['id']}" if media else item["id"])
        assert post.root_key == (f"{INSTAGRAM}:{media}" if media else None)
        assert (post.text, post.author.handle) == (item["text"], item.get("username", ""))
    assert {post.mentions for _, _, post in found} == {
        tuple(re.findall(r"@(\w+)", item["text"])) for _, item, _ in found
    }


def test_media_without_a_time_are_told(recordings: Recordings) -> None:
    for answer in recordings.used_as(UNTIMED).values():
        for item in items_of(answer):
            with pytest.raises(NormaliseError, match="timestamp"):
                read(json.dumps(item).encode(), RawMedia, "media")


def test_posts_of_pages(recordings: Recordings) -> None:
    found = list(posts_of(recordings, "posts read", "posts of groups read, which Meta no longer gives out"))
    assert len(found) > 40
    for _, item, post in found:
        assert (post.platform, post.native_id, post.text) == (FACEBOOK, item["id"], item.get("message", ""))
        assert post.counts.reposts == item.get("shares", {}).get("count", 0)
        if "summary" in item.get("reactions", {}):
            assert post.counts.likes == item["reactions"]["summary"]["total_count"]
        if "attachments" in item:
            assert post.media
    by_key = {post.key: post for _, _, post in found}
    album = by_key["facebook:565225540184937_4018908568149933"]
    assert (len(album.media), album.counts.likes, album.counts.replies) == (7, 8878, 47)
    shared = by_key["facebook:19292868552_10158331020098553"]
    assert shared.mentions == ("Facebook AI",)
    assert any(link.startswith("https://ai.facebook.com/blog/launching-the-nethack") for link in shared.links)


def test_comments_of_pages(recordings: Recordings) -> None:
    names = [name for name in recordings.used_as("comments read") if name.startswith("facebook/")]
    found = [one for one in posts_of(recordings, "comments read") if one[0] in names]
    for _, item, post in found:
        assert post.text == item["message"]
        if "id" in item:
            assert post.native_id == item["id"]
        number = parse_qs(urlsplit(item["permalink_url"]).query)
        assert post.native_id.endswith((number.get("reply_comment_id") or number["comment_id"])[0])
        assert post.root_key is not None
        assert post.root_key.count("_") == 1
    by_key = {post.key: post for _, _, post in found}
    car = by_key["facebook:2954961744718970_2966313500250461"]
    author = next(item["from"] for _, item, post in found if post == car)
    assert (car.author.native_id, car.author.name, len(car.media)) == (author["id"], author["name"], 1)
    assert car.root_key == "facebook:2121008874780932_2954961744718970"


def test_messages_are_private(recordings: Recordings) -> None:
    found = list(posts_of(recordings, "messages read"))
    assert all(post.author.native_id == item["from"]["id"] for _, item, post in found)
    assert all(post.private and post.native_id.startswith("dm:m_") and post.media for _, _, post in found)
    assert [post.media[0].kind for _, _, post in found].count("video") == 1
    conversations = recordings.used_as("conversations read").values()
    for item in (item for answer in conversations for item in items_of(answer)):
        conversation = read(json.dumps(item).encode(), RawConversation, "conversation")
        message = msgspec.structs.replace(RawMessage("m_1", "2021-07-23T09:50:48+0000"))
        post = of_message(message, FACEBOOK, conversation)
        assert (post.root_key, post.url) == (f"facebook:dm:{item['id']}", f"https://www.facebook.com{item['link']}")


def test_the_page_behind_a_token(recordings: Recordings) -> None:
    for answer in recordings.used_as("the Page read").values():
        for item in items_of(answer):
            me = read(json.dumps(item).encode(), RawMe, "Page")
            assert (me.id, me.name, me.username) == (item["id"], item.get("name"), item.get("username"))


def test_hashtags(recordings: Recordings) -> None:
    found = {
        hashtag.name: hashtag.id
        for answer in recordings.used_as("hashtags read").values()
        for item in items_of(answer)
        for hashtag in [read(json.dumps(item).encode(), Hashtag, "hashtag")]
    }
    assert (found["developers"], found["facebook"]) == ("17841562426109234", "17842331632070897")


def test_refusals_name_what_is_missing(recordings: Recordings) -> None:
    for answer in recordings.used_as("refusals told apart").values():
        error = refusal("/1/feed", httpx.Response(400, json=answer), Usage())
        assert isinstance(error, AuthorisationError)
        assert "Pages Public Content Access" in str(error) or "pages_read_engagement" in str(error)


US = Us(INSTAGRAM, "19292868552", "17841406338772941")
PAGE = Us(FACEBOOK, "19292868552", "19292868552")


@pytest.mark.parametrize(
    ("name", "path", "params"),
    [
        ("instagram/apidata/users/medias_p1.json", instagram.own(US).path, instagram.own(US).params),
        ("base/full_connecions_p1.json", facebook.own(PAGE).path, facebook.own(PAGE).params),
        ("facebook/apidata/posts/feeds_default_fields_p1.json", facebook.own(PAGE).path, facebook.own(PAGE).params),
        (
            "facebook/apidata/comments/comments_p1.json",
            facebook.comments("19292868552_10158407654328553", Thread(0), None).path,  # type: ignore[arg-type]
            facebook.comments("19292868552_10158407654328553", Thread(0), None).params,  # type: ignore[arg-type]
        ),
        (
            "instagram/apidata/medias/comments_p1.json",
            instagram.comments("17846368219941692", Thread(0), None).path,  # type: ignore[arg-type]
            instagram.comments("17846368219941692", Thread(0), None).params,  # type: ignore[arg-type]
        ),
    ],
)
def test_we_ask_as_was_asked(recordings: Recordings, name: str, path: str, params: dict[str, str]) -> None:
    answer = recordings.answers[name]
    asked = urlsplit(answer["paging"]["next"])
    assert asked.path.split("/", 2)[2].replace("/posts", "/feed") == path
    known = {*params, "limit", "access_token", "pretty", "after", "until", "since", "__paging_token", "__previous"}
    assert set(parse_qs(asked.query, keep_blank_values=True)) <= known | {"summary"}
    after = dict(parse_qsl(read(json.dumps(answer).encode(), Listed, "list").after()))
    assert after
    assert "access_token" not in after
    assert all(parse_qs(asked.query)[key] == [value] for key, value in after.items())


def test_every_answer_has_its_use_and_the_page_says_so(recordings: Recordings) -> None:
    table = recordings.table()
    rows = "\n".join(f"| {count} | {use} |" for use, count in sorted(table.items(), key=lambda one: (-one[1], one[0])))
    assert table.total() == 160
    assert rows in (ROOT / "docs/platforms/instagram.md").read_text(encoding="utf-8"), rows
