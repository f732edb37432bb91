"""Answering on Reddit, with praw against a stand-in that speaks Reddit's interface."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
import pytest

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import Account, AnsweredPostGoneError, UnknownOutcomeError
from responders.reddit import RedditResponder
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import Accounts, Faults, Measuring, Sending, Stage, customer_post
from tests.doubles.pictures import picture
from tests.services.reddit import COMMENT, COMPOSE, INFO, ME, MY_ID, SENT, TOKEN, RedditStandIn, reddit_stand_in, secret
from tests.services.relay import LOST, relay_to
from tests.services.web import Answer

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[RedditStandIn]:
    with reddit_stand_in() as (server, web):
        server.url = web.url
        yield server


@pytest.fixture
def stage(server: RedditStandIn) -> Iterator[Stage]:
    thread = server.submit("Two charges", "My card was charged twice!")
    answered = server.comment("Mine too!", thread)
    with relay_to(server.url) as relay:
        stage = Stage(
            RedditResponder(OutboundTransport(Guard()), ManualClock()),
            Account("reddit", ME, relay.web.url, secret()),
            relay,
            customer_post("reddit", answered["data"]["name"], "https://www.reddit.com/comments/1z/_/2z", "customer"),
            COMMENT,
            INFO,
            lambda: [one["data"]["body"] for one in server.comments if one["data"]["author"] == ME],
            lambda: server.delete(answered),
        )
        permitted = frozenset({relay.web.host, stage.unreachable.removeprefix("http://")})
        stage.responder = RedditResponder(OutboundTransport(Guard(permitted)), ManualClock())
        yield stage


def errors(*named: str, **more: object) -> Answer:
    """A success that names an error, as Reddit has it."""
    body = {"json": {"errors": [[*named, "field"]], **more}}
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


class TestSending(Sending):
    def test_a_reply_stands_below_what_it_answers(self, stage: Stage, server: RedditStandIn) -> None:
        sent = stage.responder.send(stage.order())
        reply = server.comments[-1]["data"]
        assert (reply["parent_id"], sent.native_id) == (stage.order().answer_to.partition(":")[2], reply["name"])

    def test_a_submission_is_answered(self, stage: Stage, server: RedditStandIn) -> None:
        order = stage.order(answer_to=f"reddit:{server.posts[0]['data']['name']}")
        sent = stage.responder.send(order)
        found = stage.responder.find(order)
        assert found == sent

    def test_a_private_message_is_answered_in_private(self, stage: Stage, server: RedditStandIn) -> None:
        message = server.message("Help")
        order = stage.order(answer_to=f"reddit:{message['data']['name']}", way="dm")
        assert stage.responder.find(order) is None
        sent = stage.responder.send(order)
        assert server.sent[-1]["data"]["parent_id"] == message["data"]["name"]
        assert stage.responder.find(order) == sent
        assert stage.published() == []

    def test_an_author_is_written_to(self, stage: Stage, server: RedditStandIn) -> None:
        order = stage.order(way="dm")
        sent = stage.responder.send(order)
        message = server.sent[-1]["data"]
        assert (message["dest"], message["subject"], message["body"]) == ("customer", "Hello", order.text)
        assert sent.native_id == message["name"]
        assert stage.responder.find(order) == sent

    def test_a_message_that_reddit_does_not_show_counts_as_sent(self, stage: Stage) -> None:
        stage.relay.instead(SENT, Answer(200, b'{"kind": "Listing", "data": {"children": []}}'), Answer(500))
        sent = stage.responder.send(stage.order(way="dm"))
        assert sent.native_id.startswith("t4_")
        assert stage.relay.calls(COMPOSE) == 1

    def test_a_reply_is_found_behind_many_others(self, stage: Stage, server: RedditStandIn) -> None:
        sent = stage.responder.send(stage.order())
        for n in range(150):
            server.comment(f"Good morning {n}", server.posts[0], author=ME, author_fullname=MY_ID)
        assert stage.responder.find(stage.order()) == sent

    def test_another_text_place_or_time_is_not_taken_for_it(self, stage: Stage, server: RedditStandIn) -> None:
        ours = {"author": ME, "author_fullname": MY_ID}
        server.comment("Something else", server.comments[0], **ours)
        server.comment(stage.order().text, server.posts[0], **ours)
        assert stage.responder.find(stage.order()) is None
        server.comment(stage.order().text, server.comments[0], **ours)
        assert stage.responder.find(stage.order()) is not None
        late = msgspec.structs.replace(stage.order(), created_at=ManualClock().now().replace(year=2027))
        assert stage.responder.find(late) is None


class TestFaults(Faults):
    def test_no_file_is_left_behind_in_silence(self, stage: Stage) -> None:
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(media=(picture(),)))
        assert stage.relay.web.asked == []

    def test_a_limited_rate_says_how_long(self, stage: Stage) -> None:
        stage.relay.instead(COMMENT, Answer(429, b"{}", {"x-ratelimit-reset": "60"}))
        with pytest.raises(RateLimitedError) as caught:
            stage.responder.send(stage.order())
        assert caught.value.retry_after == 60.0
        assert stage.published() == []

    @pytest.mark.parametrize(
        ("answer", "seconds"),
        [
            (errors("RATELIMIT", "Take a break for 9 minutes before trying again."), 540.0),
            (errors("RATELIMIT", "Looks like you've been doing that a lot.", ratelimit=12.5), 12.5),
            (errors("RATELIMIT", "Later."), None),
        ],
    )
    def test_a_break_is_taken(self, stage: Stage, answer: Answer, seconds: float | None) -> None:
        stage.relay.instead(COMMENT, answer)
        with pytest.raises(RateLimitedError) as caught:
            stage.responder.send(stage.order())
        assert caught.value.retry_after == seconds
        assert stage.relay.calls(COMMENT) == 1

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (errors("DELETED_COMMENT", "that comment has been deleted"), AnsweredPostGoneError),
            (errors("THREAD_LOCKED", "Comments are locked."), PermanentError),
            (errors("USER_REQUIRED", "please sign in"), AuthorisationError),
            (Answer(404, b'{"message": "Not Found", "error": 404}'), AnsweredPostGoneError),
            (Answer(400, b'{"fields": ["text"], "explanation": "too long", "reason": "TOO_LONG"}'), PermanentError),
            (Answer(302, b"", {"location": "https://www.reddit.com/login/"}), PermanentError),
            (Answer(403, b'{"reason": "private", "message": "Forbidden", "error": 403}'), PermanentError),
            (Answer(200, b'{"json": {"errors": [], "data": {"things": []}}}'), UnknownOutcomeError),
            (Answer(200, b'{"json": {"errors": "?"}}'), UnknownOutcomeError),
            (Answer(408), UnknownOutcomeError),
        ],
    )
    def test_what_reddit_says_is_told_apart(self, stage: Stage, answer: Answer, error: type[Exception]) -> None:
        stage.relay.instead(COMMENT, answer)
        with pytest.raises(error):
            stage.responder.send(stage.order())
        assert stage.relay.calls(COMMENT) == 1
        assert stage.published() == []

    def test_a_private_message_whose_answer_is_lost(self, stage: Stage, server: RedditStandIn) -> None:
        stage.relay.lose_answer(COMPOSE)
        with pytest.raises(UnknownOutcomeError):
            stage.responder.send(stage.order(way="dm"))
        stage.relay.mend()
        assert stage.responder.find(stage.order(way="dm")) is not None
        assert len(server.sent) == 1

    @pytest.mark.parametrize("answer", [LOST, Answer(503), Answer(200, b"{}"), Answer(429, b"{}")])
    def test_without_a_token_nothing_was_sent(self, stage: Stage, answer: Answer, server: RedditStandIn) -> None:
        message = f"reddit:{server.message('Help')['data']['name']}"
        stage.relay.instead(TOKEN, answer)
        with pytest.raises(RetryableError):
            stage.responder.send(stage.order(answer_to=message, way="dm"))
        assert server.sent == []

    def test_a_token_that_was_taken_back_is_replaced_once(self, stage: Stage) -> None:
        refused = {"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'}
        stage.relay.instead(COMMENT, Answer(401, b"", refused))
        stage.responder.send(stage.order())
        assert stage.relay.calls(COMMENT) == 2
        assert stage.published() == [stage.order().text]

    @pytest.mark.parametrize("mark", ["locked", "archived"])
    def test_a_closed_thread(self, stage: Stage, server: RedditStandIn, mark: str) -> None:
        server.comments[0]["data"][mark] = True
        with pytest.raises(PermanentError, match=r"locked|archived"):
            stage.responder.send(stage.order())
        assert stage.relay.calls(COMMENT) == 0

    def test_a_post_without_a_name_of_reddit(self, stage: Stage) -> None:
        with pytest.raises(PermanentError, match="answered there"):
            stage.responder.send(stage.order(answer_to="reddit:../api/del"))

    def test_a_text_that_is_too_long_is_refused_in_its_words(self, stage: Stage) -> None:
        with pytest.raises(PermanentError, match="TOO_LONG"):
            stage.responder.send(stage.order("x" * 10_001))


class TestAccounts(Accounts):
    def test_a_token_of_another_app(self, stage: Stage) -> None:
        account = stage.other_account(secret=secret(client_secret="other"))
        assert stage.responder.check(account).problem == "refused"

    def test_a_handle_as_people_write_it(self, stage: Stage) -> None:
        for handle in (f"u/{ME}", f"@{ME}", f"/u/{ME}", "آذربانک"):
            assert stage.responder.check(stage.other_account(handle=handle)).handle == ME

    @pytest.mark.parametrize("token", ["line\nbreak", "نشانه"])
    def test_a_token_that_can_be_none(self, stage: Stage, token: str) -> None:
        body = {"access_token": token, "token_type": "bearer", "expires_in": 60, "scope": "*"}
        stage.relay.instead(TOKEN, Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"}))
        assert stage.responder.check(stage.account).problem == "unreachable"

    def test_the_account_is_known_as_a_collector_knows_it(self, stage: Stage) -> None:
        check = stage.responder.check(stage.account)
        assert (check.handle, check.native_id) == (ME, MY_ID)


class TestMeasuring(Measuring):
    def test_characters_are_counted_as_a_reader_sees_them(self, stage: Stage) -> None:
        """Not on Reddit: it counts code points."""
        assert stage.responder.count("👨‍👩‍👧🇮🇷é").used == 8
        assert stage.responder.count("سلام").used == 4

    def test_what_was_imported_under_another_id_is_answered_there(self, stage: Stage) -> None:
        other = msgspec.structs.replace(stage.answer_to, native_id="https://reddit.com/r/iran/1")
        assert [rule.way for rule in stage.responder.how(other, stage.account).rules] == ["open"]

    def test_the_rule_is_told(self, stage: Stage) -> None:
        rules = stage.responder.how(stage.answer_to, stage.account).rules
        assert [(rule.way, rule.rule) for rule in rules] == [
            ("reply", "community_reply"), ("dm", "unasked_message"), ("open", "on_platform"),
        ]  # fmt: skip
        private = msgspec.structs.replace(stage.answer_to, private=True)
        assert stage.responder.how(private, stage.account).rules[0].rule == "private_message"
