"""So many within a minute, whoever asks at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from crm.usecases.deliveries import A_MINUTE, PAUSE_SECONDS, Minute
from tests.conformance.doubles import ManualClock


class Slow(float):
    """A moment that takes its time to be compared, so that threads come between."""

    def __sub__(self, other: float) -> float:
        Event().wait(0.01)
        return float(self) - other


class SlowClock(ManualClock):
    """A clock of such moments."""

    def monotonic(self) -> float:
        return Slow(super().monotonic())


def test_threads_together_get_no_more_than_one_alone() -> None:
    clock = SlowClock()
    minute = Minute(clock)
    assert minute.allows("w")
    clock.advance(PAUSE_SECONDS)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: minute.allows("w"), range(8)))
    assert sum(minute.allows("w") for _ in range(A_MINUTE)) == A_MINUTE - 8
