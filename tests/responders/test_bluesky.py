"""Answering on a real Bluesky server."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import PermanentError
from crm.ports.responder import Account, SendOrder
from crm.words import Author, Post
from responders.bluesky import BlueskyResponder, like_key, record_key
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import NOW, Accounts, Acts, ActStage, Faults, Measuring, Sending, Stage, customer_post
from tests.services import Bluesky, Member
from tests.services.relay import relay_to
from tests.services.web import Answer

pytestmark = pytest.mark.server

NUMBERS = itertools.count(1)
XRPC = "/xrpc/com.atproto"
PUBLISHING, PREPARING = f"{XRPC}.repo.createRecord", f"{XRPC}.repo.getRecord"
SIGN_IN = f"{XRPC}.server.createSession"


@pytest.fixture
def brand(bluesky: Bluesky) -> Member:
    return bluesky.create_account(f"azarbank{next(NUMBERS)}")


@pytest.fixture
def customer(bluesky: Bluesky) -> Member:
    return bluesky.create_account(f"customer{next(NUMBERS)}")


@pytest.fixture
def stage(bluesky: Bluesky, brand: Member, customer: Member) -> Iterator[Stage]:
    uri = bluesky.post(customer, "My card was charged twice!")
    with relay_to(bluesky.url) as relay:
        account = Account("bluesky", brand.handle, relay.web.url, brand.password)
        stage = Stage(
            BlueskyResponder(OutboundTransport(Guard(frozenset({relay.web.host}))), ManualClock()),
            account,
            relay,
            customer_post("bluesky", uri, f"https://bsky.app/profile/{customer.handle}/post/x", customer.handle),
            PUBLISHING,
            PREPARING,
            lambda: [str(post["value"]["text"]) for post in bluesky.posts(brand)],
            lambda: bluesky.delete(customer, uri),
        )
        permitted = frozenset({relay.web.host, stage.unreachable.removeprefix("http://")})
        stage.responder = BlueskyResponder(OutboundTransport(Guard(permitted)), ManualClock())
        yield stage


class TestSending(Sending):
    def test_the_answer_of_an_answer_keeps_the_root(
        self, stage: Stage, bluesky: Bluesky, brand: Member, customer: Member
    ) -> None:
        root = stage.answer_to.native_id
        middle = bluesky.post(customer, "Anybody?", answer_to=root)
        stage.responder.send(stage.order(answer_to=f"bluesky:{middle}"))
        reply = bluesky.posts(brand)[0]["value"]["reply"]
        assert (reply["root"]["uri"], reply["parent"]["uri"]) == (root, middle)

    def test_a_quote_carries_the_post(self, stage: Stage, bluesky: Bluesky, brand: Member) -> None:
        stage.responder.send(stage.order(way="quote"))
        record = bluesky.posts(brand)[0]["value"]
        assert record["embed"]["record"]["uri"] == stage.answer_to.native_id
        assert "reply" not in record

    def test_links_tags_and_known_handles_are_marked(
        self, stage: Stage, bluesky: Bluesky, brand: Member, customer: Member
    ) -> None:
        text = f"سلام @{customer.handle} و @nobody.test، https://bank.example.com/راه #نظر"
        stage.responder.send(stage.order(text))
        record = bluesky.posts(brand)[0]["value"]
        marked = {
            text.encode()[each["index"]["byteStart"] : each["index"]["byteEnd"]].decode(): each["features"][0]
            for each in record["facets"]
        }
        assert marked.pop(f"@{customer.handle}")["did"] == customer.did
        assert marked.pop("https://bank.example.com/راه")["uri"] == "https://bank.example.com/راه"
        assert marked.pop("#نظر")["tag"] == "نظر"
        assert marked == {}
        assert record["langs"] == ["fa"]


class TestFaults(Faults):
    def test_a_text_that_is_too_long_is_refused(self, stage: Stage) -> None:
        with pytest.raises(PermanentError, match="300"):
            stage.responder.send(stage.order("x" * 301))
        assert stage.published() == []

    def test_what_is_no_post_of_bluesky_is_refused(self, stage: Stage) -> None:
        with pytest.raises(PermanentError, match="not the key of a post"):
            stage.responder.send(stage.order(answer_to="bluesky:3k2a"))


class TestAccounts(Accounts):
    def test_one_sign_in_serves_many_replies(self, stage: Stage) -> None:
        for number in range(3):
            stage.responder.send(stage.order(key=f"outbox-{number}"))
        assert stage.relay.calls(SIGN_IN) == 1

    def test_a_session_that_ended_is_renewed(self, stage: Stage) -> None:
        stage.responder.send(stage.order(key="outbox-1"))
        ended = Answer(400, b'{"error":"ExpiredToken","message":"Token has expired"}')
        stage.relay.instead(PUBLISHING, ended)
        stage.responder.send(stage.order(key="outbox-2"))
        assert stage.relay.calls(SIGN_IN) == 2
        assert len(stage.published()) == 2

    def test_a_page_that_is_no_server_is_a_wrong_address(self, stage: Stage) -> None:
        stage.relay.instead(SIGN_IN, Answer(404, b"<html>"))
        assert stage.responder.check(stage.account).problem == "wrong_address"
        stage.relay.instead(SIGN_IN, Answer(200, b"<html>"))
        assert stage.responder.check(stage.account).problem == "wrong_address"


class TestMeasuring(Measuring):
    pass


def order(key: str, created_at: datetime = NOW) -> SendOrder:
    return SendOrder(key, Account("bluesky", "a.test", "", ""), "reply", "", "", "", created_at)


@given(st.text(), st.integers(2020, 2200))
def test_a_record_key_is_a_tid_of_its_time(key: str, year: int) -> None:
    moment = NOW.replace(year=year)
    made = record_key(order(key, moment))
    assert re.fullmatch("[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}", made)
    assert made == record_key(order(key, moment))
    assert record_key(order(key, moment + timedelta(milliseconds=1))) > made[:10]


@given(st.datetimes(timezones=st.just(UTC)), st.text(max_size=9))
def test_the_key_of_a_like_is_a_tid_whatever_the_post_says_of_its_time(at: datetime, name: str) -> None:
    made = like_key(liked(at, name))
    assert re.fullmatch("[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}", made)
    assert made == like_key(liked(at, name))


def test_likes_of_posts_from_before_1970_have_keys_of_their_own() -> None:
    days = [datetime(1969, 12, 31, tzinfo=UTC) - timedelta(days=n) for n in range(100)]
    assert len({like_key(liked(day, "one")) for day in days} | {like_key(liked(NOW, "one"))}) == 101


def liked(at: datetime, name: str) -> Post:
    return Post("bluesky", f"at://did:plc:a/app.bsky.feed.post/{name}", Author("bluesky", "did:plc:a", "a"), "", at)


def test_record_keys_of_one_moment_differ() -> None:
    assert len({record_key(order(f"outbox-{n}")) for n in range(100)}) == 100


class TestActs(Acts):
    @pytest.fixture
    def acting(self, stage: Stage, bluesky: Bluesky, brand: Member) -> ActStage:
        def done() -> bool:
            likes = bluesky.posts(brand, "app.bsky.feed.like")
            assert len(likes) <= 1
            return [like["value"]["subject"]["uri"] for like in likes] == [stage.answer_to.native_id]

        return ActStage(stage, "like", f"{XRPC}.repo.putRecord", done, stage.answer_to)
