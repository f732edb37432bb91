"""``shenava bench pipeline``: from a file to searchable posts, with everything that enrichment does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles

from crm import envelope
from crm.ids import new_id
from crm.ports.index import Scope
from crm.records import monitors, workspaces
from crm.records.monitors import Monitor
from crm.words import COLLECTED, Author, Collected, Post
from shenava import importing
from shenava.demo import DemoSet, build_demo
from shenava.settings import Settings
from shenava.wiring import House

WHAT = (
    "{posts} posts of the demo's texts in a JSON Lines file, imported as `shenava import` does it: read, appended to "
    "the stream, language, sentiment, urgency, tokens, 3 monitors, exact ties and threads, then the index and the case "
    "sink, in two processes on embedded stores with synchronous FULL. Then {seen} single posts, 20 a second, from "
    "their append until a read finds them."
)
SEEN = 200
NOW = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


def run(folder: Path, posts: int = 50_000) -> dict[str, object]:
    """Measure in `folder`; figures are posts a second, and seconds until a post is visible."""
    house, demo = House(Settings.load(data=folder / "data")), build_demo(NOW)
    try:
        workspace = prepare(house, demo)
        file = folder / "posts.jsonl"
        file.write_text("".join(_lines(demo, posts)), "utf-8")
        start = house.clock.monotonic()
        done = importing.run(house, [file], {"platform": "x"}, _untold)
        seconds = house.clock.monotonic() - start
        waits = _visible(house, workspace, demo)
    finally:
        house.close()
    return {
        "name": "pipeline",
        "what": WHAT.format(posts=posts, seen=SEEN),
        "figures": {
            "posts": done.posts,
            "file_to_searchable_posts_per_second": round(done.posts / seconds, 1),
            "visible_seconds_p50": round(median(waits), 3),
            "visible_seconds_p95": round(quantiles(waits, n=20)[-1], 3),
        },
    }


def _untold(phase: str, number: int) -> None:
    """Nobody watches."""
    del phase, number


def prepare(house: House, demo: DemoSet) -> str:
    """The workspace with the demo's monitors; returns its id."""
    workspace = importing.the_workspace(house)
    with house.records.write() as tx:
        for one in demo.monitors:
            row = Monitor(
                new_id(NOW), workspace, one.name, one.query, one.brand, one.own, NOW, NOW, opens_cases=one.own
            )
            monitors.put(tx, row)
        workspaces.next_revision(tx, workspace)
    return workspace


def _lines(demo: DemoSet, posts: int) -> Iterator[str]:
    for number, post in enumerate(islice(cycle(demo.posts), posts)):
        row = {
            "id": str(number), "text": post.text, "author": post.author.handle,
            "created_at": (NOW - timedelta(seconds=number)).isoformat(),
        }  # fmt: skip
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _visible(house: House, workspace: str, demo: DemoSet) -> list[float]:
    scope, waits = Scope(workspace, None, private=True), []
    with importing.working(house):
        for number in range(SEEN):
            text = demo.posts[number % len(demo.posts)].text
            post = Post("x", f"live{number}", Author("x", "a"), text, NOW + timedelta(seconds=number))
            began = house.clock.monotonic()
            house.log.append(COLLECTED, [envelope.record(Collected("bench", post, NOW, "import", workspace))])
            while not house.index.get(scope, [post.key]):
                house.clock.sleep(0.005)
            waits.append(house.clock.monotonic() - began)
            house.clock.sleep(max(0.0, 0.05 - waits[-1]))
    return waits
