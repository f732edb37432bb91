"""Answering on YouTube: a stand-in that speaks its Data API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import Account, AnsweredPostGoneError, UnknownOutcomeError
from crm.words import Author, Post
from responders.youtube import LIMIT, YouTubeResponder
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import NOW as THEN
from tests.conformance.responder import Accounts, Acts, ActStage, Faults, Measuring, Sending, Stage
from tests.doubles.pictures import picture
from tests.services.relay import relay_to
from tests.services.web import Answer
from tests.services.youtube import HANDLE, KEY, ME, NOW, REFRESH, SARA, TOKEN, YouTube, error, youtube_stand_in

pytestmark = pytest.mark.slow

V = "/youtube/v3"
PARTS = {"refresh_token": REFRESH, "client_id": "id.apps.example", "client_secret": "s3"}


@pytest.fixture
def youtube() -> Iterator[YouTube]:
    with youtube_stand_in() as (server, _):
        yield server


@pytest.fixture
def stage(youtube: YouTube) -> Iterator[Stage]:
    """A comment below a video of ours."""
    with relay_to(youtube.address) as relay:
        video = youtube.show(NOW - 900, "New card")
        number = youtube.remark(NOW - 600, video, "My card was charged twice!")
        answered = Post(
            "youtube", number, Author("youtube", SARA, "sara"), "My card was charged twice!", THEN,
            url=f"https://www.youtube.com/watch?v={video}&lc={number}", parent_key=f"youtube:{video}",
        )  # fmt: skip
        stage = Stage(
            YouTubeResponder(OutboundTransport(Guard()), ManualClock()),
            Account("youtube", HANDLE, relay.web.url, json.dumps({**PARTS, "access_token": TOKEN})), relay, answered,
            f"{V}/comments", f"{V}/commentThreads", lambda: youtube.published, lambda: youtube.remove(number),
        )  # fmt: skip
        permitted = frozenset({relay.web.host, stage.unreachable.removeprefix("http://")})
        stage.responder = YouTubeResponder(OutboundTransport(Guard(permitted)), ManualClock())
        yield stage


class TestSending(Sending):
    def test_a_reply_stands_in_the_thread(self, stage: Stage, youtube: YouTube) -> None:
        sent = stage.responder.send(stage.order())
        (below,) = youtube.below(stage.answer_to.native_id)
        assert (below["id"], below["snippet"]["authorChannelId"]["value"]) == (sent.native_id, ME)
        assert sent.url == f"{stage.answer_to.url.partition('&')[0]}&lc={sent.native_id}"

    def test_an_answer_to_an_answer_stands_in_the_same_thread(self, stage: Stage, youtube: YouTube) -> None:
        top, video = stage.answer_to.native_id, next(iter(youtube.videos))
        reply = youtube.remark(NOW - 300, video, "Mine too", "UC" + "r" * 22, above=top, name="@reza")
        order = stage.order("@reza we are on it.", answer_to=f"youtube:{reply}")
        sent = stage.responder.send(order)
        assert [one["id"] for one in youtube.below(top)] == [reply, sent.native_id]
        asked = next(json.loads(one.body) for one in stage.relay.web.asked if one.method == "POST")
        assert asked == {"snippet": {"parentId": top, "textOriginal": "@reza we are on it."}}
        youtube.remove(reply)
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order("@reza again", "outbox-2", answer_to=f"youtube:{reply}"))

    def test_a_reply_is_found_behind_many_others(self, stage: Stage, youtube: YouTube) -> None:
        sent, top = stage.responder.send(stage.order()), stage.answer_to.native_id
        for n in range(230):
            youtube.remark(NOW + 60 + n, next(iter(youtube.videos)), f"again {n}", above=top)
        found = stage.responder.find(stage.order())
        assert found is not None
        assert found.native_id == sent.native_id

    def test_a_thread_that_is_too_long_is_looked_through_by_a_person(self, stage: Stage, youtube: YouTube) -> None:
        for n in range(1_001):
            youtube.remark(NOW + n, next(iter(youtube.videos)), f"again {n}", above=stage.answer_to.native_id)
        with pytest.raises(PermanentError, match="look there"):
            stage.responder.find(stage.order())

    def test_the_same_words_of_another_are_not_taken_for_ours(self, stage: Stage, youtube: YouTube) -> None:
        youtube.remark(NOW, next(iter(youtube.videos)), stage.order().text, above=stage.answer_to.native_id)
        assert stage.responder.find(stage.order()) is None

    def test_what_we_said_long_before_is_not_taken_for_it(self, stage: Stage) -> None:
        stage.responder.send(stage.order())
        assert stage.responder.find(stage.order(created_at=THEN + timedelta(days=2))) is None

    def test_an_expired_token_is_made_new(self, stage: Stage, youtube: YouTube) -> None:
        account = stage.other_account(secret=json.dumps({**PARTS, "access_token": "ya29.old"}))
        stage.responder.send(stage.order(account=account))
        assert youtube.refreshed == 1

    def test_a_token_that_ends_between_looking_and_sending(self, stage: Stage, youtube: YouTube) -> None:
        stage.relay.instead(stage.publishing, error(401, "authError", "Invalid Credentials"))
        stage.responder.send(stage.order())
        assert (youtube.refreshed, stage.published()) == (1, [stage.order().text])


class TestBelowVideos:
    @pytest.fixture
    def stage(self, stage: Stage, youtube: YouTube) -> Stage:
        video = youtube.show(NOW - 300, "Banks compared", channel="UC" + "x" * 22)
        post = Post("youtube", video, Author("youtube", "UC" + "x" * 22), "", THEN, url=f"https://youtu.be/{video}")
        stage.answer_to, stage.publishing = post, f"{V}/commentThreads"
        return stage

    def test_a_comment_is_published_and_found_once(self, stage: Stage, youtube: YouTube) -> None:
        order = stage.order()
        assert stage.responder.find(order) is None
        sent = stage.responder.send(order)
        found = stage.responder.find(order)
        assert found is not None
        assert (found.native_id, found.url) == (sent.native_id, sent.url)
        assert stage.responder.send(order).native_id == sent.native_id
        assert youtube.published == [order.text]
        asked = next(json.loads(one.body) for one in stage.relay.web.asked if one.method == "POST")
        assert (asked["snippet"]["channelId"], asked["snippet"]["videoId"]) == (
            "UC" + "x" * 22,
            stage.answer_to.native_id,
        )

    def test_it_is_found_behind_many_others(self, stage: Stage, youtube: YouTube) -> None:
        sent = stage.responder.send(stage.order())
        for n in range(230):
            youtube.remark(NOW + 60 + n, stage.answer_to.native_id, f"again {n}")
        found = stage.responder.find(stage.order())
        assert found is not None
        assert found.native_id == sent.native_id

    def test_where_comments_are_switched_off(self, stage: Stage, youtube: YouTube) -> None:
        youtube.disabled.add(stage.answer_to.native_id)
        with pytest.raises(PermanentError, match="switched off"):
            stage.responder.send(stage.order())

    def test_a_video_that_is_gone(self, stage: Stage, youtube: YouTube) -> None:
        youtube.remove(stage.answer_to.native_id)
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order())
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.find(stage.order())


class TestFaults(Faults):
    def test_no_file_is_left_behind_in_silence(self, stage: Stage) -> None:
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(media=(picture(),)))
        assert stage.relay.web.asked == []

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (error(401, "authError"), AuthorisationError), (error(403, "insufficientPermissions"), AuthorisationError),
            (error(403, "forbidden"), AuthorisationError), (error(403, "ineligibleAccount"), AuthorisationError),
            (error(403, "channelClosed"), PermanentError), (error(403, "channelSuspended"), PermanentError),
            (error(403, "quotaExceeded"), RateLimitedError), (error(403, "rateLimitExceeded"), RateLimitedError),
            (error(400, "commentTextTooLong"), PermanentError), (error(400, "invalidCommentMetadata"), PermanentError),
            (error(404, "parentCommentNotFound"), AnsweredPostGoneError),
            (error(400, "parentCommentIsPrivate"), AnsweredPostGoneError),
            (error(400, "processingFailure"), UnknownOutcomeError), (Answer(200, b"{}"), UnknownOutcomeError),
            (Answer(200, b'{"kind": "youtube#comment"}'), UnknownOutcomeError),
        ],
    )  # fmt: skip
    def test_codes_of_youtube(self, stage: Stage, answer: Answer, kind: type[Exception]) -> None:
        stage.relay.instead(stage.publishing, *[answer] * 2)
        with pytest.raises(kind) as caught:
            stage.responder.send(stage.order())
        assert str(caught.value).endswith(".")
        assert stage.published() == []

    def test_a_day_that_is_used_up(self, stage: Stage) -> None:
        stage.relay.instead(stage.publishing, error(403, "quotaExceeded"))
        with pytest.raises(RateLimitedError) as caught:
            stage.responder.send(stage.order())
        assert caught.value.retry_after == 23 * 3_600

    @pytest.mark.parametrize("answer", [Answer(200, b"{"), Answer(200, b"[]"), Answer(500)])
    def test_an_answer_that_can_not_be_read_while_looking(self, stage: Stage, answer: Answer) -> None:
        stage.relay.instead(stage.preparing, answer)
        with pytest.raises(RetryableError):
            stage.responder.find(stage.order())

    def test_no_new_token_before_sending_means_not_sent(self, stage: Stage) -> None:
        account = stage.other_account(secret=json.dumps(PARTS))
        stage.relay.instead("/token", Answer(503))
        with pytest.raises(RetryableError):
            stage.responder.send(stage.order(account=account))
        assert stage.published() == []


class TestAccounts(Accounts):
    def test_who_it_is(self, stage: Stage) -> None:
        check = stage.responder.check(stage.account)
        assert (check.handle, check.native_id) == (HANDLE, ME)
        assert [one.path for one in stage.relay.web.asked] == [f"{V}/channels?part=snippet&mine=true"]

    def test_a_refresh_token_that_is_dead(self, stage: Stage) -> None:
        dead = json.dumps({**PARTS, "refresh_token": "1//dead"})
        assert stage.responder.check(stage.other_account(secret=dead)).problem == "refused"

    @pytest.mark.parametrize("secret", ["{}", '{"client_id": "x"}', '{"api_key": " "}', '{"refresh_token": "x"}'])
    def test_parts_that_are_too_few(self, stage: Stage, secret: str) -> None:
        assert stage.responder.check(stage.other_account(secret=secret)).problem == "secret_missing"

    def test_a_key_reads_and_does_not_answer(self, stage: Stage) -> None:
        account = stage.other_account(secret=KEY)
        check = stage.responder.check(account)
        assert (check.ok, check.native_id) == (True, ME)
        rules = stage.responder.how(stage.answer_to, account).rules
        assert [(rule.rule, rule.allowed) for rule in rules] == [("on_platform", True), ("reading_only", False)]
        with pytest.raises(AuthorisationError, match="only read"):
            stage.responder.send(stage.order(account=account))
        assert stage.responder.check(msgspec.structs.replace(account, handle="nobody")).problem == "inactive"
        assert stage.responder.check(msgspec.structs.replace(account, secret="AIza-dead")).problem == "refused"


class TestMeasuring(Measuring):
    def test_characters_are_counted_as_a_reader_sees_them(self, stage: Stage) -> None:
        """Not on YouTube: nobody knows how it counts, so by the measure that gives the most."""
        assert stage.responder.count("👨‍👩‍👧🇮🇷é").used == 13
        assert stage.responder.count("سلام").used == 4
        assert stage.responder.count("").limit == LIMIT

    def test_whom_an_answer_names(self, stage: Stage) -> None:
        (rule, _) = stage.responder.how(stage.answer_to, stage.account).rules
        assert (rule.rule, rule.prefix) == ("thread_reply", "")
        below = msgspec.structs.replace(stage.answer_to, native_id=f"{stage.answer_to.native_id}.9r1")
        assert stage.responder.how(below, stage.account).rules[0].prefix == "@sara "

    def test_a_video_and_what_was_imported(self, stage: Stage) -> None:
        video = msgspec.structs.replace(stage.answer_to, native_id="dQw4w9WgXcQ")
        assert stage.responder.how(video, stage.account).rules[0].rule == "video_comment"
        other = msgspec.structs.replace(stage.answer_to, native_id="row-7")
        assert [rule.way for rule in stage.responder.how(other, stage.account).rules] == ["open"]
        with pytest.raises(PermanentError, match="only be answered there"):
            stage.responder.send(stage.order(answer_to=other.key))


class TestActs(Acts):
    @pytest.fixture
    def acting(self, stage: Stage, youtube: YouTube) -> ActStage:
        number = stage.answer_to.native_id
        path = f"{V}/comments/setModerationStatus"
        return ActStage(stage, "hide", path, lambda: number in youtube.held, stage.answer_to)

    def test_a_comment_below_somebody_else_s_video_is_refused(self, stage: Stage, youtube: YouTube) -> None:
        video = youtube.show(NOW - 900, "Banks compared", channel=SARA)
        number = youtube.remark(NOW - 600, video, "Azar is slow")
        responder = stage.responder
        assert isinstance(responder, YouTubeResponder)
        with pytest.raises(AuthorisationError):
            responder.act("hide", msgspec.structs.replace(stage.answer_to, native_id=number), stage.account)
        assert youtube.held == set()

    def test_a_key_alone_hides_nothing(self, stage: Stage) -> None:
        responder = stage.responder
        assert isinstance(responder, YouTubeResponder)
        rules = responder.acts(stage.answer_to, stage.other_account(secret=KEY))
        assert {(rule.rule, rule.allowed) for rule in rules} == {("reading_only", False)}
