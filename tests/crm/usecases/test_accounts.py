from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from crm.errors import ConflictError, InvalidInputError, NotFoundError, RateLimitedError
from crm.policies.access import ForbiddenError
from crm.policies.passwords import WeakPasswordError
from crm.records import audit, users, workspaces
from crm.records.database import Records
from crm.records.users import User
from crm.usecases.accounts import Accounts, AlreadySetUpError, WrongLogInError
from crm.usecases.team import Preferences, Team
from tests.conformance.doubles import ManualClock
from tests.doubles.platform import PlainVault

GOOD = "correct horse battery"
NOW = datetime(2026, 3, 21, tzinfo=UTC)


@pytest.fixture
def records(empty_records: Records) -> Records:
    return empty_records


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def accounts(records: Records, clock: ManualClock) -> Accounts:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Accounts(records, PlainVault(), clock, cheap)


def test_the_first_visit_makes_one_administrator(accounts: Accounts) -> None:
    assert accounts.needs_setup()
    token = accounts.create_administrator("Mina@Firm.example", "مینا", GOOD, "fa")
    assert not accounts.needs_setup()
    actor = accounts.actor_of(token.token)
    assert actor is not None
    assert (actor.role, actor.email, actor.language) == ("administrator", "mina@firm.example", "fa")
    with pytest.raises(AlreadySetUpError):
        accounts.create_administrator("other@firm.example", "", GOOD)


@pytest.mark.parametrize("email", ["", "mina", "mina@", "@firm.example", "mina@firm", "a b@firm.example"])
def test_what_is_no_email_is_refused(accounts: Accounts, email: str) -> None:
    with pytest.raises(InvalidInputError, match="not an e-mail"):
        accounts.create_administrator(email, "", GOOD)


@pytest.mark.parametrize(
    ("password", "code"),
    [("short", "short"), ("x" * 201, "long"), ("Password123", "leaked"), ("aaaaaaaaaaaa", "leaked")],
)
def test_weak_passwords_are_refused(accounts: Accounts, password: str, code: str) -> None:
    with pytest.raises(WeakPasswordError) as caught:
        accounts.create_administrator("mina@firm.example", "", password)
    assert caught.value.code == code


def test_log_in_asks_for_the_right_password(accounts: Accounts) -> None:
    accounts.create_administrator("mina@firm.example", "", GOOD)
    assert accounts.actor_of(accounts.log_in("MINA@firm.example ", GOOD).token)
    with pytest.raises(WrongLogInError):
        accounts.log_in("mina@firm.example", "wrong password")
    with pytest.raises(WrongLogInError):
        accounts.log_in("nobody@firm.example", GOOD)


def test_too_many_wrong_tries_are_stopped_for_a_while(accounts: Accounts, clock: ManualClock) -> None:
    accounts.create_administrator("mina@firm.example", "", GOOD)
    for _ in range(5):
        with pytest.raises(WrongLogInError):
            accounts.log_in("mina@firm.example", "wrong password", "203.0.113.9")
    with pytest.raises(RateLimitedError):
        accounts.log_in("mina@firm.example", GOOD, "203.0.113.9")
    clock.advance(16 * 60)
    assert accounts.log_in("mina@firm.example", GOOD, "203.0.113.9")


class SlowHasher(PasswordHasher):
    """Another guess begins while this one is being checked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.meanwhile: Callable[[], object] | None = None
        self.checked = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.checked += 1
        if self.meanwhile:
            self.meanwhile()
        return super().verify(hash, password)


def test_guesses_side_by_side_share_one_limit(records: Records, clock: ManualClock) -> None:
    hasher = SlowHasher()
    accounts = Accounts(records, PlainVault(), clock, hasher)
    accounts.create_administrator("mina@firm.example", "", GOOD)

    def guess() -> None:
        with suppress(WrongLogInError, RateLimitedError):
            accounts.log_in("mina@firm.example", "wrong password")

    hasher.meanwhile = lambda: guess() if hasher.checked < 20 else None
    guess()
    assert hasher.checked == 5


def test_log_ins_that_succeed_are_not_counted(accounts: Accounts) -> None:
    accounts.create_administrator("mina@firm.example", "", GOOD)
    for _ in range(31):
        accounts.log_in("mina@firm.example", GOOD, "203.0.113.9")
    with pytest.raises(WrongLogInError):
        accounts.log_in("kian@firm.example", GOOD, "203.0.113.9")


def test_the_old_password_can_not_be_guessed_without_end(accounts: Accounts, clock: ManualClock) -> None:
    actor = accounts.actor_of(accounts.create_administrator("mina@firm.example", "", GOOD).token)
    assert actor is not None
    for _ in range(6):
        with pytest.raises(WeakPasswordError):
            accounts.change_password(actor, GOOD, "short")
    for _ in range(5):
        with pytest.raises(WrongLogInError):
            accounts.change_password(actor, "not this one", "another good one")
    with pytest.raises(RateLimitedError):
        accounts.change_password(actor, GOOD, "another good one")
    clock.advance(16 * 60)
    accounts.change_password(actor, GOOD, "another good one")


def test_one_address_can_not_try_many_emails(accounts: Accounts) -> None:
    accounts.create_administrator("mina@firm.example", "", GOOD)
    for number in range(30):
        with pytest.raises(WrongLogInError):
            accounts.log_in(f"user{number}@firm.example", "wrong password", "203.0.113.9")
    with pytest.raises(RateLimitedError):
        accounts.log_in("mina@firm.example", GOOD, "203.0.113.9")
    assert accounts.log_in("mina@firm.example", GOOD, "198.51.100.1")


def test_sessions_end(accounts: Accounts, records: Records, clock: ManualClock) -> None:
    accounts.create_administrator("mina@firm.example", "", GOOD)
    token = accounts.log_in("mina@firm.example", GOOD).token
    holder = accounts.actor_of(token)
    accounts.log_out(token)
    accounts.log_out("unknown")
    assert holder is not None
    assert accounts.actor_of(token) is None
    with records.read() as tx:
        left = [row for row in audit.newest(tx, holder.workspace) if row.action == "log_out"]
    assert [(row.actor, row.subject) for row in left] == [(holder.user_id, holder.user_id)]
    idle = accounts.log_in("mina@firm.example", GOOD).token
    clock.advance(timedelta(days=8).total_seconds())
    assert accounts.actor_of(idle) is None


def test_a_session_in_use_lives_thirty_days(accounts: Accounts, clock: ManualClock) -> None:
    accounts.create_administrator("mina@firm.example", "", GOOD)
    token = accounts.log_in("mina@firm.example", GOOD).token
    for _ in range(9):
        clock.advance(timedelta(days=3).total_seconds())
        assert accounts.actor_of(token)
    clock.advance(timedelta(days=4).total_seconds())
    assert accounts.actor_of(token) is None


def test_only_hashes_of_tokens_and_passwords_are_stored(accounts: Accounts, tmp_path: Path) -> None:
    token = accounts.create_administrator("mina@firm.example", "", GOOD).token
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token.encode() not in stored
    assert GOOD.encode() not in stored


def test_api_tokens_open_the_api_alone(accounts: Accounts) -> None:
    actor = accounts.actor_of(accounts.create_administrator("mina@firm.example", "", GOOD).token)
    assert actor is not None
    secret = accounts.create_api_token(actor, "reports")
    assert accounts.actor_of(secret) is None
    assert accounts.actor_of(secret, "api") == type(actor)(
        **{
            **{name: getattr(actor, name) for name in actor.__struct_fields__},
            "session": accounts.api_tokens(actor)[0].token_hash[:12],
        }
    )
    accounts.revoke_api_token(actor, accounts.api_tokens(actor)[0].token_hash)
    assert accounts.actor_of(secret, "api") is None


def test_a_reset_password_works_once_and_ends_sessions(accounts: Accounts) -> None:
    token = accounts.create_administrator("mina@firm.example", "", GOOD).token
    new = accounts.reset_password("mina@firm.example")
    assert accounts.actor_of(token) is None
    with pytest.raises(WrongLogInError):
        accounts.log_in("mina@firm.example", GOOD)
    assert accounts.log_in("mina@firm.example", new)
    with pytest.raises(InvalidInputError, match="Nobody here"):
        accounts.reset_password("nobody@firm.example")


def test_changing_ones_password_ends_the_other_sessions(accounts: Accounts) -> None:
    first = accounts.create_administrator("mina@firm.example", "", GOOD).token
    second = accounts.log_in("mina@firm.example", GOOD).token
    actor = accounts.actor_of(second)
    assert actor is not None
    with pytest.raises(WrongLogInError):
        accounts.change_password(actor, "not this one", "another good one")
    with pytest.raises(WeakPasswordError, match="old one"):
        accounts.change_password(actor, GOOD, GOOD)
    accounts.change_password(actor, GOOD, "another good one")
    assert accounts.actor_of(first) is None
    assert accounts.actor_of(second)


def test_the_team_grows_changes_and_shrinks(accounts: Accounts, records: Records, clock: ManualClock) -> None:
    boss = accounts.actor_of(accounts.create_administrator("mina@firm.example", "", GOOD).token)
    assert boss is not None
    team = Team(records, accounts, clock)
    user, password = team.add(boss, "kian@firm.example", "کیان", "agent")
    session = accounts.log_in("kian@firm.example", password).token
    kian = accounts.actor_of(session)
    assert kian is not None
    with pytest.raises(ForbiddenError):
        team.add(kian, "more@firm.example", "", "agent")
    with pytest.raises(ConflictError, match="here already"):
        team.add(boss, "KIAN@firm.example", "", "agent")
    team.set_role(boss, user.id, "manager")
    assert {one.role for one in team.members(boss)} == {"administrator", "manager"}
    team.set_active(boss, user.id, active=False)
    assert accounts.actor_of(session) is None
    with pytest.raises(WrongLogInError):
        accounts.log_in("kian@firm.example", password)
    with pytest.raises(NotFoundError):
        team.set_role(boss, "nobody", "agent")


def test_the_last_administrator_stays(accounts: Accounts, records: Records, clock: ManualClock) -> None:
    boss = accounts.actor_of(accounts.create_administrator("mina@firm.example", "", GOOD).token)
    assert boss is not None
    team = Team(records, accounts, clock)
    with pytest.raises(ConflictError, match="at least one"):
        team.set_role(boss, boss.user_id, "agent")
    with pytest.raises(ConflictError, match="at least one"):
        team.set_active(boss, boss.user_id, active=False)
    assert team.members(boss)[0].role == "administrator"


def test_nobody_comes_in_as_somebody_made_up(accounts: Accounts, records: Records, clock: ManualClock) -> None:
    boss = accounts.actor_of(accounts.create_administrator("mina@firm.example", "", GOOD).token)
    assert boss is not None
    # Active, an administrator and with a password that is known: being made up alone keeps them out.
    made_up = User("u9", boss.workspace, "a@example.com", "A", "administrator", False, True, {}, None, False, NOW, True)
    with records.write() as tx:
        users.add(tx, made_up, accounts.hash_password(GOOD))
    with pytest.raises(WrongLogInError):
        accounts.log_in("a@example.com", GOOD)
    with pytest.raises(InvalidInputError, match="belongs to the demo"):
        accounts.reset_password("a@example.com")
    team = Team(records, accounts, clock)
    with pytest.raises(InvalidInputError, match="belongs to the demo"):
        team.set_active(boss, "u9", active=True)
    with pytest.raises(ConflictError, match="at least one"):
        team.set_role(boss, boss.user_id, "agent")


def test_preferences_are_kept(accounts: Accounts, records: Records, clock: ManualClock) -> None:
    boss = accounts.actor_of(accounts.create_administrator("mina@firm.example", "", GOOD).token)
    assert boss is not None
    team = Team(records, accounts, clock)
    team.set_preferences(boss, Preferences("fa", "dark", keys=False))
    assert team.preferences(boss) == Preferences("fa", "dark", keys=False)
    with pytest.raises(InvalidInputError):
        team.set_preferences(boss, Preferences("de"))


def test_what_is_done_is_in_the_trail(accounts: Accounts, records: Records) -> None:
    accounts.create_administrator("mina@firm.example", "", GOOD)
    accounts.reset_password("mina@firm.example")
    with records.read() as tx:
        workspace = tx.exec_driver_sql("SELECT id FROM workspaces").scalar_one()
        assert [row.action for row in audit.newest(tx, workspace)] == ["reset_password", "create_administrator"]


def test_the_administrator_takes_over_what_was_imported_before(accounts: Accounts, records: Records) -> None:
    with records.write() as tx:
        workspaces.add(tx, workspaces.Workspace("w9", "", "Asia/Tehran", "en", NOW))
        made_up = User("u9", "w9", "a@example.com", "A", "manager", True, False, {}, None, False, NOW, made_up=True)
        users.add(tx, made_up, "!")
    assert accounts.needs_setup()
    actor = accounts.actor_of(accounts.create_administrator("mina@firm.example", "", GOOD, "fa").token)
    assert actor is not None
    assert actor.workspace == "w9"
