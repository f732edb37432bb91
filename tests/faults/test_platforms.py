"""All platforms at once in bad weather: every post that was said is stored once, and memory stays flat."""

from __future__ import annotations

import gc
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import monotonic

import pytest

from crm.records import monitors, sources, workspaces
from crm.records.monitors import Monitor
from crm.records.sources import AccountRow, SourceRow
from crm.records.workspaces import Workspace
from shenava import pipeline
from shenava.collecting import Collecting, Stores
from shenava.settings import Settings
from shenava.wiring import House
from tests.doubles.office import MONITOR, WORKSPACE
from tests.faults.harness import seed
from tests.faults.platforms import Platform, platforms
from tests.faults.verdict import everything
from tests.faults.weather import HastyClock, Weather

SPEED = 60.0
"""An hour of the platforms in a minute."""
PAUSE = 0.15
"""Seconds between two posts."""
SHARE = 0.2
"""Of the requests that meet a fault."""
CALM_SECONDS = 240.0
"""So long, after the storm, the last posts may take."""
WINDOW = 10.0
"""Seconds after which the platforms' limits begin anew."""
GROWTH = 64_000_000
"""Bytes that the process may grow by after its first third; before it, models, caches and pages warm up."""
NUMBER = re.compile(r"nanmah card (\d+)")
PLATFORM = {
    "feed": "rss", "mastodon_account": "mastodon", "json": "forum", "webhook": "shop", "instagram_public": "instagram",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_minute_of_bad_weather_loses_and_doubles_nothing(tmp_path: Path) -> None:
    _soak(tmp_path, 60.0)


@pytest.mark.faults
@pytest.mark.timeout(1200)
def test_ten_minutes_of_bad_weather_lose_and_double_nothing(tmp_path: Path) -> None:
    _soak(tmp_path, 600.0)


def _soak(folder: Path, seconds: float) -> None:
    random = Random(seed())
    clock, weather = HastyClock(datetime.now(UTC), SPEED), Weather(random)
    with platforms(weather, clock) as every, _installation(folder, every, clock) as house:
        weather.share = SHARE
        said, grown = _storm(every, weather, random, seconds)
        weather.share = 0.0
        stored = _settled(house, every, weather, said)
        stopped = {row.name: row.error for row in _sources(house) if row.state == "failed"}
    _tell(said, weather, grown)
    assert stopped == {}
    assert [key for key in said if key not in {key for key, _ in stored}] == []
    assert [number for number, times in Counter(number for _, number in stored).items() if times > 1] == []
    assert {key.partition(":")[0] for key in said} == {PLATFORM.get(one.kind, one.kind) for one in every}
    assert grown < GROWTH


def _storm(every: Sequence[Platform], weather: Weather, random: Random, seconds: float) -> tuple[list[str], int]:
    """Say one post after the other; gives their keys, and by how many bytes the process grew after a third."""
    said, began, renewed, third = list[str](), monotonic(), monotonic(), 0
    while (passed := monotonic() - began) < seconds:
        with weather.lock:
            said.append(random.choice(every).say(f"nanmah card {len(said)}"))
        if monotonic() - renewed > WINDOW:
            renewed = monotonic()
            _anew(every, weather)
        if not third and passed > seconds / 3:
            third = _resident()
        Event().wait(PAUSE)
    return said, _resident() - third


def _anew(every: Sequence[Platform], weather: Weather) -> None:
    with weather.lock:
        for one in every:
            one.anew()
            one.web.asked.clear()


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _settled(house: House, every: Sequence[Platform], weather: Weather, said: list[str]) -> list[tuple[str, str]]:
    """What is stored once everything is there, or at last."""
    until, missing = monotonic() + CALM_SECONDS, set(said)
    while missing and monotonic() < until:
        _anew(every, weather)
        Event().wait(2.0)
        missing -= {key for key, _ in _stored(house)}
    return _stored(house)


def _stored(house: House) -> list[tuple[str, str]]:
    """The key and the number of each post that is stored; ours, and what was said before it, have none."""
    found = ((one.post.key, NUMBER.search(one.post.text)) for one in everything(house, WORKSPACE))
    return [(key, number[1]) for key, number in found if number]


def _sources(house: House) -> list[SourceRow]:
    with house.records.read() as tx:
        return sources.of_workspace(tx, WORKSPACE)


def _tell(said: list[str], weather: Weather, grown: int) -> None:
    struck = ", ".join(f"{count} {fault}" for fault, count in sorted(weather.struck.items()))
    print(f"{len(said)} posts, requests struck: {struck}; grown by {grown / 1e6:.1f} MB after the first third")


@contextmanager
def _installation(folder: Path, every: Sequence[Platform], clock: HastyClock) -> Iterator[House]:
    """Sources of all platforms at work, with the whole way of a post behind them."""
    hosts = tuple(one.web.host for one in every if one.web.url)
    house = House(Settings(data=folder, allow_addresses=hosts), clock)
    house.kinds.update({one.kind: one.source for one in every if one.source})  # type: ignore[attr-defined]
    _set_up(house, every, clock.now())
    stores = Stores(house.records, house.log, house.index, house.transport, house.clock, house.account_tokens)
    collecting = Collecting(stores, house.kinds, house.snapshots, Random(2))
    stop = Event()
    works = [collecting, pipeline.understanding(house), *pipeline.sinks(house)]
    threads = [Thread(target=work.run, args=(stop,), daemon=True) for work in works]
    threads += [Thread(target=one.work, args=(house, stop), daemon=True) for one in every if one.work]
    for thread in threads:
        thread.start()
    try:
        yield house
    finally:
        stop.set()
        for thread in threads:
            thread.join(60.0)
        house.close()


def _set_up(house: House, every: Sequence[Platform], now: datetime) -> None:
    with house.records.write() as tx:
        workspaces.add(tx, Workspace(WORKSPACE, "Nanmah", "Asia/Tehran", "en", now))
        monitors.put(tx, Monitor(MONITOR, WORKSPACE, "Nanmah", "nanmah", "Nanmah", True, now, now))
        for one in every:
            if one.account is not None:
                row = AccountRow(one.kind, WORKSPACE, one.account.platform, one.account.base_url, one.account.handle,
                                 f"us-{one.kind}", "connected", None, None, now)  # fmt: skip
                sources.put_account(tx, row, house.vault.encrypt(one.account.secret))
            source = SourceRow(one.source_id, WORKSPACE, one.kind, one.kind, one.options, now)
            sources.put(tx, source)
            if one.secret:
                sources.put_sealed(tx, source, house.vault.encrypt(one.secret))
