"""YouTube: who may ask, what it costs, and what goes wrong on the way."""

from __future__ import annotations

import json
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from threading import Event

import pytest

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.platforms.youtube import DayUsedUpError, credentials, day_of, midnight
from crm.ports.responder import Account
from crm.ports.source import Batch, Search
from crm.query import parse
from crm.words import Collected, Removed
from tests.collectors.meta_stage import Patient
from tests.collectors.youtube_stage import HOUR, SECRET, looks, reader, served, stage, web, youtube
from tests.conformance.source import Heard, Stage
from tests.services.web import Answer, Web
from tests.services.youtube import KEY, NOW, REFRESH, TOKEN, Mischief, YouTube, error

pytestmark = pytest.mark.slow

__all__ = ["served", "stage", "web", "youtube"]
PARTS = {"refresh_token": REFRESH, "client_id": "id.apps.example", "client_secret": "s3"}


def searching(stage: Stage, youtube: YouTube, *queries: str, videos: int = 5) -> None:
    """Let the stage look for monitors, with some videos to be found."""
    stage.options = {"account": "1", "search": "yes"}
    now = stage.clock.now()
    stage.searches = tuple(Search(f"m{n}", parse(text, now=now)) for n, text in enumerate(queries or ("nanmah",)))
    for n in range(videos):
        youtube.show(NOW - HOUR + n, f"Nanmah {n}", channel="UC" + "x" * 22)


def calls(web: Web, what: str) -> int:
    return sum(one.path.partition("?")[0].endswith(f"/{what}") for one in web.asked)


class TestAnswers:
    @pytest.mark.parametrize("refusal", [error(404, "commentNotFound"), error(400, "invalidPageToken")])
    def test_answers_that_break_off_hold_up_nothing(self, stage: Stage, youtube: YouTube, refusal: Answer) -> None:
        video = next(iter(youtube.videos))
        top = youtube.remark(NOW - HOUR, video, "And when?")
        below = [youtube.remark(NOW - HOUR + n, video, f"{n}", above=top) for n in range(1, 9)]
        youtube.page_size = 6
        first = youtube.on_comments({"parentId": top, "maxResults": "100"})
        youtube.instead = [("/comments", first), ("/comments", refusal)]
        heard = looks(stage)
        assert {*stage.expected, f"youtube:{top}", *(f"youtube:{one}" for one in below[2:])} <= set(heard.keys)
        assert {f"youtube:{one}" for one in below} - set(heard.keys)
        stage.clock.advance(3 * HOUR)
        assert {f"youtube:{one}" for one in below} <= {*heard.keys, *looks(stage, heard.cursor).keys}


class TestCredentials:
    @pytest.mark.parametrize(
        "secret",
        ["", " ", "{}", "{", '{"api_key": ""}', '{"refresh_token": "x"}', '{"api_key": "ké"}', "a b",
            '{"api_key": 1}']
    )  # fmt: skip
    def test_without_one_nobody_is_asked(self, stage: Stage, web: Web, secret: str) -> None:
        stage.account = reader(stage, secret)
        with pytest.raises(AuthorisationError) as caught:
            looks(stage)
        assert web.asked == []
        assert not secret.strip("{} ") or secret not in str(caught.value)

    def test_without_an_account_nobody_is_asked(self, stage: Stage, web: Web) -> None:
        stage.account = None
        with pytest.raises(AuthorisationError):
            looks(stage)
        assert web.asked == []

    def test_they_are_never_shown(self) -> None:
        known = credentials(Account("youtube", "azarbank", "", SECRET))
        assert TOKEN not in repr(known)
        assert not list(known.__rich_repr__())

    def test_a_key_or_a_token_alone(self) -> None:
        assert not credentials(Account("youtube", "a", "", "AIzaSy-x")).signs_in
        assert credentials(Account("youtube", "a", "", "ya29.x")).signs_in

    def test_a_token_is_made_when_there_is_none(self, stage: Stage, youtube: YouTube) -> None:
        stage.account = reader(stage, json.dumps(PARTS))
        assert looks(stage).keys == list(stage.expected)
        assert youtube.refreshed == 1

    def test_an_expired_token_is_made_new_once(self, stage: Stage, youtube: YouTube, web: Web) -> None:
        stage.account = reader(stage, json.dumps({**PARTS, "access_token": "ya29.old"}))
        assert looks(stage).keys == list(stage.expected)
        assert youtube.refreshed == 1
        assert all("ya29" not in one.path and KEY not in one.path and REFRESH not in one.path for one in web.asked)

    def test_a_token_is_made_new_before_its_end(self, stage: Stage, youtube: YouTube) -> None:
        stage.account = reader(stage, json.dumps(PARTS))
        looks(stage, rounds=13)
        assert youtube.refreshed == 2

    @pytest.mark.parametrize(
        "secret",
        [
            "ya29.dead", "AIza-dead", json.dumps({**PARTS, "refresh_token": "1//dead"}),
            json.dumps({**PARTS, "refresh_token": "1//dead", "access_token": "ya29.dead"}),
        ],
    )  # fmt: skip
    def test_a_dead_one_is_refused(self, stage: Stage, youtube: YouTube, secret: str) -> None:
        stage.account = reader(stage, secret)
        with pytest.raises(AuthorisationError, match="connect the account again"):
            looks(stage)
        assert youtube.refreshed == 0

    def test_a_token_that_is_refused_again_is_not_made_for_ever(self, stage: Stage, youtube: YouTube) -> None:
        youtube.instead = [("/channels", error(401, "authError"))] * 2
        with pytest.raises(AuthorisationError):
            looks(stage)
        assert youtube.refreshed == 1

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (Answer(200, b"<html>"), RetryableError), (Answer(500), RetryableError), (Answer(cut=0), RetryableError),
            (Answer(429, b"", {"Retry-After": "90"}), RateLimitedError), (Answer(403, b"no"), AuthorisationError),
            (Answer(200, b'{"access_token": " "}'), RetryableError),
        ],
    )  # fmt: skip
    def test_trouble_at_the_door(self, stage: Stage, youtube: YouTube, answer: Answer, kind: type[Exception]) -> None:
        stage.account = reader(stage, json.dumps(PARTS))
        youtube.instead = [("/token", answer)]
        with pytest.raises(kind):
            looks(stage)
        assert looks(stage).keys == list(stage.expected)

    def test_a_handle_without_a_channel(self, stage: Stage) -> None:
        stage.account = reader(stage)
        assert looks(stage).keys == list(stage.expected)
        stage.account = Account("youtube", "nobody", stage.account.base_url, KEY)
        with pytest.raises(AuthorisationError, match="no channel"):
            looks(stage)


class TestQuota:
    def test_the_day_ends_at_midnight_in_california(self) -> None:
        assert midnight(datetime(2026, 3, 21, 8, tzinfo=UTC)) == datetime(2026, 3, 22, 7, tzinfo=UTC)
        assert midnight(datetime(2026, 1, 5, 7, 59, tzinfo=UTC)) == datetime(2026, 1, 5, 8, tzinfo=UTC)
        # the clocks go forward on the 8th: that day has 23 hours
        assert midnight(datetime(2026, 3, 8, 9, tzinfo=UTC)) == datetime(2026, 3, 9, 7, tzinfo=UTC)
        assert day_of(datetime(2026, 3, 21, 6, 59, tzinfo=UTC)) == "2026-03-20"

    @pytest.mark.parametrize(
        "answer",
        [
            error(403, "quotaExceeded"), error(403, "dailyLimitExceeded"),
            error(429, "rateLimitExceeded", "Quota exceeded for quota metric 'Queries' and limit 'Queries per day'"),
        ],
    )  # fmt: skip
    def test_a_day_that_is_used_up_is_waited_for(self, stage: Stage, youtube: YouTube, answer: Answer) -> None:
        youtube.instead = [("/commentThreads", answer)]
        with pytest.raises(DayUsedUpError) as caught:
            looks(stage)
        assert caught.value.retry_after == 23 * HOUR

    def test_units_are_counted_as_youtube_counts_them(self, stage: Stage, youtube: YouTube) -> None:
        searching(stage, youtube)
        spent = Counter[str]()
        with stage.running(stage.job(comments="yes")) as batches:
            for batch in batches:
                spent.update(batch.spent)
                assert sum(spent.values()) == youtube.used
                if len(stage.clock.slept) > 13:
                    break
        assert spent["m0"] >= 200
        quota = batch.quota
        assert quota is not None
        assert (quota.remaining, quota.limit) == (10_000 - youtube.used, 10_000)
        assert quota.resets_at == datetime(2026, 3, 22, 7, tzinfo=UTC)

    def test_the_count_begins_anew_with_the_day(self, stage: Stage) -> None:
        cursor = looks(stage).cursor
        stage.clock.advance(24 * HOUR)
        (first, *_) = looks(stage, cursor).batches
        assert first.quota is not None
        assert first.quota.remaining > 9_990
        assert first.quota.resets_at == datetime(2026, 3, 23, 7, tzinfo=UTC)

    def test_when_searches_are_used_up_comments_go_on(self, stage: Stage, youtube: YouTube, web: Web) -> None:
        searching(stage, youtube)
        youtube.instead = [("/search", error(403, "quotaExceeded"))]
        heard = looks(stage, rounds=20, comments="yes")
        assert calls(web, "search") == 1
        assert calls(web, "commentThreads") >= 20
        stage.clock.advance(24 * HOUR)
        assert len(looks(stage, heard.cursor, comments="yes").keys) == 5

    def test_searches_alone_wait_until_there_are_new_ones(self, stage: Stage, youtube: YouTube) -> None:
        searching(stage, youtube)
        youtube.instead = [("/search", error(403, "quotaExceeded"))]
        with pytest.raises(DayUsedUpError):
            looks(stage)

    def test_a_project_without_a_day_left(self, stage: Stage, youtube: YouTube) -> None:
        youtube.used = youtube.daily
        with pytest.raises(RateLimitedError):
            looks(stage)


class TestCaps:
    @pytest.mark.parametrize("cap", [0, 1, 2, 3, 5, 101, 102, 103, 110, 205])
    def test_a_cap_is_never_exceeded_and_nothing_is_lost(self, stage: Stage, youtube: YouTube, cap: int) -> None:
        searching(stage, youtube)
        youtube.page_size = 2
        wanted = looks(stage, comments="yes").keys
        youtube.used, spent, found, cursor = 0, 0, list[str](), ""
        stage.allowance = lambda _: max(0, cap - spent)
        try:
            with stage.running(stage.job(cursor, comments="yes")) as batches:
                for batch in batches:
                    found += [event.post.key for event in batch.events if isinstance(event, Collected)]
                    cursor, spent = batch.cursor, spent + sum(batch.spent.values())
                    assert spent == youtube.used <= cap
                    if len(stage.clock.slept) > 4:
                        break
        except RetryableError:
            assert cap == 0
        stage.allowance = lambda _: 10_000
        found += looks(stage, cursor, rounds=30, comments="yes").keys
        assert set(wanted) <= set(found)
        assert len(found) == len(set(found))

    def test_an_empty_budget_of_one_monitor_stops_only_its_search(self, stage: Stage, youtube: YouTube) -> None:
        searching(stage, youtube)
        stage.allowance = lambda monitor: 0 if monitor else 1_000
        assert looks(stage, comments="yes").keys == list(stage.expected)


class TestFaults:
    def test_what_failed_was_paid_for_all_the_same(self, stage: Stage, youtube: YouTube) -> None:
        searching(stage, youtube)
        youtube.instead, heard = [("/search", Answer(503))], Heard()
        with pytest.raises(RetryableError), stage.running(stage.job()) as batches:
            heard.batches.extend(batches)
        spent = sum(sum(batch.spent.values()) for batch in heard.batches)
        told = json.loads(heard.cursor)
        assert (spent, told["used"], told["searches"]) == (101, 101, 1)
        assert len(looks(stage, heard.cursor).keys) == 5

    def test_a_search_that_is_not_understood_holds_up_nothing(self, stage: Stage, youtube: YouTube, web: Web) -> None:
        searching(stage, youtube, "card", "nanmah")
        youtube.instead = [("/search", error(400, "badRequest"))]
        heard = looks(stage, rounds=3)
        assert [one.where for one in heard.rejected] == ["monitor m0"]
        assert len(heard.keys) == 5
        assert calls(web, "search") == 2

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (Answer(429, b"", {"Retry-After": "70"}), RateLimitedError),
            (error(403, "rateLimitExceeded"), RateLimitedError),
            (error(403, "userRateLimitExceeded"), RateLimitedError),
            (error(403, "insufficientPermissions"), AuthorisationError),
            (error(403, "accessNotConfigured"), AuthorisationError),
            (error(400, "processingFailure"), RetryableError),
            (error(404, "channelNotFound"), PermanentError),
            (error(500, "internalError"), RetryableError),
            (Answer(503), RetryableError),
            (Answer(200, b'{"items": [{"kind"'), RetryableError),
            (Answer(200, b"<html>"), RetryableError),
            (Answer(200, b"{}", {"Content-Length": "900"}, cut=2), RetryableError),
            (Answer(cut=0), RetryableError),
            (Answer(404, b"not here"), PermanentError),
        ],
    )
    def test_an_answer_at_fault_is_told_and_loses_nothing(
        self, stage: Stage, youtube: YouTube, answer: Answer, kind: type[Exception]
    ) -> None:
        youtube.instead = [("/commentThreads", answer)]
        with pytest.raises(kind) as caught:
            looks(stage)
        assert str(caught.value).endswith(".")
        if isinstance(caught.value, RateLimitedError):
            assert caught.value.retry_after is not None
            assert caught.value.retry_after >= 60
        assert looks(stage).keys == list(stage.expected)

    def test_an_answer_that_does_not_come(self, stage: Stage, youtube: YouTube) -> None:
        youtube.late = "/commentThreads"
        run = stage.source.collect(stage.job(), Patient(stage.transport()), stage.clock, Event())  # type: ignore[arg-type]
        with pytest.raises(RetryableError):
            deque(islice(run, 3))  # what was spent is told first
        youtube.released.set()

    def test_a_search_that_is_refused_does_not_end_comments_before_it(self, stage: Stage, youtube: YouTube) -> None:
        searching(stage, youtube)
        youtube.instead = [("/search", Answer(500))]
        heard = Heard()
        with pytest.raises(RetryableError), stage.running(stage.job(comments="yes")) as batches:
            heard.batches.extend(batches)
        assert looks(stage, comments="yes").keys[:5] == list(stage.expected)

    @pytest.mark.parametrize("seed", range(3))
    def test_everything_comes_once_through_every_fault(self, stage: Stage, youtube: YouTube, seed: int) -> None:
        """A runner that starts again from the last stored cursor, as the real one does."""
        searching(stage, youtube, videos=40)
        youtube.page_size, random = 7, Random(seed)
        for n in range(20):
            video = random.choice(list(stage.expected[:2])).partition(":")[2]
            above = youtube.remark(NOW - HOUR + n, video, f"comment {n}")
            for more in range(random.choice([0, 0, 1, 8])):
                youtube.remark(NOW - HOUR + 60 + n + more, video, f"answer {n} {more}", above=above)
        youtube.mischief = Mischief(random, 0.25)
        youtube.daily = 10**9
        found, removed, cursor = Counter[str](), list[Removed](), ""
        everything = {f"youtube:{one}" for one in (*youtube.comments, *youtube.videos)}
        for _ in range(400):
            if everything <= set(found):
                break
            cursor = self.run_once(stage, cursor, found, removed)
        youtube.mischief.share = 0.0
        assert set(found) == everything
        assert set(found.values()) == {1}
        assert removed == []
        stage.clock.advance(20 * HOUR)
        assert looks(stage, cursor, comments="yes", searches="100000").keys == []

    def run_once(self, stage: Stage, cursor: str, found: Counter[str], removed: list[Removed]) -> str:
        slept = len(stage.clock.slept)
        try:
            with stage.running(stage.job(cursor, comments="yes", searches="100000")) as batches:
                for batch in batches:
                    cursor = self.stored(batch, found, removed)
                    if len(stage.clock.slept) > slept + 2:
                        break
        except (RetryableError, AuthorisationError):
            stage.clock.advance(timedelta(minutes=5).total_seconds())
        return cursor

    def stored(self, batch: Batch, found: Counter[str], removed: list[Removed]) -> str:
        found.update(event.post.key for event in batch.events if isinstance(event, Collected))
        removed += [event for event in batch.events if isinstance(event, Removed)]
        return batch.cursor
