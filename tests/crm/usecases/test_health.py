"""Health: what is wrong comes first, dead letters are read and replayed by those who may, once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from crm.errors import RetryableError
from crm.policies.access import ForbiddenError
from crm.ports.log import Lag
from crm.records import roles, sources
from crm.records.dead_letters import RecordedDeadLetters
from crm.records.sources import SourceRow
from crm.usecases.health import ROLES, Health, HealthView, troubles
from stream.sqlite import SQLiteLog
from stream.upkeep import replay
from tests.conformance.dead_letters import letter
from tests.doubles.office import START, WORKSPACE, Office, actor

INES = actor("ines", "manager", private=True)
LENA = actor()


@pytest.fixture
def log(tmp_path: Path, office: Office) -> Iterator[SQLiteLog]:
    one = SQLiteLog(tmp_path / "stream.sqlite", office.clock)
    yield one
    one.close()


@pytest.fixture
def health(office: Office, log: SQLiteLog) -> Health:
    dead = RecordedDeadLetters(office.records)

    def again(ids: Collection[str]) -> int:
        return replay(dead, log, office.clock, ids)

    with office.records.write() as tx:
        for name in ROLES:
            roles.report(tx, name, "running", {}, START)
    return Health(office.records, log, again, lambda: (10, 90), office.clock)


def source(**more: object) -> SourceRow:
    return replace(SourceRow("s1", WORKSPACE, "feed", "News", {}, START, state="running", last_success=START), **more)


def kinds(view: HealthView) -> list[str]:
    return [trouble.kind for trouble in troubles(view)]


def test_where_everything_runs_nothing_is_wrong(health: Health) -> None:
    view = health.view(LENA)
    assert kinds(view) == []
    assert view.silent == ()
    assert view.to_searchable == 0.0


def test_a_role_that_says_nothing_for_twenty_seconds_is_silent(health: Health, office: Office) -> None:
    office.clock.advance(21)
    with office.records.write() as tx:
        for name in ROLES[1:]:
            roles.report(tx, name, "running", {}, office.clock.now())
    view = health.view(LENA)
    (trouble,) = troubles(view)
    assert (trouble.kind, trouble.name, trouble.since) == ("silent", "collect", START)


@pytest.mark.parametrize(
    ("group", "hours", "found"),
    [("cases", 12, ["paused"]), ("enrich", 11.9, ["behind"]), ("enrich", 13, ["paused", "behind"]), ("x", 99, [])],
)
def test_what_waits_for_half_a_day_is_an_alarm(health: Health, group: str, hours: float, found: list[str]) -> None:
    view = replace(health.view(LENA), lag=(Lag(group, "posts.enriched", 1, hours * 3600.0),))
    assert kinds(view) == found


class Silent:
    """A log that nobody answers for."""

    def lag(self) -> list[Lag]:
        raise RetryableError("No answer.")


def test_a_stream_that_does_not_answer_leaves_the_page_readable(office: Office) -> None:
    health = Health(office.records, Silent(), len, lambda: (10, 90), office.clock)  # type: ignore[arg-type]
    assert health.view(LENA).lag == ()


def test_the_worst_trouble_comes_first(health: Health) -> None:
    view = health.view(LENA)
    late = source(id="s2", state="waiting", last_success=START - timedelta(hours=1))
    view = replace(
        view, disk_free=0, replies_unknown=1, sources=(late, source(state="failed", error="No.")),
        lag=(Lag("enrich", "posts.collected", 9, 61.0),),
        roles=(replace(view.roles[0], stats={"error": "The log is busy."}), *view.roles[1:]),
    )  # fmt: skip
    assert kinds(view) == ["disk", "failed", "unknown", "retrying", "late", "behind"]
    assert kinds(replace(view, roles=view.roles[1:]))[0] == "missing"


def test_a_paused_source_is_nobodys_trouble(health: Health) -> None:
    view = replace(health.view(LENA), sources=(source(enabled=False, state="failed"),))
    assert kinds(view) == []


def test_what_sources_did_is_counted(health: Health, office: Office) -> None:
    with office.records.write() as tx:
        sources.put(tx, source())
        sources.succeeded(tx, source(), "c", 7, (), START)
        sources.failed(tx, source(), "waiting", "RetryableError", "Busy.", START, None)
    view = health.view(LENA)
    assert view.collected_today == 7
    assert [(one.posts, one.failures) for one in view.activity["s1"]] == [(7, 1)]


def test_letters_go_through_the_pipeline_again_once(health: Health, office: Office, log: SQLiteLog) -> None:
    RecordedDeadLetters(office.records).add([letter(1), letter(2), letter(3, workspace="w2")])
    ids = [letter(1).id, letter(2).id, letter(3, workspace="w2").id]
    assert health.replay(INES, ids) == 2
    assert health.replay(INES, ids) == 0
    events = log.consumer("posts.enriched", "index").poll(10, 0)
    assert [(event.key, event.value) for event in events] == [(letter(n).key, letter(n).value) for n in (1, 2)]
    assert health.view(INES).dead_total == 0


def test_letters_can_be_thrown_away(health: Health, office: Office) -> None:
    RecordedDeadLetters(office.records).add([letter(1), letter(2)])
    assert health.discard(INES, [letter(1).id]) == 1
    assert health.view(INES).dead_total == 1


def test_only_those_who_may_replay_read_letters(health: Health, office: Office) -> None:
    RecordedDeadLetters(office.records).add([letter(1)])
    for act in (health.letters, health.replay, health.discard):
        with pytest.raises(ForbiddenError):
            act(LENA, [letter(1).id])
    assert health.view(LENA).dead_total == 1


@pytest.mark.parametrize("limited", [{"private": False}, {"monitors": ("m1",)}])
def test_whoever_sees_only_a_part_does_not_read_the_posts_of_letters(
    health: Health, office: Office, limited: dict[str, object]
) -> None:
    RecordedDeadLetters(office.records).add([letter(1)])
    (whole,) = health.letters(INES, [letter(1).id])
    (hidden,) = health.letters(replace(INES, **limited), [letter(1).id])
    assert whole.value == letter(1).value
    assert (hidden.value, hidden.key, hidden.error) == (b"", "", whole.error)
