"""Direct messages on Bluesky, against a stand-in of its chat service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest

from crm.errors import AuthorisationError, PermanentError, RetryableError
from crm.ports.responder import Account, SendOrder, UnknownOutcomeError
from crm.words import Post
from responders.bluesky import BlueskyResponder
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import NOW, customer_post
from tests.services.bluesky_view import MESSAGES, PASSWORD, SEND, XRPC, Sky, sky
from tests.services.relay import Relay, relay_to
from tests.services.web import Answer

pytestmark = pytest.mark.slow


@dataclass
class Desk:
    """A responder before the stand-in."""

    responder: BlueskyResponder
    served: Sky
    relay: Relay
    post: Post
    order: SendOrder


@pytest.fixture
def desk() -> Iterator[Desk]:
    clock = ManualClock()
    with sky(clock.now) as (served, running), relay_to(running.url) as relay:
        message = served.tell("my card is lost")
        account = Account("bluesky", served.us.handle, relay.web.url, PASSWORD)
        post = customer_post("bluesky", message.key.partition(":")[2], "https://bsky.app/messages/3kconvo1", "maryam")
        order = SendOrder("outbox-1", account, "dm", "We are on it.", message.key, post.url, NOW, "en")
        responder = BlueskyResponder(OutboundTransport(Guard(frozenset({relay.web.host}))), clock)
        yield Desk(responder, served, relay, msgspec.structs.replace(post, private=True), order)
        assert served.wrong == []


def sent(desk: Desk) -> list[str]:
    return [one.text for one in desk.served.convos["3kconvo1"] if one.sender is desk.served.us]


def test_a_message_is_answered_in_its_conversation(desk: Desk) -> None:
    rules = desk.responder.how(desk.post, desk.order.account).allowed
    assert [(one.way, one.limit) for one in rules] == [("dm", 1000), ("open", None)]
    assert desk.responder.find(desk.order) is None
    made = desk.responder.send(desk.order)
    assert sent(desk) == ["We are on it."]
    assert made.native_id == desk.served.convos["3kconvo1"][-1].key.partition(":")[2]
    assert desk.responder.find(desk.order) == made


def test_the_author_of_a_post_may_be_written_to(desk: Desk) -> None:
    post = desk.served.say("my card is lost")
    desk.responder.send(msgspec.structs.replace(desk.order, answer_to=post.key))
    assert sent(desk) == ["We are on it."]


@pytest.mark.parametrize("answer", [Answer(cut=0), Answer(500), Answer(200, b"<html>")])
def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(desk: Desk, answer: Answer) -> None:
    desk.relay.instead(XRPC + SEND, answer)
    with pytest.raises(UnknownOutcomeError):
        desk.responder.send(desk.order)
    assert desk.responder.find(desk.order) is None


def test_a_lost_answer_is_found(desk: Desk) -> None:
    desk.relay.lose_answer(XRPC + SEND)
    with pytest.raises(UnknownOutcomeError):
        desk.responder.send(desk.order)
    desk.relay.mend()
    assert desk.responder.find(desk.order) is not None
    assert sent(desk) == ["We are on it."]


CUT = Answer(200, b'{"messages": [{"id"', {"Content-Type": "application/json"})


@pytest.mark.parametrize("answer", [Answer(503), CUT])
def test_looking_may_fail(desk: Desk, answer: Answer) -> None:
    desk.relay.instead(XRPC + MESSAGES, answer)
    with pytest.raises(RetryableError):
        desk.responder.find(desk.order)


def test_refusals_are_clear(desk: Desk) -> None:
    with pytest.raises(PermanentError, match="InvalidConvo"):
        desk.responder.send(msgspec.structs.replace(desk.order, answer_to="bluesky:dm:3kother/1"))
    desk.served.no_messages = True
    with pytest.raises(AuthorisationError):
        desk.responder.send(desk.order)
    assert sent(desk) == []


def test_an_older_message_of_the_same_words_is_not_taken_for_it(desk: Desk) -> None:
    desk.responder.send(desk.order)
    late = msgspec.structs.replace(desk.order, created_at=NOW.replace(year=2027))
    assert desk.responder.find(late) is None
