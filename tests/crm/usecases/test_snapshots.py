from __future__ import annotations

import pytest

from crm.errors import InvalidInputError
from crm.records import corrections, monitors, sources, workspaces
from crm.records.monitors import Monitor
from crm.records.sources import SourceRow
from crm.usecases.customers import CustomerDraft
from crm.usecases.monitors import Monitors
from crm.usecases.setup import Setup
from crm.usecases.snapshots import Snapshots, WorkspaceSnapshot, signature
from crm.usecases.sources import Sources
from tests.doubles.office import START, WORKSPACE, Office, actor, said


def now(one: Snapshots, office: Office) -> WorkspaceSnapshot:
    office.clock.advance(2)
    return one.current().workspaces[WORKSPACE]


@pytest.fixture
def one(office: Office) -> Snapshots:
    return Snapshots(office.records, office.clock)


def test_nothing_new_is_the_same_snapshot(one: Snapshots, office: Office) -> None:
    first = now(one, office)
    assert now(one, office) is first


def test_a_new_monitor_and_a_paused_source_are_seen(one: Snapshots, office: Office) -> None:
    row = SourceRow("s1", WORKSPACE, "feed", "news", {"url": "https://a.example"}, START)
    with office.records.write() as tx:
        sources.put(tx, row)
    assert now(one, office).sources == {signature("feed", row.options)}
    with office.records.write() as tx:
        sources.change(tx, "s1", enabled=False)
        monitors.put(tx, Monitor("m2", WORKSPACE, "bread", "bread", "bread", False, START, START))
        workspaces.next_revision(tx, WORKSPACE)
    found = now(one, office)
    assert found.sources == frozenset()
    assert set(found.queries) == {"m1", "m2"}


def test_a_day_in_a_query_moves_on(one: Snapshots, office: Office) -> None:
    with office.records.write() as tx:
        monitors.put(tx, Monitor("m2", WORKSPACE, "week", "bread since:7d", "brand", True, START, START))
        workspaces.next_revision(tx, WORKSPACE)
    before = now(one, office).queries["m2"]
    office.clock.advance(86_400)
    assert now(one, office).queries["m2"] != before


def test_progress_of_a_source_reads_nothing_anew(one: Snapshots, office: Office) -> None:
    row = SourceRow("s1", WORKSPACE, "feed", "news", {}, START)
    with office.records.write() as tx:
        sources.put(tx, row)
    before = now(one, office)
    with office.records.write() as tx:
        sources.succeeded(tx, row, "c2", 3, (), START)
    assert now(one, office) is before


def test_a_tied_customer_is_known(one: Snapshots, office: Office) -> None:
    assert now(one, office).ties.emails == {}
    office.customers.save(actor("ines", "manager"), CustomerDraft("Mina", email="Mina@mail.example"))
    assert set(now(one, office).ties.emails) == {"mina@mail.example"}


def test_new_threads_are_watched_at_once_and_settings_stay(one: Snapshots, office: Office) -> None:
    before = now(one, office)
    office.hear(said("p1"))
    after = now(one, office)
    assert after.threads == {"bluesky:p1"}
    assert after.monitors is before.monitors
    office.clock.advance(400)
    assert now(one, office).threads == {"bluesky:p1"}


def test_fresh_does_not_wait_for_the_second_to_pass(one: Snapshots, office: Office) -> None:
    now(one, office)
    with office.records.write() as tx:
        corrections.put(tx, WORKSPACE, "bluesky:p1", "sentiment", "positive", "lena", "x1", START)
        workspaces.next_revision(tx, WORKSPACE)
    assert one.current().workspaces[WORKSPACE].corrections == {}
    assert one.fresh().workspaces[WORKSPACE].corrections == {"bluesky:p1": {"sentiment": "positive"}}


@pytest.mark.parametrize("hours", [{"from": "09:00", "until": "24:00"}, {"from": "9", "until": "1x"}, {"from": "soon"}])
def test_hours_that_no_clock_knows_are_refused(office: Office, hours: dict[str, str]) -> None:
    watching = Monitors(office.records, office.index, office.clock)
    feeds = Sources(office.records, {}, {}, office.tokens, office.clock)
    setup = Setup(office.records, office.index, watching, feeds, office.clock)
    with pytest.raises(InvalidInputError, match="clock times"):
        setup.change_workspace(actor("ines", "administrator"), "N", "Asia/Tehran", 5, [4], hours)
