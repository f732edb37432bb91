"""Counting by what near-duplicates have in common: from the rows of :mod:`index.sqlite.likeness`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import apsw
import numpy as np

from crm.ports.index import Bucket, Dimension, Scope
from crm.query.tree import And, Field, Node
from index.limits import MAX_TEXTS
from index.sqlite import likeness
from index.sqlite.buckets import Posts
from index.sqlite.compile import alike_fields, compile_query, conjuncts
from index.sqlite.kinds import Kind
from index.sqlite.kindtest import about_kinds, in_scope, kind_matches
from index.sqlite.likeness import ENTRY, Entries
from index.sqlite.schema import SEQUENCE_BITS


class Asked(NamedTuple):
    """One question: see :meth:`crm.ports.index.PostIndex.count`."""

    scope: Scope
    query: Node
    by: Sequence[Dimension]
    zone: str
    limit: int | None
    workspace: int


def most_copied(db: apsw.Connection, asked: Asked, kinds: Mapping[int, Kind]) -> list[Bucket]:
    """The seeds that most posts share."""
    found = [part["seeds"].ravel() for part in _matching(db, asked, kinds)]
    if not found:
        return []
    seeds, posts = np.unique(np.concatenate(found), return_counts=True)
    several = np.flatnonzero((posts > 1) & (seeds != 0))
    most = several[np.argsort(-posts[several], kind="stable")][: min(asked.limit or MAX_TEXTS, MAX_TEXTS)]
    counted = zip(seeds[most].tolist(), posts[most].tolist(), strict=True)
    return [Bucket((likeness.spelt(seed),), count) for seed, count in counted]


def alike_posts(db: apsw.Connection, asked: Asked, kinds: Mapping[int, Kind]) -> Posts | None:
    """The matching posts of a query for near-duplicates, None for any other."""
    if not any(map(alike_fields, conjuncts(asked.query))):
        return None
    found = np.concatenate([np.zeros(0, ENTRY), *_matching(db, asked, kinds)])
    return Posts(found["docid"] >> SEQUENCE_BITS, found["kind"], found["author"])


def _matching(db: apsw.Connection, asked: Asked, kinds: Mapping[int, Kind]) -> Iterator[Entries]:
    """The entries of the posts that the query matches."""
    parts = list(conjuncts(asked.query))
    alike = [likeness.wanted(fields) for part in parts if (fields := alike_fields(part))]
    rest = [part for part in parts if not alike_fields(part)]
    spans = [part for part in rest if isinstance(part, Field) and part.name in ("since", "until")]
    span = compile_query(db, And(tuple(spans)), asked.scope, asked.workspace)
    others = And(tuple(part for part in rest if part not in spans))
    by_kind = about_kinds(others) and not span.condition
    narrow = _of_kinds(asked.scope, others, kinds) if by_kind else _of_hits(db, And(tuple(rest)), asked)
    for part in likeness.read(db, asked.workspace, span.low, span.high):
        for wanted in alike:
            part = likeness.sharing(part, wanted)
        yield narrow(part)


def _of_kinds(scope: Scope, query: Node, kinds: Mapping[int, Kind]) -> Callable[[Entries], Entries]:
    matching = np.zeros(max(kinds, default=0) + 1, bool)
    for number, kind in kinds.items():
        matching[number] = in_scope(scope, kind) and kind_matches(query, kind)
    return lambda entries: entries[matching[entries["kind"]]]


def _of_hits(db: apsw.Connection, query: Node, asked: Asked) -> Callable[[Entries], Entries]:
    plan = compile_query(db, query, asked.scope, asked.workspace)
    tables = "body CROSS JOIN post ON post.docid = body.rowid" if plan.condition else "body"
    rows = db.execute(f"SELECT body.rowid FROM {tables} WHERE {plan.where}", plan.bound)
    hits = np.sort(np.fromiter(chain.from_iterable(rows), np.int64))

    def narrowed(entries: Entries) -> Entries:
        if not len(hits):
            return entries[:0]
        places = np.searchsorted(hits, entries["docid"])
        found: Entries = entries[hits[np.minimum(places, len(hits) - 1)] == entries["docid"]]
        return found

    return narrowed
