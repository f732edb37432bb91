"""An index that asks for patience: work stands still, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crm import envelope
from crm.errors import RateLimitedError, RetryableError
from crm.usecases.indexing import IndexSink
from crm.words import ENRICHED, EnrichedPost
from shenava.pipeline import decode_all
from shenava.settings import Settings
from shenava.wiring import House
from stream.worker import Worker
from tests.conformance.doubles import ManualClock, MemoryDeadLetters
from tests.faults.harness import seed, set_up
from tests.faults.poison import enriched
from tests.faults.verdict import everything

PATIENCE = 7.0


class Weary:
    """An index that often has no time, before it wrote anything or after it wrote a part."""

    def __init__(self, index: Any, random: Random) -> None:
        self._index, self._random = index, random
        self.refusals = 0

    def write(self, documents: Sequence[EnrichedPost]) -> None:
        moods = (None, RateLimitedError("The index", PATIENCE), RetryableError("The index is busy."))
        mood = self._random.choice(moods)
        if mood is not None:
            self.refusals += 1
            self._index.write(documents[: self._random.randrange(len(documents))])
            raise mood
        self._index.write(documents)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)


@pytest.mark.slow
def test_an_index_that_asks_for_patience_gets_it_and_every_post(tmp_path: Path) -> None:
    house, clock, dead = House(Settings(data=tmp_path / "data")), ManualClock(), MemoryDeadLetters()
    workspace = set_up(house).workspace
    posts = [enriched(workspace, f"p{number}") for number in range(1_000)]
    house.log.append(ENRICHED, [envelope.record(post) for post in posts])
    drawn = seed()
    print(f"seed {drawn}")  # shown where the test fails
    weary = Weary(house.index, Random(drawn))
    sink = IndexSink(house.records, weary, clock)  # type: ignore[arg-type]
    worker = Worker(house.log, ENRICHED, "index", decode_all, sink, dead, clock, Random(1), batch=50)
    steps = [worker.step() for _ in range(400)]
    worker.close()
    assert sum(steps) == len(posts)
    assert weary.refusals > 3
    assert worker.stats.retries == weary.refusals
    assert max(clock.slept) >= PATIENCE
    assert dead.list() == []
    assert {one.post.key for one in everything(house, workspace)} == {post.post.key for post in posts}
    house.close()
