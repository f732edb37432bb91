"""The queries behind the figures of Trends: the node that is counted, and the text that opens the same posts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.calendar import day_start
from crm.ports.index import Span
from crm.query import render
from crm.query.tree import And, Everything, Field, Node, Not, Or
from crm.records.monitors import Monitor
from crm.text import fold
from crm.usecases.monitors import narrowed
from crm.usecases.trendview import Step, TrendsFilter

_UNQUOTABLE = frozenset('"«»“”')
_WEEK = timedelta(weeks=1)


class Watched:
    """The posts of some monitors on some platforms in some languages, within any period."""

    def __init__(self, chosen: Sequence[Monitor], known: Sequence[Monitor], wanted: TrendsFilter, zone: str,
                 private: bool = False) -> None:  # fmt: skip
        """`known` are all monitors; `private` says that whoever opens a query would also see direct messages."""
        self.zone = zone
        self._wanted, self._private = wanted, private
        self._by_id = self._any([one.id for one in chosen])
        self._by_name = self._any([_called(one, known) for one in chosen])

    def node(self, span: Span) -> Node:
        """What is asked of the index."""
        return narrowed(And((self._by_id, *between(span))), self._wanted.platforms, self._wanted.languages)

    def query(self, span: Span, *more: Node) -> str:
        """The text of a search for the same posts, with further conditions."""
        period = between(span, self.zone)
        node = narrowed(And((self._by_name, *period)), self._wanted.platforms, self._wanted.languages)
        public = (Not(Field("is", ":", "private")),) if self._private else ()
        return render(_flat(And((node, *more, *public))))

    def _any(self, values: Sequence[str]) -> Node:
        return any_of([Field("monitor", ":", value) for value in values]) if values else Everything()


def between(span: Span, zone: str | None = None) -> tuple[Node, Node]:
    """The conditions of a period: in UTC for an index, or as a person of `zone` writes dates."""
    return Field("since", ":", _written(span.since, zone)), Field("until", ":", _written(span.until, zone))


def any_of(nodes: Sequence[Node]) -> Node:
    """Either of them; one alone as it is."""
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))


def step_span(key: str, step: Step, zone: str, within: Span) -> Span:
    """The part of the period that the key of a series stands for."""
    if step == "hour":
        start = datetime.fromisoformat(key).replace(tzinfo=ZoneInfo(zone))
        found = Span(start, start + timedelta(hours=1))
    else:
        day = date.fromisoformat(key)
        found = Span(day_start(day, zone), day_start(day + timedelta(days=7 if step == "week" else 1), zone))
    return Span(max(found.since, within.since), min(found.until, within.until))


def hours_of_week(day: int, hour: int, within: Span, zone: str) -> list[Span]:
    """Every time that this hour of the week (day 0 is Saturday) came within the period."""
    first = within.since.astimezone(ZoneInfo(zone)).date() - _WEEK
    here = first + timedelta(days=(day + 5 - first.weekday()) % 7)
    found = []
    while (start := datetime.combine(here, time(hour), ZoneInfo(zone))) < within.until:
        span = Span(max(start, within.since), min(start + timedelta(hours=1), within.until))
        if span.since < span.until:
            found.append(span)
        here += _WEEK
    return found


def _called(monitor: Monitor, known: Sequence[Monitor]) -> str:
    """The monitor's name, or its id where the name is no clear one."""
    same = sum(fold(one.name) == fold(monitor.name) for one in known)
    return monitor.id if same > 1 or _UNQUOTABLE & set(monitor.name) else monitor.name


def _written(when: datetime, zone: str | None) -> str:
    if zone is None:
        return when.isoformat(timespec="seconds")
    here = when.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if here.time() == time():
        return here.date().isoformat()
    return here.isoformat(timespec="seconds" if here.second else "minutes")


def _flat(node: Node) -> Node:
    """An And without And inside and without what limits nothing, so that it reads well."""
    if not isinstance(node, And):
        return node
    children: list[Node] = []
    for child in map(_flat, node.children):
        children += child.children if isinstance(child, And) else [] if child == Everything() else [child]
    return And(tuple(children)) if len(children) > 1 else children[0] if children else Everything()
