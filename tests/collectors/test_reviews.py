"""Reviews of app stores by import: made-up rows in the columns of the stores."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.file import FileSource, guess_mapping
from collectors.file.normalise import Plan, review_in, to_posts
from collectors.file.reviews import PLAY, review_id
from crm.words import Collected
from tests.conformance.source import Stage

HEADS = [
    "Package Name",
    "App Version Code",
    "App Version Name",
    "Reviewer Language",
    "Device",
    "Review Submit Date and Time",
    "Review Submit Millis Since Epoch",
    "Review Last Update Date and Time",
    "Review Last Update Millis Since Epoch",
    "Star Rating",
    "Review Title",
    "Review Text",
    "Developer Reply Date and Time",
    "Developer Reply Millis Since Epoch",
    "Developer Reply Text",
    "Review Link",
]
LINK = "https://play.google.com/console/developers/1/app/2/user-feedback/review-details?reviewId=made-up-{}&corpus=X"


def play_row(number: int, **more: str) -> list[str]:
    row = dict.fromkeys(HEADS, "") | {
        "Package Name": "org.example.madeup", "App Version Code": "240", "App Version Name": "2.4.0",
        "Reviewer Language": "fa", "Device": "madeup1", "Review Submit Date and Time": "2026-08-01T10:00:00Z",
        "Review Submit Millis Since Epoch": "1785578400000",
        "Review Last Update Millis Since Epoch": "1785578400000", "Star Rating": "2",
        "Review Text": f"نظر ساختگی {number}", "Review Link": LINK.format(number),
    }  # fmt: skip
    return list((row | more).values())


@pytest.fixture
def play(tmp_path: Path) -> Path:
    reply = {
        "Developer Reply Date and Time": "2026-08-02T10:00:00Z", "Developer Reply Text": "a made-up answer",
        "Developer Reply Millis Since Epoch": "1785664800000", "Review Title": "made up",
        "Review Last Update Millis Since Epoch": "1785582000000",
    }  # fmt: skip
    text = io.StringIO()
    csv.writer(text).writerows(
        [HEADS, play_row(1), play_row(2, **reply), play_row(3, **{"Review Text": "", "Star Rating": "5"})]
    )
    path = tmp_path / "reviews_org.example.madeup_202608.csv"
    path.write_bytes(text.getvalue().encode("utf-16"))
    return path


def read(path: Path, platform: str, **options: str) -> list[Collected]:
    stage = Stage(FileSource(), {"path": str(path), "platform": platform, **options}, [], {}, workspace="w1")
    with stage.running(stage.job()) as batches:
        return [event for batch in batches for event in batch.events if isinstance(event, Collected)]


def test_google_plays_report_is_recognised(play: Path) -> None:
    assert guess_mapping(play) == dict(PLAY)
    first, second, answer, third = read(play, "googleplay")
    post = first.post
    assert (post.key, post.text, post.title) == ("googleplay:made-up-1", "نظر ساختگی 1", "★★☆☆☆ (2.4.0 · madeup1)")
    assert (post.posted_at, post.language_hint) == (datetime(2026, 8, 1, 10, tzinfo=UTC), "fa")
    assert (post.url, post.author.native_id) == (LINK.format(1), "unknown-made-up-1")
    assert (second.post.title, second.own) == ("★★☆☆☆ made up (2.4.0 · madeup1)", False)
    assert second.post.edited_at == datetime(2026, 8, 1, 11, tzinfo=UTC)
    assert (answer.post.text, answer.own) == ("a made-up answer", True)
    assert (answer.post.parent_key, answer.post.author.name) == ("googleplay:made-up-2", "org.example.madeup")
    assert answer.post.posted_at == datetime(2026, 8, 2, 10, tzinfo=UTC)
    assert third.post.text == "★★★★★"


def test_a_report_that_comes_again_brings_the_same_posts(play: Path) -> None:
    assert [one.post.key for one in read(play, "googleplay")] == [one.post.key for one in read(play, "googleplay")]


@pytest.mark.parametrize("heads", [
    "شناسه,نظر,امتیاز,کاربر,تاریخ,نسخه,مدل دستگاه,پاسخ,تاریخ پاسخ",
    "id,comment,rate,user,date,version_name,device_model,reply,reply_date",
])  # fmt: skip
def test_reviews_in_the_way_of_bazaar(tmp_path: Path, heads: str) -> None:
    path = tmp_path / "reviews.csv"
    row = "7,نظر ساختگی دیگر,4,کاربر ساختگی,۱۴۰۵/۰۵/۱۰ ۱۰:۰۰,1.2,madeup2,پاسخ ساختگی,۱۴۰۵/۰۵/۱۱ ۱۰:۰۰"
    path.write_text(f"{heads}\n{row}\n", encoding="utf-8")
    review, answer = read(path, "bazaar", zone="Asia/Tehran")
    assert (review.post.key, review.post.title) == ("bazaar:7", "★★★★☆ (1.2 · madeup2)")
    assert (review.post.text, review.post.author.handle) == ("نظر ساختگی دیگر", "کاربر ساختگی")
    assert (answer.post.text, answer.post.parent_key, answer.own) == ("پاسخ ساختگی", "bazaar:7", True)
    assert answer.post.posted_at == datetime(2026, 8, 2, 6, 30, tzinfo=UTC)


def test_reviews_in_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    rows = [{"id": 1, "comment": "made up", "rating": 1, "user": "a"}, {"id": 2, "comment": "made up too", "rating": 9}]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert [one.post.title for one in read(path, "bazaar")] == ["★☆☆☆☆", ""]


def test_other_files_are_left_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("id,text,author,reply,version\n1,made up,a,b,2\n", encoding="utf-8")
    (event,) = read(path, "x")
    assert event.post.title == ""


@pytest.mark.parametrize(("url", "found"), [
    (LINK.format(1), "made-up-1"), ("https://x.example/?reviewId=gp%3Aa", "gp:a"),
    ("https://x.example/#ReviewPlace:id=b", "b"), ("https://[", ""), ("", ""),
])  # fmt: skip
def test_the_id_in_a_link(url: str, found: str) -> None:
    assert review_id(url) == found


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(HEADS), st.text(max_size=20) | st.none() | st.floats() | st.integers()))
def test_nothing_but_its_own_error(row: dict[str, object]) -> None:
    columns = dict(PLAY)
    plan = Plan("googleplay", columns, UTC, datetime(2026, 8, 1, tzinfo=UTC), review=review_in(set(HEADS), columns))
    try:
        posts = to_posts(row, plan)
    except NormaliseError:
        return
    assert posts[0][0].native_id
