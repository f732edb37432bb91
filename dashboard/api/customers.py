"""Customers: who is speaking, and which authors they are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from crm.policies.ties import Evidence
from crm.records.customers import Customer, Identity
from crm.usecases.customers import CustomerDraft
from crm.usecases.views import Contact, CustomerCard, CustomerPage, FoundAuthor, PersonPosts, Suggestion
from dashboard.api import Caller
from dashboard.api.shapes import Asked, Wanted, shown

router = APIRouter(tags=["customers"])


class CustomerQuery(Wanted):
    """Part of a name, e-mail, phone or handle."""

    text: str = ""


class CustomerText(Asked):
    """What the business knows of a customer. `fields` are its own columns."""

    name: str
    email: str = ""
    phone: str = Field("", description="With its country code.")
    value: float | None = Field(None, description="Money over twelve months.")
    since: AwareDatetime | None = None
    vip: bool = False
    fields: dict[str, str] = Field(default_factory=dict)


class Tie(Asked):
    """An author of posts, and what shows that they are this customer."""

    author_key: str
    evidence: Evidence = "person"
    detail: str = ""
    handle: str = ""


class Suggested(Asked):
    """An author who was suggested."""

    author_key: str


@router.get("/customers", response_model=shown(CustomerPage))
def list_customers(who: Caller, wanted: Annotated[CustomerQuery, Query()]) -> CustomerPage:
    """Customers by name."""
    return who.services.customers.list(who.actor, wanted.text, wanted.cursor, wanted.limit)


@router.post("/customers", status_code=201, response_model=shown(Customer))
def add_customer(who: Caller, asked: CustomerText) -> Customer:
    """Add a customer; e-mail and phone are normalised."""
    return who.services.customers.save(who.actor, asked.into(CustomerDraft))


@router.get("/customers/{customer_id}", response_model=shown(CustomerCard))
def get_customer(who: Caller, customer_id: str) -> CustomerCard:
    """The card of a customer, or of an author's key who is nobody's yet."""
    return who.services.customers.card(who.actor, customer_id)


@router.put("/customers/{customer_id}", response_model=shown(Customer))
def change_customer(who: Caller, customer_id: str, asked: CustomerText) -> Customer:
    """Write a customer anew."""
    return who.services.customers.save(who.actor, asked.into(CustomerDraft), customer_id)


@router.post("/customers/{customer_id}/contact", response_model=shown(Contact))
def reveal_contact(who: Caller, customer_id: str) -> Contact:
    """E-mail and phone in full; that the caller looked stands in the audit trail."""
    return who.services.customers.reveal(who.actor, customer_id)


@router.get("/customers/{customer_id}/posts", response_model=shown(PersonPosts))
def list_customer_posts(who: Caller, customer_id: str, wanted: Annotated[Wanted, Query()]) -> PersonPosts:
    """What a customer or an author said, newest first, with the cases of those threads."""
    return who.services.customers.posts(who.actor, customer_id, wanted.cursor, wanted.limit)


@router.post("/customers/{customer_id}/identities", status_code=201, response_model=shown(Identity))
def tie(who: Caller, customer_id: str, asked: Tie) -> Identity:
    """Say that an author is this customer."""
    return who.services.customers.tie(
        who.actor, asked.author_key, customer_id, asked.evidence, asked.detail, asked.handle
    )


@router.get("/customers/{customer_id}/suggestions", response_model=list[shown(Suggestion)])  # type: ignore[misc]
def list_suggestions(who: Caller, customer_id: str) -> list[Suggestion]:
    """Authors who may be this customer, by likeness; whom an author may be stands in their card as `could_be`."""
    return who.services.suggestions.accounts(who.actor, customer_id)


@router.post("/customers/{customer_id}/suggestions", status_code=201, response_model=shown(Identity))
def confirm_suggestion(who: Caller, customer_id: str, asked: Suggested) -> Identity:
    """Tie a suggested author to this customer, with the evidence of the suggestion."""
    return who.services.suggestions.confirm(who.actor, asked.author_key, customer_id)


@router.put("/customers/{customer_id}/dismissals/{author_key:path}", status_code=204)
def dismiss_suggestion(who: Caller, customer_id: str, author_key: str) -> None:
    """Remember that this author is not this customer; it is not suggested again."""
    who.services.suggestions.dismiss(who.actor, author_key, customer_id)


@router.delete("/customers/{customer_id}/dismissals/{author_key:path}", status_code=204)
def restore_suggestion(who: Caller, customer_id: str, author_key: str) -> None:
    """Forget a dismissal."""
    who.services.suggestions.take_back(who.actor, author_key, customer_id)


@router.delete("/identities/{identity_id}", status_code=204)
def untie(who: Caller, identity_id: str) -> None:
    """Undo a tie."""
    who.services.customers.untie(who.actor, identity_id)


@router.get("/authors", response_model=list[shown(FoundAuthor)])  # type: ignore[misc]
def find_authors(who: Caller, text: str) -> list[FoundAuthor]:
    """Authors that may be tied, by handle, key or part of a name."""
    return list(who.services.customers.find_authors(who.actor, text))
