"""Cases: one row per thread that wants an answer, and what happened to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, Connection, Select, delete, func, insert, or_, select, update

from crm.errors import NotFoundError
from crm.policies.cases import Status
from crm.policies.clock import Priority
from crm.records.sql import as_struct, chunks, columns_of, held, lock
from crm.records.tables import case_events, cases, notes, presence, replies, unread


class Case(Struct, frozen=True):
    """Work for the team. `sentiment` is empty when unsure; `due_at` is None when nobody waits for us."""

    id: str
    workspace: str
    number: int
    thread_key: str
    title: str
    status: Status
    priority: Priority
    platform: str
    language: str
    sentiment: str
    author_key: str
    author_name: str
    preview: str
    post_key: str
    monitors: tuple[str, ...]
    customer_id: str | None
    assignee_id: str | None
    made_up: bool
    private: bool
    opened_at: datetime
    last_post_at: datetime
    posts: int
    first_answer_at: datetime | None
    due_at: datetime | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    version: int


class CaseEvent(Struct, frozen=True):
    """Something that happened to a case. `actor` is a user's id, ``rule:ID`` or ``system``."""

    id: int
    case_id: str
    actor: str
    kind: str
    detail: dict[str, str | int | float | bool | list[str] | None]
    version: int
    at: datetime


def hold_all(tx: Connection, workspace: str) -> None:
    """Until the transaction ends nobody else opens, joins or ties cases of the workspace; work on them goes on."""
    lock(tx, f"cases {workspace}")


def hold_cases(tx: Connection, case_ids: Collection[str]) -> None:
    """Nobody else changes these cases until the transaction ends."""
    for some in chunks(sorted(case_ids)):
        tx.execute(held(select(cases.c.id).where(cases.c.id.in_(some)).order_by(cases.c.id)))


def get(tx: Connection, workspace: str, case_id: str, *, hold: bool = False) -> Case:
    """The case with this id; with `hold` nobody else changes it until the transaction ends. Raises NotFoundError."""
    found = find(tx, workspace, case_id, hold=hold)
    if found is None:
        raise NotFoundError("case", case_id)
    return found


def find(tx: Connection, workspace: str, case_id: str, *, hold: bool = False) -> Case | None:
    """Like :func:`get`; None where there is none."""
    query = select(cases).where(cases.c.workspace == workspace, cases.c.id == case_id)
    row = tx.execute(held(query) if hold else query).first()
    return None if row is None else as_struct(Case, row)


def by_ids(tx: Connection, workspace: str, case_ids: Collection[str]) -> dict[str, Case]:
    """The cases with these ids, by id; those that are gone are left out."""
    return {case.id: case for case in _having(tx, workspace, cases.c.id, case_ids)}


def by_threads(tx: Connection, workspace: str, thread_keys: Collection[str]) -> dict[str, Case]:
    """The cases of these threads, by thread key."""
    return {case.thread_key: case for case in _having(tx, workspace, cases.c.thread_key, thread_keys)}


def hold_threads(tx: Connection, workspace: str, thread_keys: Collection[str]) -> dict[str, Case]:
    """The cases of these threads, by thread key; nobody else changes them until the transaction ends."""
    return {case.thread_key: case for case in _having(tx, workspace, cases.c.thread_key, thread_keys, hold=True)}


def _having(
    tx: Connection, workspace: str, column: Column[str], values: Collection[str], *, hold: bool = False
) -> Iterator[Case]:
    """The cases whose `column` has one of `values`."""
    for some in chunks(values):
        query = select(cases).where(cases.c.workspace == workspace, column.in_(some)).order_by(cases.c.id)
        yield from (as_struct(Case, row) for row in tx.execute(held(query) if hold else query))


def of_people(tx: Connection, workspace: str, author_keys: Collection[str], customer_id: str | None) -> list[Case]:
    """The latest 50 cases of a customer or of these authors, newest first."""
    whose = or_(cases.c.author_key.in_(list(author_keys)), cases.c.customer_id == (customer_id or ""))
    query = select(cases).where(cases.c.workspace == workspace, whose).order_by(cases.c.last_post_at.desc()).limit(50)
    return [as_struct(Case, row) for row in tx.execute(query)]


def open_of(tx: Connection, workspace: str, customer_ids: Collection[str]) -> list[Case]:
    """The cases of these customers that are not resolved."""
    found: list[Case] = []
    for some in chunks(customer_ids):
        mine = (cases.c.workspace == workspace) & cases.c.customer_id.in_(some) & (cases.c.status != "resolved")
        found += [as_struct(Case, row) for row in tx.execute(select(cases).where(mine))]
    return found


def of_nobody(tx: Connection, workspace: str, limit: int) -> list[Case]:
    """The newest cases whose author is no customer that we know of."""
    mine = (cases.c.workspace == workspace) & cases.c.customer_id.is_(None)
    query = select(cases).where(mine).order_by(cases.c.last_post_at.desc()).limit(limit)
    return [as_struct(Case, row) for row in tx.execute(query)]


def hold_unresolved(tx: Connection, workspace: str, assignee_id: str) -> list[Case]:
    """Somebody's cases that are not resolved; nobody else changes them until the transaction ends."""
    theirs = _having(tx, workspace, cases.c.assignee_id, [assignee_id], hold=True)
    return [case for case in theirs if case.status != "resolved"]


def named(tx: Connection, workspace: str, text: str, limit: int) -> list[Case]:
    """The newest cases of authors whose name has `text` as a part."""
    named_so = func.lower(cases.c.author_name).contains(text.lower(), autoescape=True)
    mine = (cases.c.workspace == workspace) & named_so
    query = select(cases).where(mine).order_by(cases.c.last_post_at.desc()).limit(limit)
    return [as_struct(Case, row) for row in tx.execute(query)]


def add(tx: Connection, case: Case) -> None:
    """Store a new case. Its thread and number must be free in the workspace."""
    tx.execute(insert(cases), [columns_of(case)])


def change(tx: Connection, case_id: str, **fields: object) -> None:
    """Write some columns of a case."""
    tx.execute(update(cases).where(cases.c.id == case_id).values(**fields))


def tie(tx: Connection, workspace: str, author_key: str, customer_id: str | None) -> dict[str, str]:
    """Make all cases of an author those of a customer, or of nobody; returns whose they were, of nobody's left out."""
    theirs = list(_having(tx, workspace, cases.c.author_key, [author_key], hold=True))
    for some in chunks([case.id for case in theirs]):
        tx.execute(update(cases).where(cases.c.id.in_(some)).values(customer_id=customer_id))
    return {case.id: case.customer_id for case in theirs if case.customer_id is not None}


def give_back(tx: Connection, workspace: str, author_key: str, owners: Mapping[str, str]) -> None:
    """Make cases of an author those of customers again, by the case's id; others' cases are left as they are."""
    for case_id, customer_id in owners.items():
        mine = (cases.c.workspace == workspace) & (cases.c.id == case_id) & (cases.c.author_key == author_key)
        tx.execute(update(cases).where(mine).values(customer_id=customer_id))


def add_event(
    tx: Connection, case: Case, actor: str, kind: str, now: datetime, detail: Mapping[str, object]
) -> None:  # fmt: skip
    """Put something on the case's time line; `case` is as it is after the event."""
    row = {
        "workspace": case.workspace, "case_id": case.id, "actor": actor, "kind": kind, "detail": dict(detail),
        "version": case.version, "at": now,
    }  # fmt: skip
    tx.execute(insert(case_events), [row])


def events(tx: Connection, case_id: str, limit: int = 500) -> list[CaseEvent]:
    """The latest `limit` events of a case, oldest first."""
    query = select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.id.desc()).limit(limit)
    return [as_struct(CaseEvent, row) for row in tx.execute(query)][::-1]


def events_since(tx: Connection, case_id: str, version: int, kinds: Collection[str]) -> list[CaseEvent]:
    """Events of these kinds that came after the case had `version`, oldest first."""
    query = select(case_events).where(
        case_events.c.case_id == case_id, case_events.c.version > version, case_events.c.kind.in_(list(kinds))
    )
    return [as_struct(CaseEvent, row) for row in tx.execute(query.order_by(case_events.c.id))]


def absorb(tx: Connection, kept_id: str, gone_id: str) -> None:
    """Hand notes, replies and events of one case to another and remove it. Tags are moved by their own module."""
    for table in (notes, replies, case_events):
        tx.execute(update(table).where(table.c.case_id == gone_id).values(case_id=kept_id))
    for table in (presence, unread):
        tx.execute(delete(table).where(table.c.case_id == gone_id))
    tx.execute(delete(cases).where(cases.c.id == gone_id))


def sleepers(tx: Connection, now: datetime) -> list[Case]:
    """The cases of all workspaces whose snooze has ended."""
    return [as_struct(Case, row) for row in tx.execute(_sleepers(now))]


def _sleepers(now: datetime) -> Select[Any]:
    return select(cases).where(cases.c.snoozed_until <= now)


def wake(tx: Connection, now: datetime) -> list[Case]:
    """End the snoozes whose time has come, in all workspaces, but not of cases that somebody holds; returns them."""
    free = _sleepers(now).with_for_update(key_share=True, skip_locked=True)
    woken = [as_struct(Case, row) for row in tx.execute(free)]
    for some in chunks([case.id for case in woken]):
        tx.execute(update(cases).where(cases.c.id.in_(some)).values(snoozed_until=None))
    return woken
