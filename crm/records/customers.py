"""Customers and the authors that are tied to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Connection, func, insert, null, or_, select, tuple_, update

from crm.errors import NotFoundError
from crm.policies.ties import Evidence, TieBook, normal_link
from crm.records import customer_keys
from crm.records.sql import as_struct, chunks, columns_of, upsert
from crm.records.tables import customers, identities


class Customer(Struct, frozen=True):
    """A person or company the business knows. `value` is money over twelve months; `fields` are its own columns."""

    id: str
    workspace: str
    name: str
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    phone: str | None = None
    value: float | None = None
    since: datetime | None = None
    vip: bool = False
    fields: Mapping[str, str] = {}
    made_up: bool = False


class Identity(Struct, frozen=True):
    """An author tied to a customer, and what shows it; undone where `undone_at` is set."""

    id: str
    workspace: str
    customer_id: str
    author_key: str
    handle: str
    evidence: Evidence
    detail: str
    confidence: float
    actor: str
    at: datetime
    undone_at: datetime | None = None


def get(tx: Connection, workspace: str, customer_id: str) -> Customer:
    """The customer with this id. Raises NotFoundError."""
    row = tx.execute(select(customers).where(customers.c.workspace == workspace, customers.c.id == customer_id)).first()
    if row is None:
        raise NotFoundError("customer", customer_id)
    return as_struct(Customer, row)


def by_ids(tx: Connection, workspace: str, customer_ids: Collection[str]) -> dict[str, Customer]:
    """Those of the named customers that are there."""
    found: dict[str, Customer] = {}
    for some in chunks(customer_ids):
        # Asked for the workspace too, SQLite would read all of its customers rather than these.
        rows = tx.execute(select(customers).where(customers.c.id.in_(some)))
        found.update({row.id: as_struct(Customer, row) for row in rows if row.workspace == workspace})
    return found


def put(tx: Connection, customer: Customer) -> None:
    """Store a customer, new or changed, with the keys under which they are found by likeness."""
    upsert(tx, customers, [{**columns_of(customer), "fields": dict(customer.fields)}], ("id",))
    customer_keys.keep(tx, customer.workspace, [customer.id])


def page(
    tx: Connection, workspace: str, text: str, after: tuple[str, str] | None, limit: int
) -> list[tuple[Customer, int]]:
    """Customers by name with the number of their identities; `text` is part of a name, e-mail, phone or handle.

    `after` is the (name, id) of the last one of the page before.
    """
    mine = (identities.c.customer_id == customers.c.id) & identities.c.undone_at.is_(None)
    count = select(func.count()).where(mine).scalar_subquery()
    query = select(customers, count.label("ties")).where(customers.c.workspace == workspace)
    if text:
        handles = select(identities.c.customer_id).where(
            identities.c.workspace == workspace, _has(identities.c.handle, text)
        )
        named = [_has(column, text) for column in (customers.c.name, customers.c.email, customers.c.phone)]
        query = query.where(or_(*named, customers.c.id.in_(handles)))
    if after is not None:
        query = query.where(tuple_(customers.c.name, customers.c.id) > tuple_(*after))
    rows = tx.execute(query.order_by(customers.c.name, customers.c.id).limit(limit))
    return [(as_struct(Customer, row), int(row.ties)) for row in rows]


def _has(column: Column[str], text: str) -> ColumnElement[bool]:
    return func.lower(column).contains(text.lower(), autoescape=True)


def identities_of(tx: Connection, workspace: str, customer_id: str) -> list[Identity]:
    """The living ties of a customer, oldest first."""
    query = select(identities).where(
        identities.c.workspace == workspace, identities.c.customer_id == customer_id, identities.c.undone_at.is_(None)
    )
    return [as_struct(Identity, row) for row in tx.execute(query.order_by(identities.c.at, identities.c.id))]


def identities_of_many(tx: Connection, workspace: str, customer_ids: Collection[str]) -> dict[str, list[Identity]]:
    """The living ties of each of these customers that has any, oldest first."""
    found: dict[str, list[Identity]] = {}
    for some in chunks(customer_ids):
        query = select(identities).where(
            identities.c.workspace == workspace, identities.c.customer_id.in_(some), identities.c.undone_at.is_(None)
        )
        for row in tx.execute(query.order_by(identities.c.at, identities.c.id)):
            found.setdefault(row.customer_id, []).append(as_struct(Identity, row))
    return found


def identities_by_author(tx: Connection, workspace: str, author_keys: Collection[str]) -> dict[str, Identity]:
    """The living tie of each author that has one."""
    found: dict[str, Identity] = {}
    for some in chunks(author_keys):
        query = select(identities).where(
            identities.c.workspace == workspace, identities.c.author_key.in_(some), identities.c.undone_at.is_(None)
        )
        found.update({row.author_key: as_struct(Identity, row) for row in tx.execute(query)})
    return found


def identity(tx: Connection, workspace: str, identity_id: str) -> Identity:
    """The tie with this id. Raises NotFoundError."""
    row = tx.execute(
        select(identities).where(identities.c.workspace == workspace, identities.c.id == identity_id)
    ).first()
    if row is None:
        raise NotFoundError("identity", identity_id)
    return as_struct(Identity, row)


def was_undone(tx: Connection, workspace: str, author_key: str, customer_id: str) -> bool:
    """Whether a person took this very tie apart, so that no rule may make it again."""
    query = select(identities.c.id).where(
        identities.c.workspace == workspace, identities.c.author_key == author_key,
        identities.c.customer_id == customer_id, identities.c.undone_at.is_not(None),
    )  # fmt: skip
    return tx.execute(query).first() is not None


def tie(tx: Connection, one: Identity, before: Mapping[str, str] | None = None) -> None:
    """Store a tie. The author must have no living one. `before` is whose cases of theirs were, for undoing it."""
    kept = {"before": dict(before)} if before else {}
    tx.execute(insert(identities).values(**columns_of(one), **kept))
    customer_keys.keep(tx, one.workspace, [one.customer_id])


def untie(tx: Connection, one: Identity, now: datetime) -> dict[str, str]:
    """Undo a tie; it stays as history. Returns whose the author's cases were before, without customers who are gone."""
    before = tx.execute(select(identities.c.before).where(identities.c.id == one.id)).scalar() or {}
    tx.execute(update(identities).where(identities.c.id == one.id).values(undone_at=now, before=null()))
    customer_keys.keep(tx, one.workspace, [one.customer_id])
    there = by_ids(tx, one.workspace, set(before.values()))
    return {case_id: owner for case_id, owner in before.items() if owner in there}


def tie_book(tx: Connection, workspace: str) -> TieBook:
    """What is known of all customers, for deciding exact ties; contested links, e-mails and phones are left out.

    Ties that a person undid are never decided again by the same account.
    """
    living = identities.c.undone_at.is_(None) & (identities.c.workspace == workspace)
    ties = tx.execute(select(identities.c.author_key, identities.c.customer_id).where(living)).all()
    known = tx.execute(
        select(customers.c.id, customers.c.email, customers.c.phone, customers.c.fields).where(
            customers.c.workspace == workspace
        )
    ).all()
    links = [(normal_link(link), row.id) for row in known if (link := (row.fields or {}).get("link"))]
    return TieBook(
        {row.author_key: row.customer_id for row in ties},
        _uncontested(links),
        _uncontested([(row.email, row.id) for row in known if row.email]),
        _uncontested([(row.phone, row.id) for row in known if row.phone]),
    )


def _uncontested(pairs: list[tuple[str, str]]) -> dict[str, str]:
    owners: dict[str, set[str]] = {}
    for item, owner in pairs:
        owners.setdefault(item, set()).add(owner)
    return {item: next(iter(who)) for item, who in owners.items() if len(who) == 1}
