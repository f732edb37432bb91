"""The cheap tier: what each question costs, all of them together, and the slowest of the bad inputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import msgspec

from benchmarks import bad_input
from benchmarks.index import posts
from crm import envelope
from crm.policies.ties import TieBook
from crm.ports.log import Event
from crm.ports.signals import SignalReader
from crm.query import MonitorSet, parse
from crm.text import searchable, tokens
from crm.usecases.snapshots import Snapshot, WorkspaceSnapshot
from crm.words import Author, Collected, Post
from enrich.models import shipped_models
from enrich.pipeline import Enricher, Models

ROWS = 20_000
BATCH = 500
ROUNDS = 3
PROCESSES = 2
SLOWEST = 8
SOURCE = "feed"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Row = TypeVar("Row")


def run(folder: Path, rows: int = ROWS) -> dict[str, object]:
    """Posts per second of each part and of all parts in one and in two processes; nothing is written to `folder`."""
    del folder
    said = [one.post for one in posts(rows)]
    events = _events(said)
    texts = [searchable(post) for post in said]
    models = shipped_models()
    parts = {name: _rate(texts, ask) for name, ask in _questions(models).items()}
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), initializer=_start) as pool:
        list(pool.map(_together, [events[:BATCH]] * PROCESSES))
        begun = time.perf_counter()
        list(pool.map(_together, [events[at : at + BATCH] for at in range(0, rows, BATCH)]))
        both = rows / (time.perf_counter() - begun)
    slow = _bad_inputs(models)
    return {
        "name": "enrich",
        "what": (
            f"{rows} made-up bilingual posts of {sum(map(len, texts)) / rows:.0f} characters on average in batches of "
            f"{BATCH}, each question alone in one process (the best of {ROUNDS} rounds), all together in one and in "
            f"{PROCESSES} processes; then {len(slow)} bad inputs, each by itself, the middle of {ROUNDS} rounds."
        ),
        "figures": {
            "posts_per_second": {name: round(rate) for name, rate in parts.items()},
            "microseconds_per_post": {name: round(1e6 / rate, 1) for name, rate in parts.items()},
            "all_together": round(_rate(events, _enricher(models))),
            f"all_together_{PROCESSES}_processes": round(both),
            "slowest_bad_inputs_ms": dict(sorted(slow.items(), key=lambda one: -one[1])[:SLOWEST]),
        },
    }


def _questions(models: Models) -> dict[str, Callable[[Sequence[str]], object]]:
    """What is asked of a batch of texts, by name: the fields of Models and the tokens of the search."""
    asked: dict[str, Callable[[Sequence[str]], object]] = {"tokens": lambda batch: [tokens(text) for text in batch]}
    for field in msgspec.structs.fields(Models):
        model = getattr(models, field.name)
        asked[field.name] = (
            getattr(model, "predict", None)
            or getattr(model, "bands", None)
            or getattr(model, "encode", None)
            or partial(_read, model)
        )
    return asked


def _read(reader: SignalReader, batch: Sequence[str]) -> object:
    return reader.read(batch, [None] * len(batch))


def _rate(rows: Sequence[Row], ask: Callable[[Sequence[Row]], object]) -> float:
    ask(rows[:BATCH])
    best = 0.0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for at in range(0, len(rows), BATCH):
            ask(rows[at : at + BATCH])
        best = max(best, len(rows) / (time.perf_counter() - begun))
    return best


def _enricher(models: Models) -> Enricher:
    """With one workspace and one monitor, as after the first five minutes of a firm."""
    queries = {"m1": parse("bank OR (card NEAR/3 fee) OR intent:complaint")}
    workspace = WorkspaceSnapshot(
        id="acme", revision=1, monitors=MonitorSet(queries), queries=queries, sources=frozenset({SOURCE}),
        own=frozenset(), ties=TieBook(), threads=frozenset(), corrections={},
    )  # fmt: skip
    snapshot = Snapshot({"acme": workspace})
    return Enricher(models, lambda: snapshot, lambda: snapshot)


def _events(posts: Sequence[Post]) -> list[Event]:
    values = [envelope.encode(Collected(SOURCE, post, post.posted_at, "import")) for post in posts]
    return [Event("posts.collected", 0, at, "k", value, NOW) for at, value in enumerate(values)]


_worker: list[Enricher] = []


def _start() -> None:
    _worker.append(_enricher(shipped_models()))


def _together(batch: Sequence[Event]) -> int:
    return len(_worker[0](batch))


def _bad_inputs(models: Models) -> dict[str, float]:
    """Milliseconds by name of text."""
    enricher = _enricher(models)
    author = Author("x", "1", "a", "A")
    found = {}
    for name, text in bad_input.texts():
        event = _events([Post("x", "1", author, sent(text), NOW)])
        times = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            enricher(event)
            times.append((time.perf_counter() - begun) * 1000)
        found[name] = round(sorted(times)[ROUNDS // 2], 1)
    return found


def sent(text: str) -> str:
    """A text as it comes over the wire, which carries no half of a pair of surrogates."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
