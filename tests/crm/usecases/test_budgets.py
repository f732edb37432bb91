# ruff: noqa: ARG002
"""Reads and caps: counted by platform and monitor, capped by who may, forecast where the platform tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from crm.errors import AuthorisationError, InvalidInputError, NotFoundError
from crm.policies.access import ForbiddenError
from crm.ports.clock import Clock
from crm.ports.source import Batch, Gap, Job, Problem, Source, Unit
from crm.ports.transport import Transport
from crm.records import audit, budget
from crm.records.sources import SourceRow
from crm.usecases.budgets import Budgets, Forecast, Use, by_end
from crm.usecases.monitors import MonitorDraft, Monitors
from crm.usecases.sources import Sources
from tests.doubles.market import Market
from tests.doubles.office import MONITOR, START, WORKSPACE, Office, actor

INES, LENA, ADA = actor("ines", "manager"), actor(), actor("ada", "analyst")
ACCOUNT = "a1"
NETWORK = cast("Transport", object())
"""Nothing here goes through it."""


class Square:
    """A platform that anybody reads for nothing."""

    kind = platform = "square"
    options = ()

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return []

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        yield Batch((), job.cursor)


KINDS: Mapping[str, Source] = {"market": Market(), "square": Square()}


@pytest.fixture
def budgets(office: Office) -> Budgets:
    return Budgets(office.records, KINDS, NETWORK, office.tokens, office.clock)


def _reads(office: Office, *kinds: str) -> list[SourceRow]:
    made = Sources(office.records, KINDS, {}, office.tokens, office.clock)
    return [made.add(INES, kind, "", {"account": ACCOUNT}) for kind in kinds]


def _spend(office: Office, at: datetime, **posts: int) -> None:
    with office.records.write() as tx:
        budget.spend(tx, WORKSPACE, "market", {MONITOR: 0, **posts}, at)


def test_only_platforms_read_with_an_account_are_counted(office: Office, budgets: Budgets) -> None:
    assert budgets.uses(LENA) == []
    _reads(office, "market", "square")
    assert budgets.uses(LENA) == [Use("market", "", "", 0, None, 0)]


def test_reads_of_the_month_stand_beside_their_caps(office: Office, budgets: Budgets) -> None:
    _reads(office, "market")
    with office.records.write() as tx:
        budget.spend(tx, WORKSPACE, "market", {MONITOR: 70, "": 30}, START)
        budget.spend(tx, WORKSPACE, "market", {MONITOR: 5}, START - timedelta(days=40))
        budget.spend(tx, "w2", "market", {MONITOR: 9}, START)
    budgets.cap(INES, "market", "", 1000)
    whole, one = budgets.uses(LENA)
    assert (whole.monitor, whole.read, whole.cap) == ("", 100, 1000)
    assert (one.monitor, one.name, one.read, one.cap) == (MONITOR, "Nanmah", 70, None)
    assert whole.by_end == by_end(100, START) == 152
    budgets.cap(INES, "market", MONITOR, 0)
    assert budgets.uses(LENA)[1].cap == 0
    budgets.cap(INES, "market", "", None)
    assert [use.cap for use in budgets.uses(LENA)] == [None, 0]


def test_caps_are_set_by_who_may_and_told_of_in_the_trail(office: Office, budgets: Budgets) -> None:
    with pytest.raises(ForbiddenError):
        budgets.cap(LENA, "market", "", 5)
    with pytest.raises(ForbiddenError):
        budgets.uses(ADA)
    for posts in (-1, 10**12):
        with pytest.raises(InvalidInputError, match="A cap is a whole number"):
            budgets.cap(INES, "market", "", posts)
    for platform, monitor in (("moon", ""), ("market", "m9")):
        with pytest.raises(NotFoundError):
            budgets.cap(INES, platform, monitor, 5)
    budgets.cap(INES, "market", "", 5)
    with office.records.read() as tx:
        (row,) = [one for one in audit.newest(tx, WORKSPACE) if one.action == "set_cap"]
    assert row.detail == {"platform": "market", "posts": 5}


def test_a_forecast_is_asked_of_the_platform_with_the_account_of_the_source(office: Office, budgets: Budgets) -> None:
    market, square = _reads(office, "market", "square")
    draft = MonitorDraft("Nanmah", "nanmah OR card", "", id=MONITOR)
    assert [budgets.foretells(one) for one in (market, square)] == [True, False]
    assert budgets.forecast(INES, draft, square) is None
    found = budgets.forecast(INES, draft, market)
    assert found == Forecast("market", "market", 1400, None)
    budgets.cap(INES, "market", "", 50)
    _spend(office, START, **{MONITOR: 20})
    again = budgets.forecast(INES, draft, market)
    assert again is not None
    assert again.left == 30
    elsewhere = MonitorDraft("Nanmah", "nanmah", "", platforms=("square",))
    assert budgets.forecast(INES, elsewhere, market) is None
    with pytest.raises(ForbiddenError):
        budgets.forecast(LENA, draft, market)


def test_a_forecast_knows_the_options_of_the_source(office: Office, budgets: Budgets) -> None:
    (market,) = _reads(office, "market")
    draft = MonitorDraft("Nanmah", "nanmah OR card", "", id=MONITOR)
    for options, asked in (({"monitors": MONITOR}, True), ({"monitors": "m9"}, False), ({"closed": "yes"}, False)):
        row = structs.replace(market, options={**market.options, **options})
        assert (budgets.forecast(INES, draft, row) is not None) == asked


def test_what_is_counted_is_told(office: Office) -> None:
    class Tolls(Market):
        """Counts questions."""

        kind = platform = "tolls"
        unit: Unit = "units"

    kinds = {**KINDS, "tolls": Tolls()}
    budgets = Budgets(office.records, kinds, NETWORK, office.tokens, office.clock)
    made = Sources(office.records, kinds, {}, office.tokens, office.clock)
    market, tolls = (made.add(INES, kind, "", {"account": ACCOUNT}) for kind in ("market", "tolls"))
    assert {use.platform: use.unit for use in budgets.uses(LENA)} == {"market": "posts", "tolls": "units"}
    draft = MonitorDraft("Nanmah", "nanmah", "", id=MONITOR)
    found = [budgets.forecast(INES, draft, row) for row in (market, tolls)]
    assert [one.unit for one in found if one] == ["posts", "units"]


def test_a_forecast_needs_the_account_to_be_connected(office: Office, budgets: Budgets) -> None:
    (market,) = _reads(office, "market")
    Sources(office.records, KINDS, {}, office.tokens, office.clock).disconnect(INES, ACCOUNT)
    with pytest.raises(AuthorisationError, match="not connected any more"):
        budgets.forecast(INES, MonitorDraft("Nanmah", "nanmah", ""), market)


def test_gaps_of_one_source_are_told_newest_first(office: Office, budgets: Budgets) -> None:
    hours = [START - timedelta(hours=one) for one in (9, 8, 3, 2)]
    old, fresh = Gap(hours[0], hours[1], "too_old"), Gap(hours[2], hours[3], "budget")
    with office.records.write() as tx:
        budget.miss(tx, WORKSPACE, "s1", [old, fresh])
        budget.miss(tx, WORKSPACE, "s2", [old])
    assert budgets.gaps(LENA, "s1", START - timedelta(days=1)) == [fresh, old]
    assert budgets.gaps(LENA, "s1", START - timedelta(hours=4)) == [fresh]


@given(st.integers(0, 10**9), st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001
def test_a_month_costs_at_least_what_it_has_cost(read: int, moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    assert read <= by_end(read, now) <= 31 * read


def test_half_a_month_costs_half() -> None:
    assert by_end(100, datetime(2026, 4, 16, tzinfo=UTC)) == 200
    assert by_end(100, datetime(2026, 4, 1, 0, 5, tzinfo=UTC)) == 3000


def test_caps_go_with_their_monitor_and_what_it_read_still_counts(office: Office, budgets: Budgets) -> None:
    _reads(office, "market")
    _spend(office, START, **{MONITOR: 70})
    budgets.cap(INES, "market", MONITOR, 100)
    budgets.cap(INES, "market", "", 1000)
    Monitors(office.records, office.index, office.clock).delete(INES, MONITOR)
    assert [(one.monitor, one.read, one.cap) for one in budgets.uses(LENA)] == [("", 70, 1000)]
    with office.records.read() as tx:
        assert [one.monitor for one in budget.caps_of(tx, WORKSPACE)] == [""]


def test_gaps_go_with_their_source_and_all_after_thirteen_months(office: Office) -> None:
    one, other = _reads(office, "market", "square")
    _spend(office, START, **{"": 5})
    with office.records.write() as tx:
        for row in (one, other):
            budget.miss(tx, WORKSPACE, row.id, [Gap(START, START + timedelta(hours=1), "budget")])
    Sources(office.records, KINDS, {}, office.tokens, office.clock).remove(INES, one.id)
    for days, left in ((390, [other.id]), (400, [])):
        later = START + timedelta(days=days)
        with office.records.write() as tx:
            budget.expire(tx, later)
            assert [gap.source_id for gap in budget.missing(tx, WORKSPACE, START, later)] == left
            assert bool(budget.spent_this_month(tx, WORKSPACE, "market", START)) == bool(left)


def test_a_platform_without_a_name_has_no_cap(office: Office) -> None:
    class Nowhere(Square):
        platform = ""

    with pytest.raises(NotFoundError):
        Budgets(office.records, {"file": Nowhere()}, NETWORK, office.tokens, office.clock).cap(INES, "", "", 5)
