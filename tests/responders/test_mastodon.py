"""Answering on Mastodon: a stand-in that gives the recorded answers of a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from crm.errors import PermanentError
from crm.ports.responder import Account, AnsweredPostGoneError
from responders.mastodon import MastodonResponder
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import Accounts, Acts, ActStage, Faults, Measuring, Sending, Stage, customer_post
from tests.services.mastodon import ME, SEARCH, STATUSES, TOKEN, MastodonStandIn, Recordings, mastodon_stand_in
from tests.services.relay import relay_to
from tests.services.web import Answer

pytestmark = pytest.mark.slow

ELSEWHERE = "https://far.example.org/@customer/42"


@pytest.fixture(scope="session")
def recordings(shared: Callable[[str], Path]) -> Recordings:
    return Recordings(shared("fixtures/mastodon.tar.gz"))


@pytest.fixture
def server(recordings: Recordings) -> Iterator[MastodonStandIn]:
    with mastodon_stand_in(recordings) as (server, _):
        yield server


@pytest.fixture
def stage(server: MastodonStandIn) -> Iterator[Stage]:
    answered = server.publish("My card was charged twice!")
    server.elsewhere[ELSEWHERE] = answered["id"]
    with relay_to(server.url) as relay:
        stage = Stage(
            MastodonResponder(OutboundTransport(Guard()), ManualClock()),
            Account("mastodon", "azarbank", relay.web.url, TOKEN),
            relay,
            customer_post("mastodon", "https://far.example.org/42", ELSEWHERE, "customer@far.example.org"),
            STATUSES,
            SEARCH,
            lambda: [server.texts[each["id"]] for each in server.statuses if each["in_reply_to_id"]],
            server.elsewhere.clear,
        )
        permitted = frozenset({relay.web.host, stage.unreachable.removeprefix("http://")})
        stage.responder = MastodonResponder(OutboundTransport(Guard(permitted)), ManualClock())
        yield stage


class TestSending(Sending):
    def test_a_post_of_our_own_server_needs_no_search(self, stage: Stage, server: MastodonStandIn) -> None:
        number = server.statuses[0]["id"]
        stage.responder.send(stage.order(answer_to_url=f"{stage.account.base_url}/@customer/{number}"))
        assert stage.relay.calls(SEARCH) == 0
        assert server.statuses[-1]["in_reply_to_id"] == number

    def test_a_private_answer_stays_private(self, stage: Stage, server: MastodonStandIn) -> None:
        stage.responder.send(stage.order(way="dm"))
        assert server.statuses[-1]["visibility"] == "direct"

    def test_a_quote_carries_the_post_and_is_found(self, stage: Stage, server: MastodonStandIn) -> None:
        order = stage.order(way="quote")
        assert stage.responder.find(order) is None
        sent = stage.responder.send(order)
        assert server.statuses[-1]["quote"]["quoted_status"]["id"] == server.statuses[0]["id"]
        assert server.statuses[-1]["in_reply_to_id"] is None
        found = stage.responder.find(order)
        assert found is not None
        assert found.native_id == sent.native_id
        assert stage.responder.find(stage.order()) is None

    def test_a_server_that_would_publish_the_text_alone_is_not_asked_to_quote(
        self, stage: Stage, server: MastodonStandIn
    ) -> None:
        server.api_version = 6
        with pytest.raises(PermanentError, match=r"4\.5"):
            stage.responder.send(stage.order(way="quote"))
        assert len(server.statuses) == 1

    def test_a_reply_is_found_behind_many_others(self, stage: Stage, server: MastodonStandIn) -> None:
        sent = stage.responder.send(stage.order())
        for number in range(90):
            server.publish(f"Good morning {number}")
        found = stage.responder.find(stage.order())
        assert found is not None
        assert found.native_id == sent.native_id

    def test_another_text_or_an_older_one_is_not_taken_for_it(self, stage: Stage, server: MastodonStandIn) -> None:
        server.publish("Sorry about that, we are on it!", answer_to=server.statuses[0]["id"])
        server.publish(stage.order().text, answer_to="7")
        assert stage.responder.find(stage.order()) is None
        server.publish(stage.order().text, answer_to=server.statuses[0]["id"])
        assert stage.responder.find(stage.order()) is not None
        late = msgspec.structs.replace(stage.order(), created_at=ManualClock().now().replace(year=2027))
        assert stage.responder.find(late) is None


class TestFaults(Faults):
    def test_a_post_removed_from_our_server(self, stage: Stage) -> None:
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order(answer_to_url=f"{stage.account.base_url}/@customer/404"))

    def test_an_empty_text_is_refused_in_the_server_s_words(self, stage: Stage) -> None:
        with pytest.raises(PermanentError, match=r"422 .*Text"):
            stage.responder.send(stage.order(" "))


class TestAccounts(Accounts):
    def test_a_token_is_never_taken_for_a_file(self, stage: Stage, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(TOKEN)
        account = stage.other_account(secret=str(tmp_path / "token"))
        assert stage.responder.check(account).problem == "refused"
        assert {asked.headers["authorization"] for asked in stage.relay.web.asked} == {f"Bearer {account.secret}"}

    def test_what_a_sign_in_left_is_a_secret_too(self, stage: Stage) -> None:
        assert stage.responder.check(stage.other_account(secret=f'{{"access_token": "{TOKEN}"}}')).ok
        assert stage.responder.check(stage.other_account(secret='{"access_token": ""}')).problem == "secret_missing"
        assert {asked.headers["authorization"] for asked in stage.relay.web.asked} == {f"Bearer {TOKEN}"}

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_page_of_something_on_the_way_refuses_no_account(self, stage: Stage, status: int) -> None:
        stage.relay.instead(ME, Answer(status, b"<html>"))
        assert stage.responder.check(stage.account).problem == "unreachable"

    def test_a_page_that_is_no_server_is_a_wrong_address(self, stage: Stage) -> None:
        stage.relay.instead(ME, Answer(404, b"<html>"))
        assert stage.responder.check(stage.account).problem == "wrong_address"


class TestMeasuring(Measuring):
    def test_the_author_is_named_first(self, stage: Stage) -> None:
        assert stage.responder.how(stage.answer_to, stage.account).rules[0].prefix == "@customer@far.example.org "

    @pytest.mark.parametrize(
        ("text", "used"),
        [
            ("https://bank.example.com/a/very/long/path/that/would/count/in/full?a=1", 23),
            ("ببینید: http://a.co و بس", 8 + 23 + 5),
            ("@maryam@far.example.org hi", 10),
            ("a@b.example.org", 15),
        ],
    )
    def test_links_and_handles_have_a_length_of_their_own(self, stage: Stage, text: str, used: int) -> None:
        assert stage.responder.count(text).used == used


class TestActs(Acts):
    @pytest.fixture
    def acting(self, stage: Stage, server: MastodonStandIn) -> ActStage:
        number = server.statuses[0]["id"]
        path = f"{STATUSES}/{number}/favourite"
        return ActStage(stage, "like", path, lambda: number in server.favourites, stage.answer_to)

    def test_a_post_removed_from_our_server(self, acting: ActStage) -> None:
        acting.post = msgspec.structs.replace(acting.post, url=f"{acting.stage.account.base_url}/@customer/404")
        with pytest.raises(AnsweredPostGoneError):
            acting.take()
