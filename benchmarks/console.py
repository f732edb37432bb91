"""``shenava bench console``: pages of a console over a million mentions, with fifty people who click."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from threading import Thread

import httpx

from benchmarks.engines import house_on
from benchmarks.index import BATCH, DAYS, MONITORS, posts, vocabulary
from crm.policies.access import Actor
from crm.records import monitors
from crm.records.monitors import Monitor
from crm.records.queue import QueueFilter
from crm.usecases.casework import CaseSink
from dashboard.auth import COOKIE
from shenava.importing import the_workspace
from shenava.pipeline import same_stores
from shenava.supervisor import end
from shenava.wiring import House

WHAT = (
    "{rows} made-up mentions of {days} days and {cases} of them as cases; {people} signed-in people, each drawing a "
    "page (inbox, a case, trends, a search, mentions of a monitor, monitors) every {think} s or so for {seconds} s; "
    "from the request until the page has arrived, on the same machine as the people."
)
PEOPLE, THINK, SECONDS, CASES = 50, (5.0, 15.0), 60.0, 2_000
EMAIL, PASSWORD = "bench@nanmah.example", "a long phrase for one hour"


def run(folder: Path, rows: int = 1_000_000) -> dict[str, object]:
    """Measure on the embedded index, and on Elasticsearch where the settings name one; times in milliseconds."""
    figures: dict[str, object] = {"embedded": _measured(house_on(folder / "embedded", stream=False, index=False), rows)}
    if os.environ.get("SHENAVA_INDEX_URL"):
        figures["elasticsearch"] = _measured(house_on(folder / "engine", stream=False, index=True), rows)
    what = WHAT.format(rows=rows, days=DAYS, cases=CASES, people=PEOPLE, think=10, seconds=int(SECONDS))
    return {"name": "console", "what": what, "figures": figures}


def _measured(house: House, rows: int) -> dict[str, object]:
    try:
        tokens = _furnished(house, rows)
        actor = house.accounts.actor_of(tokens[0])
        if actor is None:
            raise AssertionError("the session just made is not known")
        queue = house.services.inbox.queue(actor, QueueFilter())
        some = [row.case.id for row in queue.rows]
    finally:
        house.close()
    with _console(house) as url:
        return _asked(url, tokens, _pages(some))


def _furnished(house: House, rows: int) -> list[str]:
    """Fill an installation; returns a session for each of the people."""
    house.accounts.create_administrator(EMAIL, "Bench", PASSWORD)
    workspace, now = the_workspace(house), house.clock.now()
    house.services.setup.begin(Actor("bench", workspace, "administrator", "bench", private=True), "Nanmah", (), ())
    with house.records.write() as tx:
        for name in MONITORS:
            monitors.put(tx, Monitor(name, workspace, name, name, name, name == MONITORS[0], now, now))
    made = posts(rows, workspace=workspace, start=now - timedelta(days=DAYS))
    left = rows
    while batch := list(islice(made, BATCH)):
        house.index.write(batch)
        left -= len(batch)
        if left < CASES:
            CaseSink(house.records, house.clock).write(batch)
    return [house.accounts.log_in(EMAIL, PASSWORD).token for _ in range(PEOPLE)]


@contextmanager
def _console(house: House) -> Iterator[str]:
    """`shenava console` on these stores, as a process of its own; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "shenava", "console", "--data", str(house.data), "--port", str(port)]
    process = subprocess.Popen(command, env=same_stores(house), stdin=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        while process.poll() is None and not _is_ready(url):
            time.sleep(0.2)
        yield url
    finally:
        end([process])


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _pages(cases: list[str]) -> list[tuple[str, str]]:
    """Path and query of the pages that people open, as often as they do."""
    english, persian = vocabulary()
    words = [persian[3], persian[700], english[40], english[900]]
    found = [("/inbox", ""), ("/trends", ""), ("/monitors", ""), ("/inbox", "?view=mine")]
    found += [("/inbox", f"?case={case}") for case in cases[:4]]
    found += [("/search", f"?q={word}") for word in words]
    return found + [("/search", f"?q=monitor%3A{name}") for name in MONITORS[:2]]


def _asked(url: str, tokens: list[str], pages: list[tuple[str, str]]) -> dict[str, object]:
    """Everybody clicks at once for a while; returns medians and the 95th percentile."""
    times: dict[str, list[float]] = {path: [] for path, _ in pages}
    failed, until = list[str](), time.monotonic() + SECONDS

    def click(number: int, token: str) -> None:
        chance = random.Random(number)
        cookies, headers = {COOKIE: token}, {"Origin": url}
        with httpx.Client(base_url=url, trust_env=False, timeout=60.0, cookies=cookies, headers=headers) as browser:
            time.sleep(chance.uniform(0.0, THINK[1]))
            while time.monotonic() < until:
                path, query = chance.choice(pages)
                began = time.perf_counter()
                answer = browser.post("/_dash-update-component", json=_drawing(path, query))
                times[path].append((time.perf_counter() - began) * 1000)
                if not answer.is_success:
                    failed.append(f"{path}{query}: {answer.status_code}")
                time.sleep(chance.uniform(*THINK))

    people = [Thread(target=click, args=one, daemon=True) for one in enumerate(tokens)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    if failed:
        raise AssertionError(f"{len(failed)} pages failed, the first of them {failed[0]}")
    every = [one for found in times.values() for one in found]
    each = {path: round(median(found), 1) for path, found in times.items() if found}
    return {
        "pages": len(every),
        "p50": round(median(every), 1),
        "p95": round(quantiles(every, n=20)[-1], 1),
        "each": each,
    }


def _drawing(path: str, query: str) -> dict[str, object]:
    """What a browser sends when the address changes."""
    return {
        "output": "..page.children...page-title.data..",
        "outputs": [{"id": "page", "property": "children"}, {"id": "page-title", "property": "data"}],
        "inputs": [
            {"id": "url", "property": "pathname", "value": path},
            {"id": "url", "property": "search", "value": query},
        ],
        "changedPropIds": ["url.pathname"],
        "state": [],
    }
