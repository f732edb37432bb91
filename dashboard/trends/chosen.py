"""What somebody chose to look at, as it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import get_args
from urllib.parse import urlencode

from crm.usecases.periods import PRESETS, Preset, custom, preset
from crm.usecases.trendview import Step, TrendsFilter

CUSTOM = "custom"
PERIODS = (*PRESETS, CUSTOM)
USUAL: Preset = "30d"


@dataclass(frozen=True)
class Chosen:
    """Texts that anybody may have written into the address; `step` "" is what suits the period."""

    period: str = USUAL
    since: str = ""
    until: str = ""
    monitors: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    step: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Chosen:
        """From the query string; what is unknown there is as if not written."""
        period = query.get("period", USUAL)
        step = query.get("step", "")
        return cls(
            period if period in PERIODS else USUAL, query.get("since", "")[:40], query.get("until", "")[:40],
            _listed(query, "monitors"), _listed(query, "platforms"), _listed(query, "languages"),
            step if step in get_args(Step) else "",
        )  # fmt: skip

    @property
    def in_steps(self) -> Step | None:
        """The chosen step of the series."""
        return next((one for one in get_args(Step) if one == self.step), None)

    def wanted(self, now: datetime, zone: str) -> TrendsFilter:
        """As the use case asks for it. Raises PeriodError."""
        known = next((one for one in PRESETS if one == self.period), None)
        span = preset(known, now, zone) if known else custom(self.since, self.until, now, zone)
        return TrendsFilter(span.since, span.until, self.monitors, self.platforms, self.languages)

    def address(self, path: str = "/trends", **more: str) -> str:
        """The address of this choice."""
        own = self.period == CUSTOM
        given = {
            **more,
            "period": self.period if self.period != USUAL else "",
            "since": self.since if own else "",
            "until": self.until if own else "",
            "monitors": _joined(self.monitors),
            "platforms": _joined(self.platforms),
            "languages": _joined(self.languages),
            "step": self.step,
        }
        filled = {name: value for name, value in given.items() if value}
        return f"{path}?{urlencode(filled, safe=',')}" if filled else path

    def cleared(self) -> Chosen:
        """The same period with nothing left out."""
        return replace(self, monitors=(), platforms=(), languages=())


def _listed(query: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(filter(None, query.get(name, "").split(",")))


def _joined(values: Sequence[str]) -> str:
    return ",".join(values)
