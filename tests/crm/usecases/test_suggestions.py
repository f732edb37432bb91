"""Suggested ties: who is offered with what evidence, confirmed, dismissed, and undone to the letter."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from crm.errors import NotFoundError
from crm.policies.access import ForbiddenError
from crm.policies.likeness import SUGGEST
from crm.records import cases as cases_of
from crm.records import customer_keys, erasure
from crm.records.columns import metadata
from crm.records.tables import audit, audit_details, cases, changes, dismissed_ties, identities
from crm.records.tables import customer_keys as keys
from crm.usecases.customers import CustomerDraft
from crm.usecases.suggestions import Suggestions
from crm.words import EnrichedPost
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import WORKSPACE, Office, actor, said

LENA, ADA, BOSS = actor(), actor("ada", "analyst"), actor("ines", "administrator")
SARA = "bluesky:did:sara"
TRAIL = (audit, audit_details, changes)
"""What tells that something was done, and is there to stay."""


@pytest.fixture
def suggestions(office: Office) -> Suggestions:
    return Suggestions(office.records, office.customers, office.clock)


def by_sara(native_id: str = "p1", **more: Any) -> EnrichedPost:
    post = said(native_id, who="did:sara", **more)
    author = replace(post.post.author, handle="sara.ahmadi68.example", name="Sara Ahmadi", place="Tehran")
    return replace(post, post=replace(post.post, author=replace(author, handle="sara_ahmadi68")))


def offered(office: Office, subject: str = SARA) -> list[tuple[str, list[str]]]:
    card = office.customers.card(LENA, subject)
    return [(one.customer.id, [clue.kind for clue in one.clues]) for one in card.could_be]


def everything(office: Office) -> dict[str, list[Any]]:
    """Every row of the records but the trail, and of ties those that live."""
    with office.records.read() as tx:
        return {
            table.name: sorted(
                repr(dict(row._mapping)) for row in tx.execute(select(table)) if not getattr(row, "undone_at", None)
            )
            for table in metadata.sorted_tables
            if table not in TRAIL
        }


def test_an_author_is_offered_customers_with_evidence(office: Office) -> None:
    office.hear(by_sara())
    sara = office.customers.save(LENA, CustomerDraft("سارا احمدی", fields={"شهر": "تهران"}))
    office.customers.save(LENA, CustomerDraft("سمانه احمدی"))
    assert offered(office) == [(sara.id, ["name_letters", "handle_both", "place_same"])]
    (one,) = office.customers.card(LENA, SARA).could_be
    assert one.confidence > 0.98
    assert one.author.key == SARA


def test_suggestions_never_tie_by_themselves(office: Office) -> None:
    office.customers.save(LENA, CustomerDraft("سارا احمدی", "sara_ahmadi68@mail.example"))
    office.hear(by_sara())
    assert office.customers.card(LENA, SARA).customer is None
    with office.records.read() as tx:
        assert tx.execute(select(identities)).all() == []
        assert cases_of.get(tx, WORKSPACE, case_id(office, "p1")).customer_id is None


def test_what_is_offered_follows_changes_of_customers(office: Office) -> None:
    office.hear(by_sara())
    one = office.customers.save(LENA, CustomerDraft("نرگس کریمی"))
    assert offered(office) == []
    office.customers.save(LENA, CustomerDraft("سارا احمدی"), one.id)
    assert offered(office) == [(one.id, ["name_letters", "handle_both"])]
    office.customers.save(LENA, CustomerDraft("سارا احمدی", fields={"city": "Shiraz"}), one.id)
    assert offered(office) == []
    office.customers.save(LENA, CustomerDraft("نرگس کریمی", "sara.ahmadi68@mail.example"), one.id)
    assert offered(office) == []  # the name says somebody else


def test_the_handle_of_a_tied_account_is_evidence_elsewhere(office: Office) -> None:
    narges = office.customers.save(LENA, CustomerDraft("نرگس"))
    tie = office.customers.tie(LENA, "x:7", narges.id, handle="@nargesak_")
    post = said("p1", who="did:n")
    office.hear(
        replace(post, post=replace(post.post, author=replace(post.post.author, handle="nargesak", name="نرگس")))
    )
    assert offered(office, "bluesky:did:n") == [(narges.id, ["handle_same", "name_given"])]
    office.customers.untie(LENA, tie.id)
    assert offered(office, "bluesky:did:n") == []


def test_confirming_ties_with_evidence_and_confidence(office: Office, suggestions: Suggestions) -> None:
    office.hear(by_sara())
    sara = office.customers.save(LENA, CustomerDraft("سارا احمدی"))
    with pytest.raises(ForbiddenError):
        suggestions.confirm(ADA, SARA, sara.id)
    tie = suggestions.confirm(LENA, SARA, sara.id)
    assert (tie.evidence, tie.detail, tie.actor) == ("likeness", "name_letters handle_both", "lena")
    assert SUGGEST <= tie.confidence <= 0.99
    card = office.customers.card(LENA, SARA)
    assert card.customer is not None
    assert card.could_be == ()
    with office.records.read() as tx:
        assert cases_of.get(tx, WORKSPACE, case_id(office, "p1")).customer_id == sara.id


def test_a_person_may_confirm_what_is_not_suggested_any_more(office: Office, suggestions: Suggestions) -> None:
    office.hear(by_sara())
    other = office.customers.save(LENA, CustomerDraft("نرگس کریمی"))
    assert suggestions.confirm(LENA, SARA, other.id).evidence == "person"


def test_a_dismissal_is_remembered_until_it_is_taken_back(office: Office, suggestions: Suggestions) -> None:
    office.hear(by_sara())
    sara = office.customers.save(LENA, CustomerDraft("سارا احمدی"))
    with pytest.raises(ForbiddenError):
        suggestions.dismiss(ADA, SARA, sara.id)
    with pytest.raises(NotFoundError):
        suggestions.dismiss(LENA, SARA, "nobody")
    for _ in range(2):
        suggestions.dismiss(LENA, SARA, sara.id)
    assert offered(office) == []
    assert suggestions.accounts(LENA, sara.id) == []
    suggestions.take_back(LENA, SARA, sara.id)
    suggestions.take_back(LENA, SARA, sara.id)
    assert len(offered(office)) == 1
    with office.records.read() as tx:
        actions = [row.action for row in tx.execute(select(audit.c.action).order_by(audit.c.id))]
    assert actions[-2:] == ["suggestion_dismissed", "suggestion_restored"]


def test_a_tie_that_was_undone_is_not_suggested_again(office: Office, suggestions: Suggestions) -> None:
    office.hear(by_sara())
    sara = office.customers.save(LENA, CustomerDraft("سارا احمدی"))
    office.customers.untie(LENA, suggestions.confirm(LENA, SARA, sara.id).id)
    assert offered(office) == []


def test_a_customer_is_offered_the_accounts_of_cases_of_nobody(office: Office, suggestions: Suggestions) -> None:
    sara = office.customers.save(LENA, CustomerDraft("سارا احمدی"))
    office.hear(by_sara("p1"), said("q1", who="did:omid"), by_sara("p2", at=1))
    (one,) = suggestions.accounts(LENA, sara.id)
    assert (one.author.key, one.customer.id) == (SARA, sara.id)
    assert suggestions.accounts(actor("jo", monitors=("other",)), sara.id) == []
    suggestions.confirm(LENA, SARA, sara.id)
    assert suggestions.accounts(LENA, sara.id) == []


def test_evidence_is_masked_for_who_may_not_read_contacts(office: Office, suggestions: Suggestions) -> None:
    post = by_sara()
    named = replace(post.post.author, name="Sara Ahmadi 09123456789")
    office.hear(replace(post, post=replace(post.post, author=named)))
    sara = office.customers.save(LENA, CustomerDraft("سارا احمدی", "sara.ahmadi68@mail.example"))
    for who, name in ((LENA, "Sara Ahmadi 09123456789"), (ADA, "Sara Ahmadi …6789")):
        (one,) = office.customers.card(who, SARA).could_be
        details = {clue.kind: clue.detail for clue in one.clues}
        assert details["email_handle"] == "s…@mail.example"
        assert details["name_letters"] == one.author.name == name
        assert [two.clues for two in suggestions.accounts(who, sara.id)] == [one.clues]


@pytest.mark.parametrize("begun", [False, True])
def test_untying_restores_everything_but_the_trail(office: Office, suggestions: Suggestions, begun: bool) -> None:
    office.hear(by_sara("p1"), by_sara("p2", at=1), said("q1", who="did:omid", at=2))
    sara = office.customers.save(LENA, CustomerDraft("سارا احمدی", fields={"city": "Tehran"}))
    other = office.customers.save(LENA, CustomerDraft("Other"))
    with office.records.write() as tx:
        if begun:  # one case was somebody else's already, as when it grew together with theirs
            tx.execute(cases.update().where(cases.c.thread_key == "bluesky:p2").values(customer_id=other.id))
    before = everything(office)
    tie = suggestions.confirm(LENA, SARA, sara.id)
    assert everything(office) != before
    office.customers.untie(LENA, tie.id)
    assert everything(office) == before


def test_of_a_customer_who_is_gone_nothing_comes_back(office: Office) -> None:
    office.hear(by_sara("p1"))
    sara, other = (office.customers.save(LENA, CustomerDraft(name)) for name in ("Sara", "Other"))
    with office.records.write() as tx:
        tx.execute(cases.update().values(customer_id=other.id))
    tie = office.customers.tie(LENA, SARA, sara.id)
    with office.records.write() as tx:
        tx.execute(metadata.tables["customers"].delete().where(metadata.tables["customers"].c.id == other.id))
    office.customers.untie(LENA, tie.id)
    with office.records.read() as tx:
        assert tx.execute(select(cases.c.customer_id)).scalars().all() == [None]


def test_keys_are_kept_with_customers_and_go_with_them(office: Office, suggestions: Suggestions) -> None:
    def count(table: Any = keys) -> int:
        with office.records.read() as tx:
            return len(tx.execute(select(table)).all())

    sara = office.customers.save(LENA, CustomerDraft("سارا احمدی", "sara@mail.example"))
    plain = count()
    tie = office.customers.tie(LENA, SARA, sara.id, handle="sara_ahmadi68")
    assert count() == plain + 1
    office.customers.untie(LENA, tie.id)
    assert count() == plain
    suggestions.dismiss(LENA, SARA, sara.id)
    with office.records.write() as tx:
        tx.execute(metadata.tables["identities"].delete())
        tx.execute(metadata.tables["customers"].delete())
    assert count() == count(dismissed_ties) == 0


def test_a_crowd_under_one_name_makes_nobody_sure(office: Office) -> None:
    office.hear(by_sara())
    for _ in range(customer_keys.CROWD + 1):
        office.customers.save(LENA, CustomerDraft("سارا احمدی"))
    assert offered(office) == []
    mine = office.customers.save(LENA, CustomerDraft("سارا احمدی", "sara_ahmadi68@mail.example"))
    assert [one for one, _ in offered(office)] == [mine.id]


def test_an_erased_author_leaves_no_key_and_no_dismissal(office: Office, suggestions: Suggestions) -> None:
    office.hear(by_sara())
    sara, other = (office.customers.save(LENA, CustomerDraft(name)) for name in ("سارا احمدی", "Other"))
    with office.records.read() as tx:
        plain = tx.execute(select(keys.c.key)).scalars().all()
    suggestions.confirm(LENA, SARA, sara.id)
    suggestions.dismiss(LENA, SARA, other.id)
    with office.records.write() as tx:
        assert SARA in erasure.named(tx, WORKSPACE).authors
        erasure.remove(tx, WORKSPACE, [], [SARA])
        assert tx.execute(select(dismissed_ties)).all() == []
        assert sorted(tx.execute(select(keys.c.key)).scalars().all()) == sorted(plain)
