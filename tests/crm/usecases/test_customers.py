"""Customers: cards, ties that can be undone, and how they feel over twelve weeks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import ForbiddenError
from crm.records import tables
from crm.usecases.customers import CustomerDraft, Customers, TiedElsewhereError, turning
from crm.usecases.views import Contact, SentimentWeek
from index.sqlite import SQLiteIndex
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


def test_rows_show_identities_open_cases_and_the_newest_day(tmp_path: Path, office: Office) -> None:
    index = SQLiteIndex(tmp_path / "index.sqlite")
    people = Customers(office.records, index, office.clock)
    mina, other = people.save(LENA, CustomerDraft("Mina")), people.save(LENA, CustomerDraft("Zari"))
    index.write([said("p1", at=-3 * DAY), said("p0", at=-9 * DAY)])
    office.hear(said("p1", at=-3 * DAY))
    people.tie(LENA, "bluesky:did:mina", mina.id)
    first, second = people.list(LENA).rows
    assert ([tie.handle for tie in first.ties], first.open_cases, first.last_seen) == (["mina"], 1, date(2026, 3, 18))
    assert (second.customer.id, second.ties, second.open_cases, second.last_seen) == (other.id, (), 0, None)
    narrow = actor("jo", monitors=("other",))
    assert [row.open_cases for row in people.list(narrow).rows] == [0, 0]
    index.close()


@pytest.mark.parametrize("written", ["0912 345 6789", "+98 912 3456789", "۰۹۱۲۳۴۵۶۷۸۹", "989123456789"])
def test_a_phone_is_found_however_it_is_written(office: Office, written: str) -> None:
    office.customers.save(LENA, CustomerDraft("Mina", phone="+98 912 345 6789"))
    office.customers.save(LENA, CustomerDraft("Omid"))
    assert [row.customer.name for row in office.customers.list(LENA, written).rows] == ["Mina"]


def test_posts_of_a_customer_with_their_cases(office: Office) -> None:
    office.hear(said("p1"), said("p2", at=2), said("q1", who="did:omid", at=3))
    office.index.write([said("p3", at=5, monitors=())])
    mina = office.customers.save(LENA, CustomerDraft("Mina"))
    assert office.customers.posts(LENA, mina.id).posts == ()
    office.customers.tie(LENA, "bluesky:did:mina", mina.id)
    first = office.customers.posts(LENA, mina.id, limit=2)
    assert [one.post.native_id for one in first.posts] == ["p3", "p2"]
    assert [case.number for case in first.cases.values()] == [2]
    rest = office.customers.posts(LENA, "bluesky:did:mina", first.cursor, 2)
    assert ([one.post.native_id for one in rest.posts], rest.cursor) == (["p1"], None)


def test_contacts_are_shown_on_request_and_that_is_audited(office: Office) -> None:
    mina = office.customers.save(LENA, CustomerDraft("Mina", "mina@example.org"))
    with pytest.raises(ForbiddenError):
        office.customers.reveal(ADA, mina.id)
    assert office.customers.reveal(LENA, mina.id) == Contact("mina@example.org", "")
    with office.records.read() as tx:
        actions = [(row.action, row.actor) for row in tx.execute(tables.audit.select())]
    assert actions[-1] == ("contact_revealed", "lena")


def test_authors_to_tie_by_handle_key_and_name(office: Office) -> None:
    office.hear(said("p1"), said("q1", who="did:omid", at=3))
    office.index.write([said("r1", who="did:rare", monitors=())])
    mina = office.customers.save(LENA, CustomerDraft("Mina Y."))
    office.customers.tie(LENA, "bluesky:did:mina", mina.id)

    def found(text: str) -> list[tuple[str, str | None]]:
        hits = office.customers.find_authors(LENA, text)
        return [(hit.author.handle, hit.customer.name if hit.customer else None) for hit in hits]

    assert found("@Rare") == found("bluesky:did:rare") == [("rare", None)]
    assert found("min") == [("mina", "Mina Y.")]
    assert sorted(found("i")) == [("mina", "Mina Y."), ("omid", None)]
    assert found(" ") == []
    with pytest.raises(ForbiddenError):
        office.customers.find_authors(ADA, "mina")
