"""Trends: how much is said, how it feels, where, by whom, and beside which competitor.

Every figure carries the query that opens the mentions behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import select

from crm.errors import InvalidInputError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import Bucket, Dimension, PostIndex
from crm.query import render
from crm.query.tree import And, Everything, Field, Node, Or
from crm.records import monitors, workspaces
from crm.records.database import Records
from crm.records.monitors import Monitor
from crm.records.tables import cases
from crm.usecases.monitors import narrowed

FEW = 30
AUTHORS = 8


class TrendsFilter(Struct, frozen=True):
    """What is looked at. Empty tuples mean all; no monitors means those of the own brand."""

    since: datetime
    until: datetime
    monitors: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class Sentiments(Struct, frozen=True):
    """Posts by sentiment; `unsure` are those the model left to people."""

    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unsure: int = 0

    @property
    def total(self) -> int:
        """All posts, the unsure ones too."""
        return self.negative + self.neutral + self.positive + self.unsure

    @property
    def net(self) -> float | None:
        """(positive - negative) / judged in percent, None where nothing was judged."""
        judged = self.negative + self.neutral + self.positive
        return 100 * (self.positive - self.negative) / judged if judged else None


class Row(Struct, frozen=True):
    """One line of a table or chart: what it counts, its figures, and the query that opens its mentions."""

    key: str
    sentiments: Sentiments
    query: str


class Share(Struct, frozen=True):
    """A brand's part of all mentions of the brands compared, in percent, and its change in points."""

    brand: str
    own: bool
    posts: int
    percent: float
    change: float | None
    net: float | None
    query: str


class TrendsView(Struct, frozen=True):
    """Everything on the Trends page, for the period and the one of the same length before it."""

    filter: TrendsFilter
    zone: str
    totals: Sentiments
    before: Sentiments
    query: str
    days: tuple[Row, ...]
    days_before: tuple[int, ...]
    platforms: tuple[Row, ...]
    languages: tuple[Row, ...]
    authors: tuple[Row, ...]
    hours: tuple[Bucket, ...]
    shares: tuple[Share, ...]
    answer_minutes: float | None
    answer_minutes_before: float | None
    few: bool


class Trends:
    """The figures of the Trends page."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock

    def overview(self, actor: Actor, wanted: TrendsFilter) -> TrendsView:
        """All figures of one period. Raises InvalidInputError for a period that ends before it starts."""
        require(actor, "read_trends")
        if wanted.until <= wanted.since:
            raise InvalidInputError("The period ends before it starts; swap its two dates.")
        with self._records.read() as tx:
            zone = workspaces.get(tx, actor.workspace).zone
            known = monitors.of_workspace(tx, actor.workspace)
        known = [one for one in known if actor.monitors is None or one.id in actor.monitors]
        chosen = wanted.monitors or tuple(one.id for one in known if one.own)
        count = _Counter(self._index, actor, wanted, chosen, zone)
        length = wanted.until - wanted.since
        earlier = _Counter(self._index, actor, _moved(wanted, -length), chosen, zone)
        days, totals = count.rows("day"), count.totals()
        return TrendsView(
            filter=wanted,
            zone=zone,
            totals=totals,
            before=earlier.totals(),
            query=render(count.node),
            days=days,
            days_before=tuple(row.sentiments.total for row in earlier.rows("day")),
            platforms=count.rows("platform"),
            languages=count.rows("language"),
            authors=count.rows("author", AUTHORS),
            hours=count.buckets(("hour_of_week",)),
            shares=self._shares(actor, wanted, known, zone),
            answer_minutes=self._answer_minutes(actor, wanted),
            answer_minutes_before=self._answer_minutes(actor, earlier.wanted),
            few=totals.total < FEW,
        )

    def _shares(self, actor: Actor, wanted: TrendsFilter, known: list[Monitor], zone: str) -> tuple[Share, ...]:
        """Share of voice over the brands of all monitors; a post that names two brands counts for both."""
        brands: dict[str, list[Monitor]] = {}
        for monitor in known:
            brands.setdefault(monitor.brand, []).append(monitor)
        earlier = _moved(wanted, wanted.since - wanted.until)
        counted = []
        for brand, its in brands.items():
            ids = tuple(one.id for one in its)
            now = _Counter(self._index, actor, wanted, ids, zone)
            before = _Counter(self._index, actor, earlier, ids, zone)
            counted.append((brand, any(one.own for one in its), now.totals(), before.totals().total, render(now.node)))
        total, total_before = sum(row[2].total for row in counted), sum(row[3] for row in counted)
        shares = [
            Share(
                brand,
                own,
                now.total,
                _percent(now.total, total),
                _change(now.total, total, before, total_before),
                now.net,
                query,
            )
            for brand, own, now, before, query in counted
        ]
        return tuple(sorted(shares, key=lambda share: (not share.own, -share.posts)))

    def _answer_minutes(self, actor: Actor, wanted: TrendsFilter) -> float | None:
        """Median minutes from the opening of a case to its first answer, of cases opened in the period."""
        query = select(cases.c.opened_at, cases.c.first_answer_at, cases.c.monitors).where(
            cases.c.workspace == actor.workspace, cases.c.first_answer_at.is_not(None),
            cases.c.opened_at >= wanted.since, cases.c.opened_at < wanted.until,
        )  # fmt: skip
        with self._records.read() as tx:
            rows = tx.execute(query).all()
        spans = [
            (row.first_answer_at - row.opened_at).total_seconds() / 60
            for row in rows
            if not wanted.monitors or set(wanted.monitors) & set(row.monitors)
        ]
        return median(spans) if spans else None


class _Counter:
    """Counts of one period and one choice of monitors."""

    def __init__(self, index: PostIndex, actor: Actor, wanted: TrendsFilter, chosen: Sequence[str], zone: str) -> None:
        self.wanted = wanted
        self._index, self._actor, self._zone = index, actor, zone
        watched: Node = Or(tuple(Field("monitor", ":", one) for one in chosen)) if chosen else Everything()
        period = (
            Field("since", ":", wanted.since.isoformat(timespec="seconds")),
            Field("until", ":", wanted.until.isoformat(timespec="seconds")),
        )
        self.node = narrowed(And((watched, *period)), wanted.platforms, wanted.languages)

    def buckets(self, by: Sequence[Dimension], limit: int | None = None) -> tuple[Bucket, ...]:
        return tuple(self._index.count(self._actor.scope, self.node, by, self._zone, limit))

    def totals(self) -> Sentiments:
        return _sentiments(self.buckets(("sentiment",)))

    def rows(self, by: Dimension, limit: int | None = None) -> tuple[Row, ...]:
        """One row per value of `by`, split by sentiment; for days, in order of time, without gaps."""
        chosen = self._largest(by, limit) if limit else None
        node = And((self.node, Or(tuple(Field("author", ":", key) for key in chosen)))) if chosen else self.node
        found: dict[str, list[Bucket]] = {}
        for bucket in self._index.count(self._actor.scope, node, (by, "sentiment"), self._zone):
            found.setdefault(bucket.keys[0], []).append(Bucket(bucket.keys[1:], bucket.posts))
        keys = chosen or (
            _days(self.wanted, self._zone) if by == "day" else sorted(found, key=lambda key: -_posts(found[key]))
        )
        return tuple(Row(key, _sentiments(found.get(key, [])), self._opens(by, key)) for key in keys)

    def _largest(self, by: Dimension, limit: int) -> list[str]:
        return [bucket.keys[0] for bucket in self.buckets((by,), limit)]

    def _opens(self, by: Dimension, key: str) -> str:
        return render(And((self.node, *_conditions(by, key, self._zone))))


def _conditions(by: Dimension, key: str, zone: str) -> tuple[Node, ...]:
    if by == "day":
        start = datetime.fromisoformat(key).replace(tzinfo=ZoneInfo(zone))
        end = (datetime.fromisoformat(key) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
        return Field("since", ":", start.isoformat()), Field("until", ":", end.isoformat())
    name = {"platform": "platform", "language": "lang", "author": "author"}[by]
    return (Field(name, ":", key),)  # type: ignore[arg-type]


def _days(wanted: TrendsFilter, zone: str) -> list[str]:
    first = wanted.since.astimezone(ZoneInfo(zone)).date()
    last = (wanted.until - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    return [(first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1)]


def _moved(wanted: TrendsFilter, by: timedelta) -> TrendsFilter:
    return TrendsFilter(wanted.since + by, wanted.until + by, wanted.monitors, wanted.platforms, wanted.languages)


def _sentiments(buckets: Sequence[Bucket]) -> Sentiments:
    found = {bucket.keys[0] or "unsure": bucket.posts for bucket in buckets}
    return Sentiments(**{name: found.get(name, 0) for name in Sentiments.__struct_fields__})


def _posts(buckets: Sequence[Bucket]) -> int:
    return sum(bucket.posts for bucket in buckets)


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _change(now: int, total: int, before: int, total_before: int) -> float | None:
    return _percent(now, total) - _percent(before, total_before) if total_before else None
