"""So many within a minute, whoever asks at the same time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crm.usecases.deliveries import A_MINUTE, PAUSE_SECONDS, Minute
from tests.conformance.doubles import ManualClock


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads that take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_threads_together_get_no_more_than_one_alone() -> None:
    clock = ManualClock()
    minute = Minute(clock)
    for _ in range(3):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(lambda _: minute.allows("w"), range(A_MINUTE * 4))) == A_MINUTE
        clock.advance(PAUSE_SECONDS)
