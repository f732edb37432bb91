"""The kill harness: the real roles on real stores, killed at random while posts arrive, then compared with a model.

A run is told by its seed. What is drawn from it is what people say, in which portions it arrives, and which role
dies next; the moments also depend on the machine.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

from crm import envelope
from crm.errors import RetryableError
from crm.policies.access import Actor
from crm.usecases.monitors import MonitorDraft
from crm.usecases.sources import HandedFile
from crm.words import COLLECTED, CollectedEvent
from shenava.pipeline import GROUPS
from shenava.settings import Settings
from shenava.wiring import House
from tests.faults.crew import ROLES, Crew
from tests.faults.nursery import Nursery
from tests.faults.posts import BRAND, PARCEL, PLATFORM, Portion, World, as_lines, shuffled
from tests.faults.progress import Progress
from tests.faults.verdict import Verdict, judge
from tests.services.process import free_port

T = TypeVar("T")
EMAIL, PASSWORD = "negar@nanmah.example", "correct horse battery"
DRAIN_SECONDS, START_SECONDS, LOOK_SECONDS = 240.0, 20.0, 0.03
SEEN_SECONDS = 1.5
"""An index on a server shows what another process wrote within a second."""


@dataclass(frozen=True)
class Stores:
    """Where an installation keeps its posts; empty URLs are the embedded stores. `environment` holds their secrets."""

    stream: str = ""
    index: str = ""
    records: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def settings(self, data: Path) -> Settings:
        """The settings of an installation on them."""
        return Settings(data=data, stream_url=self.stream, index_url=self.index, records_url=self.records)

    def as_environment(self) -> dict[str, str]:
        """The same for its processes."""
        urls = {"SHENAVA_STREAM_URL": self.stream, "SHENAVA_INDEX_URL": self.index, "SHENAVA_RECORDS_URL": self.records}
        return {**self.environment, **{name: url for name, url in urls.items() if url}}


@dataclass(frozen=True)
class Plan:
    """How much is said and how often somebody dies; `gap` is the longest pause in seconds between two kills."""

    seed: int
    posts: int
    kills: int
    gap: float = 5.0


@dataclass
class Tally:
    """What happened: kills by role, and how many of them found their role with work at hand."""

    kills: Counter[str] = field(default_factory=Counter)
    working: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def seed() -> int:
    """The seed named by SHENAVA_SEED, else a fresh one."""
    return int(os.environ.get("SHENAVA_SEED") or time.time_ns() % 1_000_000)


class Run:
    """One installation under fire."""

    def __init__(
        self, folder: Path, plan: Plan, stores: Stores | None = None, roles: tuple[str, ...] = ROLES,
        born: Nursery | None = None,
    ) -> None:  # fmt: skip
        self._plan, self._random, self._folder = plan, Random(plan.seed), folder
        self._stores = stores or Stores()
        self.log = folder / "roles.log"
        self.tally = Tally()
        self.house = House(self._stores.settings(folder / "data"))
        self.actor = set_up(self.house)
        self.world = World(plan.posts, plan.kills + 1, self._random)
        environment = {**self._stores.as_environment(), "SHENAVA_PORT": str(free_port())}
        self.crew = Crew(self.house.data, environment, self.log, roles, born)
        self._waiting: list[Portion] = list(self.world.portions)
        self._worked = True  # whether the one who died last was at work
        self._progress = Progress(self.actor.workspace)

    def go(self, between: Callable[[int], None] = lambda _kills: None) -> Verdict:
        """Feed, kill and let drain; says what is not as the model has it. `between` is called after each kill."""
        began = time.monotonic()
        with self.crew:
            while self.tally.kills.total() < self._plan.kills:
                if not self._behind():
                    self.feed()
                self._kill_one()
                self.crew.tend()
                between(self.tally.kills.total())
            while self.feed():
                pass
            self.drain()
        self.tally.seconds = time.monotonic() - began
        return self.judge()

    def judge(self) -> Verdict:
        """What is not as the model has it."""
        return judge(self.house, self.actor, self.world)

    def feed(self) -> bool:
        """Let the next portion arrive: rows by a file that the collectors read, the rest straight on the stream.

        False where there is none left.
        """
        if not self._waiting:
            return False
        portion = self._waiting.pop(0)
        file = self._folder / f"{len(self._waiting):06}.jsonl"
        file.write_text(as_lines(portion.rows), encoding="utf-8")
        handed = HandedFile(file, file.name, {"platform": PLATFORM, "open_cases": "yes"})
        patiently(lambda: self.house.services.sources.import_file(self.actor, handed))
        later = [event for one in portion.later for event in one.versions("harness", self.actor.workspace)]
        self.append(shuffled(later, self._random))
        return True

    def append(self, events: list[CollectedEvent]) -> None:
        """Put events on the stream as a collector would."""
        if events:
            patiently(lambda: self.house.log.append(COLLECTED, [envelope.record(event) for event in events]))

    def _behind(self) -> bool:
        """Whether the pipeline has more to do than is needed for everybody to be killed at work."""
        return sum(self.lags().values()) > 3 * self._plan.posts // len(self.world.portions) + 500

    def _kill_one(self) -> None:
        """Kill somebody who works, if anybody does before a while has passed; else one who has nothing to do."""
        role, self._worked = self._next()
        if self.crew.kill(role):
            self.tally.kills[role] += 1
            self.tally.working[role] += self._worked
            self._progress.died(role)

    def wait_for_work(self) -> None:
        """Return once the pipeline gets on with what it has; fails after a while."""
        latest = time.monotonic() + DRAIN_SECONDS
        while not self._progress.busy:
            assert time.monotonic() < latest, f"nobody works: {self.lags()}, see {self.log}"
            self._look()
            time.sleep(LOOK_SECONDS)

    def _next(self) -> tuple[str, bool]:
        """Who dies now, and whether they are at work; never two in a row of those who have nothing to do."""
        pause = time.monotonic() + self._random.uniform(0.0, self._plan.gap)
        latest = pause + START_SECONDS
        while time.monotonic() < latest:
            self._look()
            if busy := self._progress.busy:
                time.sleep(self._random.uniform(0.0, 0.2))
                return self._random.choice(busy), True
            if time.monotonic() > pause and self._progress.idle and self._worked:
                return self._random.choice(self._progress.idle), False
            time.sleep(LOOK_SECONDS)
        return self._random.choice(self.crew.roles), False  # somebody who is still starting

    def _look(self) -> None:
        patiently(lambda: self._progress.look(self.lags(), self.house.records))

    def lags(self) -> dict[str, int]:
        """How many events wait, by group; for one that has yet to join, all of the topic."""
        waiting = {(one.topic, one.group): one.waiting for one in patiently(self.house.log.lag)}
        for topic, groups in GROUPS.items():
            for group in groups:
                if (topic, group) not in waiting:
                    waiting[topic, group] = patiently(lambda topic=topic: self.house.log.append(topic, ()) + 1)  # type: ignore[misc]
        return {group: waiting[topic, group] for topic, groups in GROUPS.items() for group in groups}

    def drain(self) -> None:
        """Wait until every file is read and nothing waits, with every role alive; fails after a while."""
        latest, quiet = time.monotonic() + DRAIN_SECONDS + self._plan.posts / 500, 0
        while quiet < 3:
            assert time.monotonic() < latest, f"still waiting: {self.lags()}, see {self.log}"
            self.crew.tend()
            time.sleep(0.3)
            self._look()
            quiet = 0 if self._progress.left else quiet + 1
        time.sleep(SEEN_SECONDS)

    def summary(self, verdict: Verdict) -> str:
        """One line about the run."""
        kills, working = self.tally.kills, self.tally.working
        by_role = ", ".join(f"{role} {count} ({working[role]} at work)" for role, count in sorted(kills.items()))
        return (
            f"seed {self._plan.seed}: {self._plan.posts} posts, {kills.total()} kills ({by_role}), "
            f"{self.tally.seconds:.0f} s: {verdict}"
        )


def set_up(house: House) -> Actor:
    """An administrator, the brand that opens cases, and a second monitor."""
    token = house.accounts.create_administrator(EMAIL, "Negar", PASSWORD).token
    actor = house.accounts.actor_of(token)
    assert actor is not None
    house.services.setup.begin(actor, BRAND["en"], [BRAND["fa"]], [])
    house.services.monitors.save(
        actor, MonitorDraft("Parcels", " OR ".join(PARCEL.values()), "", own=False, opens_cases=False)
    )
    house.open()
    return actor


def patiently(ask: Callable[[], T], seconds: float = 120.0) -> T:
    """What `ask` gives, asked again while a store is busy or away."""
    latest = time.monotonic() + seconds
    while time.monotonic() < latest:
        with suppress(RetryableError):
            return ask()
        time.sleep(0.2)
    return ask()
