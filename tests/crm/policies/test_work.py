"""The rules of the work: cases, clocks, rules, replies and exact ties, without any store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import InvalidInputError
from crm.policies.cases import (
    STATUSES,
    Status,
    after_customer_post,
    after_our_post,
    check_move,
    cut,
    first_priority,
    is_plain_repost,
    more_open,
    wants_answer,
)
from crm.policies.clock import desk_of, due_at
from crm.policies.replies import LEASE, ReplyStateError, check_step, may_repeat, retry_delay
from crm.policies.rules import AddTag, Assign, Complete, Hide, LiveRule, Rule, SetPriority, applying, hiding, outcome
from crm.policies.ties import Tie, TieBook, emails_in, exact, normal_link, normal_phone, phones_in
from crm.ports.transport import PAGE
from crm.words import Author
from tests.doubles.office import MONITOR, START, label, said

STATUS = st.sampled_from(STATUSES)


def test_a_reply_is_held_longer_than_its_requests_take() -> None:
    assert PAGE.total is not None
    assert LEASE.total_seconds() >= 4 * PAGE.total


@given(STATUS)
def test_a_customers_post_leaves_nothing_waiting_or_resolved(status: Status) -> None:
    assert after_customer_post(status) in ("new", "open")


@given(STATUS)
def test_our_answer_leaves_nothing_new_or_open(status: Status) -> None:
    assert after_our_post(status) in ("waiting", "resolved")


@given(STATUS, STATUS)
def test_of_two_cases_the_one_that_asks_more_wins(one: Status, other: Status) -> None:
    assert more_open(one, other) == more_open(other, one)
    assert more_open(one, "open") == "open"
    assert more_open(one, "resolved") == one


@given(STATUS, STATUS)
def test_no_move_leads_back_to_new(old: Status, new: Status) -> None:
    if new in ("new", old) or (old == "resolved" and new != "open"):
        with pytest.raises(InvalidInputError):
            check_move(old, new)
    else:
        check_move(old, new)


def test_private_messages_want_an_answer_without_a_monitor() -> None:
    assert wants_answer(said("d", private=True, monitors=()), {MONITOR}, START)
    assert not wants_answer(said("d", private=True, monitors=(), own=True), {MONITOR}, START)


def test_plain_reposts_are_known_by_their_beginning() -> None:
    assert is_plain_repost(said("p", "RT @mina: hello").post)
    assert not is_plain_repost(said("p", "ART @mina is lovely").post)
    assert not is_plain_repost(said("p", "I agree. RT @mina: hello").post)


def test_priority_comes_from_urgency_and_rises_for_a_vip() -> None:
    assert first_priority(label(None), vip=False) == "normal"
    assert first_priority(label("low"), vip=False) == "low"
    assert first_priority(label("high"), vip=True) == "urgent"


@given(st.text(), st.integers(1, 100))
def test_a_cut_text_is_one_short_line(text: str, length: int) -> None:
    shown = cut(text, length)
    assert len(shown) <= length
    assert "\n" not in shown


def test_a_text_is_cut_at_a_word() -> None:
    assert cut("one two  three", 9) == "one two…"
    assert cut("onetwothree", 5) == "onet…"
    assert cut(" short\ntext ", 40) == "short text"


def test_a_desk_reads_its_hours_and_targets() -> None:
    desk = desk_of("UTC", 5, [4], {"from": "08:00", "until": "16:00", "minutes": {"high": 15}})
    assert due_at(START, "high", desk) == START + timedelta(minutes=15)
    assert due_at(START, "normal", desk) == START + timedelta(hours=4)


def _rule(name: str, *actions: AddTag | Assign | SetPriority | Complete | Hide, text: str = "") -> LiveRule:
    return LiveRule(Rule(name, name, 0, text, actions), lambda post: text in post.post.text)


def test_rules_apply_in_order_to_what_they_match() -> None:
    rules = [_rule("a", Hide(), text="spam"), _rule("b", AddTag("B"), text="bread")]
    assert [rule.id for rule in applying(rules, said("p", "fresh bread"))] == ["b"]
    found = hiding(applying(rules, said("p", "spam")))
    assert found is not None
    assert Hide() in found.actions
    assert hiding(applying(rules, said("p", "bread"))) is None


def test_a_rule_takes_no_case_away_and_lowers_nothing() -> None:
    rule = _rule("a", AddTag("T"), AddTag("T"), Assign("jo"), SetPriority("normal"), Complete()).rule
    assert outcome(rule, "lena", "high") == outcome(_rule("b", AddTag("T"), Complete()).rule, None, "high")
    fresh = outcome(rule, None, "low")
    assert (fresh.tags, fresh.assignee_id, fresh.priority, fresh.complete) == (("T",), "jo", "normal", True)


def test_a_sent_reply_stays_sent() -> None:
    for status in ("draft", "approved", "sending", "failed", "cancelled"):
        with pytest.raises(ReplyStateError):
            check_step("sent", status)  # type: ignore[arg-type]
    check_step("unknown", "sent")


@given(st.integers(1, 30), st.floats(0, 1))
def test_the_back_off_stays_between_two_seconds_and_ten_minutes(attempts: int, chance: float) -> None:
    assert timedelta(seconds=2.5) <= retry_delay(attempts, chance) <= timedelta(minutes=10)


def test_a_repetition_is_safe_only_for_a_while() -> None:
    assert may_repeat(START, START + timedelta(minutes=29))
    assert not may_repeat(START, START + timedelta(minutes=30))


BOOK = TieBook(
    accounts={"x:1": "c1"}, links={"shop.example/mina": "c2"}, emails={"mina@example.org": "c3", "b@example.org": "c5"},
    phones={"989123456789": "c4"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("author", "tie"),
    [
        (Author("x", "1", bio="mina@example.org"), Tie("c1", "account", "x:1")),
        (Author("x", "2", links=("https://www.Shop.example/mina/?a=1",)), Tie("c2", "link", "shop.example/mina")),
        (Author("x", "2", bio="write: Mina@Example.org."), Tie("c3", "email", "mina@example.org")),
        (Author("x", "2", bio="تماس ۰۹۱۲-۳۴۵-۶۷۸۹"), Tie("c4", "phone", "989123456789")),
        (Author("x", "2", bio="mina@example.org b@example.org"), None),
        (Author("x", "2", name="Mina"), None),
    ],
)
def test_exact_evidence_ties_and_contested_evidence_does_not(author: Author, tie: Tie | None) -> None:
    assert exact(author, BOOK) == tie


def test_addresses_numbers_and_links_are_normalised() -> None:
    assert {normal_phone(text) for text in ("+98 912 345 6789", "00989123456789", "۰۹۱۲۳۴۵۶۷۸۹")} == {"989123456789"}
    assert emails_in("a@b.example, (C.D+e@F.example)") == ["a@b.example", "c.d+e@f.example"]
    assert phones_in("call 0912 345 6789 or 12345, since 1405") == ["989123456789"]
    assert normal_link("http://www.X.example/A/") == normal_link("x.example/a") == "x.example/a"
