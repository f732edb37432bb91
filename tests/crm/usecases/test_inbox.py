"""The queue and the steps on a case, as three agents and an analyst meet them."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import ForbiddenError
from crm.policies.cases import CaseChangedError, DemoColleagueError
from crm.policies.rules import AddTag, Assign, Hide
from crm.records import cases, changes, customers, tables, users
from crm.records.customers import Customer
from crm.records.queue import QueueFilter, QueueSort
from crm.usecases.inbox import wake_due
from crm.usecases.toolbox import RuleDraft, TemplateDraft
from tests.doubles.office import START, WORKSPACE, Office, actor, said

LENA, JO, INES, ADA = actor(), actor("jo"), actor("ines", "manager"), actor("ada", "analyst")


def ids(office: Office, wanted: QueueFilter | None = None) -> list[str]:
    """The native ids of the newest posts of the cases in the queue."""
    page = office.inbox.queue(LENA, wanted or QueueFilter())
    return [row.case.post_key.removeprefix("bluesky:") for row in page.rows]


def case_id(office: Office, native_id: str) -> str:
    with office.records.read() as tx:
        found = tx.execute(select(tables.cases.c.id).where(tables.cases.c.post_key == f"bluesky:{native_id}"))
        return str(found.scalar_one())


def busy(office: Office) -> None:
    """Four cases: p1 urgent, p2 late, p3 of a VIP, p4 of somebody else in Persian."""
    with office.records.write() as tx:
        customers.put(tx, Customer("c1", WORKSPACE, "Vip", START, START, vip=True))
    office.hear(
        said("p1", "bread is late", at=1), said("p2", "refund my money", at=-600, who="did:a"),
        said("p3", "hello", at=3, who="did:v", customer="c1"), said("p4", "سلام", at=4, who="did:b", sentiment=None),
    )  # fmt: skip
    office.inbox.set_priority(LENA, case_id(office, "p1"), "urgent")


def test_the_queue_counts_every_view(office: Office) -> None:
    busy(office)
    office.inbox.assign(LENA, case_id(office, "p4"), "lena")
    page = office.inbox.queue(LENA, QueueFilter())
    assert page.counts == {"all": 4, "mine": 1, "unassigned": 3, "late": 1, "vip": 1, "approvals": 0}
    assert page.total == 4
    assert ids(office, QueueFilter(view="mine")) == ["p4"]
    assert ids(office, QueueFilter(view="late")) == ["p2"]
    assert ids(office, QueueFilter(view="vip")) == ["p3"]
    row = next(row for row in page.rows if row.assignee)
    assert row.assignee
    assert (row.assignee.name, row.case.sentiment, row.unread) == ("Lena", "", True)


def test_what_waits_for_approval_is_found(office: Office) -> None:
    busy(office)
    draft = office.replies.draft(LENA, case_id(office, "p2"), "reply", "Sorry!")
    office.replies.draft(LENA, case_id(office, "p1"), "reply", "Sor")
    wanted = QueueFilter(view="approvals")
    assert office.inbox.queue(LENA, wanted).total == 0
    asked = office.replies.request_approval(LENA, draft.id)
    page = office.inbox.queue(LENA, wanted)
    assert (page.counts["approvals"], [(row.case.id, row.reply) for row in page.rows]) == (
        1, [(case_id(office, "p2"), "draft")],
    )  # fmt: skip
    assert {row.reply for row in office.inbox.queue(LENA, QueueFilter()).rows} == {"draft", None}
    office.replies.approve(LENA, draft.id, asked.version)
    assert ids(office, wanted) == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("due", ["p2", "p1", "p3", "p4"]),
        ("newest", ["p4", "p3", "p1", "p2"]),
        ("oldest", ["p2", "p1", "p3", "p4"]),
        ("priority", ["p1", "p3", "p2", "p4"]),
    ],
)
def test_pages_follow_each_other_in_every_order(office: Office, sort: QueueSort, expected: list[str]) -> None:
    busy(office)
    wanted = QueueFilter(sort=sort)
    assert ids(office, wanted) == expected
    seen, cursor = [], None
    for _ in range(4):
        page = office.inbox.queue(LENA, wanted, cursor, limit=1)
        seen += [row.case.post_key.removeprefix("bluesky:") for row in page.rows]
        cursor = page.cursor
    assert (seen, cursor) == (expected, None)


def test_a_cursor_of_another_order_or_a_damaged_one_is_refused(office: Office) -> None:
    busy(office)
    cursor = office.inbox.queue(LENA, QueueFilter(sort="due"), limit=1).cursor
    for wrong in (cursor, "%%%", "bm8="):
        with pytest.raises(InvalidInputError):
            office.inbox.queue(LENA, QueueFilter(sort="newest"), wrong)


def test_filters_and_text(office: Office) -> None:
    busy(office)
    office.inbox.tag(LENA, case_id(office, "p2"), "Refund")
    assert ids(office, QueueFilter(tag="Refund")) == ["p2"]
    assert ids(office, QueueFilter(query="refund OR hello")) == ["p2", "p3"]
    assert ids(office, QueueFilter(query="tag:Refund")) == ["p2"]
    assert ids(office, QueueFilter(query="nothing")) == []
    assert ids(office, QueueFilter(query="#3")) == ["p3"]
    assert ids(office, QueueFilter(platform="mastodon")) == []
    assert ids(office, QueueFilter(monitor="m1", since=START)) == ["p1", "p3", "p4"]
    assert ids(office, QueueFilter(monitor="m2")) == []


def test_a_person_limited_to_monitors_sees_only_their_cases(office: Office) -> None:
    busy(office)
    guest = msgspec.structs.replace(LENA, monitors=("m2",))
    assert office.inbox.queue(guest, QueueFilter()).counts["all"] == 0
    with pytest.raises(ForbiddenError):
        office.inbox.case(guest, case_id(office, "p1"))


def test_direct_messages_are_for_those_who_may_read_them(office: Office) -> None:
    office.hear(said("d1", private=True, monitors=()))
    assert ids(office) == []
    reader = msgspec.structs.replace(LENA, private=True)
    assert office.inbox.queue(reader, QueueFilter()).total == 1


def test_an_analyst_may_look_and_not_touch(office: Office) -> None:
    busy(office)
    one = case_id(office, "p1")
    assert office.inbox.case(ADA, one).case.id == one
    for step in (
        lambda: office.inbox.assign(ADA, one, "ada"),
        lambda: office.inbox.add_note(ADA, one, "x"),
        lambda: office.inbox.set_status(ADA, one, "resolved"),
        lambda: office.inbox.tag(ADA, one, "x"),
        lambda: office.inbox.bulk(ADA, [one], "tag", "x"),
    ):
        with pytest.raises(ForbiddenError):
            step()


def test_two_agents_who_assign_at_once_are_told(office: Office) -> None:
    busy(office)
    one = case_id(office, "p1")
    version = office.inbox.case(LENA, one).case.version
    office.inbox.assign(JO, one, "jo", version)
    with pytest.raises(CaseChangedError, match="Jo changed this case"):
        office.inbox.assign(LENA, one, "lena", version)
    office.inbox.set_priority(LENA, one, "low", version)
    assert office.inbox.case(LENA, one).case.assignee_id == "jo"


def test_resolving_over_a_fresh_post_is_refused(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    version = office.inbox.case(LENA, one).case.version
    office.hear(said("p2", at=1, parent="p1", root="p1"))
    with pytest.raises(CaseChangedError):
        office.inbox.set_status(LENA, one, "resolved", version)


def test_statuses_move_only_as_they_may(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    resolved = office.inbox.set_status(LENA, one, "resolved")
    assert (resolved.due_at, resolved.resolved_at) == (None, START)
    with pytest.raises(InvalidInputError, match="it can become open"):
        office.inbox.set_status(LENA, one, "waiting")
    again = office.inbox.set_status(LENA, one, "open")
    assert (again.status, again.due_at, again.resolved_at) == ("open", START + timedelta(hours=4), None)


def test_assigning_opens_a_new_case_and_refuses_who_can_not_work(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    assert office.inbox.assign(LENA, one, "jo").status == "open"
    with pytest.raises(InvalidInputError, match="analyst"):
        office.inbox.assign(LENA, one, "ada")
    with pytest.raises(NotFoundError):
        office.inbox.assign(LENA, one, "nobody")
    assert office.inbox.assign(LENA, one, None).assignee_id is None


def test_a_snoozed_case_leaves_the_queue_until_its_time_and_nothing_is_sent(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    with pytest.raises(InvalidInputError):
        office.inbox.snooze(LENA, one, START)
    office.inbox.snooze(LENA, one, START + timedelta(hours=1))
    assert ids(office) == []
    assert ids(office, QueueFilter(status="snoozed")) == ["p1"]
    assert wake_due(office.records, office.clock) == 0
    office.clock.advance(3_600)
    assert ids(office) == ["p1"]
    assert wake_due(office.records, office.clock) == 1
    with office.records.read() as tx:
        assert cases.get(tx, WORKSPACE, one).snoozed_until is None
        assert tx.execute(select(tables.outbox)).all() == []


def test_the_thread_shows_posts_notes_and_events_in_time(office: Office) -> None:
    office.hear(said("p1"), said("x1", at=1, who="did:omid", parent="p1", root="p1", monitors=()))
    one = case_id(office, "p1")
    office.clock.advance(180)
    office.inbox.add_note(JO, one, "  call her  ")
    office.inbox.tag(JO, one, "Delay")
    view = office.inbox.case(LENA, one)
    kinds = [(item.kind, item.writer.name if item.writer else "") for item in view.items]
    assert kinds == [("post", ""), ("event", ""), ("post", ""), ("note", "Jo"), ("event", "Jo")]
    assert view.tags == ("Delay",)
    assert view.customer.name == "Mina"
    assert [rule.way for rule in view.ways.allowed] == ["reply", "open"]


def test_who_is_looking_and_typing_is_seen_for_half_a_minute(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    office.inbox.seen(JO, one, typing=True)
    (viewer,) = office.inbox.case(LENA, one).viewers
    assert (viewer.person.name, viewer.typing) == ("Jo", True)
    assert office.inbox.case(JO, one).viewers == ()
    office.clock.advance(31)
    assert office.inbox.case(LENA, one).viewers == ()


def test_looking_again_signals_only_what_changed(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    for typing in (False, False, True, True, False):
        office.inbox.seen(JO, one, typing=typing)
    office.inbox.leave(JO, one)
    office.inbox.leave(JO, one)
    with office.records.read() as tx:
        assert [change.kind for change in changes.since(tx, 0)].count("presence") == 4


def test_unread_is_each_persons_own(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    office.inbox.seen(LENA, one)
    assert not office.inbox.queue(LENA, QueueFilter()).rows[0].unread
    assert office.inbox.queue(JO, QueueFilter()).rows[0].unread
    office.hear(said("p2", at=1, parent="p1", root="p1"))
    assert office.inbox.queue(LENA, QueueFilter()).rows[0].unread
    assert [item.new for item in office.inbox.case(LENA, one).items if item.post] == [False, True]
    office.inbox.seen(LENA, one)
    office.inbox.mark_unread(LENA, one)
    assert office.inbox.queue(LENA, QueueFilter()).rows[0].unread


def test_bulk_does_all_or_nothing(office: Office) -> None:
    busy(office)
    some = [case_id(office, "p1"), case_id(office, "p2")]
    assert office.inbox.bulk(LENA, some, "assign", "jo") == 2
    assert office.inbox.bulk(LENA, some, "status", "resolved") == 2
    assert ids(office) == ["p3", "p4"]
    with pytest.raises(NotFoundError):
        office.inbox.bulk(LENA, [case_id(office, "p3"), "missing"], "status", "resolved")
    assert ids(office) == ["p3", "p4"]
    for action, value in (("status", "gone"), ("snooze", "soon"), ("snooze", "2030-01-01T00:00"), ("dance", "")):
        with pytest.raises(InvalidInputError):
            office.inbox.bulk(LENA, some, action, value)  # type: ignore[arg-type]


def test_a_person_makes_any_post_a_case_once(office: Office) -> None:
    office.index.write([said("a", monitors=(), who="did:omid"), said("b", at=1, parent="a", monitors=())])
    case = office.inbox.open_case(LENA, "bluesky:b")
    assert (case.status, case.thread_key) == ("open", "bluesky:a")
    assert office.inbox.open_case(JO, "bluesky:b").id == case.id
    assert [item.post.post.native_id for item in office.inbox.case(LENA, case.id).items if item.post] == ["a", "b"]
    office.inbox.set_status(LENA, case.id, "resolved")
    assert office.inbox.open_case(JO, "bluesky:a").status == "open"
    with pytest.raises(NotFoundError):
        office.inbox.open_case(LENA, "bluesky:zzz")


def test_every_step_leaves_a_trace(office: Office) -> None:
    office.hear(said("p1"))
    one = case_id(office, "p1")
    office.inbox.assign(LENA, one, "jo")
    office.inbox.set_priority(LENA, one, "high")
    office.inbox.tag(LENA, one, "A")
    office.inbox.untag(LENA, one, "A")
    office.inbox.snooze(LENA, one, START + timedelta(days=1))
    office.inbox.wake(LENA, one)
    office.inbox.add_note(LENA, one, "n")
    office.inbox.set_status(LENA, one, "resolved")
    with office.records.read() as tx:
        actions = tx.execute(select(tables.audit.c.action).where(tables.audit.c.actor == "lena")).scalars().all()
        signals = [change.subject for change in changes.since(tx, 0) if change.kind == "case"]
    assert [action.removeprefix("case_") for action in actions] == [
        "assigned", "priority", "tagged", "untagged", "snoozed", "woken", "note", "status",
    ]  # fmt: skip
    assert signals == [one] * 9


def test_templates_views_and_rules(office: Office) -> None:
    saved = office.toolbox.save_template(INES, TemplateDraft("/sorry", "Sorry", "We are sorry.", "en"))
    with pytest.raises(InvalidInputError, match="taken"):
        office.toolbox.save_template(INES, TemplateDraft("sorry", "Other", "…", "en"))
    with pytest.raises(ForbiddenError):
        office.toolbox.delete_template(LENA, saved.id)
    assert [one.shortcut for one in office.toolbox.templates(LENA)] == ["sorry"]
    office.toolbox.delete_template(INES, saved.id)
    assert office.toolbox.templates(LENA) == []

    view = office.toolbox.save_view(LENA, "Late", QueueFilter(view="late"))
    assert office.toolbox.save_view(LENA, "Late", QueueFilter(view="vip")).id == view.id
    assert [one.filter["view"] for one in office.toolbox.views(LENA)] == ["vip"]
    assert office.toolbox.views(JO) == []
    with pytest.raises(NotFoundError):
        office.toolbox.delete_view(JO, view.id)
    shared = office.toolbox.save_view(INES, "Team", QueueFilter(), shared=True)
    with pytest.raises(ForbiddenError):
        office.toolbox.delete_view(JO, shared.id)

    rule = office.toolbox.save_rule(INES, RuleDraft("Spam", "lottery", (Hide(),)))
    office.hear(said("p1", "lottery"))
    assert ids(office) == []
    office.toolbox.save_rule(INES, RuleDraft("Spam", "lottery", (AddTag("Spam"),)), rule.id)
    office.hear(said("p1", "lottery"))
    assert ids(office, QueueFilter(tag="Spam")) == ["p1"]
    office.toolbox.delete_rule(INES, rule.id)
    assert office.toolbox.rules(INES) == []
    for bad in (RuleDraft("x", "a AND", (Hide(),)), RuleDraft("x", "a", ()), RuleDraft(" ", "a", (Hide(),))):
        with pytest.raises(InvalidInputError):
            office.toolbox.save_rule(INES, bad)


def test_what_a_rule_would_do_is_checked_when_it_is_saved(office: Office) -> None:
    with office.records.write() as tx:
        users.change(tx, "jo", active=False)
    for action in (AddTag("x" * 101), AddTag(" "), Assign("ada"), Assign("jo"), Assign("nobody")):
        with pytest.raises((InvalidInputError, NotFoundError)):
            office.toolbox.save_rule(INES, RuleDraft("x", "a", (action,)))
    left = office.toolbox.save_rule(INES, RuleDraft("x", "a", (AddTag(" late   bread "), Assign("jo")), enabled=False))
    assert left.actions == (AddTag("late bread"), Assign("jo"))
    assert office.toolbox.rules(INES) == [left]


def test_the_demos_colleagues_take_the_demos_cases_and_no_others(office: Office) -> None:
    negar = users.User("negar", WORKSPACE, "n@example.com", "Negar", "agent", True, False, {}, None, False, START, True)
    office.hear(said("p1"), said("p2", who="did:b"))
    with office.records.write() as tx:
        users.add(tx, negar, "!")
        cases.change(tx, case_id(office, "p1"), made_up=True)
    assert office.inbox.assign(LENA, case_id(office, "p1"), "negar").assignee_id == "negar"
    with pytest.raises(DemoColleagueError, match="Negar belongs to the demo"):
        office.inbox.assign(LENA, case_id(office, "p2"), "negar")
