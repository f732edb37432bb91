"""How much may be read on platforms that count it: caps, what was read, and what a monitor would bring."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct

from crm import query
from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import Actor, require
from crm.policies.budget import WHOLE, allowance
from crm.ports.clock import Clock
from crm.ports.source import UNLIMITED, Forecasting, Gap, Source, Unit, account_option, unit_of
from crm.ports.transport import Transport
from crm.query.walk import NOTHING
from crm.query.widen import on_platform
from crm.records import audit, budget, changes, monitors, sources, workspaces
from crm.records.database import Records
from crm.records.sources import SourceRow
from crm.usecases.monitors import MonitorDraft, narrowed
from crm.usecases.tokens import AT_A_PAGE, Tokens

MONITORS = "monitors"
"""The option that names the monitors that a source asks for; empty for all."""
MOST = 1_000_000_000
"""The largest cap that can be set; whoever wants more wants none."""


class Use(Struct, frozen=True):
    """What was read this month of UTC on a platform: for one monitor, or with an empty one for all together.

    `name` is the monitor's, `cap` None where there is none, `by_end` how much the month will have cost if the rest of
    it costs as much a day as until now; all in `unit`.
    """

    platform: str
    monitor: str
    name: str
    read: int
    cap: int | None
    by_end: int
    unit: Unit = "posts"


class Forecast(Struct, frozen=True):
    """What a query would have cost on a platform in the last seven days, by the platform's own count.

    `left` is how much may still be read there this month, None without a cap; both in `unit`.
    """

    platform: str
    source: str
    posts: int
    left: int | None
    unit: Unit = "posts"


class Budgets:
    """Caps of a workspace on platforms that it reads with an account of its own."""

    def __init__(
        self, records: Records, kinds: Mapping[str, Source], transport: Transport, tokens: Tokens, clock: Clock
    ) -> None:
        self._records, self._kinds, self._transport = records, kinds, transport
        self._tokens, self._clock = tokens, clock

    def uses(self, actor: Actor) -> list[Use]:
        """A line for each platform that is read with an account, and under it one for each monitor that read there."""
        require(actor, "read_health")
        now = self._clock.now()
        with self._records.read() as tx:
            rows = sources.of_workspace(tx, actor.workspace)
            caps = {(one.platform, one.monitor): one.posts for one in budget.caps_of(tx, actor.workspace)}
            names = {one.id: one.name for one in monitors.of_workspace(tx, actor.workspace)}
            read = self._counted(rows) | {platform for platform, _ in caps}
            spent = {one: budget.spent_this_month(tx, actor.workspace, one, now) for one in sorted(read)}
        found = list[Use]()
        for platform, by_monitor in spent.items():
            mine = [one for one in names if one in by_monitor or (platform, one) in caps]
            whole = sum(by_monitor.values())
            lines = [(WHOLE, "", whole), *((one, names[one], by_monitor.get(one, 0)) for one in mine)]
            found += [
                Use(platform, one, name, posts, caps.get((platform, one)), by_end(posts, now), self.unit(platform))
                for one, name, posts in lines
            ]
        return found

    def unit(self, platform: str) -> Unit:
        """What is counted on a platform."""
        return next((unit_of(one) for one in self._kinds.values() if one.platform == platform), "posts")

    def cap(self, actor: Actor, platform: str, monitor: str, posts: int | None) -> None:
        """Let at most `posts`, or units where the platform counts those, be read in a month; None lifts the cap.

        Raises InvalidInputError, NotFoundError.
        """
        require(actor, "edit_sources")
        if posts is not None and not 0 <= posts <= MOST:
            raise InvalidInputError(f"A cap is a whole number from 0 to {MOST:,}; leave it empty for none.")
        now = self._clock.now()
        with self._records.write() as tx:
            if not platform or platform not in {one.platform for one in self._kinds.values()}:
                raise NotFoundError("platform", platform)
            if monitor != WHOLE and all(one.id != monitor for one in monitors.of_workspace(tx, actor.workspace)):
                raise NotFoundError("monitor", monitor)
            budget.set_cap(tx, actor.workspace, platform, monitor, posts)
            audit.append(tx, actor.workspace, actor.user_id, "set_cap", monitor or platform, now, platform=platform,
                         posts=posts)  # fmt: skip
            changes.note(tx, actor.workspace, "source", platform, now)

    def gaps(self, actor: Actor, source_id: str, since: datetime) -> list[Gap]:
        """Of when posts of a source may be missing, newest first."""
        require(actor, "read_health")
        with self._records.read() as tx:
            found = budget.missing(tx, actor.workspace, since, self._clock.now())
        return [one.gap for one in reversed(found) if one.source_id == source_id]

    def foretells(self, row: SourceRow) -> bool:
        """Whether the platform of a source says beforehand how much a query brings."""
        return isinstance(self._kinds.get(row.kind), Forecasting)

    def forecast(self, actor: Actor, draft: MonitorDraft, row: SourceRow) -> Forecast | None:
        """Ask the platform of a source what a monitor would bring; None where it would not be asked for it.

        Raises: QueryError, CantBeAskedError, AuthorisationError (no account, or one that is refused),
        RetryableError, PermanentError.
        """
        require(actor, "edit_monitors")
        kind = self._kinds.get(row.kind)
        now, named = self._clock.now(), row.options.get(MONITORS, "").split()
        if not isinstance(kind, Forecasting) or (named and draft.id not in named):
            return None
        with self._records.read() as tx:
            zone = workspaces.get(tx, actor.workspace).zone
            left = allowance(
                budget.caps_of(tx, actor.workspace),
                budget.spent_this_month(tx, actor.workspace, kind.platform, now), kind.platform, draft.id,
            )  # fmt: skip
        asked = on_platform(
            narrowed(query.parse(draft.query, zone=zone, now=now), draft.platforms, draft.languages), kind.platform
        )
        if asked == NOTHING:
            return None
        account = self._tokens.read_with(row, row.options.get(account_option(kind) or "", ""), AT_A_PAGE)
        cost = kind.forecast(asked, row.options, account, self._transport)
        if cost is None:
            return None
        return Forecast(kind.platform, row.name, cost, None if left == UNLIMITED else left, unit_of(kind))

    def _counted(self, rows: list[SourceRow]) -> set[str]:
        kinds = [kind for row in rows if (kind := self._kinds.get(row.kind)) is not None]
        return {kind.platform for kind in kinds if account_option(kind) is not None}


def by_end(read: int, now: datetime) -> int:
    """What a month will have cost at its end if it goes on as it went until now; at least a day has gone."""
    now = now.astimezone(UTC)
    days = monthrange(now.year, now.month)[1]
    gone = max(1.0, now.day - 1 + (now.hour + now.minute / 60) / 24)
    return round(read * days / gone)
