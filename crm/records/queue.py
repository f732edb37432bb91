"""The queue of cases: filters, counts per view, and pages by key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)

from crm.policies.access import Actor
from crm.records.cases import Case
from crm.records.columns import Moment
from crm.records.replies import needs_person
from crm.records.sql import as_struct
from crm.records.tables import case_tags, cases, customers, replies, tags, unread

QueueView = Literal["all", "mine", "unassigned", "late", "vip", "approvals"]
QUEUE_VIEWS: tuple[QueueView, ...] = ("all", "mine", "unassigned", "late", "vip", "approvals")
QueueStatus = Literal["answer", "new", "open", "waiting", "resolved", "snoozed", "any"]
QueueSort = Literal["due", "newest", "oldest", "priority"]

_NO_CLOCK = 1 << 52


class QueueFilter(Struct, frozen=True):
    """Which cases, in which order. Empty fields do not filter.

    `status` answer means new and open. Snoozed cases are only in `snoozed` and `any`. The view `approvals` has
    the cases with a reply that waits for a person: asked for approval, failed, or in doubt.
    `assignee` is a user's id; `query` is in the query language, or ``#12`` for a case by its number.
    """

    view: QueueView = "all"
    status: QueueStatus = "answer"
    assignee: str = ""
    monitor: str = ""
    platform: str = ""
    language: str = ""
    tag: str = ""
    query: str = ""
    since: datetime | None = None
    sort: QueueSort = "due"


class Wanted(Struct, frozen=True):
    """A filter with its text answered: `threads` and `number` are None where the text does not ask."""

    filter: QueueFilter
    threads: Sequence[str] | None = None
    number: int | None = None


class Queued(Struct, frozen=True):
    """A case with what the queue shows beside it, and its place for the next page."""

    case: Case
    seen_posts: int
    vip: bool
    place: tuple[int | str, ...]


def page(
    tx: Connection, actor: Actor, wanted: Wanted, now: datetime, after: Sequence[int | str] | None, limit: int
) -> list[Queued]:
    """At most `limit` cases after the place `after`."""
    keys = _keys(wanted.filter.sort)
    mine = and_(unread.c.case_id == cases.c.id, unread.c.user_id == actor.user_id)
    query = (
        select(cases, func.coalesce(unread.c.seen_posts, 0).label("seen"), _vip().label("is_vip"),
               *(key.label(f"key{at}") for at, key in enumerate(keys)))
        .outerjoin(unread, mine)
        .outerjoin(customers, customers.c.id == cases.c.customer_id)
        .where(_filtered(actor, wanted, now), _view(actor, wanted.filter.view, now))
        .order_by(*keys)
        .limit(limit)
    )  # fmt: skip
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after))
    return [
        Queued(
            as_struct(Case, row), row.seen, bool(row.is_vip), tuple(row._mapping[f"key{at}"] for at in range(len(keys)))
        )
        for row in tx.execute(query)
    ]


def thread_keys(tx: Connection, actor: Actor, wanted: Wanted, now: datetime, limit: int) -> list[str]:
    """The threads of the first `limit` cases of the filter, without regard to its view."""
    query = select(cases.c.thread_key).where(_filtered(actor, wanted, now)).order_by(*_keys(wanted.filter.sort))
    return list(tx.execute(query.limit(limit)).scalars())


def counts(tx: Connection, actor: Actor, wanted: Wanted, now: datetime) -> dict[QueueView, int]:
    """How many cases each view holds under the rest of the filter."""
    sums = [func.coalesce(func.sum(case((_view(actor, view, now), 1), else_=0)), 0) for view in QUEUE_VIEWS]
    query = (
        select(*sums)
        .select_from(cases)
        .outerjoin(customers, customers.c.id == cases.c.customer_id)
        .where(_filtered(actor, wanted, now))
    )
    return dict(zip(QUEUE_VIEWS, map(int, tx.execute(query).one()), strict=True))


def _filtered(actor: Actor, wanted: Wanted, now: datetime) -> ColumnElement[bool]:
    chosen = wanted.filter
    parts: list[ColumnElement[bool]] = [cases.c.workspace == actor.workspace, _status(chosen.status, now)]
    if not actor.private:
        parts.append(cases.c.private.is_(False))
    for column, value in (
        (cases.c.assignee_id, chosen.assignee),
        (cases.c.platform, chosen.platform),
        (cases.c.language, chosen.language),
    ):
        if value:
            parts.append(column == value)
    permitted = (chosen.monitor,) if chosen.monitor else actor.monitors
    if chosen.monitor and actor.monitors is not None and chosen.monitor not in actor.monitors:
        permitted = ()
    if permitted is not None:
        parts.append(_of_monitors(permitted))
    if chosen.tag:
        tagged = select(case_tags.c.case_id).join(tags, tags.c.id == case_tags.c.tag_id)
        parts.append(cases.c.id.in_(tagged.where(tags.c.workspace == actor.workspace, tags.c.name == chosen.tag)))
    if chosen.since is not None:
        parts.append(cases.c.last_post_at >= chosen.since)
    if wanted.threads is not None:
        parts.append(cases.c.thread_key.in_(list(wanted.threads)))
    if wanted.number is not None:
        parts.append(cases.c.number == wanted.number)
    return and_(*parts)


def _of_monitors(monitor_ids: Sequence[str]) -> ColumnElement[bool]:
    """Cases of any of these monitors, which stand in a JSON list; without any, none."""
    listed = cast(cases.c.monitors, Text)
    return or_(false(), *(listed.contains(f'"{one}"', autoescape=True) for one in monitor_ids))


def _status(status: QueueStatus, now: datetime) -> ColumnElement[bool]:
    asleep = cases.c.snoozed_until > now
    awake = or_(cases.c.snoozed_until.is_(None), cases.c.snoozed_until <= now)
    if status == "snoozed":
        return asleep
    if status == "any":
        return cases.c.id.is_not(None)
    chosen = ("new", "open") if status == "answer" else (status,)
    return and_(awake, cases.c.status.in_(chosen))


def _view(actor: Actor, view: QueueView, now: datetime) -> ColumnElement[bool]:
    if view == "mine":
        return cases.c.assignee_id == actor.user_id
    if view == "unassigned":
        return cases.c.assignee_id.is_(None)
    if view == "late":
        return cases.c.due_at < now
    if view == "vip":
        return _vip()
    if view == "approvals":
        return cases.c.id.in_(select(replies.c.case_id).where(needs_person(actor.workspace)))
    return cases.c.id.is_not(None)


def _vip() -> ColumnElement[bool]:
    return func.coalesce(customers.c.vip, False)


def _keys(sort: QueueSort) -> list[ColumnElement[Any]]:
    """What a page is ordered by, always rising; the id makes it unique."""
    due = func.coalesce(_number(cases.c.due_at), _NO_CLOCK)
    newest = -_number(cases.c.last_post_at)
    if sort == "due":
        return [due, newest, cases.c.id]
    if sort == "newest":
        return [newest, cases.c.id]
    if sort == "oldest":
        return [_number(cases.c.last_post_at), cases.c.id]
    rank = case({"urgent": 0, "high": 1, "normal": 2, "low": 3}, value=cases.c.priority, else_=4)
    return [rank, due, cases.c.id]


def _number(moment: ColumnElement[datetime] | Any) -> ColumnElement[int]:
    assert isinstance(moment.type, Moment)
    return type_coerce(moment, BigInteger)
