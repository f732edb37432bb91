"""Customers: cards, ties that can be undone, and how they feel over twelve weeks."""

from __future__ import annotations

from datetime import date

import pytest

from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import ForbiddenError
from crm.records import tables
from crm.usecases.customers import CustomerDraft, TiedElsewhereError, turning
from crm.usecases.views import SentimentWeek
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import Office, actor, said

LENA, ADA = actor(), actor("ada", "analyst")
DAY = 24 * 60


def test_saving_normalises_and_checks(office: Office) -> None:
    draft = CustomerDraft(" Mina Y. ", " Mina@Example.ORG ", "۰۹۱۲ ۳۴۵ ۶۷۸۹", 840.0, vip=True)
    saved = office.customers.save(LENA, draft)
    assert (saved.name, saved.email, saved.phone) == ("Mina Y.", "mina@example.org", "989123456789")
    changed = office.customers.save(LENA, CustomerDraft("Mina"), saved.id)
    assert (changed.id, changed.email, changed.vip) == (saved.id, None, False)
    for bad in (CustomerDraft(" "), CustomerDraft("x", email="nobody"), CustomerDraft("x", phone="12")):
        with pytest.raises(InvalidInputError):
            office.customers.save(LENA, bad)
    with pytest.raises(ForbiddenError):
        office.customers.save(ADA, draft)


def test_the_list_is_paged_by_name_and_found_by_handle(office: Office) -> None:
    made = {name: office.customers.save(LENA, CustomerDraft(name)) for name in ("Bita", "Ali", "Cyrus")}
    office.customers.tie(LENA, "bluesky:did:x", made["Bita"].id, handle="cake_lover")
    first = office.customers.list(LENA, limit=2)
    second = office.customers.list(LENA, cursor=first.cursor, limit=2)
    assert [row.customer.name for row in (*first.rows, *second.rows)] == ["Ali", "Bita", "Cyrus"]
    assert [row.identities for row in first.rows] == [0, 1]
    assert second.cursor is None
    assert [row.customer.name for row in office.customers.list(LENA, "CAKE").rows] == ["Bita"]


def test_a_tie_brings_the_cases_along_and_can_be_undone(office: Office) -> None:
    office.hear(said("p1"))
    mina = office.customers.save(LENA, CustomerDraft("Mina Y."))
    other = office.customers.save(LENA, CustomerDraft("Somebody"))
    tie = office.customers.tie(LENA, "bluesky:did:mina", mina.id)
    assert (tie.handle, tie.evidence, tie.actor) == ("mina", "person", "lena")
    assert office.customers.tie(LENA, "bluesky:did:mina", mina.id).id == tie.id
    with pytest.raises(TiedElsewhereError, match=r"Mina Y\."):
        office.customers.tie(LENA, "bluesky:did:mina", other.id)

    card = office.inbox.case(LENA, case_id(office, "p1")).customer
    assert (card.name, card.customer, [case.number for case in card.open_cases]) == ("Mina Y.", mina, [1])
    assert office.customers.card(LENA, mina.id).author == card.author

    office.customers.untie(LENA, tie.id)
    office.customers.untie(LENA, tie.id)
    assert office.customers.card(LENA, mina.id).cases == ()
    assert office.customers.card(LENA, "bluesky:did:mina").customer is None
    with office.records.read() as tx:
        actions = tx.execute(tables.audit.select()).all()
    assert [row.action for row in actions if row.action.startswith("identity")] == ["identity_tied", "identity_untied"]


def test_sentiment_over_twelve_weeks_in_the_workspaces_weeks(office: Office) -> None:
    office.hear(
        said("p1", at=0, sentiment="negative"), said("p2", at=-1 * DAY, sentiment="positive"),
        said("p3", at=-70 * DAY, sentiment="positive"), said("p4", at=-71 * DAY, sentiment="positive"),
        said("p5", at=-1, sentiment=None), said("p6", at=-200 * DAY, sentiment="negative"),
        said("q1", who="did:omid"),
    )  # fmt: skip
    card = office.customers.card(LENA, "bluesky:did:mina")
    assert len(card.weeks) == 12
    assert [week.start.weekday() for week in card.weeks] == [5] * 12
    assert (card.weeks[-1].negative, card.weeks[-1].unsure, card.weeks[-2].positive) == (1, 1, 1)
    assert (card.weeks[1].positive, card.posts) == (1, 5)
    assert card.turning == "worse"


def test_turning_needs_both_times() -> None:
    good, bad, none = (SentimentWeek(date(2026, 1, 3), *counts) for counts in ((0, 0, 3), (3, 0, 0), (0, 0, 0)))
    assert turning([bad] * 8 + [good] * 4) == "better"
    assert turning([good] * 8 + [bad] * 4) == "worse"
    assert turning([none] * 8 + [bad] * 4) == turning([good] * 12) == ""


def test_an_unknown_subject_is_not_found(office: Office) -> None:
    for subject in ("bluesky:nobody", "c-nobody"):
        with pytest.raises(NotFoundError):
            office.customers.card(LENA, subject)
