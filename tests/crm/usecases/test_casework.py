"""Posts become work: what opens, moves, joins, re-opens and empties a case, in any order and any number of times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import func, select

from crm.policies.rules import AddTag, Assign, Complete, Hide, Rule, RuleAction, SetPriority
from crm.records import audit, cases, changes, customers, kept_posts, rules, tables, tags, threads, tombstones, users
from crm.records.cases import Case
from crm.records.customers import Customer
from crm.records.dead_letters import RecordedDeadLetters
from crm.usecases.indexing import IndexSink
from crm.words import EnrichedPost, RemovedPost
from tests.conformance.dead_letters import letter
from tests.doubles.fixtures import Drawer
from tests.doubles.office import START, WORKSPACE, Office, actor, open_office, said


def all_cases(office: Office) -> list[Case]:
    with office.records.read() as tx:
        ids = tx.execute(select(tables.cases.c.id).order_by(tables.cases.c.number)).scalars().all()
        return [cases.get(tx, WORKSPACE, one) for one in ids]


def only_case(office: Office) -> Case:
    (case,) = all_cases(office)
    return case


def kept(office: Office, thread: str) -> list[str]:
    with office.records.read() as tx:
        return [one.post.native_id for one in kept_posts.of_threads(tx, WORKSPACE, [f"bluesky:{thread}"])]


def removed(post: str | None = None, author: str | None = None) -> RemovedPost:
    return RemovedPost(WORKSPACE, START, post and f"bluesky:{post}", author and f"bluesky:{author}")


def test_a_mention_of_our_brand_opens_a_case_with_a_clock(office: Office) -> None:
    office.hear(said("p1", "nanmah, where is my bread?", urgency="high"))
    case = only_case(office)
    assert (case.number, case.status, case.priority, case.sentiment) == (1, "new", "high", "negative")
    assert case.title == case.preview == "nanmah, where is my bread?"
    assert case.due_at == START + timedelta(minutes=60)
    assert kept(office, "p1") == ["p1"]


@pytest.mark.parametrize(
    "post",
    [
        said("p", monitors=()),
        said("p", monitors=("competitor",)),
        said("p", own=True),
        said("p", origin="own"),
        said("p", origin="context"),
        said("p", origin="import"),
        said("p", origin="demo"),
        said("p", "RT @mina: nanmah is late"),
        said("p", at=-8 * 24 * 60),
    ],
    ids=["nobody", "competitor", "own", "own account", "context", "import", "demo", "repost", "old"],
)
def test_what_wants_no_answer_opens_no_case(office: Office, post: EnrichedPost) -> None:
    office.hear(post)
    assert all_cases(office) == []
    assert kept(office, "p") == []


def test_an_import_opens_cases_where_it_was_asked_to_and_their_clock_starts_now(office: Office) -> None:
    office.hear(said("p", at=-90 * 24 * 60, origin="import", open_cases=True))
    assert only_case(office).due_at == START + timedelta(hours=4)


def test_the_customer_reopens_a_resolved_case_and_bystanders_do_not(office: Office) -> None:
    office.hear(said("p1"))
    with office.records.write() as tx:
        cases.change(tx, only_case(office).id, status="resolved", due_at=None, resolved_at=START)
    office.hear(said("p2", at=5, who="did:omid", parent="p1", root="p1", monitors=()))
    assert only_case(office).status == "resolved"
    office.hear(said("p3", "still nothing", at=6, parent="p1", root="p1", monitors=()))
    case = only_case(office)
    assert (case.status, case.preview, case.posts, case.resolved_at) == ("open", "still nothing", 2, None)
    assert case.due_at == START + timedelta(minutes=6, hours=4)
    assert kept(office, "p1") == ["p1", "p2", "p3"]


def test_our_answer_stops_the_clock_and_the_next_post_starts_it(office: Office) -> None:
    office.hear(said("p1"), said("o1", at=10, own=True, parent="p1", root="p1", who="did:own", monitors=()))
    case = only_case(office)
    assert (case.status, case.due_at, case.first_answer_at) == ("waiting", None, START + timedelta(minutes=10))
    office.hear(said("p2", at=20, parent="o1", root="p1", monitors=()))
    assert only_case(office).status == "open"
    assert only_case(office).due_at == START + timedelta(minutes=20, hours=4)
    assert only_case(office).first_answer_at == START + timedelta(minutes=10)


def test_a_snoozed_case_wakes_when_the_customer_writes(office: Office) -> None:
    office.hear(said("p1"))
    with office.records.write() as tx:
        cases.change(tx, only_case(office).id, snoozed_until=START + timedelta(days=2))
    office.hear(said("p2", at=5, parent="p1", root="p1"))
    assert only_case(office).snoozed_until is None


def test_an_edit_redraws_the_preview_and_moves_nothing(office: Office) -> None:
    office.hear(said("p1"))
    with office.records.write() as tx:
        cases.change(tx, only_case(office).id, status="resolved", due_at=None)
    office.hear(said("p1", "edited", revision=2))
    assert (only_case(office).preview, only_case(office).status) == ("edited", "resolved")


def test_an_older_version_told_once_more_brings_no_old_words_back(office: Office) -> None:
    office.hear(said("p1", "edited", revision=2))
    before = only_case(office)
    office.hear(said("p1", "as it was first"))
    assert only_case(office) == before


def test_the_same_events_again_change_nothing(office: Office) -> None:
    events = [said("p1"), said("o1", at=1, own=True, parent="p1", root="p1"), said("p2", at=2, parent="o1", root="p1")]
    office.hear(*events)
    before = only_case(office)
    office.sink.write(events)
    office.hear(*reversed(events))
    assert only_case(office) == before


def test_a_missing_parent_renames_the_case(office: Office) -> None:
    office.hear(said("c", at=2, parent="b"))
    assert only_case(office).thread_key == "bluesky:b"
    office.hear(said("b", at=1, parent="a", monitors=(), who="did:omid"))
    assert only_case(office).thread_key == "bluesky:a"
    assert kept(office, "a") == ["b", "c"]
    with office.records.read() as tx:
        assert set(threads.members(tx, WORKSPACE, "bluesky:a")) == {"bluesky:a", "bluesky:b", "bluesky:c"}


def test_two_cases_of_one_thread_become_one(office: Office) -> None:
    office.hear(said("a"), said("c", at=2, parent="b"))
    first, second = all_cases(office)
    with office.records.write() as tx:
        tags.add(tx, WORKSPACE, second.id, "Refund", START)
        cases.change(tx, first.id, status="resolved", due_at=None)
    office.inbox.add_note(actor(), second.id, "look at this")
    office.hear(said("b", at=1, parent="a", monitors=()))
    case = only_case(office)
    assert (case.id, case.number, case.thread_key) == (first.id, 1, "bluesky:a")
    assert (case.status, case.post_key) == ("new", "bluesky:c")
    assert case.due_at is not None
    assert kept(office, "a") == ["a", "b", "c"]
    view = office.inbox.case(actor(), case.id)
    assert view.tags == ("Refund",)
    assert [item.note.text for item in view.items if item.note] == ["look at this"]


def test_posts_that_answer_each_other_in_a_circle_are_one_thread(office: Office) -> None:
    office.hear(said("a", parent="b"), said("b", at=1, parent="a"), said("a", parent="b"))
    assert len(all_cases(office)) == 1


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(5)), cuts=st.sets(st.integers(1, 4)))
def test_any_order_and_any_batches_lead_to_one_case_with_all_posts(
    drawer: Drawer, tmp_path_factory: pytest.TempPathFactory, order: Sequence[int], cuts: set[int]
) -> None:
    chain = [
        said("a", "where is a?"), said("b", "b?", at=1, parent="a"), said("c", "c?", at=2, parent="b"),
        said("o", at=3, parent="c", own=True, who="did:own", monitors=()), said("d", "d?", at=4, parent="o"),
    ]  # fmt: skip
    with drawer.records(tmp_path_factory.mktemp("order")) as records:
        office = open_office(records)
        events = [chain[number] for number in order]
        edges = [0, *sorted(cuts), 5]
        for start, end in pairwise(edges):
            office.sink.write(events[start:end])
        office.sink.write(events)
        case = only_case(office)
        assert (case.thread_key, case.post_key) == ("bluesky:a", "bluesky:d")
        assert case.status in ("new", "open")
        assert case.title == "where is a?"
        assert case.due_at == START + timedelta(hours=4, minutes=4)
        assert {"a", "b", "c", "d"} <= set(kept(office, "a"))


def put_rule(office: Office, *actions: RuleAction, query: str = "refund", position: int = 0) -> None:
    with office.records.write() as tx:
        rules.put(tx, WORKSPACE, Rule(f"r{position}", f"Rule {position}", position, query, actions), START)


def test_rules_tag_assign_and_raise(office: Office) -> None:
    put_rule(office, AddTag("Refund"), Assign("jo"), SetPriority("urgent"))
    put_rule(office, AddTag("Money"), Assign("lena"), SetPriority("low"), position=1)
    office.hear(said("p1", "refund please"), said("p2", "just bread", at=1))
    asked, other = all_cases(office)
    assert (asked.assignee_id, asked.priority, asked.due_at) == ("jo", "urgent", START + timedelta(minutes=30))
    assert (other.assignee_id, other.priority) == (None, "normal")
    with office.records.read() as tx:
        assert tags.of_cases(tx, [asked.id, other.id]) == {asked.id: ("Money", "Refund")}
        actors = [event.actor for event in cases.events(tx, asked.id) if event.kind == "rule"]
        audited = tx.execute(select(tables.audit.c.actor)).scalars().all()
    assert actors == ["rule:r0", "rule:r1"] == audited


def test_rules_complete_and_hide(office: Office) -> None:
    put_rule(office, Complete(), query="thanks")
    put_rule(office, Hide(), query="lottery", position=1)
    office.hear(said("p1", "thanks a lot"), said("p2", "win the lottery", at=1))
    case = only_case(office)
    assert (case.post_key, case.status, case.due_at) == ("bluesky:p1", "resolved", None)


def test_what_a_rule_hid_is_in_the_audit_trail_once(office: Office) -> None:
    put_rule(office, Hide(), query="lottery")
    office.hear(said("p1", "win the lottery"), said("p1", "win the lottery", revision=2))
    assert all_cases(office) == []
    with office.records.read() as tx:
        (row,) = audit.newest(tx, WORKSPACE)
        assert (row.actor, row.action, row.detail) == ("rule:r0", "case_hidden", {"rule": "Rule 0"})
        assert row.subject == tombstones.opaque(tx, WORKSPACE, "bluesky:p1")


@pytest.mark.parametrize("whom", ["ada", "gone", "jo"])
def test_a_rule_gives_no_case_to_somebody_who_can_not_take_it(office: Office, whom: str) -> None:
    with office.records.write() as tx:
        users.change(tx, "jo", active=False)
    put_rule(office, Assign(whom), AddTag("Refund"))
    office.hear(said("p1", "refund please"))
    case = only_case(office)
    assert case.assignee_id is None
    with office.records.read() as tx:
        assert tags.of_cases(tx, [case.id]) == {case.id: ("Refund",)}
        (event,) = [one for one in cases.events(tx, case.id) if one.kind == "rule"]
    assert event.detail["assignee"] is None


def test_an_edit_of_the_first_post_takes_its_old_words_out_of_the_title(office: Office) -> None:
    office.hear(said("p1", "my number is 4242"), said("p2", "hello?", at=1, parent="p1", root="p1"))
    office.hear(said("p1", "never mind", revision=2))
    case = only_case(office)
    assert (case.title, case.preview) == ("never mind", "hello?")
    assert case.due_at == START + timedelta(hours=4)


def test_pages_hear_that_a_post_of_a_case_was_understood_anew(office: Office) -> None:
    office.hear(said("p1"), said("p2", at=1, parent="p1", root="p1"))
    with office.records.read() as tx:
        before, case = changes.newest(tx), only_case(office)
    office.hear(said("p1", sentiment="positive", revision=2))
    with office.records.read() as tx:
        assert [(one.kind, one.subject) for one in changes.since(tx, before)] == [("case", case.id)]
    assert only_case(office) == case


def test_an_earlier_question_that_comes_late_gives_the_title_and_the_clock(office: Office) -> None:
    office.hear(said("p2", "hello?", at=60, parent="p1", root="p1"), said("p1", "where is it?"))
    case = only_case(office)
    assert (case.title, case.preview) == ("where is it?", "hello?")
    assert case.due_at == START + timedelta(hours=4)
    answer = said("o1", at=30, parent="p1", root="p1", own=True, who="did:own", monitors=())
    office.hear(answer)
    assert only_case(office).due_at == START + timedelta(hours=5)


def test_a_deletion_leaves_no_mood_no_count_and_no_dead_letter(office: Office) -> None:
    letters = RecordedDeadLetters(office.records)
    keys = ("bluesky:p2", "w1/bluesky:p2", "bluesky:p3")
    letters.add([structs.replace(letter(number), key=key) for number, key in enumerate(keys)])
    office.hear(said("p1", "fine", sentiment="positive"), said("p2", "bad", at=1, parent="p1", root="p1"))
    office.sink.write([removed("p2")])
    case = only_case(office)
    assert (case.sentiment, case.posts, case.preview) == ("positive", 1, "fine")
    with office.records.read() as tx:
        left = tx.execute(select(tables.dead_letters.c.key)).scalars().all()
    assert left == ["bluesky:p3"]
    office.sink.write([removed("p1")])
    assert (only_case(office).sentiment, only_case(office).posts) == ("", 0)


def test_a_deletion_takes_the_words_out_of_the_case(office: Office) -> None:
    office.hear(said("p1", "secret one"), said("p2", "another", at=1, parent="p1", root="p1"))
    office.sink.write([removed("p1")])
    assert (only_case(office).title, only_case(office).preview) == ("another", "another")
    office.sink.write([removed("p2")])
    case = only_case(office)
    assert (case.title, case.preview, case.author_name, case.status) == ("", "", "", "resolved")
    assert kept(office, "p1") == []


def test_a_deletion_wins_over_redelivery_and_over_its_own_batch(office: Office) -> None:
    office.sink.write([said("p1"), removed("p1")])
    office.hear(said("p1"), said("p1", "again", revision=9))
    assert all_cases(office) == []
    with office.records.read() as tx:
        assert tombstones.buried(tx, WORKSPACE, ["bluesky:p1", "bluesky:p2"]) == {"bluesky:p1"}


def test_a_removed_author_leaves_nothing(office: Office) -> None:
    office.hear(said("p1"), said("p2", at=1, who="did:omid", parent="p1", root="p1"))
    office.sink.write([removed(author="did:mina")])
    assert kept(office, "p1") == ["p2"]
    assert only_case(office).author_key == "bluesky:did:omid"


def test_an_author_who_was_taken_down_is_heard_again_after_a_while(office: Office) -> None:
    office.hear(said("p1"), said("p2", who="did:omid", at=1))
    taken = structs.replace(removed(author="did:mina"), for_good=False)
    office.sink.write([taken])
    office.index.write([said("p2", who="did:omid", at=1)])
    IndexSink(office.records, office.index, office.clock).write([structs.replace(taken, author_key="bluesky:did:omid")])
    assert kept(office, "p1") == []
    with office.records.write() as tx:
        buried = {"bluesky:did:mina", "bluesky:did:omid"}
        assert tombstones.buried(tx, WORKSPACE, buried) == buried
        tombstones.expire(tx, START + timedelta(hours=73))
        assert tombstones.buried(tx, WORKSPACE, buried) == set()


def test_an_exact_tie_is_written_down_with_its_evidence(office: Office) -> None:
    with office.records.write() as tx:
        customers.put(tx, Customer("c1", WORKSPACE, "Mina Y.", START, START, email="mina@example.org", vip=True))
    office.hear(said("p1", customer="c1", bio="baker, Mina@Example.org"))
    case = only_case(office)
    assert (case.customer_id, case.priority) == ("c1", "high")
    with office.records.read() as tx:
        (one,) = customers.identities_of(tx, WORKSPACE, "c1")
    assert (one.author_key, one.evidence, one.detail) == ("bluesky:did:mina", "email", "mina@example.org")


def test_an_undone_tie_is_not_made_again(office: Office) -> None:
    with office.records.write() as tx:
        customers.put(tx, Customer("c1", WORKSPACE, "Mina Y.", START, START, email="mina@example.org"))
    office.hear(said("p1", customer="c1", bio="mina@example.org"))
    with office.records.read() as tx:
        (one,) = customers.identities_of(tx, WORKSPACE, "c1")
    office.customers.untie(actor(), one.id)
    office.hear(said("q1", at=1, customer="c1", bio="mina@example.org"))
    assert [case.customer_id for case in all_cases(office)] == [None, None]


def test_workspaces_do_not_see_each_other(office: Office) -> None:
    office.hear(said("p1", workspace="other", monitors=("m1",)))
    assert all_cases(office) == []


def test_many_posts_that_touch_no_case_cost_no_rows(office: Office) -> None:
    office.sink.write([said(f"p{number}", at=number, origin="import") for number in range(500)])
    with office.records.read() as tx:
        assert tx.execute(select(func.count()).select_from(tables.kept_posts)).scalar_one() == 0
        assert tx.execute(select(func.count()).select_from(tables.changes)).scalar_one() == 0
