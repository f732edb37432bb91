"""Several processes of one role are shown as one."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from crm.records import roles, tables
from tests.doubles.office import START, Office


def told(office: Office, member: str, after: float, **stats: object) -> None:
    with office.records.write() as tx:
        roles.report(tx, "enrich", "running", stats, START + timedelta(seconds=after), member)


def seen(office: Office) -> roles.RoleState:
    with office.records.read() as tx:
        [one] = roles.every(tx)
    return one


def test_what_they_do_is_added_up_and_the_last_word_counts(office: Office) -> None:
    told(office, "a", 1, per_second=100.0, handled=5, error="it is tried again", lag=9)
    told(office, "b", 2, per_second=50.0, handled=7, error=None, lag=4)
    one = seen(office)
    assert (one.name, one.at) == ("enrich", START + timedelta(seconds=2))
    assert one.stats == {"per_second": 150.0, "handled": 12, "error": "it is tried again", "lag": 4}


def test_who_ended_long_ago_counts_no_more(office: Office) -> None:
    told(office, "a", 0, per_second=100.0, error="broken")
    told(office, "b", 60, per_second=50.0, error=None)
    assert seen(office).stats == {"per_second": 50.0, "error": None}


def test_those_of_one_machine_are_told_from_the_others(office: Office) -> None:
    told(office, "aa1", 0, handled=1)
    told(office, "bb1", 60, handled=2)
    with office.records.read() as tx:
        assert [one.at for one in roles.every(tx, "aa")] == [START]
        assert roles.every(tx, "cc") == []


def test_rows_of_ended_processes_go(office: Office) -> None:
    told(office, "a", 0, handled=1)
    told(office, "b", roles.FORGET.total_seconds() + 1, handled=1)
    with office.records.read() as tx:
        assert len(tx.execute(select(tables.roles)).all()) == 1
