"""``shenava bench scale``: the pipeline over Kafka and Elasticsearch, understood by one process and by two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from threading import Event, Thread

from benchmarks.engines import house_on
from benchmarks.pipeline import NOW, prepare
from crm import envelope
from crm.ports.index import Scope
from crm.ports.log import Record
from crm.query.tree import Everything
from crm.words import COLLECTED, ENRICHED, Author, Collected, Post
from shenava import pipeline
from shenava.demo import DemoSet, build_demo
from shenava.wiring import House

WHAT = (
    "{posts} posts of the demo's texts appended to Kafka, understood by one process and then, anew, by two, and "
    "brought into Elasticsearch and before the team by two sinks in one further process; from the first append until "
    "every group has handled everything. Records in SQLite."
)
BATCH, WARM = 500, 400
LOOK_SECONDS = 0.1


def run(folder: Path, posts: int = 30_000) -> dict[str, object]:
    """Measure on the engines that the settings name; figures are posts a second."""
    demo, rates = build_demo(NOW), list[float]()
    for processes in (1, 2):
        house = house_on(folder / str(processes), stream=True, index=True)
        try:
            rates.append(posts / _seconds(house, demo, posts, processes))
        finally:
            house.close()
    return {
        "name": "scale",
        "what": WHAT.format(posts=posts),
        "figures": {"one_process_per_second": round(rates[0]), "two_processes_per_second": round(rates[1])},
        "ratio": round(rates[1] / rates[0], 2),
    }


def _seconds(house: House, demo: DemoSet, posts: int, processes: int) -> float:
    workspace = prepare(house, demo)
    house.open()
    with _working(house, processes):
        made = _records(demo, workspace)
        _through(house, list(islice(made, WARM)))  # now every member has its share
        rows = list(islice(made, posts))
        began = house.clock.monotonic()
        _through(house, rows)
        seconds = house.clock.monotonic() - began
    found = sum(bucket.posts for bucket in house.index.count(Scope(workspace, None, private=True), Everything()))
    if found != posts + WARM:
        raise AssertionError(f"{found} posts of {posts + WARM} are searchable")
    return seconds


@contextmanager
def _working(house: House, processes: int) -> Iterator[None]:
    stop = Event()
    with ExitStack() as held:
        for _ in range(processes):
            held.enter_context(pipeline.beside(house))
        works = [partial(worker.run, stop) for worker in pipeline.sinks(house)]
        sinks = Thread(target=pipeline.run_together, args=(works, stop), daemon=True)
        sinks.start()
        try:
            yield
        finally:
            stop.set()
            sinks.join()


def _through(house: House, rows: list[Record]) -> None:
    for start in range(0, len(rows), BATCH):
        house.log.append(COLLECTED, rows[start : start + BATCH])
    for topic in (COLLECTED, ENRICHED):
        appended = house.clock.monotonic()
        while pipeline.unfiled(house, topic, appended):
            house.clock.sleep(LOOK_SECONDS)


def _records(demo: DemoSet, workspace: str) -> Iterator[Record]:
    for number, said in enumerate(cycle(demo.posts)):
        at = NOW - timedelta(seconds=number)
        post = Post("x", str(number), Author("x", f"a{number % 997}"), said.text, at)
        yield envelope.record(Collected("bench", post, NOW, "import", workspace))
