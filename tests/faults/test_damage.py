"""Files cut short, with bits turned over or pages lost: named in a sentence, or nothing they hold is changed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from threading import Event as Stop

import pytest
from sqlalchemy import select

from crm import envelope
from crm.errors import ShenavaError
from crm.ports.index import Scope
from crm.query.tree import Everything
from crm.records.columns import metadata
from crm.words import COLLECTED
from shenava import doctoring, pipeline
from shenava.settings import Settings
from shenava.wiring import House
from tests.conformance.event_log import drain
from tests.faults.damage import damaged, damages
from tests.faults.harness import seed, set_up
from tests.faults.posts import World
from tests.faults.verdict import everything

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
POSTS = 400
ALWAYS = 20261122
"""The seed of the short run, so that it finds the same today and tomorrow; the long one looks further each time."""

EACH = [
    pytest.param(12, ALWAYS, id="some"),
    pytest.param(150, seed(), id="many", marks=[pytest.mark.faults, pytest.mark.timeout(3600)]),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with posts, cases and events that wait."""
    folder = tmp_path_factory.mktemp("whole") / "data"
    house = House(Settings(data=folder))
    actor = set_up(house)
    world = World(POSTS, 1, Random(1))
    events = [event for one in world.posts for event in one.versions("damage", actor.workspace, first=True)]
    house.log.append(COLLECTED, [envelope.record(event) for event in events])
    workers = [pipeline.understanding(house), *pipeline.sinks(house)]
    for worker in workers:
        while worker.step(Stop()):
            pass
        worker.close()
    house.close()
    return folder


def stream(house: House) -> object:
    consumer = house.log.consumer(COLLECTED, "reader")
    try:
        return [(one.offset, one.key, one.value) for one in drain(consumer)]
    finally:
        consumer.close()


def index(house: House) -> object:
    scope = Scope(_workspace(house), private=True)
    return everything(house, scope.workspace), house.index.count(scope, Everything(), ["day"])


def records(house: House) -> object:
    with house.records.read() as tx:
        return {
            table.name: [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def _workspace(house: House) -> str:
    with house.records.read() as tx:
        return str(tx.execute(select(metadata.tables["workspaces"].c.id)).scalar_one())


READERS: Mapping[str, Callable[[House], object]] = {"stream": stream, "index": index, "records": records}


def doctor_names(house: House, store: str) -> bool:
    """Whether the doctor, who never fails, says that a store is not well."""
    return any(one.what == store and not one.ok and one.mend for one in doctoring.examine(house))


@pytest.mark.parametrize("store", READERS)
@pytest.mark.parametrize(("each", "drawn"), EACH)
def test_damage_is_named_or_changes_nothing(
    store: str, each: int, drawn: int, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read, file = READERS[store], whole / f"{store}.sqlite"
    sound = House(Settings(data=Path(shutil.copytree(whole, tmp_path / "sound"))))
    right = read(sound)
    assert not doctor_names(sound, store)
    sound.close()
    outcomes: Counter[str] = Counter()
    for name, damage in damages(Random(drawn), each):
        folder = Path(shutil.copytree(whole, tmp_path / "data"))
        # A file without a byte is that of a store which was just made.
        empty = not damaged(file, folder / file.name, damage).stat().st_size
        house = House(Settings(data=folder))
        outcome = outcome_of(house, read, right)
        named = doctor_names(house, store)
        house.close()
        shutil.rmtree(folder)
        assert outcome != "changed" or named or empty, f"seed {drawn}: {store}, {name}"
        assert outcome in ("same", "changed", "named")
        outcomes["named by the doctor" if outcome == "changed" and named else outcome] += 1
    with capsys.disabled():
        print(f"\ndamage: seed {drawn}: {store}: {dict(outcomes)}")


def outcome_of(house: House, read: Callable[[House], object], right: object) -> str:
    """What a reader meets. Anything but the right content or an error of ours fails the test with its traceback."""
    try:
        return "same" if read(house) == right else "changed"
    except ShenavaError as error:
        return "named" if str(error).endswith(".") else f"said {error}"
