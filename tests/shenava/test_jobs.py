"""Long work of a whole installation: topics found in a process of their own, and what is learned from answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm.errors import InvalidInputError
from crm.records import jobs, monitors, topics
from crm.records.monitors import Monitor
from crm.usecases.learning import LEARN
from crm.usecases.monitors import RERUN
from crm.usecases.topics import FIND, ask_all
from shenava import commands_data
from shenava import jobs as jobs_of_house
from shenava.commands_data import operator
from shenava.jobs import SETTLE, Jobs
from shenava.settings import Settings
from shenava.wiring import House
from tests.doubles.office import MONITOR, START, said
from tests.enrich.test_topics import PARTS

pytestmark = pytest.mark.slow


def test_topics_are_found_and_stored(tmp_path: Path) -> None:
    house = House(Settings.load(data=tmp_path / "data"))
    actor = operator(house)
    with house.records.write() as tx:
        monitors.put(tx, Monitor(MONITOR, actor.workspace, "Bank", "bank", "Bank", True, START, START))
    texts = [f"{begin} {end}" for begins, ends in PARTS.values() for begin in begins for end in ends]
    house.index.write([said(str(at), text, at=at, workspace=actor.workspace) for at, text in enumerate(texts)])
    assert ask_all(house.records, house.clock) == 1
    house.clock.sleep(SETTLE.total_seconds() + 0.1)
    assert Jobs(house, (FIND,)).step() == 1
    with house.records.read() as tx:
        work = jobs.newest(tx, actor.workspace, FIND)
        found = topics.of_monitor(tx, actor.workspace, MONITOR)
        again = jobs.newest(tx, actor.workspace, RERUN)
    assert work is not None
    assert (work.state, work.done, work.error) == ("done", len(texts), None)
    assert len(found) >= 3
    assert again is not None
    assert again.state == "waiting"
    house.close()


def test_answers_are_learned_from(tmp_path: Path) -> None:
    house = House(Settings.load(data=tmp_path / "data"))
    actor = operator(house)
    house.index.write([said("a", "my card is gone", workspace=actor.workspace)])
    house.services.corrections.correct(actor, "bluesky:a", "sentiment", "neutral")
    house.services.learning.learn(actor)
    house.clock.sleep(SETTLE.total_seconds() + 0.1)
    assert Jobs(house, (LEARN,)).step() == 1
    (version,) = house.services.learning.versions(actor)
    assert version.judged.taught + version.judged.kept == 1
    work = house.services.learning.work(actor)
    assert work is not None
    assert (work.state, work.done) == ("done", 1)
    house.close()


def test_what_is_missing_is_said_by_the_command_and_kept_with_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object) -> None:
        raise InvalidInputError("Topics need packages that are not installed")

    monkeypatch.setattr(jobs_of_house, "_result", missing)
    house = House(Settings.load(data=tmp_path / "data"))
    actor = operator(house)
    with house.records.write() as tx:
        monitors.put(tx, Monitor(MONITOR, actor.workspace, "Bank", "bank", "Bank", True, START, START))
    house.close()
    with pytest.raises(InvalidInputError, match="need packages"):
        commands_data.topics(tmp_path / "data")
    assert '"failed": ["Topics need packages that are not installed"]' in capsys.readouterr().out
