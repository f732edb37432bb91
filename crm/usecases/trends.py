"""Trends: how much is said, how it feels, where, by whom, and beside which competitor.

Every figure carries the query that opens the mentions behind it. Direct messages are never counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from crm.calendar import day_of, week_start
from crm.errors import InvalidInputError
from crm.policies.access import Actor, require
from crm.policies.personal import readable
from crm.ports.clock import Clock
from crm.ports.index import Bucket, Dimension, PostIndex, Scope, Span
from crm.query.tree import And, Everything, Field, Node
from crm.records import audit, budget, monitors, sources, workspaces
from crm.records.answers import FirstAnswer, first_answers
from crm.records.database import Records
from crm.records.monitors import Monitor
from crm.records.workspaces import Workspace
from crm.usecases.periods import before, days_in, quarter_after
from crm.usecases.trendlinks import Watched, any_of, between, hours_of_week, step_span
from crm.usecases.trendview import (
    Answers,
    AuthorRow,
    Choices,
    Hour,
    Row,
    Sentiments,
    Share,
    Step,
    TrendsFilter,
    TrendsView,
)

__all__ = ["FEW", "Sentiments", "Trends", "TrendsFilter", "TrendsView", "usual_step"]

FEW = 30
AUTHORS = 8
_SPARE_AUTHORS = 4
GAP = timedelta(hours=1)

_Series = dict[str, Sentiments]
_Voices = dict[tuple[str, ...], _Series]


class Trends:
    """The figures of the Trends page."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock

    def overview(self, actor: Actor, wanted: TrendsFilter, step: Step | None = None) -> TrendsView:
        """All figures of one period, its series in steps of `step` (None: what suits its length).

        Raises ForbiddenError, InvalidInputError (a period that ends before it starts).
        """
        return self._counting(actor, wanted, step).view(self._records)

    def newer(self, actor: Actor, wanted: TrendsFilter, than: int) -> int:
        """How many mentions came since `than` of them were counted, up to now."""
        now = TrendsFilter(
            wanted.since, quarter_after(self._clock.now()), wanted.monitors, wanted.platforms, wanted.languages
        )
        counting = self._counting(actor, now, None)
        return max(0, counting.total(counting.node(now.span)) - than)

    def hour_query(self, actor: Actor, wanted: TrendsFilter, day: int, hour: int) -> str:
        """The query that opens the mentions of one hour of the week. Raises InvalidInputError."""
        if day not in range(7) or hour not in range(24):
            raise InvalidInputError(f"The week has no day {day} with an hour {hour}; they count from 0 to 6 and to 23.")
        return self._counting(actor, wanted, None).hour_query(day, hour)

    def export(self, actor: Actor, wanted: TrendsFilter, step: Step | None = None) -> TrendsView:
        """The overview for a file; noted in the audit trail. Raises as :meth:`overview` does."""
        require(actor, "export")
        view = self.overview(actor, wanted, step)
        with self._records.write() as tx:
            audit.append(tx, actor.workspace, actor.user_id, "export", "trends", self._clock.now(), query=view.query)
        return view

    def choices(self, actor: Actor) -> Choices:
        """What may be looked at."""
        known = self._monitors(actor)
        there = self._index.count(Scope(actor.workspace, actor.monitors), Everything(), ("platform", "language"))
        platforms, languages = (tuple(dict.fromkeys(bucket.keys[at] for bucket in there)) for at in (0, 1))
        return Choices(tuple(known), platforms, tuple(one for one in languages if one))

    def _monitors(self, actor: Actor) -> list[Monitor]:
        require(actor, "read_trends")
        with self._records.read() as tx:
            found = monitors.of_workspace(tx, actor.workspace)
        return [one for one in found if actor.monitors is None or one.id in actor.monitors]

    def _counting(self, actor: Actor, wanted: TrendsFilter, step: Step | None) -> _Counting:
        known = self._monitors(actor)
        if wanted.until <= wanted.since:
            raise InvalidInputError("The period ends before it starts; swap its two dates.")
        with self._records.read() as tx:
            workspace = workspaces.get(tx, actor.workspace)
        chosen_step = step or usual_step(wanted.span, workspace.zone)
        return _Counting(self._index, actor, wanted, known, workspace, chosen_step, self._clock.now())


def usual_step(span: Span, zone: str) -> Step:
    """Hours up to two days, weeks from four months on, days between."""
    days = days_in(span, zone)
    return "hour" if days <= 2 else "day" if days <= 120 else "week"


class _Counting:
    """One look at one period and the one before it."""

    def __init__(self, index: PostIndex, actor: Actor, wanted: TrendsFilter, known: Sequence[Monitor],
                 workspace: Workspace, step: Step, now: datetime) -> None:  # fmt: skip
        self._index, self._actor, self._wanted, self._known = index, actor, wanted, known
        # Direct messages never reach Trends, whoever looks.
        self._scope = Scope(actor.workspace, actor.monitors)
        self._workspace, self._zone, self._step, self._now = workspace, workspace.zone, step, now
        self._span, self._before = wanted.span, before(wanted.span, workspace.zone)
        self._chosen = (
            [one for one in known if one.id in wanted.monitors] or [one for one in known if one.own] or list(known)
        )
        self._brands: dict[str, list[Monitor]] = {}
        for monitor in known:
            self._brands.setdefault(monitor.brand, []).append(monitor)
        self._watched = self._watch(self._chosen)
        self._time: Dimension = "hour" if step == "hour" else "day"
        self._keys = self._all_keys(self._span)

    def view(self, records: Records) -> TrendsView:
        now, past = self._voices(self._span), self._voices(self._before)
        series, earlier = now[_ids(self._chosen)], past[_ids(self._chosen)]
        totals = sum(series.values(), Sentiments())
        shares, own_share = self._shares(now, past)
        spread = self._count(self.node(self._span), ("platform", "language", "sentiment"))
        return TrendsView(
            filter=self._wanted, before_span=self._before, zone=self._zone, step=self._step, at=self._now,
            totals=totals, before=sum(earlier.values(), Sentiments()), query=self._watched.query(self._span),
            series=tuple(self._step_row(key, series.get(key, Sentiments())) for key in self._keys),
            series_before=tuple(earlier.get(key, Sentiments()).total for key in self._all_keys(self._before)),
            platforms=self._rows("platform", spread, 0), languages=self._rows("lang", spread, 1),
            authors=self._authors() if totals.total else (), hours=self._hours(), shares=shares, own_share=own_share,
            answers=self._answers(records), gaps=self._gaps(records), few=totals.total < FEW,
            excluded=0 if totals.total else self._unfiltered(),
        )  # fmt: skip

    def node(self, span: Span) -> Node:
        return self._watched.node(span)

    def total(self, node: Node) -> int:
        return sum(bucket.posts for bucket in self._count(node, ()))

    def hour_query(self, day: int, hour: int) -> str:
        spans = hours_of_week(day, hour, self._span, self._zone)
        return self._watched.query(self._span, any_of([And(between(one, self._zone)) for one in spans]))

    def _watch(self, chosen: Sequence[Monitor]) -> Watched:
        return Watched(chosen, self._known, self._wanted, self._zone, self._actor.private)

    def _count(self, node: Node, by: Sequence[Dimension], limit: int | None = None) -> list[Bucket]:
        return self._index.count(self._scope, node, by, self._zone, limit)

    # Over time

    def _voices(self, span: Span) -> _Voices:
        """The series of the chosen monitors and of those of each brand, by their ids."""
        groups = {_ids(its): its for its in (self._chosen, *self._brands.values())}
        alone = [its[0] for its in groups.values() if len(its) == 1]
        # One count serves all that stand alone; only several monitors together need one of their own.
        found = {ids: self._series(self._watch(its), span) for ids, its in groups.items() if len(its) != 1}
        found |= {(one.id,): {} for one in alone}
        if alone:
            node = self._watch(alone).node(span)
            for bucket in self._count(node, ("monitor", self._time, "sentiment")):
                if (its := found.get((bucket.keys[0],))) is not None:
                    self._add(its, bucket.keys[1], bucket.keys[2], bucket.posts)
        return found

    def _series(self, watched: Watched, span: Span) -> _Series:
        """Figures by step; steps without a mention are left out."""
        found: _Series = {}
        for bucket in self._count(watched.node(span), (self._time, "sentiment")):
            self._add(found, bucket.keys[0], bucket.keys[1], bucket.posts)
        return found

    def _add(self, series: _Series, key: str, sentiment: str, posts: int) -> None:
        key = self._key(key)
        series[key] = series.get(key, Sentiments()) + _judged(sentiment, posts)

    def _key(self, key: str) -> str:
        return self._week(date.fromisoformat(key)) if self._step == "week" else key

    def _week(self, day: date) -> str:
        return week_start(day, self._workspace.week_start).isoformat()

    def _all_keys(self, span: Span) -> list[str]:
        first, last = day_of(span.since, self._zone), day_of(span.until - timedelta(microseconds=1), self._zone)
        days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
        if self._step == "week":
            return list(dict.fromkeys(self._week(day) for day in days))
        if self._step == "day":
            return [day.isoformat() for day in days]
        start, end = self._hour_key(span.since), self._hour_key(span.until - timedelta(microseconds=1))
        hours = [f"{day.isoformat()}T{hour:02}" for day in days for hour in range(24)]
        return [key for key in hours if start <= key <= end]

    def _hour_key(self, when: datetime) -> str:
        return when.astimezone(ZoneInfo(self._zone)).strftime("%Y-%m-%dT%H")

    def _step_row(self, key: str, sentiments: Sentiments) -> Row:
        return Row(key, sentiments, self._watched.query(step_span(key, self._step, self._zone, self._span)))

    def _hours(self) -> tuple[Hour, ...]:
        buckets = self._count(self.node(self._span), ("hour_of_week",))
        return tuple(Hour(int(one.keys[0][0]), int(one.keys[0][2:]), one.posts) for one in buckets)

    def _gaps(self, records: Records) -> tuple[Span, ...]:
        with records.read() as tx:
            found = sources.activity(tx, self._actor.workspace, self._span.since)
            missing = budget.missing(tx, self._actor.workspace, self._span.since, self._span.until)
        failed = _gaps([row for rows in found.values() for row in rows], len(found), self._span)
        told = [Span(max(one.gap.since, self._span.since), min(one.gap.until, self._span.until)) for one in missing]
        return tuple(_joined([*failed, *(gap for gap in told if gap.until - gap.since >= GAP)]))

    # By what it is and who said it

    def _rows(self, field: str, buckets: Sequence[Bucket], place: int) -> tuple[Row, ...]:
        found: dict[str, Sentiments] = {}
        for bucket in buckets:
            key = bucket.keys[place]
            found[key] = found.get(key, Sentiments()) + _judged(bucket.keys[2], bucket.posts)
        rows = sorted(found.items(), key=lambda item: (-item[1].total, item[0]))
        return tuple(Row(key, mood, self._opens(field, key or "unknown")) for key, mood in rows)

    def _opens(self, field: str, value: str) -> str:
        return self._watched.query(self._span, Field(field, ":", value))  # type: ignore[arg-type]

    def _authors(self) -> tuple[AuthorRow, ...]:
        """Those who said most, without our own accounts."""
        node = self.node(self._span)
        keys = [bucket.keys[0] for bucket in self._count(node, ("author",), AUTHORS + _SPARE_AUTHORS)]
        anyone = any_of([Field("author", ":", key) for key in keys])
        moods: dict[str, Sentiments] = {}
        for bucket in self._count(And((node, anyone)), ("author", "sentiment")):
            key = bucket.keys[0]
            moods[key] = moods.get(key, Sentiments()) + _judged(bucket.keys[1], bucket.posts)
        found = (self._author(key, moods.get(key, Sentiments()), node) for key in keys)
        return tuple([row for row in found if row is not None][:AUTHORS])

    def _author(self, key: str, sentiments: Sentiments, node: Node) -> AuthorRow | None:
        newest = self._index.search(self._scope, And((node, Field("author", ":", key))), "newest", 1).hits
        if not newest or newest[0].own:
            return None
        who = newest[0].post.author
        name = readable(self._actor, who.name)
        return AuthorRow(key, name, who.handle, who.platform, who.followers, sentiments, self._opens("author", key))

    def _unfiltered(self) -> int:
        everything = Watched(self._known, self._known, TrendsFilter(self._span.since, self._span.until), self._zone)
        return self.total(everything.node(self._span))

    # Beside the competitors

    def _shares(self, voices: _Voices, voices_past: _Voices) -> tuple[tuple[Share, ...], tuple[float | None, ...]]:
        """Share of voice over the brands of all monitors; a post that names two brands counts for both."""
        series = {brand: voices[_ids(its)] for brand, its in self._brands.items()}
        now = {brand: sum(rows.values(), Sentiments()) for brand, rows in series.items()}
        past = {brand: sum(one.total for one in voices_past[_ids(its)].values()) for brand, its in self._brands.items()}
        whole, whole_past = sum(one.total for one in now.values()), sum(past.values())
        shares = [
            Share(
                brand, any(one.own for one in its), now[brand].total, _percent(now[brand].total, whole),
                _change(now[brand].total, whole, past[brand], whole_past), now[brand].net,
                self._watch(its).query(self._span),
            )
            for brand, its in self._brands.items()
        ]  # fmt: skip
        own = [series[one.brand] for one in shares if one.own]
        part = tuple(_part(key, own, list(series.values())) for key in self._keys)
        return tuple(sorted(shares, key=lambda share: (not share.own, -share.posts, share.brand))), part

    # How fast we answer

    def _answers(self, records: Records) -> Answers:
        with records.read() as tx:
            found = first_answers(tx, self._actor.workspace, self._before.since, self._span.until)
        mine = {one.id for one in self._chosen}
        waits = [(one.opened_at, one.minutes) for one in found if mine & set(one.monitors) and self._asks_for(one)]
        now = [(at, minutes) for at, minutes in waits if at >= self._span.since]
        past = [minutes for at, minutes in waits if at < self._before.until]
        steps: dict[str, list[float]] = {}
        for at, minutes in now:
            steps.setdefault(self._key(self._hour_key(at)[: 13 if self._step == "hour" else 10]), []).append(minutes)
        series = tuple(median(steps[key]) if key in steps else None for key in self._keys)
        answered = Field("case", ":", "answered")
        return Answers(
            median(minutes for _, minutes in now) if now else None, median(past) if past else None, len(now), series,
            self._watched.query(self._span, answered),
        )  # fmt: skip

    def _asks_for(self, one: FirstAnswer) -> bool:
        """Whether the case is on one of the platforms and in one of the languages that were asked for."""
        platforms, languages = self._wanted.platforms, self._wanted.languages
        return (not platforms or one.platform in platforms) and (not languages or one.language in languages)


def _ids(chosen: Sequence[Monitor]) -> tuple[str, ...]:
    return tuple(sorted(one.id for one in chosen))


def _judged(value: str, posts: int) -> Sentiments:
    return Sentiments(**{value or "unsure": posts})


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _change(now: int, total: int, before: int, total_before: int) -> float | None:
    return _percent(now, total) - _percent(before, total_before) if total_before else None


def _part(key: str, own: Sequence[_Series], every: Sequence[_Series]) -> float | None:
    """The own brands' percent of everything said at one step, None where nothing was."""
    ours, whole = (sum(one[key].total for one in series if key in one) for series in (own, every))
    return 100 * ours / whole if whole else None


def _gaps(rows: Sequence[sources.Activity], count: int, within: Span) -> list[Span]:
    """Spans of an hour or more in which all `count` collectors that worked in the period failed and brought nothing."""
    failing: dict[datetime, int] = {}
    for row in rows:
        failing[row.slot] = -count if row.posts else failing.get(row.slot, 0) + bool(row.failures)
    gaps: list[Span] = []
    for slot in sorted(slot for slot, failed in failing.items() if failed == count and slot < within.until):
        end = min(slot + sources.SLOT, within.until)
        if gaps and slot - gaps[-1].until <= sources.SLOT:
            gaps[-1] = Span(gaps[-1].since, end)
        else:
            gaps.append(Span(slot, end))
    return [gap for gap in gaps if gap.until - gap.since >= GAP]


def _joined(gaps: Sequence[Span]) -> list[Span]:
    """Spans in order of time, those that touch as one."""
    joined: list[Span] = []
    for gap in sorted(gaps, key=lambda one: one.since):
        if joined and gap.since <= joined[-1].until:
            joined[-1] = Span(joined[-1].since, max(joined[-1].until, gap.until))
        else:
            joined.append(gap)
    return joined
