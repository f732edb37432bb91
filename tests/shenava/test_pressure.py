"""Whoever fills the stream waits while enrichment is far behind: by number on a disk, by age in Kafka."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest

from crm.ports.log import Lag
from crm.words import COLLECTED, ENRICHED
from shenava.pressure import MOST_WAITING, Pressure
from tests.conformance.doubles import ManualClock

HOURS = 3600.0
DAY = timedelta(days=1)


class Behind:
    """A log that is behind until somebody has looked `looks` times."""

    def __init__(self, lag: Lag, retention: timedelta | None, looks: int = 3) -> None:
        self.behind, self.retention, self.looks = lag, retention, looks

    def lag(self) -> list[Lag]:
        self.looks -= 1
        return [self.behind] if self.looks > 0 else []


def waited(lag: Lag, retention: timedelta | None) -> bool:
    clock = ManualClock()
    log = Behind(lag, retention)
    Pressure(log, clock).wait(Event())  # type: ignore[arg-type]
    return bool(clock.slept)


@pytest.mark.parametrize(
    ("lag", "retention", "pauses"),
    [
        (Lag("enrich", COLLECTED, MOST_WAITING + 1, 1.0), None, True),
        (Lag("enrich", COLLECTED, MOST_WAITING, 1.0), None, False),
        (Lag("enrich", COLLECTED, 1, 12 * HOURS), None, True),
        (Lag("index", ENRICHED, MOST_WAITING + 1, 1.0), None, True),
        (Lag("enrich", COLLECTED, MOST_WAITING * 100, 11.9 * HOURS), DAY, False),
        (Lag("enrich", COLLECTED, 1, 12 * HOURS), DAY, True),
        (Lag("index", ENRICHED, 1, 12 * HOURS), DAY, True),
        (Lag("somebody", COLLECTED, 1, 20 * HOURS), DAY, False),
    ],
)
def test_collecting_waits_while_too_much_waits(lag: Lag, retention: timedelta | None, pauses: bool) -> None:
    assert waited(lag, retention) == pauses


def test_a_stop_ends_the_wait() -> None:
    stop, log = Event(), Behind(Lag("enrich", COLLECTED, 1, 13 * HOURS), DAY, looks=1_000)
    stop.set()
    Pressure(log, ManualClock()).wait(stop)  # type: ignore[arg-type]
    assert log.looks == 1_000
