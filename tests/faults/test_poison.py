"""Twenty kinds of poison among healthy posts: kept aside, in nobody's way, and replayed once the cause is mended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Stop
from threading import Thread
from typing import Any

import pytest

from crm.errors import InvalidInputError
from crm.policies.access import Actor
from crm.ports.dead import DeadLetter
from crm.ports.index import Scope
from crm.ports.log import Event, Record
from crm.query.tree import Everything
from crm.words import COLLECTED, ENRICHED
from shenava import pipeline
from shenava.settings import Settings
from shenava.wiring import House
from tests.faults.harness import set_up
from tests.faults.poison import KINDS, MARK, Kind, healthy, odd
from tests.faults.verdict import everything

EACH, HEALTHY = 50, 4_000
PACE = 40
"""Portions in which all of it arrives."""
WAIT = 240.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("faults")]


class Faulty:
    """A handler with a mistake in it, for marked posts, until it is mended."""

    def __init__(self, handle: Any, name: str, error: Exception) -> None:
        self._handle, self._name, self._error, self.mended = handle, f"{MARK}-{name}-", error, False

    def __call__(self, events: Sequence[Event]) -> Sequence[Any]:
        if not self.mended and any(self._name in event.key for event in events):
            raise self._error
        found: Sequence[Any] = self._handle(events)
        return found


@dataclass
class Works:
    """The three workers of an installation, with a fault in each, in threads of this process."""

    house: House
    actor: Actor
    faults: list[Faulty] = field(default_factory=list)
    worst: dict[str, float] = field(default_factory=dict)

    def start(self, stop: Stop) -> Thread:
        """Work until `stop` is set."""
        workers = [pipeline.understanding(self.house), *pipeline.sinks(self.house)]
        names = ("handler-fault", "index-fault", "cases-fault")
        errors = (
            ZeroDivisionError("division by zero"),
            InvalidInputError("The index knows no such post."),
            KeyError("x"),
        )
        for worker, name, error in zip(workers, names, errors, strict=True):
            worker.handle = Faulty(worker.handle, name, error)
            self.faults.append(worker.handle)
        thread = Thread(
            target=pipeline.run_together, args=([lambda w=w: w.run(stop) for w in workers], stop), daemon=True
        )
        thread.start()
        return thread

    def settle(self) -> None:
        """Wait until nothing waits, and note how old the oldest waiting event was of each group."""
        latest = time.monotonic() + WAIT
        while time.monotonic() < latest:
            lags = self.house.log.lag()
            for lag in lags:
                self.worst[lag.group] = max(self.worst.get(lag.group, 0.0), lag.seconds)
            by_topic = [sum(lag.waiting for lag in lags if lag.topic == topic) for topic in (COLLECTED, ENRICHED)]
            if not any(by_topic):
                return
            time.sleep(0.05)
        raise AssertionError(f"still waiting: {self.house.log.lag()}")

    def letters(self) -> list[DeadLetter]:
        """Every dead letter that waits for somebody."""
        return [one for one in self.house.dead.list(limit=100_000) if one.replayed_at is None]

    def found(self) -> set[str]:
        """Keys of all posts that the index gives out."""
        return {one.post.key for one in everything(self.house, self.actor.workspace)}


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    house, stop = House(Settings(data=tmp_path / "data")), Stop()
    works = Works(house, set_up(house))
    thread = works.start(stop)
    yield works
    stop.set()
    thread.join(60)
    house.close()


def of_kinds(letters: Sequence[DeadLetter]) -> Counter[tuple[str, str]]:
    """Letters by the kind that their keys name, and group."""
    return Counter((letter.key.rpartition("-")[0].partition(f"{MARK}-")[2], letter.group) for letter in letters)


def wanted(kinds: Sequence[Kind]) -> Counter[tuple[str, str]]:
    return Counter({(kind.name, group): EACH for kind in kinds for group in kind.groups})


def poison(workspace: str, kinds: Sequence[Kind], number: int) -> list[tuple[str, Record]]:
    return [(kind.topic, kind.make(workspace, f"{MARK}-{kind.name}-{number}")) for kind in kinds]


def test_poison_is_kept_aside_while_the_healthy_pass_and_comes_through_when_mended(
    works: Works, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = works.actor.workspace
    strange = odd(workspace)
    sound = [healthy(workspace, number) for number in range(HEALTHY)] + list(strange.values())
    bad = [one for number in range(EACH) for one in poison(workspace, KINDS, number)]
    works.settle()
    works.worst.clear()
    for turn in range(PACE):
        batch = [(COLLECTED, record) for record in sound[turn::PACE]] + bad[turn::PACE]
        for topic in (COLLECTED, ENRICHED):
            works.house.log.append(topic, [record for place, record in batch if place == topic])
        time.sleep(0.1)
    works.settle()

    arrived = works.found()
    assert {record.key for record in sound} - arrived == set()
    # What only the cases could not take in is in the index all the same.
    aside = {kind.name for kind in KINDS if set(kind.groups) & {"enrich", "index"}}
    assert {key for key in arrived if any(f"{MARK}-{name}-" in key for name in aside)} == set()
    assert of_kinds(works.letters()) == wanted(KINDS)

    for fault in works.faults:
        fault.mended = True
    works.house.services.health.replay(works.actor, [letter.id for letter in works.letters()])
    works.settle()
    mended = [kind for kind in KINDS if kind.mended]
    assert of_kinds(works.letters()) == wanted([kind for kind in KINDS if not kind.mended])
    came = {key for key in works.found() if MARK in key}
    assert came == {f"x:{MARK}-{kind.name}-{number}" for kind in mended for number in range(EACH)}
    total = sum(bucket.posts for bucket in works.house.index.count(Scope(workspace, private=True), Everything()))
    assert total == len(sound) + len(mended) * EACH
    with capsys.disabled():
        lags = ", ".join(f"{group} {seconds:.1f} s" for group, seconds in sorted(works.worst.items()))
        print(f"\npoison: {len(KINDS)} kinds x {EACH} among {len(sound)}: most lag {lags}")
