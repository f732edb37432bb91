"""Monitors: checked before anything is saved, tried out, run over what is there already, and for managers alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import ForbiddenError
from crm.query import QueryError
from crm.records import jobs, tables, workspaces
from crm.usecases.monitors import NAME_LENGTH, RERUN, MonitorChangedError, MonitorDraft, Monitors
from index.sqlite import SQLiteIndex
from tests.doubles.office import MONITOR, START, WORKSPACE, Office, actor, said

INES, LENA, ADA = actor("ines", "manager"), actor(), actor("ada", "analyst")
DAY = 24 * 60


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SQLiteIndex]:
    one = SQLiteIndex(tmp_path / "index.sqlite")
    yield one
    one.close()


@pytest.fixture
def monitors(office: Office, index: SQLiteIndex) -> Monitors:
    return Monitors(office.records, index, office.clock)


def revision(office: Office) -> int:
    with office.records.read() as tx:
        return workspaces.get(tx, WORKSPACE).revision


def runs(office: Office) -> list[str]:
    with office.records.read() as tx:
        return [work.arguments["monitor"] for work in jobs.recent(tx, WORKSPACE, RERUN)]


def actions(office: Office) -> list[str]:
    with office.records.read() as tx:
        return [row.action for row in tx.execute(tables.audit.select())]


def test_a_saved_monitor_is_run_over_the_index_and_audited(office: Office, monitors: Monitors) -> None:
    before = revision(office)
    saved = monitors.save(INES, MonitorDraft(" Delays ", " delay* ", "", platforms=("x",), languages=("fa",)))
    assert (saved.name, saved.query, saved.brand, saved.version) == ("Delays", "delay*", "Delays", 1)
    assert monitors.get(INES, saved.id) == saved
    assert revision(office) == before + 1
    assert runs(office) == [saved.id]
    assert actions(office) == ["create_monitor"]


def test_only_the_first_monitor_is_ours_and_opens_cases_by_itself(monitors: Monitors) -> None:
    assert monitors.watches_own(INES)
    rival = monitors.save(INES, MonitorDraft("Aseman", "aseman", ""))
    assert (rival.own, rival.opens_cases) == (False, False)
    ours = monitors.save(INES, MonitorDraft("Delays", "delay", "Nanmah", own=True, opens_cases=True))
    again = monitors.save(INES, MonitorDraft("Delays", "delay*", "Nanmah", id=ours.id))
    assert (again.own, again.opens_cases) == (True, True)
    for one in (MONITOR, ours.id):
        monitors.delete(INES, one)
    assert not monitors.watches_own(INES)
    first = monitors.save(INES, MonitorDraft("Nanmah", "nanmah", ""))
    assert (first.own, first.opens_cases) == (True, True)


@pytest.mark.parametrize("brand", ["OR", "یا", "NOT", "AND نان"])
def test_a_brand_named_like_an_operator_works_in_quotes(monitors: Monitors, index: SQLiteIndex, brand: str) -> None:
    index.write([said("p1", f"I like {brand} a lot")])
    saved = monitors.save(INES, MonitorDraft(brand, f'"{brand}"', brand))
    assert monitors.check(INES, saved.query) is None
    assert monitors.preview(INES, "like").total == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [("(a", "unclosed_parenthesis"), ("a folowers:5", "unknown_field_like"), ("NOT a", "monitor_negative"),
     ("", "monitor_everything"), ("a case:open", "monitor_field")],
)  # fmt: skip
def test_a_wrong_query_saves_nothing(office: Office, monitors: Monitors, query: str, code: str) -> None:
    before = (monitors.all(INES), revision(office))
    with pytest.raises(QueryError) as wrong:
        monitors.save(INES, MonitorDraft("Delays", query, ""))
    assert wrong.value.code == code
    found = monitors.check(INES, query)
    assert found is not None
    assert found.code == code
    with pytest.raises(QueryError):
        monitors.preview(INES, query)
    assert (monitors.all(INES), revision(office)) == before
    assert runs(office) == []


def test_names_are_needed_and_bounded(monitors: Monitors) -> None:
    for name in ("  ", "x" * (NAME_LENGTH + 1)):
        with pytest.raises(InvalidInputError):
            monitors.save(INES, MonitorDraft(name, "delay", ""))


def test_only_a_change_of_what_it_matches_runs_again(office: Office, monitors: Monitors) -> None:
    saved = monitors.save(INES, MonitorDraft("Delays", "delay", ""))
    same = MonitorDraft("Late", "delay", "Aseman", own=False, id=saved.id, opens_cases=False)
    renamed = monitors.save(INES, same)
    assert (renamed.name, renamed.own, renamed.version, renamed.created_at) == ("Late", False, 2, saved.created_at)
    assert len(runs(office)) == 1
    monitors.save(INES, MonitorDraft("Late", "delay OR late", "", id=saved.id))
    assert len(runs(office)) == 2


def test_nobodys_change_is_written_over_unseen(monitors: Monitors) -> None:
    saved = monitors.save(INES, MonitorDraft("Delays", "delay", ""))
    monitors.save(INES, MonitorDraft("Delays", "delay late", "", id=saved.id, version=1))
    with pytest.raises(MonitorChangedError, match="Delays"):
        monitors.save(INES, MonitorDraft("Mine", "delay", "", id=saved.id, version=1))
    assert monitors.get(INES, saved.id).query == "delay late"


def test_pausing_keeps_its_posts_and_resuming_runs_again(office: Office, monitors: Monitors) -> None:
    assert not monitors.set_enabled(INES, MONITOR, False).enabled
    assert runs(office) == []
    paused = monitors.get(INES, MONITOR)
    monitors.save(INES, MonitorDraft(paused.name, "nanmah OR bread", "", id=MONITOR, enabled=False))
    assert runs(office) == []
    monitors.set_enabled(INES, MONITOR, True)
    monitors.set_enabled(INES, MONITOR, True)
    assert runs(office) == [MONITOR]
    assert actions(office) == ["pause_monitor", "change_monitor", "resume_monitor"]


def test_deleting_runs_again_and_is_final(office: Office, monitors: Monitors) -> None:
    monitors.delete(INES, MONITOR)
    assert monitors.all(INES) == []
    assert runs(office) == [MONITOR]
    for gone in (lambda: monitors.delete(INES, MONITOR), lambda: monitors.set_enabled(INES, MONITOR, True),
                 lambda: monitors.save(INES, MonitorDraft("x", "x", "", id=MONITOR))):  # fmt: skip
        with pytest.raises(NotFoundError):
            gone()


def test_only_managers_change_and_everybody_sees_their_own(monitors: Monitors) -> None:
    for who in (LENA, ADA):
        with pytest.raises(ForbiddenError):
            monitors.save(who, MonitorDraft("x", "x", ""))
        with pytest.raises(ForbiddenError):
            monitors.delete(who, MONITOR)
        with pytest.raises(ForbiddenError):
            monitors.set_enabled(who, MONITOR, False)
        assert [one.id for one in monitors.all(who)] == [MONITOR]
    assert monitors.all(actor("jo", monitors=("other",))) == []


def test_the_preview_counts_a_week_and_shows_where_it_matched(monitors: Monitors, index: SQLiteIndex) -> None:
    index.write([
        said("p1", "the card is late again"), said("p2", "card please", at=-1, sentiment=None),
        said("p3", "card", at=-8 * DAY), said("p4", "nothing of it"), said("p5", "my card", at=-2, private=True),
    ])  # fmt: skip
    found = monitors.preview(INES, "card OR late")
    assert (found.total, found.days, found.at) == (2, 7, START)
    assert [(hit.post.post.native_id, hit.spans) for hit in found.hits] == [
        ("p1", ((4, 8), (12, 16))),
        ("p2", ((0, 4),)),
    ]
    assert [hit.post.post.native_id for hit in found.unsure] == ["p2"]
    assert [(bucket.keys, bucket.posts) for bucket in found.by_platform] == [(("bluesky",), 2)]
    assert {bucket.keys[0]: bucket.posts for bucket in found.by_sentiment} == {"negative": 1, "": 1}
    assert sum(bucket.posts for bucket in found.by_day) == 2


def test_the_preview_is_limited_to_platforms_and_languages(monitors: Monitors, index: SQLiteIndex) -> None:
    index.write([said("p1", "card")])
    assert monitors.preview(INES, "card", ["bluesky"], ["en"]).total == 1
    assert monitors.preview(INES, "card", ["x"]).total == monitors.preview(INES, "card", [], ["fa"]).total == 0


def test_mentions_by_day_and_feeling(monitors: Monitors, index: SQLiteIndex) -> None:
    index.write([
        said("p1", sentiment="negative"), said("p2", at=-DAY, sentiment="positive"), said("p3", sentiment=None),
        said("p4", at=-9 * DAY), said("p5", monitors=("other",), sentiment="neutral"),
    ])  # fmt: skip
    heard = monitors.mentions(INES)
    mine = heard[MONITOR]
    assert (mine.days, mine.total) == ((0, 0, 0, 0, 0, 1, 2), 3)
    assert (mine.negative, mine.neutral, mine.positive, mine.unsure) == (1, 0, 1, 1)
    assert heard["other"].neutral == 1


def test_each_monitors_own_newest_run(office: Office, monitors: Monitors) -> None:
    first = monitors.save(INES, MonitorDraft("A", "a", ""))
    office.clock.sleep(timedelta(seconds=1).total_seconds())
    second = monitors.save(INES, MonitorDraft("B", "b", ""))
    assert {monitor: work.state for monitor, work in monitors.runs(INES).items()} == {
        first.id: "waiting", second.id: "waiting"
    }  # fmt: skip
    run = monitors.run_of(INES, first.id)
    assert run is not None
    assert run.arguments == {"monitor": first.id}
    assert monitors.run_of(INES, MONITOR) is None
