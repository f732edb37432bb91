"""Two people, or two workers, at the same thing at the same moment, on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from crm.errors import ConflictError, InvalidInputError, NotFoundError, RateLimitedError
from crm.policies.cases import CaseChangedError
from crm.policies.replies import AlreadyAnsweredError, ReplyChangedError, ReplyStateError
from crm.records import audit, corrections, jobs, kept_posts, tables, tombstones, users
from crm.records.dead_letters import RecordedDeadLetters
from crm.records.desk import Template
from crm.records.queue import QueueFilter
from crm.usecases import removal
from crm.usecases.accounts import TRIES_PER_EMAIL, Accounts, AlreadySetUpError, WrongLogInError
from crm.usecases.casework import CaseSink
from crm.usecases.customers import CustomerDraft, TiedElsewhereError
from crm.usecases.monitors import MonitorChangedError, MonitorDraft, Monitors
from crm.usecases.sending import Sender
from crm.usecases.team import LastAdministratorError, Team
from crm.usecases.toolbox import TemplateDraft
from crm.usecases.trail import Trail
from tests.conformance.dead_letters import letter
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.collision import collide
from tests.doubles.fixtures import Drawer
from tests.doubles.office import MONITOR, START, WORKSPACE, Office, actor, open_office, said
from tests.doubles.platform import PlainVault

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.sqlite, pytest.mark.xdist_group("postgresql")]

LENA, JO, INES = actor(), actor("jo"), actor("ines", "manager")
BOSS = actor("ines", "administrator")


@pytest.fixture
def office(postgresql_drawer: Drawer, tmp_path: Path) -> Iterator[Office]:
    with postgresql_drawer.records(tmp_path) as records:
        yield open_office(records)


@pytest.fixture
def accounts(office: Office) -> Accounts:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Accounts(office.records, PlainVault(), office.clock, cheap)


def meet(office: Office, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    return collide(office.records, first, second)


def count(office: Office, table: str) -> int:
    with office.records.read() as tx:
        return int(tx.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one())


# --- cases ---------------------------------------------------------------------------------------------------


def test_two_agents_take_one_case(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    version = office.inbox.case(LENA, one).case.version
    taken, refused = meet(
        office,
        lambda: office.inbox.assign(LENA, one, "lena", version),
        lambda: office.inbox.assign(JO, one, "jo", version),
    )
    assert taken.assignee_id == "lena"
    assert isinstance(refused, CaseChangedError)
    assert office.inbox.case(LENA, one).case.version == version + 1


def test_an_agent_resolves_while_the_customer_writes(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    more = said("p2", at=5, parent="p1", root="p1")
    resolved, heard = meet(
        office,
        lambda: office.inbox.set_status(LENA, one, "resolved"),
        lambda: office.sink.write([more]),
    )
    assert (resolved.status, heard) == ("resolved", None)
    case = office.inbox.case(LENA, one).case
    assert (case.status, case.posts, case.post_key) == ("open", 2, "bluesky:p2")


def test_many_at_once_in_other_orders_do_not_wait_for_each_other(office: Office) -> None:
    office.hear(said("p1"), said("p2", at=1, who="did:kian"))
    ids = [case_id(office, "p1"), case_id(office, "p2")]
    found = meet(
        office,
        lambda: office.inbox.bulk(LENA, ids, "tag", "Delay"),
        lambda: office.inbox.bulk(JO, ids[::-1], "tag", "Delay"),
    )
    assert found == (2, 2)
    assert [(tag.name, tag.cases) for tag in office.inbox.tags(LENA)] == [("Delay", 2)]


def test_two_new_tags_with_one_name_are_one(office: Office) -> None:
    office.hear(said("p1"), said("p2", at=1, who="did:kian"))
    meet(
        office,
        lambda: office.inbox.tag(LENA, case_id(office, "p1"), "Delay"),
        lambda: office.inbox.tag(JO, case_id(office, "p2"), "Delay"),
    )
    assert [(tag.name, tag.cases) for tag in office.inbox.tags(LENA)] == [("Delay", 2)]


def test_two_sinks_meet_in_one_thread(office: Office) -> None:
    other = CaseSink(office.records, office.clock)
    done = meet(
        office,
        lambda: office.sink.write([said("p1")]),
        lambda: other.write([said("p2", at=1, parent="p1", root="p1")]),
    )
    assert done == (None, None)
    (only,) = office.inbox.queue(LENA, QueueFilter(status="any")).rows
    assert only.case.posts == 2


def test_a_sink_and_an_agent_open_one_thread(office: Office) -> None:
    office.index.write([said("p1", origin="context")])
    _, opened = meet(
        office,
        lambda: office.sink.write([said("p1")]),
        lambda: office.inbox.open_case(LENA, "bluesky:p1"),
    )
    (only,) = office.inbox.queue(LENA, QueueFilter(status="any")).rows
    assert only.case.id == opened.id


def test_one_author_is_tied_to_one_customer(office: Office) -> None:
    office.hear(said("p1"))
    sara, kian = (office.customers.save(INES, CustomerDraft(name)).id for name in ("Sara", "Kian"))
    tied, refused = meet(
        office,
        lambda: office.customers.tie(INES, "bluesky:did:mina", sara),
        lambda: office.customers.tie(INES, "bluesky:did:mina", kian),
    )
    assert tied.customer_id == sara
    assert isinstance(refused, TiedElsewhereError)


# --- replies -------------------------------------------------------------------------------------------------


def test_two_agents_answer_one_case(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    for who in (LENA, JO):
        office.replies.draft(who, one, "reply", "So", "en")
    office.clock.advance(60)
    sent, refused = meet(
        office,
        lambda: office.replies.approve_and_send(LENA, one, "reply", "Sorry!", "en"),
        lambda: office.replies.approve_and_send(JO, one, "reply", "We are sorry", "en"),
    )
    assert sent.status == "approved"
    assert isinstance(refused, AlreadyAnsweredError)
    assert count(office, "outbox") == 1


def test_two_managers_approve_one_reply(office: Office) -> None:
    office.hear(said("p1"))
    draft = office.replies.draft(LENA, case_id(office, "p1"), "reply", "Sorry!", "en")
    sent, refused = meet(
        office,
        lambda: office.replies.approve(INES, draft.id, draft.version),
        lambda: office.replies.approve(JO, draft.id, draft.version),
    )
    assert sent.approver_id == "ines"
    assert isinstance(refused, ReplyChangedError | ReplyStateError)
    assert count(office, "outbox") == 1


def test_a_text_saved_twice_at_once_is_one_draft(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    first, second = meet(
        office,
        lambda: office.replies.draft(LENA, one, "reply", "So", "en"),
        lambda: office.replies.draft(LENA, one, "reply", "Sorry", "en"),
    )
    assert (first.id, second.text) == (second.id, "Sorry")


def sender(office: Office, name: str) -> Sender:
    return Sender(office.records, {"bluesky": office.platform}, office.tokens, office.clock, name, lambda: 0.0)


@pytest.fixture
def reply_id(office: Office) -> str:
    """An approved reply that is due."""
    office.hear(said("p1"))
    approved = office.replies.approve_and_send(LENA, case_id(office, "p1"), "reply", "Sorry!", "en")
    office.clock.advance(8)
    return approved.id


def test_two_responders_claim_one_parcel(office: Office, reply_id: str) -> None:
    done = meet(office, lambda: sender(office, "w1").step(), lambda: sender(office, "w2").step())
    assert sorted(done) == [0, 1]
    assert [order.key for order in office.platform.published] == [reply_id]


@pytest.mark.parametrize("caller_first", [True, False])
def test_calling_back_while_it_is_claimed(office: Office, reply_id: str, caller_first: bool) -> None:
    calls = [lambda: office.replies.cancel(LENA, reply_id), lambda: sender(office, "w1").step()]
    results = meet(office, *(calls if caller_first else calls[::-1]))
    called, sent = results if caller_first else results[::-1]
    assert sent == len(office.platform.published)
    if sent:
        assert isinstance(called, ReplyStateError)
    else:
        assert called.status == "cancelled"


def test_two_jobs_are_shared_by_two_workers(office: Office) -> None:
    with office.records.write() as tx:
        asked = {jobs.ask(tx, WORKSPACE, "work", START) for _ in range(2)}

    def claim() -> str | None:
        with office.records.write() as tx:
            work = jobs.claim(tx, "work", START, START + timedelta(minutes=1), START)
            return work.id if work else None

    assert {*meet(office, claim, claim)} == asked


# --- people and settings -------------------------------------------------------------------------------------


def test_two_first_visits_make_one_administrator(office: Office, accounts: Accounts) -> None:
    with office.records.write() as tx:
        for table in (tables.users, tables.workspaces):
            tx.execute(table.delete())
    made, refused = meet(
        office,
        lambda: accounts.create_administrator("a@firm.example", "A", "correct horse battery"),
        lambda: accounts.create_administrator("b@firm.example", "B", "correct horse battery"),
    )
    assert made.token
    assert isinstance(refused, AlreadySetUpError)
    assert (count(office, "users"), count(office, "workspaces")) == (1, 1)


def test_two_administrators_demote_each_other(office: Office, accounts: Accounts) -> None:
    with office.records.write() as tx:
        for name in ("ines", "jo"):
            users.change(tx, name, role="administrator")
    team = Team(office.records, accounts, office.clock)
    done, refused = meet(
        office, lambda: team.set_role(BOSS, "jo", "agent"), lambda: team.set_active(BOSS, "ines", False)
    )
    assert done is None
    assert isinstance(refused, LastAdministratorError)


def test_one_email_is_taken_once(office: Office, accounts: Accounts) -> None:
    team = Team(office.records, accounts, office.clock)
    _, refused = meet(
        office,
        lambda: team.add(BOSS, "new@firm.example", "New", "agent"),
        lambda: team.add(BOSS, "NEW@firm.example", "New", "agent"),
    )
    assert isinstance(refused, ConflictError)


def test_tries_side_by_side_do_not_pass_the_limit_together(office: Office, accounts: Accounts) -> None:
    def wrong() -> None:
        accounts.log_in("lena@example.org", "wrong")

    for _ in range(TRIES_PER_EMAIL - 1):
        with pytest.raises(WrongLogInError):
            wrong()
    results = meet(office, wrong, wrong)
    assert [type(one) for one in results] == [WrongLogInError, RateLimitedError]


def test_nobody_writes_over_a_monitor_unseen(office: Office) -> None:
    monitors = Monitors(office.records, office.index, office.clock)

    def save(words: str) -> Callable[[], Any]:
        return lambda: monitors.save(BOSS, MonitorDraft("Nanmah", words, "Nanmah", id=MONITOR, version=1))

    saved, refused = meet(office, save("nanmah"), save("نان"))
    assert (saved.version, type(refused)) == (2, MonitorChangedError)


def test_a_shortcut_is_taken_once(office: Office) -> None:
    draft = TemplateDraft("hi", "Hi", "Hello!", "en")
    saved, refused = meet(
        office, lambda: office.toolbox.save_template(INES, draft), lambda: office.toolbox.save_template(INES, draft)
    )
    assert isinstance(saved, Template)
    assert isinstance(refused, InvalidInputError)


def test_of_two_corrections_the_later_stays(office: Office) -> None:
    def correct(value: str) -> Callable[[], None]:
        def put() -> None:
            with office.records.write() as tx:
                corrections.put(tx, WORKSPACE, "bluesky:p1", "sentiment", value, "lena", f"id-{value}", START)

        return put

    assert meet(office, correct("positive"), correct("negative")) == (None, None)
    with office.records.read() as tx:
        assert corrections.every(tx, WORKSPACE) == {"bluesky:p1": {"sentiment": "negative"}}


# --- the trail and the stop list -----------------------------------------------------------------------------


def test_two_sealers_make_one_chain(office: Office) -> None:
    with office.records.write() as tx:
        for number in range(20):
            audit.append(tx, WORKSPACE, "lena", "step", f"s{number}", START)
    trails = [Trail(office.records, office.vault, office.clock) for _ in range(2)]
    assert sum(meet(office, trails[0].seal, trails[1].seal)) == 20
    with office.records.read() as tx:
        verified = audit.verify(tx, office.vault.key("audit"))
    assert (verified.rows, verified.broken) == (20, None)


def bury(office: Office, *keys: str, days: int = 0) -> Callable[[], None]:
    expires = START + timedelta(days=days) if days else None

    def do() -> None:
        with office.records.write() as tx:
            tombstones.bury(tx, WORKSPACE, keys, "post", "platform", START, expires)

    return do


def test_two_bury_the_same_and_the_lasting_one_stays(office: Office) -> None:
    for lasting_first in (True, False):
        keys = [f"bluesky:{lasting_first}-{number}" for number in range(3)]
        calls = [bury(office, *keys), bury(office, *keys[::-1], days=3)]
        assert meet(office, *(calls if lasting_first else calls[::-1])) == (None, None)
        with office.records.write() as tx:
            tombstones.expire(tx, START + timedelta(days=9))
            assert tombstones.buried(tx, WORKSPACE, keys) == {*keys}


def test_an_erasure_waits_for_who_stores_and_then_finds_it(office: Office) -> None:
    def erase() -> None:
        bury(office, "bluesky:p1")()
        with office.records.write() as tx:
            removal.erase(tx, WORKSPACE, ["bluesky:p1"], [], [], START)

    assert meet(office, lambda: office.sink.write([said("p1")]), erase) == (None, None)
    assert (count(office, "cases"), count(office, "kept_posts")) == (0, 0)


def test_what_is_buried_at_this_moment_is_not_stored(office: Office) -> None:
    letters = RecordedDeadLetters(office.records)
    stored, kept = said("p1"), letter(1)
    meet(office, bury(office, "bluesky:p1"), lambda: office.sink.write([stored]))
    with office.records.read() as tx:
        assert kept_posts.known(tx, WORKSPACE, ["bluesky:p1"]) == set()
    letters.add([kept])
    assert [one.id for one in letters.list()] == [kept.id]


@pytest.mark.usefixtures("reply_id")
def test_an_erased_answer_is_not_sent(office: Office) -> None:
    def erase() -> None:
        with office.records.write() as tx:
            removal.erase(tx, WORKSPACE, ["bluesky:p1"], ["bluesky:did:mina"], [], START)

    erased, sent = meet(office, erase, lambda: sender(office, "w1").step())
    assert (erased, count(office, "replies"), count(office, "outbox")) == (None, 0, 0)
    assert sent == 0 or isinstance(sent, NotFoundError)
    assert office.platform.published == []


def test_one_dead_letter_is_kept_once(office: Office) -> None:
    letters = RecordedDeadLetters(office.records)
    assert meet(office, lambda: letters.add([letter(1)]), lambda: letters.add([letter(1), letter(2)])) == (None, None)
    assert len(letters.list()) == 2
