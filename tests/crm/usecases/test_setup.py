"""The first visit: a brand to listen for, sources to listen to; and the demo, which can be taken out again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import func, select

from crm.errors import InvalidInputError
from crm.policies.access import ForbiddenError
from crm.query import check_monitor, parse
from crm.records import audit, cases, customers, desk, jobs, monitors, tables, tags
from crm.records.customers import Customer, Identity
from crm.records.monitors import Monitor
from crm.usecases.monitors import Monitors
from crm.usecases.setup import DEMO, Setup, SourceChoice, brand_query
from crm.usecases.sources import HandedFile, SourceProblemsError, Sources
from crm.usecases.toolbox import TemplateDraft
from tests.crm.usecases.test_sources import KINDS
from tests.doubles.office import MONITOR, START, WORKSPACE, Office, actor, said

BOSS, INES = actor("boss", "administrator"), actor("ines", "manager")


def open_setup(office: Office) -> Setup:
    sources = Sources(office.records, KINDS, {}, office.tokens, office.clock)
    listening = Monitors(office.records, office.index, office.clock)
    return Setup(office.records, office.index, listening, sources, office.clock)


@pytest.mark.parametrize(
    ("names", "query"),
    [(["Aseman Air", "آسمان ایر"], '"Aseman Air" OR "آسمان ایر"'), (["OR"], '"OR"'), (["یا", " یا ", ""], '"یا"'),
     (['the "A" team'], '"the A team"'), ([""], "")],
)  # fmt: skip
def test_a_brands_names_in_quotes(names: list[str], query: str) -> None:
    assert brand_query(names) == query
    if query:
        check_monitor(parse(query))


def test_beginning_names_the_workspace_watches_the_brand_and_adds_sources(office: Office) -> None:
    setup = open_setup(office)
    made = setup.begin(BOSS, " OR ", ["یا"], [SourceChoice("radio", "A radio", {"wave": "98"})])
    assert setup.workspace(BOSS).name == "OR"
    assert (made.name, made.query, made.own) == ("OR", '"OR" OR "یا"', True)
    with office.records.read() as tx:
        assert [row.kind for row in tx.execute(tables.sources.select())] == ["radio"]


def test_beginning_reads_the_files_that_were_handed_over_or_sets_nothing_up(office: Office, tmp_path: Path) -> None:
    setup, file = open_setup(office), HandedFile(tmp_path / "posts.csv", "posts.csv")
    with pytest.raises(SourceProblemsError):
        setup.begin(BOSS, "Aseman", [], [], [file])
    with pytest.raises(InvalidInputError, match="handed over"):
        setup.begin(BOSS, "Aseman", [], [SourceChoice("file", "A file", {"path": "/etc/passwd"})])
    assert setup.workspace(BOSS).name == "Nanmah"
    file.path.write_text("text")
    setup.begin(BOSS, "Aseman", [], [], [file])
    with office.records.read() as tx:
        assert [row.name for row in tx.execute(tables.sources.select())] == ["posts.csv"]


@pytest.mark.parametrize(
    ("brand", "synonyms", "options"),
    [("  ", [], {"wave": "98"}), ("!!!", [], {"wave": "98"}), ("Aseman", ["..."], {"wave": "98"}), ("Aseman", [], {})],
)
def test_whatever_is_wrong_nothing_is_set_up(
    office: Office, brand: str, synonyms: list[str], options: dict[str, str]
) -> None:
    setup = open_setup(office)
    with pytest.raises(InvalidInputError):
        setup.begin(BOSS, brand, synonyms, [SourceChoice("radio", "A radio", options)])
    assert setup.workspace(BOSS).name == "Nanmah"
    with office.records.read() as tx:
        assert [one.id for one in monitors.of_workspace(tx, WORKSPACE)] == [MONITOR]
        assert tx.execute(select(func.count()).select_from(tables.sources)).scalar() == 0


def test_only_an_administrator_sets_up(office: Office) -> None:
    setup = open_setup(office)
    with pytest.raises(ForbiddenError):
        setup.begin(INES, "Aseman", [], [])
    with pytest.raises(ForbiddenError):
        setup.remove_demo(INES)


def test_the_working_week_is_checked(office: Office) -> None:
    setup = open_setup(office)
    hours = {"from": "09:00", "until": "18:00"}
    setup.change_workspace(BOSS, "Aseman", "Europe/Berlin", 0, [5, 6], hours)
    saved = setup.workspace(BOSS)
    assert (saved.zone, saved.week_start, list(saved.weekend)) == ("Europe/Berlin", 0, [5, 6])
    for zone, start, weekend, times in (
        ("Mars/Base", 0, [6], hours), ("UTC", 7, [6], hours), ("UTC", 0, list(range(7)), hours),
        ("UTC", 0, [6], {"from": "18:00", "until": "09:00"}),
    ):  # fmt: skip
        with pytest.raises(InvalidInputError):
            setup.change_workspace(BOSS, "Other", zone, start, weekend, times)
    assert setup.workspace(BOSS).name == "Aseman"


def test_the_demo_is_asked_for_once(office: Office) -> None:
    setup = open_setup(office)
    assert setup.demo_progress(BOSS) is None
    job = setup.load_demo(BOSS)
    assert setup.load_demo(BOSS) == job
    work = setup.demo_progress(BOSS)
    assert work is not None
    assert work.state == "waiting"


def test_removing_the_demo_leaves_what_is_real(office: Office) -> None:
    setup = open_setup(office)
    office.hear(said("real"))
    demo = (said("p1", who="did:demo", origin="demo", open_cases=True),
            said("p2", who="did:demo", origin="demo", private=True))  # fmt: skip
    office.hear(*(structs.replace(one, made_up=True) for one in demo))
    with office.records.write() as tx:
        monitors.put(tx, Monitor("m2", WORKSPACE, "Demo", "demo", "Demo", True, START, START, made_up=True))
        customers.put(tx, Customer("c1", WORKSPACE, "Mina", START, START, made_up=True))
        customers.put(tx, Customer("c2", WORKSPACE, "Real", START, START))
        customers.tie(tx, Identity("i1", WORKSPACE, "c1", "bluesky:did:demo", "demo", "person", "", 1.0, "x", START))
    assert setup.demo_loaded(BOSS)
    setup.remove_demo(BOSS)
    assert not setup.demo_loaded(BOSS)
    left = office.index.get(actor(private=True).scope, ["bluesky:real", "bluesky:p1", "bluesky:p2"])
    assert [one.post.native_id for one in left] == ["real"]
    with office.records.read() as tx:
        assert [one.id for one in monitors.of_workspace(tx, WORKSPACE)] == [MONITOR]
        assert list(customers.by_ids(tx, WORKSPACE, ["c1", "c2"])) == ["c2"]
        assert customers.identities_by_author(tx, WORKSPACE, ["bluesky:did:demo"]) == {}
        assert set(cases.by_threads(tx, WORKSPACE, ["bluesky:real", "bluesky:p1"])) == {"bluesky:real"}


def test_templates_and_tags_of_the_demo_go_with_it_and_changed_ones_stay(office: Office) -> None:
    setup = open_setup(office)
    office.hear(said("real"), structs.replace(said("p1", who="did:demo"), made_up=True))
    with office.records.write() as tx:
        there = cases.by_threads(tx, WORKSPACE, ["bluesky:real", "bluesky:p1"])
        real, demo = there["bluesky:real"].id, there["bluesky:p1"].id
        for case, name in ((demo, "demo only"), (demo, "both"), (real, "both"), (real, "real only")):
            tags.add(tx, WORKSPACE, case, name, START)
        for shortcut in ("thanks", "sorry"):
            desk.put_template(tx, desk.Template(shortcut, WORKSPACE, shortcut, "T", "Text", "en", START, made_up=True))
    office.toolbox.save_template(INES, TemplateDraft("sorry", "T", "We are sorry", "en"), "sorry")
    setup.remove_demo(BOSS)
    with office.records.read() as tx:
        assert [one.name for one in tags.all_of(tx, WORKSPACE)] == ["both", "real only"]
        assert [one.shortcut for one in desk.all_templates(tx, WORKSPACE)] == ["sorry"]


def test_removing_the_demo_ends_a_load_that_runs(office: Office) -> None:
    setup = open_setup(office)
    setup.load_demo(BOSS)
    later = START + timedelta(days=1)
    with office.records.write() as tx:
        running = jobs.claim(tx, DEMO, START, later, START)
    assert running is not None
    setup.remove_demo(BOSS)
    with office.records.write() as tx:
        assert not jobs.change(tx, running.id, START, state="waiting", leased_until=None)
        assert jobs.claim(tx, DEMO, later, later, later) is None
    assert setup.load_demo(BOSS) != running.id


def test_the_first_steps_are_in_the_trail(office: Office) -> None:
    setup = open_setup(office)
    setup.begin(BOSS, "Aseman", [], [])
    setup.load_demo(BOSS)
    with office.records.read() as tx:
        done = {(row.actor, row.action) for row in audit.newest(tx, WORKSPACE)}
    assert {("boss", "name_workspace"), ("boss", "load_demo")} <= done
