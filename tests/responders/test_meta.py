"""Answering on Instagram and on a Facebook Page: a stand-in that speaks the Graph API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import Account, AnsweredPostGoneError, CantLookError, UnknownOutcomeError
from crm.words import Author, Post
from responders.meta import FacebookResponder, InstagramResponder
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import NOW as THEN
from tests.conformance.responder import Accounts, Acts, ActStage, Faults, Measuring, Sending, Stage
from tests.services.meta import ACCOUNT, HANDLE, NAME, NOW, PAGE, TOKEN, Meta, error, meta_stand_in
from tests.services.relay import relay_to
from tests.services.web import Answer

pytestmark = pytest.mark.slow

URL = "https://www.instagram.com/p/C1/"
V = "/v24.0"


@pytest.fixture
def meta() -> Iterator[Meta]:
    with meta_stand_in() as (server, _):
        yield server


@pytest.fixture(params=["instagram", "facebook"])
def stage(request: pytest.FixtureRequest, meta: Meta) -> Iterator[Stage]:
    with relay_to(meta.address) as relay:
        kind: type[InstagramResponder] | type[FacebookResponder]
        if request.param == "instagram":
            media = meta.show(NOW - 900, "New card")
            number = meta.remark(NOW - 600, media, "My card was charged twice!")
            native, path, kind = f"{media}_{number}", f"{V}/{number}", InstagramResponder
            publishing = f"{path}/replies"
        else:
            native = number = meta.comment(NOW - 600, meta.post(NOW - 900, "New card"), "My card was charged twice!")
            path, kind = f"{V}/{number}", FacebookResponder
            publishing = f"{path}/comments"
        answered = Post(
            request.param, native, Author(request.param, "501", "sara"), "My card was charged twice!", THEN,
            url=URL, parent_key=f"{request.param}:{native.partition('_')[0]}",
        )  # fmt: skip
        account = Account(request.param, HANDLE, relay.web.url, TOKEN)
        stage = Stage(
            kind(OutboundTransport(Guard()), ManualClock()), account, relay, answered, publishing, path,
            lambda: meta.published, lambda: meta.remove(number),
        )  # fmt: skip
        permitted = frozenset({relay.web.host, stage.unreachable.removeprefix("http://")})
        stage.responder = kind(OutboundTransport(Guard(permitted)), ManualClock())
        yield stage


class TestSending(Sending):
    def test_a_reply_stands_below_what_it_answers(self, stage: Stage, meta: Meta) -> None:
        sent = stage.responder.send(stage.order())
        number = stage.preparing.rpartition("/")[2]
        if stage.responder.platform == "instagram":
            assert meta.replies[number][-1]["text"] == stage.order().text
            assert sent.native_id.partition("_")[0] == stage.answer_to.native_id.partition("_")[0]
        else:
            assert meta.find(sent.native_id) == meta.comments[meta.root(number)][-1]
            assert meta.comments[meta.root(number)][-1]["parent"]["id"] == number

    def test_the_same_words_of_another_are_not_taken_for_ours(self, stage: Stage, meta: Meta) -> None:
        number, text = stage.preparing.rpartition("/")[2], stage.order().text
        if stage.responder.platform == "instagram":
            meta.remark(NOW, "", text, "reza", above=number)
        else:
            meta.comment(NOW, meta.root(number), text, above=number)
        assert stage.responder.find(stage.order()) is None

    def test_a_time_that_can_not_be_read(self, stage: Stage, meta: Meta) -> None:
        stage.responder.send(stage.order())
        number = stage.preparing.rpartition("/")[2]
        items = meta.replies[number] if meta.replies else meta.comments[meta.root(number)]
        items[-1]["timestamp"] = items[-1]["created_time"] = "soon"
        with pytest.raises(RetryableError, match="time"):
            stage.responder.find(stage.order())

    def test_what_we_said_long_before_is_not_taken_for_it(self, stage: Stage) -> None:
        stage.responder.send(stage.order())
        late = stage.order(created_at=THEN + timedelta(days=2))
        assert stage.responder.find(late) is None

    def test_a_reply_is_found_behind_many_others(self, stage: Stage, meta: Meta) -> None:
        sent, number = stage.responder.send(stage.order()), stage.preparing.rpartition("/")[2]
        for n in range(120):
            if stage.responder.platform == "instagram":
                meta.remark(NOW + 60 + n, "", f"again {n}", "reza", above=number)
            else:
                meta.comment(NOW + 60 + n, meta.root(number), f"again {n}", above=number)
        found = stage.responder.find(stage.order())
        assert found is not None
        assert found.native_id == sent.native_id


class TestPrivately:
    def test_a_comment_is_answered_in_private_once(self, stage: Stage, meta: Meta) -> None:
        order = stage.order(way="dm")
        assert stage.responder.find(order) is None
        sent = stage.responder.send(order)
        assert sent.native_id.startswith("dm:m_")
        found = stage.responder.find(order)
        assert found is not None
        assert found.native_id == sent.native_id
        assert stage.responder.send(order).native_id == sent.native_id
        with pytest.raises(PermanentError, match="second private reply"):
            stage.responder.send(stage.order("And another thing.", "outbox-2", way="dm"))
        assert meta.published == [order.text]

    def test_a_message_goes_to_whoever_wrote(self, stage: Stage, meta: Meta) -> None:
        number = meta.tell(NOW - 60, "t_501", "Are you open?")
        order = stage.order(way="dm", answer_to=f"{stage.responder.platform}:dm:{number}")
        sent = stage.responder.send(order)
        asked = next(json.loads(one.body) for one in stage.relay.web.asked if one.method == "POST")
        assert (asked["recipient"], asked["messaging_type"]) == ({"id": "501"}, "RESPONSE")
        found = stage.responder.find(order)
        assert found is not None
        assert found.native_id == sent.native_id

    def test_a_lost_answer_is_looked_for(self, stage: Stage, meta: Meta) -> None:
        number = meta.tell(NOW - 60, "t_501", "Are you open?")
        order = stage.order(way="dm", answer_to=f"{stage.responder.platform}:dm:{number}")
        stage.relay.lose_answer(f"{V}/{PAGE}/messages")
        with pytest.raises(UnknownOutcomeError):
            stage.responder.send(order)
        stage.relay.mend()
        assert stage.responder.find(order) is not None

    def test_behind_more_messages_than_meta_shows_a_person_looks(self, stage: Stage, meta: Meta) -> None:
        number = meta.tell(NOW - 60, "t_501", "Are you open?")
        order = stage.order(way="dm", answer_to=f"{stage.responder.platform}:dm:{number}")
        stage.responder.send(order)
        for n in range(25):
            meta.tell(NOW + 60 + n, "t_501", f"Hello {n}?")
        with pytest.raises(CantLookError):
            stage.responder.find(order)
        assert len(meta.published) == 1

    def test_a_long_talk_before_the_order_hides_nothing(self, stage: Stage, meta: Meta) -> None:
        for n in range(25):
            number = meta.tell(NOW - 9_000 + n, "t_501", f"Hello {n}?")
        order = stage.order(way="dm", answer_to=f"{stage.responder.platform}:dm:{number}")
        assert stage.responder.find(order) is None

    def test_a_message_that_is_gone(self, stage: Stage) -> None:
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order(way="dm", answer_to=f"{stage.responder.platform}:dm:m_1"))

    def test_outside_the_window_meta_refuses(self, stage: Stage, meta: Meta) -> None:
        number = meta.tell(NOW - 60, "t_501", "Are you open?")
        refused = error(10, "(#10) This message is sent outside of allowed window.", 2018278)
        stage.relay.instead(f"{V}/{PAGE}/messages", refused)
        with pytest.raises(PermanentError, match="24 hours"):
            stage.responder.send(stage.order(way="dm", answer_to=f"{stage.responder.platform}:dm:{number}"))


class TestElsewhere:
    """Instagram: where somebody else's media or comment names us."""

    @pytest.fixture
    def stage(self, meta: Meta) -> Iterator[Stage]:
        with relay_to(meta.address) as relay:
            responder = InstagramResponder(OutboundTransport(Guard(frozenset({relay.web.host}))), ManualClock())
            post = Post("instagram", "71_72", Author("instagram", "5", "sara"), "@azarbank?", THEN, url=URL)
            account = Account("instagram", HANDLE, relay.web.url, TOKEN)
            meta.mentioned = {"71": {"id": "71"}, "72": {"id": "72"}}
            yield Stage(
                responder, account, relay, post, f"{V}/{ACCOUNT}/mentions", "", lambda: meta.published, lambda: None
            )

    @pytest.mark.parametrize("native", ["71", "71_72"])
    def test_a_mention_is_answered_where_it_stands(self, stage: Stage, native: str) -> None:
        sent = stage.responder.send(stage.order(answer_to=f"instagram:{native}"))
        assert sent.native_id.startswith("71_")
        asked = next(json.loads(one.body) for one in stage.relay.web.asked if one.method == "POST")
        assert asked == {"media_id": "71", "message": stage.order().text} | (
            {"comment_id": "72"} if "_" in native else {}
        )

    def test_what_was_said_there_can_not_be_looked_up(self, stage: Stage) -> None:
        with pytest.raises(CantLookError):
            stage.responder.find(stage.order())

    def test_neither_ours_nor_a_mention(self, stage: Stage) -> None:
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order(answer_to="instagram:73"))


class TestFaults(Faults):
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (error(190, "expired", 463), AuthorisationError),
            (error(200, "no permission", status=403), AuthorisationError),
            (error(80002, "too many"), RateLimitedError),
            (error(100, "Invalid parameter"), PermanentError),
            (error(100, "gone", 33), AnsweredPostGoneError),
            (error(1, "An unknown error occurred", status=400), UnknownOutcomeError),
            (error(2, "Try later", status=500), UnknownOutcomeError),
        ],
    )
    def test_meta_s_codes(self, stage: Stage, answer: Answer, kind: type[Exception]) -> None:
        stage.relay.instead(stage.publishing, answer)
        with pytest.raises(kind):
            stage.responder.send(stage.order())
        assert stage.published() == []


class TestAccounts(Accounts):
    def test_a_secret_of_parts_without_a_token(self, stage: Stage) -> None:
        check = stage.responder.check(stage.other_account(secret='{"app_secret": "s3"}'))
        assert (check.ok, check.problem) == (False, "secret_missing")

    def test_the_app_secret_proves_the_token(self, stage: Stage) -> None:
        secret = json.dumps({"access_token": TOKEN, "app_secret": "s3"})
        assert stage.responder.check(stage.other_account(secret=secret)).ok
        asked = stage.relay.web.asked[-1].path
        assert "appsecret_proof=" in asked
        assert TOKEN not in asked

    def test_a_token_of_a_person(self, stage: Stage) -> None:
        stage.relay.instead(f"{V}/me", error(100, "(#100) Tried accessing nonexisting field (category)"))
        assert stage.responder.check(stage.account).problem == "refused"

    def test_a_page_without_an_instagram_account(self, stage: Stage) -> None:
        stage.relay.instead(f"{V}/me", Answer(200, json.dumps({"id": PAGE, "name": NAME}).encode()))
        check = stage.responder.check(stage.account)
        assert (check.ok, check.problem) == (
            (False, "inactive") if stage.responder.platform == "instagram" else (True, "")
        )


class TestMeasuring(Measuring):
    def rules(self, stage: Stage, **changes: object) -> dict[str, bool]:
        post = msgspec.structs.replace(stage.answer_to, **changes)
        return {rule.rule: rule.allowed for rule in stage.responder.how(post, stage.account).rules}

    def test_a_comment_may_be_answered_in_private_for_seven_days(self, stage: Stage) -> None:
        assert self.rules(stage) == {"comment_reply": True, "private_reply": True, "on_platform": True}
        late = self.rules(stage, posted_at=THEN - timedelta(days=8))
        assert late == {"comment_reply": True, "on_platform": True, "private_reply_closed": False}

    def test_a_message_may_be_answered_for_a_day(self, stage: Stage) -> None:
        assert self.rules(stage, private=True) == {"message_window": True, "on_platform": True}
        late = self.rules(stage, private=True, posted_at=THEN - timedelta(hours=25))
        assert late == {"on_platform": True, "message_window_closed": False}

    def test_media_of_others(self, stage: Stage) -> None:
        if stage.responder.platform == "facebook":
            assert self.rules(stage, parent_key=None) == {"comment_reply": True, "on_platform": True}
            return
        nobody = Author("instagram", "unknown-1")
        assert self.rules(stage, parent_key=None, author=nobody) == {"on_platform": True, "hashtag_media": False}
        assert self.rules(stage, parent_key=None) == {"on_platform": True, "tagged_media": False}
        named = self.rules(stage, parent_key=None, mentions=(HANDLE,))
        assert named == {"mention_reply": True, "on_platform": True}
        stage.account = stage.other_account(handle="")
        assert self.rules(stage, parent_key=None, author=nobody) == {"on_platform": True, "hashtag_media": False}
        stage.account = stage.other_account(handle=HANDLE)
        ours = self.rules(stage, parent_key=None, author=Author("instagram", ACCOUNT, HANDLE))
        assert ours == {"comment_reply": True, "on_platform": True}


class TestActs(Acts):
    @pytest.fixture(params=["like", "hide"])
    def acting(self, request: pytest.FixtureRequest, stage: Stage, meta: Meta) -> ActStage:
        number = stage.preparing.rpartition("/")[2]
        if request.param == "hide":
            return ActStage(stage, "hide", stage.preparing, lambda: number in meta.hidden, stage.answer_to)
        if stage.responder.platform == "instagram":
            pytest.skip("Instagram lets no program like")
        return ActStage(stage, "like", f"{stage.preparing}/likes", lambda: number in meta.liked, stage.answer_to)
