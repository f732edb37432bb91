"""Answering on Telegram and Bale: a stand-in written from the documentation of the Bot API."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator

import msgspec
import pytest

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.ports.responder import Account, Acting, AnsweredPostGoneError, CantLookError, UnknownOutcomeError
from crm.records import replies, sources
from crm.records.sources import AccountRow
from crm.usecases.sending import Sender
from responders.telegram import BaleResponder, BotResponder, Place, TelegramResponder
from responders.telegram_turns import REMEMBERED, Turns
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import (
    TEXTS,
    Accounts,
    Acts,
    ActStage,
    Faults,
    Measuring,
    Sending,
    Stage,
    customer_post,
)
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import START as OPENED
from tests.doubles.office import WORKSPACE, Office, actor, said
from tests.services.relay import LOST, relay_to
from tests.services.telegram import BASIC, DIRECT, GROUP, ME, START, TOKEN, WRONG, BotApi, bot_api, refused
from tests.services.web import Answer

pytestmark = pytest.mark.slow

KINDS: dict[str, type[BotResponder]] = {"telegram": TelegramResponder, "bale": BaleResponder}
SEND, LOOK = f"/bot{TOKEN}/sendMessage", f"/bot{TOKEN}/getMe"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["telegram", "bale"])
def server(request: pytest.FixtureRequest) -> Iterator[BotApi]:
    with bot_api(bale=request.param == "bale") as (server, _):
        yield server


@pytest.fixture
def stage(server: BotApi, clock: ManualClock) -> Iterator[Stage]:
    platform = "bale" if server.bale else "telegram"
    asked = server.say(GROUP, "My card was charged twice!")
    native_id = f"{GROUP['id']}/{asked['message_id']}"
    with relay_to(server.url) as relay:
        account = Account(platform, "azarbank_bot", relay.web.url, TOKEN)
        answer_to = customer_post(platform, native_id, f"https://t.me/azar_customers/{asked['message_id']}", "sara")
        stage = Stage(
            KINDS[platform](OutboundTransport(Guard()), clock), account, relay, answer_to, SEND, LOOK,
            lambda: [each["text"] for each in server.sent], server.messages.clear,
        )  # fmt: skip
        permitted = frozenset({relay.web.host, stage.unreachable.removeprefix("http://")})
        stage.responder = KINDS[platform](OutboundTransport(Guard(permitted)), clock)
        yield stage


class TestSending(Sending):
    """As elsewhere, except that a bot can't see what it said, so that nobody may repeat what may have been sent."""

    @pytest.mark.parametrize("text", TEXTS)
    def test_a_reply_is_published_and_found(self, stage: Stage, text: str) -> None:
        sent = stage.responder.send(stage.order(text))
        chat, _, number = sent.native_id.partition("/")
        assert (chat, number.isdigit()) == (str(GROUP["id"]), True)
        assert sent.url in (f"https://t.me/azar_customers/{number}", "")
        assert int(sent.sent_at.timestamp()) == START + int(number)
        assert stage.published() == [text.strip()]

    def test_the_same_order_is_published_once(self, stage: Stage) -> None:
        """By the outbox alone: it never sends what it has begun to send, where looking fails."""
        sent = stage.responder.send(stage.order())
        with pytest.raises(CantLookError):
            stage.responder.find(stage.order())
        assert sent.native_id
        assert stage.published() == [TEXTS[0]]

    def test_a_reply_answers_its_message(self, stage: Stage, server: BotApi) -> None:
        stage.responder.send(stage.order())
        assert server.sent[0]["reply_to_message"]["text"] == "My card was charged twice!"

    def test_a_private_answer(self, stage: Stage, server: BotApi) -> None:
        asked = server.say(DIRECT, "hello?")
        key = f"{stage.responder.platform}:{DIRECT['id']}/{asked['message_id']}"
        sent = stage.responder.send(stage.order(way="dm", answer_to=key, answer_to_url=""))
        assert (server.sent[0]["chat"], sent.url) == (DIRECT, "")

    def test_an_answer_in_the_name_of_a_business_account(self, stage: Stage, server: BotApi) -> None:
        asked = server.say(DIRECT, "hello?", "business_message", business_connection_id="bc1")
        key = f"{stage.responder.platform}:bc1/{DIRECT['id']}/{asked['message_id']}"
        sent = stage.responder.send(stage.order(way="dm", answer_to=key, answer_to_url=""))
        assert server.sent[0]["business_connection_id"] == "bc1"
        assert sent.native_id == f"bc1/{DIRECT['id']}/{server.sent[0]['message_id']}"

    def test_what_did_not_come_through_a_bot_is_not_answered(self, stage: Stage) -> None:
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(answer_to="telegram:0f8c34cd08e8"))
        assert stage.published() == []


class TestFaults(Faults):
    def test_killed_between_sending_and_marking(self, stage: Stage) -> None:
        """The answer never arrives; whoever takes over can't look, so that a person decides: published once."""
        stage.relay.lose_answer(stage.publishing)
        with pytest.raises(UnknownOutcomeError):
            stage.responder.send(stage.order())
        stage.relay.mend()
        with pytest.raises(CantLookError):
            stage.responder.find(stage.order())
        assert stage.published() == [TEXTS[0]]

    @pytest.mark.parametrize(
        "answer",
        [LOST, Answer(500), Answer(502), Answer(503, b"busy"), Answer(200, b"<html>"), Answer(200, b'{"ok":tr'),
         Answer(200, b'{"ok":true,"result":true}'), Answer(200, b'{"ok":true}', cut=5), refused(504, "Gateway")],
    )  # fmt: skip
    def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(self, stage: Stage, answer: Answer) -> None:
        stage.relay.instead(stage.publishing, answer)
        with pytest.raises(UnknownOutcomeError) as caught:
            stage.responder.send(stage.order())
        assert not str(caught.value).endswith("..")
        with pytest.raises(CantLookError):
            stage.responder.find(stage.order())

    def test_a_limited_rate_says_how_long(self, stage: Stage) -> None:
        answers = (refused(429, "Too Many Requests: retry after 61", retry_after=61), refused(429, "Too Many Requests"))
        for answer, wait in zip(answers, (61.0, None), strict=True):
            stage.relay.instead(stage.publishing, answer)
            with pytest.raises(RateLimitedError) as caught:
                stage.responder.send(stage.order())
            assert caught.value.retry_after == wait
        assert stage.published() == []

    @pytest.mark.parametrize("answer", [LOST, Answer(503)])
    def test_a_fault_before_publishing_may_be_tried_again(self, stage: Stage, answer: Answer) -> None:
        """Nothing is asked before, so the only such fault is that nobody is there."""
        stage.relay.instead(stage.preparing, answer)
        away = stage.order(account=stage.other_account(base_url=stage.unreachable))
        with pytest.raises(RetryableError):
            stage.responder.send(away)
        stage.responder.send(stage.order())
        assert stage.published() == [TEXTS[0]]
        assert stage.relay.calls(stage.preparing) == 0

    def test_a_group_that_became_a_supergroup_numbers_its_messages_anew(self, stage: Stage, server: BotApi) -> None:
        server.moved[GROUP["id"]] = -100777
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order())

    def test_a_chat_that_is_gone(self, stage: Stage, server: BotApi) -> None:
        del server.chats[GROUP["id"]]
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order())

    def test_somebody_who_blocked_the_bot_says_nothing_of_our_token(self, stage: Stage, server: BotApi) -> None:
        server.blocked.add(GROUP["id"])
        with pytest.raises(PermanentError, match="blocked by the user"):
            stage.responder.send(stage.order())

    @pytest.mark.parametrize(("text", "words"), [(" ", "text is empty"), ("x" * 4097, "too long")])
    def test_a_refusal_in_the_server_s_words(self, stage: Stage, text: str, words: str) -> None:
        with pytest.raises(PermanentError, match=words):
            stage.responder.send(stage.order(text))

    def test_a_refusal_with_the_status_of_success(self, stage: Stage) -> None:
        gone = Answer(200, b'{"ok":false,"error_code":404,"description":"no such group or user"}')
        stage.relay.instead(stage.publishing, gone, refused(404, "no such group or user"))
        for _ in range(2):
            with pytest.raises(AnsweredPostGoneError):
                stage.responder.send(stage.order())


class TestTurns:
    """One message a second in a chat, twenty a minute in a group."""

    def test_a_second_message_waits_a_second(self, stage: Stage, clock: ManualClock) -> None:
        stage.responder.send(stage.order(key="1"))
        stage.responder.send(stage.order(key="2"))
        assert clock.slept == [1.0]

    def test_the_twenty_first_of_a_minute_goes_back_to_the_outbox(self, stage: Stage, clock: ManualClock) -> None:
        for _ in range(20):
            stage.responder.send(stage.order())
        with pytest.raises(RateLimitedError) as caught:
            stage.responder.send(stage.order())
        assert caught.value.retry_after == 41.0
        assert len(stage.published()) == 20
        clock.advance(41.0)
        stage.responder.send(stage.order())

    def test_private_chats_and_other_chats_have_turns_of_their_own(self, clock: ManualClock) -> None:
        turns = Turns(clock)
        assert turns.take("a", in_group=True) == turns.take("b", in_group=True) == 0.0
        for _ in range(30):
            clock.advance(1.0)
            assert turns.take("a", in_group=False) == 0.0

    def test_only_so_many_chats_are_remembered(self, clock: ManualClock) -> None:
        turns = Turns(clock)
        for n in range(REMEMBERED + 1):
            turns.take(str(n), in_group=True)
        assert turns.take("0", in_group=True) == 0.0
        assert turns.take(str(REMEMBERED), in_group=True) == 1.0


class TestAccounts(Accounts):
    def test_the_account_is_known_as_a_collector_would_see_it(self, stage: Stage) -> None:
        check = stage.responder.check(stage.account)
        assert (check.handle, check.native_id) == (ME["username"], str(ME["id"]))

    def test_a_token_of_another_bot(self, stage: Stage) -> None:
        account = stage.other_account(secret=WRONG)
        assert stage.responder.check(account).problem == "refused"
        with pytest.raises(AuthorisationError):
            stage.responder.send(stage.order(account=account))

    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            (Answer(200, b"<html>"), "wrong_address"), (Answer(404, b"<html>"), "wrong_address"),
            (Answer(401, b"<html>"), "unreachable"), (Answer(403, b"<html>"), "unreachable"),
            (Answer(502), "unreachable"), (LOST, "unreachable"), (refused(404, "Not Found"), "refused"),
            (refused(403, "Token not found"), "refused"), (refused(403, "Forbidden"), "refused"),
            (refused(400, "Bad Request: Token not found"), "refused"),
            (Answer(302, b"", {"Location": "https://elsewhere.example"}), "wrong_address"),
        ],
    )  # fmt: skip
    def test_what_else_may_answer(self, stage: Stage, answer: Answer, problem: str) -> None:
        stage.relay.instead(LOOK, answer)
        assert stage.responder.check(stage.account).problem == problem

    @pytest.mark.parametrize("address", ["http://[", "no address", "http://a:port", "ftp://files.example", "http://"])
    def test_an_address_that_is_none(self, stage: Stage, address: str) -> None:
        account = stage.other_account(base_url=address)
        assert stage.responder.check(account).problem == "wrong_address"
        with pytest.raises(PermanentError) as caught:
            stage.responder.send(stage.order("\ud83d", account=account))
        assert TOKEN not in "".join(traceback.format_exception(caught.value))

    def test_the_usual_server_is_asked_where_none_is_named(self, stage: Stage) -> None:
        """Without a permit for anything else this can only fail, by the name of the server."""
        responder = KINDS[stage.responder.platform](OutboundTransport(Guard(resolve=nowhere)), ManualClock())
        with pytest.raises(RetryableError, match=r"(api\.telegram\.org|tapi\.bale\.ai):443"):
            responder.send(stage.order(account=stage.other_account(base_url="")))


def nowhere(host: str, port: int) -> list[str]:
    raise OSError(f"{host}:{port} has no address in a test")


class TestMeasuring(Measuring):
    def test_characters_are_counted_as_a_reader_sees_them(self, stage: Stage) -> None:
        """No: as the Bot API counts, in UTF-16 code units."""
        assert stage.responder.count("سلام").used == 4
        assert stage.responder.count("👍🏽").used == 4
        assert stage.responder.count("é🙏").used == 3
        assert stage.responder.count("").limit == 4096

    def test_the_rule_names_the_kind_of_chat(self, stage: Stage) -> None:
        def first(**changes: object) -> tuple[str, str]:
            rule = stage.responder.how(msgspec.structs.replace(stage.answer_to, **changes), stage.account).rules[0]
            return rule.way, rule.rule

        assert first() == ("reply", "chat_reply")
        assert first(private=True, native_id="501/3") == ("dm", "private_message")
        assert first(private=True, native_id="bc1/501/3") == ("dm", "business_message")

    def test_what_did_not_come_through_a_bot_is_answered_by_a_person(self, stage: Stage) -> None:
        imported = msgspec.structs.replace(stage.answer_to, native_id="0f8c34cd08e8")
        ways = stage.responder.how(imported, stage.account)
        assert [rule.way for rule in ways.allowed] == ["open"]
        assert ways.rules[1].rule == "not_in_chat"

    @pytest.mark.parametrize("native_id", ["", "5", "a/b", "1/2/x", "5/6/7/8", "٥/٦"])
    def test_ids_that_name_no_message(self, native_id: str) -> None:
        assert Place.of(native_id) is None


class TestSecrecy:
    ECHO = f"I do not like {TOKEN}, said /bot{TOKEN}/sendMessage"

    @pytest.mark.parametrize(
        "answer",
        [refused(401, ECHO), refused(400, ECHO), refused(403, "Forbidden: " + ECHO), refused(429, ECHO),
         refused(502, ECHO), Answer(404, ECHO.encode()), Answer(200, ECHO.encode()), LOST],
    )  # fmt: skip
    def test_no_error_or_log_shows_the_token(
        self, stage: Stage, server: BotApi, answer: Answer, caplog: pytest.LogCaptureFixture
    ) -> None:
        url = server.url
        server.instead["sendMessage"] = [answer]
        permitted = Guard(frozenset({url.removeprefix("http://")}))
        responder = KINDS[stage.responder.platform](OutboundTransport(permitted), ManualClock())
        caplog.set_level(logging.DEBUG)
        with pytest.raises(ShenavaError) as caught:
            responder.send(stage.order(account=stage.other_account(base_url=url)))
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
        assert TOKEN not in shown
        assert any(record.name.startswith("http") for record in caplog.records), "the client tells of its requests"
        assert TOKEN not in caplog.text

    def test_nothing_that_is_handed_back_shows_the_token(self, stage: Stage, server: BotApi) -> None:
        sent = stage.responder.send(stage.order())
        ways = stage.responder.how(stage.answer_to, stage.account)
        check = stage.responder.check(stage.account)
        for shown in (sent, ways, check):
            assert TOKEN not in json.dumps(msgspec.to_builtins(shown))
        assert TOKEN not in json.dumps(server.sent)


def test_a_basic_group_has_no_pages(stage: Stage, server: BotApi) -> None:
    asked = server.say(BASIC, "hello?")
    key = f"{stage.responder.platform}:{BASIC['id']}/{asked['message_id']}"
    assert stage.responder.send(stage.order(answer_to=key, answer_to_url="")).url == ""


class Dressed(TelegramResponder):
    """Telegram under the name of the platform on which the office has a case."""

    platform = "bluesky"


def test_a_lost_answer_is_never_repeated_and_ends_with_a_person(office: Office) -> None:
    with bot_api() as (server, running), relay_to(running.url) as relay:
        asked = server.say(GROUP, "My card was charged twice!")
        native_id = f"{GROUP['id']}/{asked['message_id']}"
        office.hear(said(native_id))
        with office.records.write() as tx:
            row = AccountRow("a1", WORKSPACE, "bluesky", relay.web.url, "bot", "1", "connected", None, None, OPENED)
            sources.put_account(tx, row, office.vault.encrypt(TOKEN))
        reply = office.replies.approve_and_send(actor(), case_id(office, native_id), "reply", "Sorry!", "en")
        relay.lose_answer(SEND)
        responder = Dressed(OutboundTransport(Guard(frozenset({relay.web.host}))), office.clock)
        sender = Sender(office.records, {"bluesky": responder}, office.tokens, office.clock, "w1", lambda: 0.0)
        for _ in range(5):
            office.clock.advance(600)
            sender.step()
        with office.records.read() as tx:
            left = replies.get(tx, WORKSPACE, reply.id)
        assert (left.status, left.error_kind) == ("unknown", "InDoubtError")
        assert TOKEN not in (left.error or "")
        assert len(server.sent) == 1


class TestActs(Acts):
    @pytest.fixture
    def server(self) -> Iterator[BotApi]:
        with bot_api() as (server, _):
            yield server

    @pytest.fixture
    def acting(self, stage: Stage, server: BotApi) -> ActStage:
        chat, _, number = stage.answer_to.native_id.partition("/")
        place = (int(chat), int(number))
        done = lambda: bool(server.reactions.get(place))  # noqa: E731
        return ActStage(stage, "like", f"/bot{TOKEN}/setMessageReaction", done, stage.answer_to)

    def test_a_business_account_reacts_to_nothing(self, acting: ActStage) -> None:
        post = msgspec.structs.replace(acting.post, native_id=f"bc1/{acting.post.native_id}")
        assert acting.responder.acts(post, acting.stage.account) == ()

    def test_bale_documents_no_reaction(self) -> None:
        assert not isinstance(BaleResponder(OutboundTransport(Guard()), ManualClock()), Acting)
