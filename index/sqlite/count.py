"""Counting: what only asks for labels and monitors is read from slots, all else from the hits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

import apsw
import numpy as np

from crm.ports.index import Bucket
from crm.query.tree import And, Field
from index.moments import moment_of, zone_named
from index.sqlite import copies
from index.sqlite.buckets import Posts, buckets
from index.sqlite.compile import Plan, compile_query, conjuncts
from index.sqlite.copies import Asked
from index.sqlite.kinds import Kind
from index.sqlite.kindtest import about_kinds, in_scope, kind_matches
from index.sqlite.schema import QUARTER, SEQUENCE_BITS, SEQUENCE_MASK, first_docid
from index.sqlite.slots import read_slots
from index.sqlite.zones import Numbers, quarter_offsets

_TIME = frozenset({"day", "hour", "hour_of_week"})
_QUARTER_US = QUARTER * 1_000_000
_FIRST, _LAST = -(1 << 31), (1 << 31) - 1


def count_posts(db: apsw.Connection, asked: Asked, kinds: Mapping[int, Kind]) -> list[Bucket]:
    """The largest buckets, unordered."""
    if list(asked.by) == ["text"]:
        return copies.most_copied(db, asked, kinds)
    posts = copies.alike_posts(db, asked, kinds) or _from_slots(db, asked, kinds)
    if posts is None:
        plan = compile_query(db, asked.query, asked.scope, asked.workspace)
        if not asked.by:
            return _total(db, plan)
        posts = _from_hits(db, plan, needs_post=not _TIME.issuperset(asked.by))
    if not asked.by:
        return [Bucket((), len(posts.kinds))] if len(posts.kinds) else []
    return buckets(db, posts, asked.by, zone_named(asked.zone), kinds, asked.scope.monitors, asked.limit)


def _total(db: apsw.Connection, plan: Plan) -> list[Bucket]:
    ((posts,),) = db.execute(f"SELECT count(*) FROM {_tables(plan, False)} WHERE {plan.where}", plan.bound)
    return [Bucket((), posts)] if posts else []


def _tables(plan: Plan, needs_post: bool) -> str:
    return "body CROSS JOIN post ON post.docid = body.rowid" if needs_post or plan.condition else "body"


def _from_hits(db: apsw.Connection, plan: Plan, needs_post: bool) -> Posts:
    columns = f"body.rowid >> {SEQUENCE_BITS}" + (", post.kind, post.author" if needs_post else "")
    rows = db.execute(f"SELECT {columns} FROM {_tables(plan, needs_post)} WHERE {plan.where}", plan.bound)
    if needs_post:
        return _posts(rows)
    seconds = np.fromiter(chain.from_iterable(rows), np.int64)
    return Posts(seconds, np.zeros(len(seconds), np.int64), np.zeros(len(seconds), np.int64))


def _posts(rows: Iterable[tuple[int, ...]]) -> Posts:
    table = np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, 3)
    return Posts(table[:, 0], table[:, 1], table[:, 2])


def _from_slots(db: apsw.Connection, asked: Asked, kinds: Mapping[int, Kind]) -> Posts | None:
    """The matching posts, or None where the slots can't tell."""
    parts = list(conjuncts(asked.query))
    span = [part for part in parts if isinstance(part, Field) and part.name in ("since", "until")]
    wanted = And(tuple(part for part in parts if part not in span))
    if not about_kinds(wanted):
        return None
    since = max((moment_of(field) for field in span if field.name == "since"), default=_FIRST * _QUARTER_US)
    until = min((moment_of(field) for field in span if field.name == "until"), default=_LAST * _QUARTER_US)
    first, last = -(-since // _QUARTER_US), until // _QUARTER_US - 1
    if first > last:
        found = _between(db, asked.workspace, since, until)
    else:
        quarters, entries = read_slots(db, asked.workspace, first, last)
        if not _TIME.isdisjoint(asked.by) and quarter_offsets(zone_named(asked.zone), _distinct(quarters)) is None:
            return None
        found = Posts(quarters * QUARTER, entries["kind"], entries["author"])
        for low, high in ((since, first * _QUARTER_US), ((last + 1) * _QUARTER_US, until)):
            if low < high:
                found = found.joined(_between(db, asked.workspace, low, high))
    matching = np.zeros(max(kinds, default=0) + 1, bool)
    for number, kind in kinds.items():
        matching[number] = in_scope(asked.scope, kind) and kind_matches(wanted, kind)
    return found if matching[list(kinds)].all() else found.where(matching[found.kinds])


def _between(db: apsw.Connection, workspace: int, since: int, until: int) -> Posts:
    rows = db.execute(
        f"SELECT docid >> {SEQUENCE_BITS}, kind, author FROM post"
        " WHERE docid BETWEEN ? AND ? AND workspace = ? AND posted_us >= ? AND posted_us < ?",
        (first_docid(since // 1_000_000), first_docid(until // 1_000_000) | SEQUENCE_MASK, workspace, since, until),
    )
    return _posts(rows)


def _distinct(rising: Numbers) -> Numbers:
    return rising[np.flatnonzero(np.diff(rising, prepend=rising[:1] - 1))]
