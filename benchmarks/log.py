"""The embedded log against plain SQLite: the same bytes, 500 a transaction, synchronous FULL, in one run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median
from time import perf_counter

from crm.envelope import record
from crm.ports.clock import SystemClock
from crm.ports.log import Record
from crm.words import Author, Collected, Counts, Post
from stream.sqlite import SQLiteLog

BATCH = 500
TOPIC, GROUP = "posts.collected", "bench"
START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
TEXTS = (
    "سلام، از دیروز برنامه‌ی شما روی گوشی من باز نمی‌شود و هر بار پیغام خطا می‌دهد، لطفاً رسیدگی کنید 🙏",
    "Been on hold for forty minutes and still nobody can tell me why my card was declined abroad.",
)


def run(folder: Path, posts: int = 100_000, rounds: int = 3) -> dict[str, object]:
    """Measure appending, polling and committing `posts` posts `rounds` times over, in files made in `folder`.

    Returns what ``shenava bench log`` prints; all figures are medians of the rounds.
    """
    records = made_up(posts)
    appends, polls, references = [], [], []
    for number in range(rounds):  # one after the other, so that a disk's mood touches both alike
        references.append(posts / _reference(folder / f"reference-{number}.sqlite", records))
        with closing(SQLiteLog(folder / f"log-{number}.sqlite", SystemClock())) as log:
            appends.append(posts / _timed(lambda log=log: _append(log, records)))  # type: ignore[misc]
            polls.append(posts / _timed(lambda log=log: _poll_and_commit(log, posts)))  # type: ignore[misc]
    return {
        "name": "log",
        "what": f"{posts:,} posts appended, then polled and committed, in batches of {BATCH}, each batch durable "
        "(synchronous FULL); the reference is Python's sqlite3 inserting the same bytes 500 a transaction. "
        f"Medians of {rounds} rounds.",
        "figures": {
            "append_posts_per_second": round(median(appends)),
            "poll_and_commit_posts_per_second": round(median(polls)),
            "bytes_per_post": round(mean(len(row.value) for row in records)),
        },
        "reference": {"append_posts_per_second": round(median(references))},
        "ratio": round(median(appends) / median(references), 2),
    }


def made_up(posts: int) -> list[Record]:
    """So many posts in both languages as a collector puts them on the stream."""
    return [record(Collected("bench", _post(n), START)) for n in range(posts)]


def _post(number: int) -> Post:
    author = Author(
        "mastodon",
        str(number % 977),
        handle=f"user{number % 977}@social.example",
        name="نام نمونه",
        url=f"https://social.example/@user{number % 977}",
        followers=number % 5000,
    )
    return Post(
        "mastodon",
        str(10**17 + number),
        author,
        f"{TEXTS[number % 2]} {number}",
        START + timedelta(seconds=number),
        url=f"https://social.example/@user{number % 977}/{10**17 + number}",
        language_hint="fa" if number % 2 == 0 else "en",
        counts=Counts(likes=number % 13, replies=number % 3),
    )


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _append(log: SQLiteLog, records: list[Record]) -> None:
    for start in range(0, len(records), BATCH):
        log.append(TOPIC, records[start : start + BATCH])


def _poll_and_commit(log: SQLiteLog, posts: int) -> None:
    consumer, seen = log.consumer(TOPIC, GROUP), 0
    while seen < posts:
        seen += len(consumer.poll(BATCH, 1.0))
        consumer.commit()
    consumer.close()


def _reference(path: Path, records: list[Record]) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = wal")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE events(place INTEGER PRIMARY KEY, key TEXT, value BLOB)")
        return _timed(lambda: _insert(db, records))


def _insert(db: sqlite3.Connection, records: list[Record]) -> None:
    for start in range(0, len(records), BATCH):
        db.execute("BEGIN")
        rows = ((row.key, row.value) for row in records[start : start + BATCH])
        db.executemany("INSERT INTO events(key, value) VALUES (?, ?)", rows)
        db.execute("COMMIT")
