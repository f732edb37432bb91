"""What every Responder that sends must do. A platform's test file inherits the classes and provides a `stage`.

`stage` (function scope) is a :class:`Stage`: the responder, an account of ours on a server behind
a relay, and a post of somebody else to answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import pytest

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.ports.responder import (
    Account,
    Act,
    Acting,
    AnsweredPostGoneError,
    Responder,
    SendOrder,
    UnknownOutcomeError,
)
from crm.words import Author, Post
from tests.services import free_port
from tests.services.relay import LOST, Relay
from tests.services.web import Answer

NOW = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)

TEXTS = [
    "Sorry about that, we are on it.",
    "سلام! پول شما برگشت خورد؛ تا فردا می‌نشیند 🙏🏽 https://bank.example.com/help",
    '  خط یک\nline two\n\n#نظر 👨‍👩‍👧 <b>&amp; "quotes"  ',
]


@dataclass
class Stage:
    """Where the suite plays. `published` counts our posts on the server, `unreachable_port` is nobody's."""

    responder: Responder
    account: Account
    relay: Relay
    answer_to: Post
    publishing: str
    preparing: str
    published: Callable[[], list[str]]
    remove_answered: Callable[[], None]
    unreachable: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")

    def order(self, text: str = TEXTS[0], key: str = "outbox-1", **changes: object) -> SendOrder:
        """An order that answers the post."""
        order = SendOrder(key, self.account, "reply", text, self.answer_to.key, self.answer_to.url, NOW, "fa")
        return msgspec.structs.replace(order, **changes)

    def other_account(self, **changes: object) -> Account:
        """The account with something changed."""
        return msgspec.structs.replace(self.account, **changes)


class Sending:
    """A reply is published as it was approved, and found again."""

    @pytest.mark.parametrize("text", TEXTS)
    def test_a_reply_is_published_and_found(self, stage: Stage, text: str) -> None:
        order = stage.order(text)
        assert stage.responder.find(order) is None
        sent = stage.responder.send(order)
        assert sent.native_id
        assert sent.url.startswith("http")
        assert sent.sent_at.tzinfo is not None
        found = stage.responder.find(order)
        assert found is not None
        assert (found.native_id, found.url) == (sent.native_id, sent.url)
        assert [each.strip() for each in stage.published()] == [text.strip()]

    def test_the_same_order_is_published_once(self, stage: Stage) -> None:
        first = stage.responder.send(stage.order())
        try:
            again = stage.responder.send(stage.order())
        except UnknownOutcomeError:
            found = stage.responder.find(stage.order())
            assert found is not None
            again = found
        assert again.native_id == first.native_id
        assert len(stage.published()) == 1

    def test_another_order_is_another_reply(self, stage: Stage) -> None:
        first = stage.responder.send(stage.order(key="outbox-1"))
        second = stage.responder.send(stage.order("Thanks for waiting.", key="outbox-2"))
        assert first.native_id != second.native_id
        assert len(stage.published()) == 2


class Faults:
    """What went wrong is told apart by whether the reply may be out."""

    def test_killed_between_sending_and_marking(self, stage: Stage) -> None:
        """The answer never arrives; whoever takes over looks first and finds it: published once."""
        stage.relay.lose_answer(stage.publishing)
        with pytest.raises(UnknownOutcomeError):
            stage.responder.send(stage.order())
        stage.relay.mend()
        assert stage.responder.find(stage.order()) is not None
        assert stage.published() == [TEXTS[0]]

    @pytest.mark.parametrize("answer", [LOST, Answer(500), Answer(502), Answer(503, b"busy"), Answer(200, b"<html>")])
    def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(self, stage: Stage, answer: Answer) -> None:
        stage.relay.instead(stage.publishing, answer)
        with pytest.raises(UnknownOutcomeError):
            stage.responder.send(stage.order())
        assert stage.responder.find(stage.order()) is None

    @pytest.mark.parametrize(
        ("status", "error"), [(401, AuthorisationError), (403, AuthorisationError), (422, PermanentError)]
    )
    def test_a_refusal_is_clear(self, stage: Stage, status: int, error: type[Exception]) -> None:
        answers = [Answer(status, b'{"error":"Refused","message":"no"}', {"Content-Type": "application/json"})] * 2
        stage.relay.instead(stage.publishing, *answers)
        with pytest.raises(error):
            stage.responder.send(stage.order())
        assert stage.published() == []

    def test_a_limited_rate_says_how_long(self, stage: Stage) -> None:
        headers = {"ratelimit-reset": "1774080060", "X-RateLimit-Reset": "2099-03-21T08:01:00Z"}
        stage.relay.instead(stage.publishing, Answer(429, b"{}", headers))
        with pytest.raises(RateLimitedError) as caught:
            stage.responder.send(stage.order())
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 60.0
        assert stage.published() == []

    def test_nobody_there_means_not_sent(self, stage: Stage) -> None:
        order = stage.order(account=stage.other_account(base_url=stage.unreachable), answer_to_url=stage.unreachable)
        with pytest.raises(RetryableError):
            stage.responder.send(order)

    @pytest.mark.parametrize("answer", [LOST, Answer(503)])
    def test_a_fault_before_publishing_may_be_tried_again(self, stage: Stage, answer: Answer) -> None:
        stage.relay.instead(stage.preparing, answer)
        with pytest.raises(RetryableError):
            stage.responder.send(stage.order())
        assert stage.published() == []
        stage.responder.send(stage.order())
        assert stage.published() == [TEXTS[0]]

    def test_a_post_that_is_gone_can_not_be_answered(self, stage: Stage) -> None:
        stage.remove_answered()
        with pytest.raises(AnsweredPostGoneError):
            stage.responder.send(stage.order())
        assert stage.published() == []

    def test_a_way_that_the_platform_lacks_is_refused(self, stage: Stage) -> None:
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(way="open"))


class Accounts:
    """An account is connected only when it can sign in now."""

    def test_a_working_account(self, stage: Stage) -> None:
        check = stage.responder.check(stage.account)
        assert (check.ok, check.problem) == (True, "")
        assert check.handle
        assert check.native_id

    @pytest.mark.parametrize(("secret", "problem"), [("", "secret_missing"), (" ", "secret_missing"), ("x", "refused")])
    def test_a_bad_secret_is_never_connected(self, stage: Stage, secret: str, problem: str) -> None:
        account = stage.other_account(secret=secret)
        check = stage.responder.check(account)
        assert (check.ok, check.problem) == (False, problem)
        with pytest.raises(AuthorisationError):
            stage.responder.send(stage.order(account=account))
        with pytest.raises(AuthorisationError):
            stage.responder.find(stage.order(account=account))

    def test_a_server_that_is_away_or_forbidden(self, stage: Stage) -> None:
        away = stage.responder.check(stage.other_account(base_url=stage.unreachable))
        assert (away.ok, away.problem) == (False, "unreachable")
        inside = stage.responder.check(stage.other_account(base_url="http://169.254.169.254"))
        assert (inside.ok, inside.problem) == (False, "wrong_address")

    def test_the_secret_is_never_shown(self, stage: Stage) -> None:
        from rich.pretty import pretty_repr

        assert stage.account.secret
        for shown in (repr(stage.account), repr(stage.order()), pretty_repr(stage.order())):
            assert stage.account.secret not in shown


class Measuring:
    """What the composer shows before anything is typed."""

    def test_a_public_post_may_be_answered(self, stage: Stage) -> None:
        ways = stage.responder.how(stage.answer_to, stage.account)
        best = ways.allowed[0]
        assert (best.way, best.limit) == ("reply", stage.responder.count("").limit)
        assert ways.allowed[-1].url == stage.answer_to.url

    def test_without_an_account_only_the_platform_itself_is_open(self, stage: Stage) -> None:
        for account in (None, stage.other_account(secret="")):
            ways = stage.responder.how(stage.answer_to, account)
            assert [rule.way for rule in ways.allowed] == ["open"]
            assert "not_connected" in {rule.rule for rule in ways.rules}

    def test_a_private_post_is_never_answered_in_public(self, stage: Stage) -> None:
        private = msgspec.structs.replace(stage.answer_to, private=True)
        ways = stage.responder.how(private, stage.account)
        assert not {"reply", "quote"} & {rule.way for rule in ways.rules}

    def test_characters_are_counted_as_a_reader_sees_them(self, stage: Stage) -> None:
        assert stage.responder.count("👨‍👩‍👧🇮🇷é").used == 3
        assert stage.responder.count("سلام").used == 4


@dataclass
class ActStage:
    """An act that a platform offers for a post. `path` is where it is asked for, `done` whether the platform has it."""

    stage: Stage
    act: Act
    path: str
    done: Callable[[], bool]
    post: Post

    @property
    def responder(self) -> Acting:
        """The stage's responder."""
        assert isinstance(self.stage.responder, Acting)
        return self.stage.responder

    def take(self, act: Act | None = None, account: Account | None = None) -> None:
        """Do it."""
        self.responder.act(act or self.act, self.post, account or self.stage.account)


UNDO: dict[Act, Act] = {"like": "unlike", "hide": "unhide"}


class Acts:
    """Posts of others are liked or hidden. A platform's test file provides `acting`, an :class:`ActStage`."""

    def test_twice_is_once_and_it_is_undone(self, acting: ActStage) -> None:
        assert not acting.done()
        for _ in range(2):
            acting.take()
            assert acting.done()
        for _ in range(2):
            acting.take(UNDO[acting.act])
            assert not acting.done()
        acting.take()
        assert acting.done()

    def test_it_is_offered_with_a_rule(self, acting: ActStage) -> None:
        rules = {rule.act: rule for rule in acting.responder.acts(acting.post, acting.stage.account)}
        assert {acting.act, UNDO[acting.act]} <= rules.keys()
        assert all(rule.allowed and rule.rule for rule in rules.values())
        assert acting.stage.relay.web.asked == []

    def test_without_an_account_nothing_is_allowed(self, acting: ActStage) -> None:
        for account in (None, acting.stage.other_account(secret="")):
            rules = acting.responder.acts(acting.post, account)
            assert {rule.rule for rule in rules} == {"not_connected"}
            assert not any(rule.allowed for rule in rules)
        for secret in ("", "x"):
            with pytest.raises(AuthorisationError):
                acting.take(account=acting.stage.other_account(secret=secret))
        assert not acting.done()

    @pytest.mark.parametrize(
        ("status", "error"), [(401, AuthorisationError), (403, AuthorisationError), (422, PermanentError)]
    )
    def test_a_refusal_is_clear(self, acting: ActStage, status: int, error: type[Exception]) -> None:
        answers = [Answer(status, b'{"error":"Refused","message":"no"}', {"Content-Type": "application/json"})] * 2
        acting.stage.relay.instead(acting.path, *answers)
        with pytest.raises(error):
            acting.take()
        assert not acting.done()

    @pytest.mark.parametrize("answer", [LOST, Answer(500), Answer(503, b"busy"), Answer(429, b"{}")])
    def test_a_fault_may_be_tried_again(self, acting: ActStage, answer: Answer) -> None:
        acting.stage.relay.instead(acting.path, answer)
        with pytest.raises(RetryableError):
            acting.take()
        assert not acting.done()
        acting.take()
        assert acting.done()

    def test_an_answer_that_is_lost_may_be_tried_again(self, acting: ActStage) -> None:
        acting.stage.relay.lose_answer(acting.path)
        with pytest.raises(RetryableError):
            acting.take()
        assert acting.done()
        acting.stage.relay.mend()
        acting.take()
        assert acting.done()

    def test_a_post_that_is_gone(self, acting: ActStage) -> None:
        acting.stage.remove_answered()
        with pytest.raises(AnsweredPostGoneError):
            acting.take()

    def test_what_the_platform_lacks_is_refused(self, acting: ActStage) -> None:
        offered = {rule.act for rule in acting.responder.acts(acting.post, acting.stage.account)}
        for act in {*UNDO, *UNDO.values()} - offered:
            with pytest.raises(PermanentError):
                acting.take(act)
        assert acting.stage.relay.web.asked == []


def customer_post(platform: str, native_id: str, url: str, handle: str) -> Post:
    """A post of somebody else."""
    author = Author(platform, "customer", handle=handle)
    return Post(platform, native_id, author, "My card was charged twice!", NOW, url=url)
