"""What runs may read together: never more than the caps, in whatever order they ask, read and report."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.errors import StoreError
from crm.policies.budget import WHOLE
from crm.ports.source import UNLIMITED
from crm.records import budget
from shenava.allowances import STEP, Allowances
from tests.doubles.office import MONITOR, WORKSPACE, Office


@pytest.fixture
def allowances(office: Office) -> Allowances:
    return Allowances(office.records, office.clock)


def cap(office: Office, posts: int, monitor: str = WHOLE) -> None:
    with office.records.write() as tx:
        budget.set_cap(tx, WORKSPACE, "x", monitor, posts)


def spend(office: Office, **posts: int) -> None:
    with office.records.write() as tx:
        budget.spend(tx, WORKSPACE, "x", posts, office.clock.now())


def test_two_runs_never_get_the_same_posts(office: Office, allowances: Allowances) -> None:
    cap(office, 100)
    assert allowances.ask("one", WORKSPACE, "x", MONITOR) == 100
    assert allowances.ask("two", WORKSPACE, "x", MONITOR) == 0
    assert allowances.ask("one", WORKSPACE, "x", MONITOR) == 50
    assert allowances.ask("two", WORKSPACE, "x", "") == 50
    spend(office, **{MONITOR: 50})
    allowances.release("one")
    assert allowances.ask("one", WORKSPACE, "x", MONITOR) == 0
    allowances.leave("two")
    assert allowances.ask("one", WORKSPACE, "x", MONITOR) == 50


def test_who_pays_nothing_or_elsewhere_waits_for_nobody(office: Office, allowances: Allowances) -> None:
    assert allowances.ask("one", WORKSPACE, "x", MONITOR) == UNLIMITED
    cap(office, 5_000)
    assert allowances.ask("one", WORKSPACE, "x", MONITOR) == STEP
    assert allowances.ask("two", WORKSPACE, "reddit", MONITOR) == UNLIMITED
    assert allowances.ask("three", "elsewhere", "x", MONITOR) == UNLIMITED


def test_a_quiet_run_keeps_nobody_from_reading(office: Office, allowances: Allowances) -> None:
    cap(office, 10)
    read = 0
    for _ in range(12):
        allowances.ask("quiet", WORKSPACE, "x", "")
        allowances.release("quiet")
        got = allowances.ask("busy", WORKSPACE, "x", "")
        spend(office, **{MONITOR: got})
        allowances.release("busy")
        read += got
    assert read == 10


def test_leaving_twice_or_without_having_asked_takes_nothing_from_others(
    office: Office, allowances: Allowances
) -> None:
    cap(office, 100)
    assert allowances.ask("one", WORKSPACE, "x", MONITOR) == 100
    for _ in range(2):
        allowances.leave("two")
    assert allowances.ask("two", WORKSPACE, "x", MONITOR) == 0
    for _ in range(2):
        allowances.leave("one")
    assert allowances.ask("two", WORKSPACE, "x", MONITOR) == 100
    assert allowances.ask("one", WORKSPACE, "x", MONITOR) == 0, "who comes again under the same name begins anew"


def test_what_could_not_be_written_down_counts_until_it_is(
    office: Office, allowances: Allowances, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise StoreError("The disk is full.")

    cap(office, 100)
    for left in (70, 40):
        allowances.ask("one", WORKSPACE, "x", MONITOR)
        with monkeypatch.context() as broken:
            broken.setattr(office.records, "write", full)
            with pytest.raises(StoreError):
                allowances.pay(WORKSPACE, "x", {MONITOR: 30})
        allowances.leave("one")
        assert allowances.ask("two", WORKSPACE, "x", MONITOR) == left
    assert written(office) == {}
    allowances.pay(WORKSPACE, "x", {"m2": 1})
    assert written(office) == {MONITOR: 60, "m2": 1}
    allowances.pay(WORKSPACE, "x", {"m2": 1})
    assert written(office) == {MONITOR: 60, "m2": 2}, "what was written is owed no longer"


def written(office: Office) -> dict[str, int]:
    with office.records.read() as tx:
        return budget.spent_this_month(tx, WORKSPACE, "x", office.clock.now())


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["m1", "m2", ""]), st.floats(0, 1)), max_size=40)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, whole=st.integers(0, 60), one=st.integers(0, 60))
def test_no_order_of_steps_breaks_a_cap(
    office: Office, steps: list[tuple[str, str, float]], whole: int, one: int
) -> None:
    """Each step: a run asks for a monitor; it has read that part of it by its next step, and reports it then."""
    with office.records.write() as tx:
        tx.exec_driver_sql("DELETE FROM spending")
    cap(office, whole)
    cap(office, one, "m1")
    allowances, reading = Allowances(office.records, office.clock), dict[str, tuple[str, int]]()
    for run, monitor, part in [*steps, ("a", "", 0.0), ("b", "", 0.0), ("c", "", 0.0)]:
        if run in reading:
            what, posts = reading.pop(run)
            spend(office, **{what: posts})
            allowances.release(run)
        reading[run] = monitor, round(allowances.ask(run, WORKSPACE, "x", monitor) * part)
    with office.records.read() as tx:
        spent = budget.spent_this_month(tx, WORKSPACE, "x", office.clock.now())
    assert sum(spent.values()) <= whole
    assert spent.get("m1", 0) <= one
