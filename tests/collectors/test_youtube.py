"""YouTube, by a stand-in that speaks its Data API."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import msgspec
import pytest

from collectors.youtube import YouTubeSource
from crm.errors import PermanentError, RetryableError
from crm.ports.source import Search
from crm.query import parse
from crm.words import Collected
from tests.collectors.youtube_stage import DAY, HOUR, looks, reader, served, stage, web, youtube
from tests.conformance.source import Collecting, Options, Reaching, Resuming, Stage, nobody
from tests.services.web import Web
from tests.services.youtube import ME, NOW, SARA, YouTube, error

pytestmark = pytest.mark.slow

__all__ = ["served", "stage", "web", "youtube"]


class TestOptions(Options):
    def test_a_date_in_either_calendar(self) -> None:
        source, options = YouTubeSource(Random(1)), {"account": "1", "search": "on"}
        assert source.check({**options, "since": "1404/12/01"}) == source.check({**options, "since": "2026-1-1"}) == []

    @pytest.mark.parametrize(
        "said",
        [
            "dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3", "https://youtu.be/dQw4w9WgXcQ?si=x",
            "youtube.com/shorts/dQw4w9WgXcQ", "https://www.youtube.com/live/dQw4w9WgXcQ/",
        ],
    )  # fmt: skip
    def test_a_video_by_id_or_address(self, said: str) -> None:
        assert YouTubeSource(Random(1)).check({"account": "1", "videos": said}) == []

    @pytest.mark.parametrize("said", ["https://www.youtube.com/@azarbank", "https://example.org/watch?v=short", "x"])
    def test_what_is_no_video(self, said: str) -> None:
        (problem,) = YouTubeSource(Random(1)).check({"account": "1", "comments": "on", "videos": said})
        assert (problem.option, problem.code) == ("videos", "bad_video")


class TestCollecting(Collecting):
    def test_who_said_it_and_to_whom(self, stage: Stage) -> None:
        origins = {event.post.key: event.origin for event in looks(stage).collected}
        assert [origins[key] for key in stage.expected] == ["own", "own", "addressed", "addressed", "addressed"]

    def test_comments_stand_below_what_they_answer(self, stage: Stage, youtube: YouTube) -> None:
        youtube.settle(SARA, "Sara", "sara", 33)
        found = {event.post.key: event.post for event in looks(stage).collected}
        _, video, first, answer, _ = stage.expected
        assert (found[first].parent_key, found[first].root_key) == (video, video)
        assert (found[answer].parent_key, found[answer].root_key) == (first, video)
        assert found[first].url == f"{found[video].url}&lc={first.partition(':')[2]}"
        author = found[first].author
        assert (author.handle, author.native_id, author.followers, author.place) == ("sara", SARA, 33, "IR")
        assert (found[first].counts.likes, found[first].counts.replies) == (2, 1)
        assert found[answer].mentions == ("sara",)

    def test_nothing_comes_twice(self, stage: Stage) -> None:
        heard = looks(stage, rounds=3)
        assert heard.keys == list(stage.expected)
        assert looks(stage, heard.cursor).keys == []

    def test_our_own_answers_are_known_as_ours(self, stage: Stage, youtube: YouTube) -> None:
        first = stage.expected[2].partition(":")[2]
        ours = youtube.remark(NOW - HOUR, youtube.comments[first]["snippet"]["videoId"], "Thanks", ME, above=first)
        origins = {event.post.native_id: event.origin for event in looks(stage).collected}
        assert origins[ours] == "own"

    def test_many_comments_come_page_by_page(self, stage: Stage, youtube: YouTube) -> None:
        youtube.page_size = 3
        video = stage.expected[1].partition(":")[2]
        more = [youtube.remark(NOW - HOUR + n, video, f"again {n}") for n in range(20)]
        below = [youtube.remark(NOW - HOUR + 60 + n, video, f"indeed {n}", above=more[3]) for n in range(9)]
        keys = looks(stage).keys
        assert {f"youtube:{one}" for one in (*more, *below)} <= set(keys)
        assert len(keys) == len(set(keys)) == 34

    def test_what_is_said_later_comes_with_the_next_look(self, stage: Stage, youtube: YouTube) -> None:
        cursor = looks(stage).cursor
        stage.clock.advance(300)
        video = stage.expected[1].partition(":")[2]
        late = youtube.remark(NOW + 60, video, "Hello?")
        assert looks(stage, cursor).keys == [f"youtube:{late}"]

    def test_a_late_answer_to_an_old_comment_brings_it_along(self, stage: Stage, youtube: YouTube) -> None:
        video = youtube.show(NOW - 6 * DAY, "Last week")
        old = youtube.remark(NOW - 5 * DAY, video, "Is it free?")
        for n in range(8):
            youtube.remark(NOW - 5 * DAY + n, video, f"I ask as well {n}", above=old)
        youtube.page_size = 2
        cursor = looks(stage).cursor
        late = youtube.remark(NOW + 60, video, "Still?", above=old)
        assert looks(stage, cursor).keys == []
        stage.clock.advance(2 * HOUR + 300)
        found = {event.post.native_id: event.origin for event in looks(stage, cursor).collected}
        assert found == {video: "context", old: "context", late: "addressed"}

    def test_an_edit_comes_as_a_new_version(self, stage: Stage, youtube: YouTube) -> None:
        cursor = looks(stage).cursor
        youtube.edit(stage.expected[3].partition(":")[2], NOW + 900, "@sara no")
        stage.clock.advance(HOUR + 300)
        (event,) = looks(stage, cursor).collected
        assert (event.post.text, event.origin) == ("@sara no", "addressed")
        assert event.post.edited_at == datetime.fromtimestamp(NOW + 900, UTC)
        assert event.post.root_key == stage.expected[1]

    def test_an_edit_without_a_time_has_the_one_it_was_seen_at(self, stage: Stage, youtube: YouTube) -> None:
        cursor, video = looks(stage).cursor, stage.expected[0].partition(":")[2]
        youtube.videos[video]["snippet"]["title"] = "Another branch"
        stage.clock.advance(HOUR + 300)
        (event,) = looks(stage, cursor).collected
        assert (event.post.title, event.post.edited_at) == ("Another branch", event.collected_at)

    def test_a_video_that_was_gone_is_found_again(self, stage: Stage, youtube: YouTube) -> None:
        video = youtube.show(NOW - HOUR, "Newest branch")
        stage.options = {"account": "1", "search": "yes"}
        stage.searches = (Search("m1", parse("branch", now=stage.clock.now())),)
        cursor, kept = looks(stage).cursor, youtube.videos.pop(video)
        stage.clock.advance(HOUR + 300)
        heard = looks(stage, cursor, rounds=2)
        assert [one.post_key for one in heard.removed] == [f"youtube:{video}"]
        youtube.videos[video] = kept
        stage.clock.advance(3 * HOUR)
        assert looks(stage, heard.cursor).keys == [f"youtube:{video}"]

    def test_what_is_gone_is_removed_and_may_come_back(self, stage: Stage, youtube: YouTube) -> None:
        cursor, last = looks(stage).cursor, stage.expected[-1].partition(":")[2]
        kept = youtube.comments[last]
        youtube.remove(last)
        stage.clock.advance(HOUR + 300)
        assert looks(stage, cursor).removed == []
        heard = looks(stage, cursor, rounds=2)
        assert [(one.post_key, one.for_good) for one in heard.removed] == [(f"youtube:{last}", False)]
        youtube.comments[last] = kept
        stage.clock.advance(3 * HOUR)
        again = looks(stage, heard.cursor)
        assert (again.removed, again.keys) == ([], [f"youtube:{last}"])

    def test_one_that_is_gone_does_not_hide_the_others(self, stage: Stage, youtube: YouTube) -> None:
        video = stage.expected[0].partition(":")[2]
        more = [youtube.remark(NOW - HOUR + n, video, f"again {n}") for n in range(9)]
        cursor, youtube.strict = looks(stage).cursor, True
        youtube.remove(more[4])
        youtube.edit(more[5], NOW + 900, "Changed")
        stage.clock.advance(HOUR + 300)
        heard = looks(stage, cursor, rounds=2)
        assert [one.post_key for one in heard.removed] == [f"youtube:{more[4]}"]
        assert [event.post.text for event in heard.collected] == ["Changed"]

    def test_a_video_that_is_gone_takes_its_comments_along(self, stage: Stage, youtube: YouTube) -> None:
        cursor = looks(stage).cursor
        youtube.remove(stage.expected[1].partition(":")[2])
        stage.clock.advance(HOUR + 300)
        assert {one.post_key for one in looks(stage, cursor, rounds=2).removed} == set(stage.expected[1:4])

    def test_the_past_is_fetched_from_a_date_on(self, stage: Stage, youtube: YouTube) -> None:
        at = int(datetime(2025, 6, 1, tzinfo=UTC).timestamp())
        video = youtube.show(at, "A year ago")
        old = youtube.remark(at + 60, video, "Happy birthday")
        first = looks(stage)
        assert f"youtube:{old}" not in first.keys
        later = looks(stage, first.cursor, since="2025-05-01")
        assert {f"youtube:{old}", f"youtube:{video}"} <= set(later.keys)

    def test_an_item_at_fault_holds_up_nothing(self, stage: Stage, youtube: YouTube) -> None:
        youtube.comments[stage.expected[2].partition(":")[2]]["snippet"]["publishedAt"] = "never"
        heard = looks(stage)
        assert [one.code for one in heard.rejected] == ["bad_item"]
        assert stage.expected[-1] in heard.keys


class TestNamedVideos:
    def test_comments_of_somebody_elses_video(self, stage: Stage, youtube: YouTube) -> None:
        video = youtube.show(NOW - 9 * HOUR, "Banks compared", channel="UC" + "x" * 22)
        said = youtube.remark(NOW - HOUR, video, "Azar is best")
        asking = youtube.remark(NOW - HOUR + 1, video, "@azarbank is it true?")
        heard = looks(stage, comments="no", videos=f"https://youtu.be/{video}")
        assert {event.post.native_id: event.origin for event in heard.collected} == {
            video: "context", said: "stream", asking: "addressed",
        }  # fmt: skip

    def test_a_video_without_comments_is_named_once(self, stage: Stage, youtube: YouTube) -> None:
        video = youtube.show(NOW - 9 * HOUR, "No comments, please", channel="UC" + "x" * 22)
        youtube.disabled.add(video)
        heard = looks(stage, rounds=3, videos=f"{video} v0000000000")
        assert [(one.where, one.code) for one in heard.rejected] == [
            (f"video {video}", "comments_disabled"), ("video v0000000000", "video_gone"),
        ]  # fmt: skip
        assert heard.keys == list(stage.expected)


class TestSearching:
    @pytest.fixture
    def stage(self, stage: Stage, youtube: YouTube) -> Stage:
        stage.options = {"account": "1", "search": "yes"}
        stage.searches = (Search("m1", parse("nanmah", now=stage.clock.now())),)
        shown = [
            youtube.show(NOW - (9 - n) * HOUR, f"Nanmah bread {n}", "line " * 20, "UC" + "x" * 22) for n in range(5)
        ]
        stage.expected = [f"youtube:{one}" for one in shown]
        return stage

    def test_videos_come_whole(self, stage: Stage, youtube: YouTube) -> None:
        youtube.settle("UC" + "x" * 22, "Somebody", "somebody", None)
        heard = looks(stage)
        assert heard.keys == list(stage.expected)
        post = heard.collected[0].post
        assert (post.title, post.text, post.language_hint) == ("Nanmah bread 0", "line " * 20, "fa")
        assert (post.counts.views, post.counts.likes, post.counts.replies) == (120, 7, 0)
        assert [media.kind for media in post.media] == ["video", "image"]
        assert (post.author.handle, post.author.followers) == ("somebody", None)
        assert {event.origin for event in heard.collected} == {"stream"}

    def test_a_text_is_asked_for_once_an_hour(self, stage: Stage, web: Web, youtube: YouTube) -> None:
        heard = looks(stage, rounds=30)
        assert sum(one.path.startswith("/youtube/v3/search?") for one in web.asked) == 3
        assert heard.keys == list(stage.expected)
        late = youtube.show(NOW - HOUR, "Nanmah, known late", channel="UC" + "x" * 22)
        stage.clock.advance(HOUR)
        assert looks(stage, heard.cursor).keys == [f"youtube:{late}"]

    def test_many_texts_share_the_day(self, stage: Stage, web: Web) -> None:
        now = stage.clock.now()
        stage.searches = tuple(Search(f"m{n}", parse(f"nanmah{n}", now=now)) for n in range(8))
        looks(stage, rounds=288 // 2, searches="16")
        assert sum(one.path.startswith("/youtube/v3/search?") for one in web.asked) <= 16

    def test_more_than_youtube_gives_out_comes_in_stretches(self, stage: Stage, youtube: YouTube) -> None:
        more = [youtube.show(NOW - 8 * HOUR + n, f"Nanmah {n}", channel="UC" + "x" * 22) for n in range(1_200)]
        heard = looks(stage, rounds=3)
        assert len(heard.keys) == len(set(heard.keys)) == 1_205
        assert {f"youtube:{one}" for one in more} <= set(heard.keys)
        assert [gap for batch in heard.batches for gap in batch.gaps] == []

    def test_what_one_second_can_not_give_out_is_a_gap(self, stage: Stage, youtube: YouTube) -> None:
        for n in range(700):
            youtube.show(NOW - 2 * HOUR, f"Nanmah {n}", channel="UC" + "x" * 22)
        heard = looks(stage, rounds=3)
        (gap,) = [gap for batch in heard.batches for gap in batch.gaps]
        assert (gap.reason, int(gap.until.timestamp())) == ("too_many", NOW - 2 * HOUR)

    def test_a_page_that_youtube_forgot_is_read_anew(self, stage: Stage, youtube: YouTube) -> None:
        youtube.page_size = 2
        with stage.running(stage.job()) as batches:
            first = next(batches)
        youtube.instead = [("/search", error(400, "invalidPageToken", "The request specifies an invalid page token."))]
        heard = looks(stage, first.cursor)
        assert sorted({event.post.key for event in first.events} | set(heard.keys)) == list(stage.expected)  # type: ignore[union-attr]

    def test_a_monitor_that_can_not_be_asked_is_named_once(self, stage: Stage) -> None:
        stage.searches = (*stage.searches, Search("m2", parse("lang:fa", now=stage.clock.now())))
        heard = looks(stage, rounds=2)
        assert [(one.where, one.code) for one in heard.rejected] == [("monitor m2", "nothing_sought")]

    def test_a_changed_video_comes_again(self, stage: Stage, youtube: YouTube) -> None:
        cursor = looks(stage).cursor
        youtube.videos[stage.expected[0].partition(":")[2]]["snippet"]["title"] = "Nanmah bread, baked"
        stage.clock.advance(HOUR + 300)
        assert [event.post.title for event in looks(stage, cursor).collected] == ["Nanmah bread, baked"]

    def test_a_key_is_enough(self, stage: Stage, web: Web) -> None:
        stage.account = reader(stage)
        assert looks(stage).keys == list(stage.expected)
        assert all("authorization" not in one.headers and "key=" not in one.path for one in web.asked)


class TestResuming(Resuming):
    @pytest.mark.parametrize("reason", ["invalidPageToken", "processingFailure"])
    @pytest.mark.parametrize("times", [1, 2])
    def test_a_page_of_comments_that_youtube_forgot_is_read_anew(
        self, stage: Stage, youtube: YouTube, reason: str, times: int
    ) -> None:
        youtube.page_size = 1
        with stage.running(stage.job()) as batches:
            first = next(batches)
        youtube.instead = [("/commentThreads", error(400, reason))]
        if times == 2:
            youtube.instead.append(("/commentThreads", error(400, reason)))
            with pytest.raises(RetryableError) if reason == "processingFailure" else pytest.raises(PermanentError):
                looks(stage, first.cursor)
        heard = looks(stage, first.cursor)
        found = {event.post.key for event in first.events if isinstance(event, Collected)} | set(heard.keys)
        assert found == set(stage.expected)


class TestReaching(Reaching):
    @pytest.fixture
    def stage(self, stage: Stage) -> Stage:
        away = nobody()
        stage.unreachable, stage.hosts = {"every": "5"}, (*stage.hosts, away)
        assert stage.account
        stage.account = msgspec.structs.replace(stage.account, base_url=f"http://{away}")
        return stage
