"""Answering on X: a stand-in that publishes, refuses and forgets as X does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import Account, AnsweredPostGoneError, Sent, UnknownOutcomeError
from crm.words import Post
from responders.x import MESSAGE_LIMIT, XResponder
from responders.x_api import UninvitedError
from responders.x_text import LIMIT, same
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import NOW, Accounts, Acts, ActStage, Faults, Measuring, Sending, Stage, customer_post
from tests.services.relay import relay_to
from tests.services.web import Answer, Asked, web
from tests.services.x import KEYS, POSTS, TOKEN, X, refused, x_stand_in
from tests.services.x_openapi import Description
from tests.services.x_posts import XPost
from tests.services.x_recordings import Exchange, tweepy_exchanges

pytestmark = pytest.mark.slow

ME = "/2/users/me"


@pytest.fixture(scope="session")
def description(shared: Callable[[str], Path]) -> Description:
    return Description(shared("fixtures/x_openapi.json.gz"))


@pytest.fixture
def server(description: Description) -> Iterator[X]:
    with x_stand_in(ManualClock().now, description) as (server, running):
        server.url = running.url  # type: ignore[attr-defined]
        yield server
        assert server.wrong == []


@pytest.fixture
def question(server: X) -> XPost:
    return server.say("@azarbank My card was charged twice!")


@pytest.fixture
def stage(server: X, question: XPost) -> Iterator[Stage]:
    page = f"https://x.com/customer/status/{question.id}"
    answered = msgspec.structs.replace(customer_post("x", question.id, page, "customer"), mentions=("AzarBank",))
    with relay_to(server.url) as relay:  # type: ignore[attr-defined]
        stage = Stage(
            XResponder(OutboundTransport(Guard()), ManualClock()),
            Account("x", "azarbank", relay.web.url, TOKEN),
            relay,
            answered,
            POSTS,
            f"/2/tweets/{question.id}",
            lambda: [ours(server, post) for post in server.posts if post.author == server.us],
            lambda: setattr(question, "gone", "resource-not-found"),
        )
        permitted = frozenset({relay.web.host, stage.unreachable.removeprefix("http://")})
        stage.responder = XResponder(OutboundTransport(Guard(permitted)), ManualClock())
        yield stage


def ours(server: X, post: XPost) -> str:
    """What we asked to publish for a post of ours."""
    return str(next(body["text"] for body in server.bodies if body["text"].strip() in post.text)).strip()


def message(server: X) -> dict[str, Any]:
    """What makes an order answer a direct message."""
    told = server.tell("my card number is 123")
    page = f"https://x.com/messages/{told.conversation}"
    return {"way": "dm", "answer_to": f"x:dm:{told.id}", "answer_to_url": page}


class TestSending(Sending):
    def test_four_keys_sign_in_as_well(self, stage: Stage) -> None:
        order = stage.order(account=stage.other_account(secret=KEYS))
        sent = stage.responder.send(order)
        found = stage.responder.find(order)
        assert found == sent

    def test_a_quotation(self, stage: Stage, server: X, question: XPost) -> None:
        sent = stage.responder.send(stage.order(way="quote"))
        assert server.bodies == [{"text": stage.order().text, "quote_tweet_id": question.id}]
        assert stage.responder.find(stage.order(way="quote")) == sent
        assert stage.responder.find(stage.order()) is None

    def test_a_direct_message(self, stage: Stage, server: X) -> None:
        order = stage.order(**message(server))
        assert stage.responder.find(order) is None
        sent = stage.responder.send(order)
        assert sent.native_id == f"dm:{server.messages[-1].id}"
        assert stage.responder.find(order) == sent
        assert (server.messages[-1].text, server.messages[-1].conversation) == (order.text, "1001-2002")

    @pytest.mark.parametrize("privately", [False, True])
    def test_troubles_alone_do_not_say_that_it_is_not_there(self, stage: Stage, server: X, *, privately: bool) -> None:
        order = stage.order(**message(server)) if privately else stage.order()
        stage.responder.send(order)
        server.faults = [None, lambda answer: Answer(200, b'{"errors": [{"title": "Busy"}]}', answer.headers)]
        with pytest.raises(RetryableError):
            stage.responder.find(order)

    def test_their_own_words_are_not_taken_for_ours(self, stage: Stage, server: X) -> None:
        order = stage.order(**message(server))
        server.tell(order.text)
        assert stage.responder.find(order) is None

    def test_a_reply_is_found_behind_many_others(self, stage: Stage, server: X) -> None:
        sent = stage.responder.send(stage.order())
        for number in range(250):
            server.say(f"Good morning {number}", server.us)
        assert stage.responder.find(stage.order()) == sent

    def test_another_text_or_an_older_one_is_not_taken_for_it(self, stage: Stage, server: X, question: XPost) -> None:
        server.say("@customer Sorry about that!", server.us, answered=question)
        server.say(stage.order().text, server.us)
        server.say(f"@customer {stage.order().text}", server.us, timedelta(hours=1), answered=question)
        assert stage.responder.find(stage.order()) is None
        server.say(f"@customer {stage.order().text}", server.us, answered=question)
        assert stage.responder.find(stage.order()) is not None

    def test_more_than_can_be_looked_through_is_said(self, stage: Stage, server: X) -> None:
        for number in range(1001):
            server.say(f"Good morning {number}", server.us)
        with pytest.raises(PermanentError, match="more than 1000"):
            stage.responder.find(stage.order())


class TestFaults(Faults):
    def test_a_limited_rate_says_how_long(self, stage: Stage) -> None:
        """X's own header; the suite's are those of others."""
        stage.relay.instead(stage.publishing, Answer(429, b"{}", {"x-rate-limit-reset": "1774080090"}))
        with pytest.raises(RateLimitedError) as caught:
            stage.responder.send(stage.order())
        assert caught.value.retry_after == 90
        assert stage.published() == []

    def test_the_same_words_twice_leave_the_outcome_unknown(self, stage: Stage) -> None:
        stage.responder.send(stage.order())
        with pytest.raises(UnknownOutcomeError, match="same words"):
            stage.responder.send(stage.order(key="outbox-2"))

    def test_a_post_that_names_nobody_may_not_be_answered(self, stage: Stage, server: X) -> None:
        silent = server.say("My card was charged twice!")
        for way in ("reply", "quote"):
            with pytest.raises(UninvitedError):
                stage.responder.send(stage.order(answer_to=silent.key, way=way))
        assert stage.published() == []

    def test_one_recipient_who_refuses_is_not_our_token(self, stage: Stage) -> None:
        stage.relay.instead(stage.publishing, refused(403, "Forbidden", "You cannot send messages to this user."))
        with pytest.raises(PermanentError, match="to this user"):
            stage.responder.send(stage.order())
        assert stage.published() == []

    def test_a_post_that_goes_while_it_is_answered(self, stage: Stage) -> None:
        gone = refused(403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you.")
        stage.relay.instead(stage.publishing, gone)
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order())

    @pytest.mark.parametrize(
        "body",
        [b'{"data": {"id": "soon", "text": ""}}', b'{"data": {}}', b"[]", b'{"data": null}', b'{"data": {"id": 7}}'],
    )
    def test_an_answer_at_fault_leaves_the_outcome_unknown(self, stage: Stage, body: bytes) -> None:
        stage.relay.instead(stage.publishing, Answer(201, body))
        with pytest.raises(UnknownOutcomeError):
            stage.responder.send(stage.order())

    def test_credits_that_are_used_up(self, stage: Stage) -> None:
        stage.relay.instead(stage.publishing, refused(402, "Payment Required", "credits depleted"))
        with pytest.raises(PermanentError, match="credits"):
            stage.responder.send(stage.order())

    @pytest.mark.parametrize(
        "changes", [{"answer_to": "x:abc"}, {"way": "dm", "answer_to_url": "https://x.com/customer/status/1"}]
    )
    def test_what_can_not_be_answered(self, stage: Stage, server: X, changes: dict[str, str]) -> None:
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(**changes))
        assert server.bodies == []


class TestAccounts(Accounts):
    @pytest.mark.parametrize("secret", ["two words", "a b c", "1 2 3 4 5"])
    def test_a_secret_of_another_form_asks_nobody(self, stage: Stage, server: X, secret: str) -> None:
        account = stage.other_account(secret=secret)
        assert stage.responder.check(account).problem == "refused"
        assert server.asked == []

    def test_what_a_sign_in_left_is_a_secret_too(self, stage: Stage, server: X) -> None:
        assert stage.responder.check(stage.other_account(secret=json.dumps({"access_token": "", "a": "b"}))).problem
        assert server.asked == []
        left = json.dumps({"access_token": TOKEN, "refresh_token": "r", "expires_at": "1", "client_id": "c"})
        assert stage.responder.check(stage.other_account(secret=left)).ok

    def test_the_account_s_own_name_and_id(self, stage: Stage) -> None:
        check = stage.responder.check(stage.account)
        assert (check.handle, check.native_id) == ("azarbank", "1001")

    def test_an_account_without_credits(self, stage: Stage) -> None:
        stage.relay.instead(ME, refused(402, "Payment Required", "credits depleted"))
        check = stage.responder.check(stage.account)
        assert not check.ok
        assert "credits" in check.problem

    def test_a_page_that_is_not_x(self, stage: Stage) -> None:
        stage.relay.instead(ME, Answer(404, b"<html>"))
        assert stage.responder.check(stage.account).problem == "wrong_address"


class TestMeasuring(Measuring):
    def test_characters_are_counted_as_a_reader_sees_them(self, stage: Stage) -> None:
        """X counts an emoji as two, however it is put together."""
        assert stage.responder.count("👨‍👩‍👧🇮🇷é").used == 5
        assert stage.responder.count("سلام").used == 4

    @pytest.mark.parametrize(
        ("text", "used"),
        [
            ("", 0), ("hello", 5), ("می‌خواهم، «بله»؟", 16), ("日本", 4), ("한국", 4), ("e\u0301", 1), ("👍🏽", 2),
            ("1️⃣ ☺️", 5), ("“quoted” – …", 13), ("€", 2), ("©", 1),
            ("https://bank.example.com/a/very/long/path/that/would/count/in/full?a=1", 23),
            ("ببینید: http://a.co و بس", 8 + 23 + 5), ("see bank.com.", 4 + 23 + 1), ("a@bank.com", 10),
            ("(https://a.example/x)", 25),
        ],
    )  # fmt: skip
    def test_weights(self, stage: Stage, text: str, used: int) -> None:
        assert stage.responder.count(text) == msgspec.structs.replace(stage.responder.count(""), used=used)

    @pytest.mark.parametrize(
        ("changes", "allowed"),
        [
            ({"mentions": ("someone",)}, ["open"]),
            ({"mentions": ("someone", "azarBANK")}, ["reply", "quote", "open"]),
            ({"mentions": (), "links": ("https://x.com/AzarBank/status/12",)}, ["reply", "quote", "open"]),
            ({"mentions": (), "links": ("https://twitter.com/azarbank/status/12?s=20",)}, ["reply", "quote", "open"]),
            ({"mentions": (), "links": ("https://x.com/azarbank2/status/12",)}, ["open"]),
            ({"private": True, "native_id": "dm:12"}, ["dm", "open"]),
        ],
    )
    def test_only_who_names_or_quotes_us_may_be_answered(
        self, stage: Stage, changes: dict[str, Any], allowed: list[str]
    ) -> None:
        ways = stage.responder.how(msgspec.structs.replace(stage.answer_to, **changes), stage.account)
        assert [rule.way for rule in ways.allowed] == allowed
        closed = [rule.rule for rule in ways.rules if not rule.allowed]
        assert closed == ([] if len(allowed) > 1 else ["x_not_mentioned", "x_not_mentioned"])
        assert {rule.limit for rule in ways.rules if rule.way != "open"} == {
            MESSAGE_LIMIT if "dm" in allowed else LIMIT
        }

    def test_a_protected_account_is_answered_on_x_itself(self, stage: Stage) -> None:
        ways = stage.responder.how(msgspec.structs.replace(stage.answer_to, private=True), stage.account)
        assert [(rule.way, rule.rule) for rule in ways.rules] == [
            ("open", "on_platform"),
            ("dm", "private_unsupported"),
        ]

    def test_our_own_posts_may_be_answered(self, stage: Stage) -> None:
        author = msgspec.structs.replace(stage.answer_to.author, handle="azarbank")
        post: Post = msgspec.structs.replace(stage.answer_to, author=author, mentions=())
        assert stage.responder.how(post, stage.account).allowed[0].way == "reply"


@pytest.mark.parametrize(
    ("theirs", "ours", "is_same"),
    [
        ("@ann @bob hello", "hello", True), ("@ann hello", "@ann hello", True), ("hello", "hallo", False),
        ("see https://bank.example/", "see https://bank.example", True), ("see http://bank.com", "see bank.com", True),
        ("a\n\nb", " a b ", True), ("@ann hello @bob", "hello", False),
    ],
)  # fmt: skip
def test_texts_are_compared_as_x_changes_them(theirs: str, ours: str, is_same: bool) -> None:
    assert same(theirs, ours) == is_same


def test_requests_that_publish_are_those_recorded(shared: Callable[[str], Path], description: Description) -> None:
    """Method, path and form of the recorded requests; X's answers are read as ours."""
    recorded = [one for one in tweepy_exchanges(shared("fixtures/x_tweepy.tar.gz")) if one.use == "published"]
    compared = 0
    for exchange in recorded:
        asked, sent = replay(exchange)
        assert (asked.method, urlsplit(asked.path).path) == (exchange.method, direct(exchange.path))
        body = json.loads(asked.body)
        assert body["text"] == exchange.asked["text"]
        assert description.request_faults(asked.method, urlsplit(asked.path).path, dict(parse_qsl("")), body) == []
        data = json.loads(exchange.body)["data"]
        assert sent.native_id == data.get("id", f"dm:{data.get('dm_event_id')}")
        compared += 1
    assert compared == 7


def direct(path: str) -> str:
    """We name the conversation where the recorded request may name the other person."""
    return path.replace("/with/750362064426721281/", "/750362064426721281-1072250532645998596/")


def replay(exchange: Exchange) -> tuple[Asked, Sent]:
    """Our request for a recorded one, and what we make of the recorded answer."""

    def handle(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, b'{"data": {"id": "20", "text": "just"}}')
        return Answer(exchange.status, exchange.body)

    with web(handle) as running:
        responder = XResponder(OutboundTransport(Guard(frozenset({running.host}))), ManualClock())
        account = Account("x", "tweepy", running.url, TOKEN)
        stage = Stage(responder, account, None, customer_post("x", "20", "", "jack"), "", "", list, lambda: None)  # type: ignore[arg-type]
        page = "https://x.com/messages/750362064426721281-1072250532645998596"
        way = "dm" if "dm_" in exchange.path else "reply"
        order = stage.order(exchange.asked["text"], way=way, answer_to_url=page, created_at=NOW)
        sent = responder.send(order)
        return running.asked[-1], sent


def test_no_answer_is_read_as_refusal_by_a_wrong_token(stage: Stage) -> None:
    with pytest.raises(AuthorisationError):
        stage.responder.find(stage.order(account=stage.other_account(secret="expired")))


class TestActs(Acts):
    @pytest.fixture(params=["like", "hide"])
    def acting(self, request: pytest.FixtureRequest, stage: Stage, server: X, question: XPost) -> ActStage:
        question.answered = server.say("New card", server.us)
        post = msgspec.structs.replace(stage.answer_to, parent_key=f"x:{question.answered.id}")
        if request.param == "like":
            path, kept = f"/2/users/{server.us.id}/likes", server.liked
        else:
            path, kept = f"/2/tweets/{question.id}/hidden", server.hidden
        return ActStage(stage, request.param, path, lambda: question.id in kept, post)

    def test_only_answers_can_be_hidden(self, stage: Stage) -> None:
        responder = stage.responder
        assert isinstance(responder, XResponder)
        assert {rule.act for rule in responder.acts(stage.answer_to, stage.account)} == {"like", "unlike"}

    def test_an_answer_in_somebody_else_s_conversation_is_refused(self, stage: Stage, server: X) -> None:
        answer = server.say("@azarbank me too", answered=server.say("Which bank?"))
        post = msgspec.structs.replace(stage.answer_to, native_id=answer.id, parent_key="x:1")
        responder = stage.responder
        assert isinstance(responder, XResponder)
        with pytest.raises(AuthorisationError, match="not permitted"):
            responder.act("hide", post, stage.account)
