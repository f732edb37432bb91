"""Hits in order of time, read from the end that is asked for and no further than the page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import apsw
from msgspec import Struct, structs

from index.cursor import Seal
from index.sqlite.compile import Plan
from index.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MASK, first_docid


class Mark(Seal, frozen=True, array_like=True):
    """The last hit of a page: its moment and key, or its rank where the order is by relevance."""

    moment: int
    key: str = ""


class Hit(Struct, frozen=True, order=True):
    """A hit before it is read: sorts by moment (microseconds since 1970), then key."""

    moment: int
    key: str
    docid: int


def hits_in_time(db: apsw.Connection, plan: Plan, newest: bool, after: Mark | None = None) -> Iterator[Hit]:
    """The hits of a plan by moment, then key, beyond `after`; falling if `newest`, else rising."""
    if after is not None:
        plan = _beyond(plan, after.moment // 1_000_000, newest)
    rows = db.execute(
        "SELECT post.posted_us, post.key, post.docid FROM body CROSS JOIN post ON post.docid = body.rowid"
        f" WHERE {plan.where} ORDER BY body.rowid {'DESC' if newest else 'ASC'}",
        plan.bound,
    )
    hits = (Hit(*row) for row in rows)
    # A docid orders by second only; within one, the hits are put in their exact order here.
    for _, same_second in groupby(hits, lambda hit: hit.docid >> SEQUENCE_BITS):
        for hit in sorted(same_second, reverse=newest):
            here = (hit.moment, hit.key)
            if after is None or (here < (after.moment, after.key) if newest else here > (after.moment, after.key)):
                yield hit


def _beyond(plan: Plan, second: int, newest: bool) -> Plan:
    if newest:
        return structs.replace(plan, high=min(plan.high, first_docid(second) | SEQUENCE_MASK))
    return structs.replace(plan, low=max(plan.low, first_docid(second)))
