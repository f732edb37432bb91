"""`shenava import` beside a running `shenava up` ends when its own posts are through, whatever else comes in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from crm.errors import InvalidInputError
from crm.ports.log import Consumer, Record
from crm.words import COLLECTED, ENRICHED
from shenava import importing
from shenava.locks import only_one
from shenava.settings import Settings
from shenava.wiring import House
from tests.conformance.doubles import ManualClock

GROUPS = ("enrich", "index", "cases")
PATIENCE = 50


class Busy(ManualClock):
    """Whenever somebody waits, a firehose brings five posts, and each of the groups handles four."""

    def __init__(self) -> None:
        super().__init__()
        self.done: dict[str, list[str]] = {}
        self._groups: list[tuple[str, Consumer]] = []

    def open(self, house: House, *groups: str) -> None:
        self._house = house
        for group in groups:
            topic = COLLECTED if group == "enrich" else ENRICHED
            self._groups.append((group, house.log.consumer(topic, group)))
            self.done[group] = []

    def close(self) -> None:
        for _, consumer in self._groups:
            consumer.close()

    def sleep(self, seconds: float, until: Event | None = None) -> bool:
        if seconds == importing.WAIT_SECONDS:
            self._go_on()
        return super().sleep(seconds, until)

    def _go_on(self) -> None:
        assert len(self.slept) < PATIENCE, "it waits for what others bring"
        self._house.log.append(COLLECTED, [Record(f"other:{len(self.slept)}.{n}", b"x") for n in range(5)])
        for group, consumer in self._groups:
            events = consumer.poll(4, 0.0)
            if group == "enrich":
                self._house.log.append(ENRICHED, [Record(event.key, b"x") for event in events])
            consumer.commit()
            self.done[group] += [event.key for event in events]


@pytest.fixture
def busy() -> Iterator[Busy]:
    clock = Busy()
    yield clock
    clock.close()


@pytest.fixture
def house(tmp_path: Path, busy: Busy) -> Iterator[House]:
    one = House(Settings.load(data=tmp_path / "data"), busy)
    yield one
    one.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "posts.csv"
    path.write_text("id,text\n" + "".join(f"{n},number {n}\n" for n in range(10)), encoding="utf-8")
    return path


def untold(phase: str, number: int) -> None:
    """Nobody watches."""
    del phase, number


def test_it_waits_for_its_own_posts_only(house: House, busy: Busy, file: Path) -> None:
    busy.open(house, *GROUPS)
    left: list[int] = []
    with only_one(house.data):
        done = importing.run(house, [file], {"platform": "x"}, lambda _, n: left.append(n))
    assert done.posts == 10
    for group in GROUPS:
        assert {f"x:{n}" for n in range(10)} <= set(busy.done[group]), group
    assert left[-1] == 0


def test_a_group_that_never_joined_is_waited_for(house: House, busy: Busy, file: Path) -> None:
    busy.open(house, "enrich", "index")
    with only_one(house.data), pytest.raises(AssertionError, match="waits"):
        importing.run(house, [file], {"platform": "x"}, untold)


def test_a_missing_file_is_named(house: House, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"nowhere\.csv"):
        importing.run(house, [tmp_path / "nowhere.csv"], {"platform": "x"}, untold)
