"""One owner of a token: renewed in time, by one at a time, never twice, and never called connected once it is over."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import Connection

from crm.errors import InvalidInputError, NotFoundError, RetryableError
from crm.ports.clock import SystemClock
from crm.ports.responder import Account, AccountCheck, TokenEndedError
from crm.ports.signin import SignInRefusedError
from crm.records import sources
from crm.records.database import Records
from crm.records.sources import AccountRow
from crm.usecases.sources import AccountRefusedError, Sources
from crm.usecases.tokens import AT_A_PAGE, LEASE, BusyTokenError, Tokens
from tests.doubles.office import START, WORKSPACE, Office, actor
from tests.doubles.platform import Killed, MemoryPlatform
from tests.doubles.renewer import Renewer, keep, secret

INES = actor("ines", "manager")


def stored(office: Office) -> AccountRow:
    with office.records.read() as tx:
        return next(one for one in sources.accounts_of(tx, WORKSPACE) if one.id == "a1")


@pytest.fixture
def renewer() -> Renewer:
    return Renewer()


@pytest.fixture
def tokens(office: Office, renewer: Renewer) -> Tokens:
    return Tokens(office.records, office.vault, office.clock, {"bluesky": renewer})


def token(account: Account | None) -> str:
    assert account is not None
    return str(json.loads(account.secret)["access_token"])


@pytest.mark.parametrize(("ends", "number"), [(7200, 0), (61, 0), (60, 1), (5, 1), (-100, 1)])
def test_a_token_is_renewed_a_minute_before_its_end(
    office: Office, tokens: Tokens, renewer: Renewer, ends: int, number: int
) -> None:
    keep(office, secret(0, ends))
    assert token(tokens.fresh(WORKSPACE, "a1")) == f"t{number}"
    assert token(tokens.fresh(WORKSPACE, "a1")) == f"t{number}"
    assert renewer.spent == ["r0"][:number]


def test_a_word_is_a_secret_as_before(tokens: Tokens) -> None:
    assert tokens.fresh(WORKSPACE, "a1").secret == "hush"
    assert tokens.after_refusal(WORKSPACE, "a1", tokens.fresh(WORKSPACE, "a1")) is None
    for workspace, name in ((WORKSPACE, "none"), ("elsewhere", "a1")):
        with pytest.raises(NotFoundError):
            tokens.fresh(workspace, name)


def test_a_token_that_nothing_renews_ends_the_account(office: Office, tokens: Tokens, renewer: Renewer) -> None:
    keep(office, secret(0, 30, refresh_token=""))
    assert token(tokens.fresh(WORKSPACE, "a1")) == "t0"
    tokens.note_ended()
    assert stored(office).state == "connected"
    office.clock.advance(30)
    tokens.note_ended()
    assert (stored(office).state, stored(office).error) == ("failed", "expired")
    with pytest.raises(TokenEndedError, match="connect it again"):
        tokens.fresh(WORKSPACE, "a1")
    assert renewer.spent == []


def test_an_account_that_can_be_renewed_is_not_over(office: Office, tokens: Tokens) -> None:
    keep(office, secret(0, -3600))
    tokens.note_ended()
    assert stored(office).state == "connected"


def test_a_refusal_to_renew_marks_the_account_and_says_what_to_do(
    office: Office, tokens: Tokens, renewer: Renewer
) -> None:
    keep(office, secret(0))
    renewer.errors = [SignInRefusedError("bluesky", "refused")]
    with pytest.raises(TokenEndedError, match="did not renew it; connect it again"):
        tokens.fresh(WORKSPACE, "a1")
    assert (stored(office).state, stored(office).error) == ("failed", "no_refresh")
    assert token(tokens.fresh(WORKSPACE, "a1")) == "t1"
    assert (stored(office).state, stored(office).error) == ("connected", None)


def test_a_platform_that_does_not_answer_says_nothing_about_the_token(
    office: Office, tokens: Tokens, renewer: Renewer
) -> None:
    keep(office, secret(0))
    renewer.errors = [RetryableError("Away.")]
    with pytest.raises(RetryableError):
        tokens.fresh(WORKSPACE, "a1")
    assert stored(office).state == "connected"
    assert token(tokens.fresh(WORKSPACE, "a1")) == "t1"
    assert office.clock.slept == []


def test_an_answer_that_is_lost_is_asked_for_once_more_and_then_a_person_must_act(
    office: Office, tokens: Tokens, renewer: Renewer
) -> None:
    keep(office, secret(0))
    renewer.lost = [RetryableError("The connection broke.")]
    with pytest.raises(RetryableError):
        tokens.fresh(WORKSPACE, "a1")
    with pytest.raises(TokenEndedError):
        tokens.fresh(WORKSPACE, "a1")
    assert stored(office).state == "failed"


def test_who_dies_while_renewing_holds_up_others_for_its_lease_alone(
    office: Office, tokens: Tokens, renewer: Renewer
) -> None:
    keep(office, secret(0))
    renewer.errors = [Killed()]
    with pytest.raises(Killed):
        tokens.fresh(WORKSPACE, "a1")
    assert token(tokens.fresh(WORKSPACE, "a1")) == "t1"
    assert sum(office.clock.slept) == pytest.approx(LEASE.total_seconds(), abs=1)


def test_who_waits_too_long_says_so(office: Office, tokens: Tokens) -> None:
    keep(office, secret(0), renewing_until=START + timedelta(hours=1))
    with pytest.raises(BusyTokenError):
        tokens.fresh(WORKSPACE, "a1")


def test_an_account_connected_anew_meanwhile_keeps_its_new_secret(
    office: Office, tokens: Tokens, renewer: Renewer
) -> None:
    keep(office, secret(0))
    renewer.wait = lambda: keep(office, secret(7, 9000))
    assert token(tokens.fresh(WORKSPACE, "a1")) == "t7"
    assert token(tokens.fresh(WORKSPACE, "a1")) == "t7"
    keep(office, secret(0))
    renewer.wait = lambda: _remove(office)
    renewer.spent.clear()
    with pytest.raises(NotFoundError):
        tokens.fresh(WORKSPACE, "a1")


def _remove(office: Office) -> None:
    with office.records.write() as tx:
        sources.remove_account(tx, WORKSPACE, "a1")


def test_after_a_refusal_the_token_is_renewed_once(office: Office, tokens: Tokens, renewer: Renewer) -> None:
    keep(office, secret(0, 7200))
    refused = tokens.fresh(WORKSPACE, "a1")
    other = tokens.after_refusal(WORKSPACE, "a1", refused)
    assert token(other) == "t1"
    assert tokens.after_refusal(WORKSPACE, "a1", refused) == other
    assert renewer.spent == ["r0"]
    renewer.errors = [SignInRefusedError("bluesky", "refused")]
    assert other is not None
    assert tokens.after_refusal(WORKSPACE, "a1", other) is None
    assert stored(office).error == "no_refresh"


@pytest.mark.parametrize("refusal", [False, True])
def test_many_at_once_spend_one_refresh_token(office: Office, renewer: Renewer, refusal: bool) -> None:
    keep(office, secret(0, 7200 if refusal else 0))
    begun = Event()

    def slow() -> None:
        begun.set()
        Event().wait(0.3)

    class Now(SystemClock):
        def now(self) -> datetime:
            return START

    renewer.wait = slow
    # each has its own, as processes have
    owners = [Tokens(office.records, office.vault, Now(), {"bluesky": renewer}) for _ in range(6)]
    old = Account("bluesky", "nanmah", "https://social.example", secret(0, 7200))

    def one(owner: Tokens) -> str:
        return token(owner.after_refusal(WORKSPACE, "a1", old) if refusal else owner.fresh(WORKSPACE, "a1"))

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(one, owners)) == {"t1"}
    assert begun.is_set()
    assert renewer.spent == ["r0"]


class Doorman(MemoryPlatform):
    """Lets one token in."""

    token = "t1"

    def check(self, account: Account) -> AccountCheck:
        ok = token(account) == self.token
        return AccountCheck(account.handle, ok, "" if ok else "refused", "did:own")


def desk(office: Office, tokens: Tokens, platform: MemoryPlatform) -> Sources:
    return Sources(office.records, {}, {"bluesky": platform}, tokens, office.clock)


def test_a_check_tries_another_token_where_one_can_be_had(office: Office, tokens: Tokens, renewer: Renewer) -> None:
    keep(office, secret(0, 7200))
    checked = desk(office, tokens, Doorman(START)).recheck(INES, "a1")
    assert (checked.state, renewer.spent) == ("connected", ["r0"])
    platform = Doorman(START)
    platform.token = "none"
    checked = desk(office, tokens, platform).recheck(INES, "a1")
    assert (checked.state, checked.error) == ("failed", "refused")


def test_a_check_of_a_token_that_ended_says_so(office: Office, tokens: Tokens) -> None:
    keep(office, secret(0, -10, refresh_token=""))
    checked = desk(office, tokens, Doorman(START)).recheck(INES, "a1")
    assert (checked.state, checked.error) == ("failed", "expired")


@pytest.mark.parametrize("pasted", ['{"access_token":""}', secret(1, -10, refresh_token="")])
def test_an_empty_or_ended_token_is_never_connected(office: Office, tokens: Tokens, pasted: str) -> None:
    before = stored(office)
    with pytest.raises((AccountRefusedError, InvalidInputError)):
        desk(office, tokens, Doorman(START)).connect(INES, "bluesky", "", "nanmah", pasted)
    assert stored(office) == before


def test_nothing_of_a_secret_is_in_what_is_said(
    office: Office, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    keep(office, secret(0))
    renewed = tokens.fresh(WORKSPACE, "a1")
    assert "t1" not in repr(renewed) + caplog.text
    assert "was renewed" in caplog.text


def test_who_waits_at_a_page_waits_a_moment(office: Office, renewer: Renewer) -> None:
    keep(office, secret(0), renewing_until=START + timedelta(hours=1))
    tokens = Tokens(office.records, office.vault, office.clock, {"bluesky": renewer})
    made = Sources(office.records, {}, {"bluesky": office.platform}, tokens, office.clock)
    assert made.recheck(INES, "a1").state == "connected"
    assert sum(office.clock.slept) == pytest.approx(AT_A_PAGE.total_seconds(), abs=0.5)


def test_who_waits_holds_up_no_writer(office: Office, renewer: Renewer) -> None:
    counted = CountedRecords(office.records.engine)
    tokens = Tokens(counted, office.vault, office.clock, {"bluesky": renewer})
    keep(office, secret(0), renewing_until=START + timedelta(seconds=50))
    assert token(tokens.fresh(WORKSPACE, "a1")) == "t1"
    assert len(office.clock.slept) == pytest.approx(250, abs=2)
    assert counted.writes == 3  # the lease is looked for, had, and its answer stored


class CountedRecords(Records):
    """Records that count who writes."""

    writes = 0

    def write(self) -> AbstractContextManager[Connection]:
        self.writes += 1
        return super().write()
