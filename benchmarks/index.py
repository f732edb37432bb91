"""The embedded index at a million mentions: writing, searching and counting, beside FTS5 alone.

The posts are made up: bilingual, words by Zipf's law, eight monitors, five platforms, sixty days.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import NamedTuple

import apsw
from msgspec import structs

from crm.ports.index import Dimension, Order, PostIndex, Scope
from crm.ports.likeness import marks
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words
from crm.words import Author, Counts, EnrichedPost, Label, Post
from enrich.duplicates import MinHash
from index.sqlite import SQLiteIndex

BATCH = 1000
DAYS = 60
START = datetime(2026, 1, 1, tzinfo=UTC)
ZONE = "Asia/Tehran"
PLATFORMS = ("x", "instagram", "telegram", "bluesky", "mastodon")
MONITORS = tuple(f"monitor{number}" for number in range(8))
_VOCABULARY = 30_000
_LATIN = ("ba", "co", "de", "fi", "ga", "lo", "mi", "nu", "pe", "ra", "so", "ti", "va", "we", "zy")
_PERSIAN = ("با", "کا", "در", "سی", "مو", "نی", "ره", "شا", "تو", "گل", "پر", "خو", "لا", "چه", "زن")


class Search(NamedTuple):
    """One search of the mixture."""

    name: str
    query: Node
    order: Order = "newest"


class Dashboard(NamedTuple):
    """One count of a dashboard."""

    name: str
    query: Node
    by: tuple[Dimension, ...]
    limit: int | None = None


def run(folder: Path, rows: int = 1_000_000) -> dict[str, object]:
    """Write, search and count `rows` posts in `folder`; one JSON object of figures.

    Rates are in posts per second, times in milliseconds.
    """
    index = SQLiteIndex(folder / "index.sqlite")
    try:
        rate = _written(index, rows)
        answered = answer_times(index)
    finally:
        index.close()
    alone = _fts5_alone(folder / "reference.sqlite", rows)
    figures = {
        "rows": rows,
        "written_per_second": round(rate),
        **answered,
        "file_mb": (folder / "index.sqlite").stat().st_size >> 20,
    }
    return {
        "name": "index",
        "what": (
            f"{rows} made-up bilingual posts of {DAYS} days, {len(MONITORS)} monitors, written durably in batches of"
            f" {BATCH} in order of arrival; then searches for the newest 50 (ranked: best 50) and counts of"
            f" dashboards in {ZONE}, with a warm disk cache, in one thread. The reference is SQLite's FTS5 alone:"
            " the same tokens, batches and durability, nothing else stored."
        ),
        "figures": figures,
        "reference": {"fts5_alone_per_second": round(alone)},
        "ratio": round(rate / alone, 2),
    }


def answer_times(index: PostIndex) -> dict[str, object]:
    """Milliseconds of the mixture of searches and of dashboards' counts over the made-up posts, in one thread."""
    searches = {search.name: _timed(_searching(index, search)) for search in _searches()}
    counts = {count.name: _timed(_counting(index, count)) for count in _dashboards()}
    return {"search_ms": _summary(searches), "count_ms": _summary(counts)}


def posts(rows: int, seed: int = 7, workspace: str = "acme", start: datetime = START) -> Iterator[EnrichedPost]:
    """`rows` made-up posts of one workspace, nearly in order of time, over DAYS from `start` on."""
    made = _made(rows, seed, workspace, start)
    likeness = MinHash()
    while batch := list(islice(made, BATCH)):
        bands = likeness.bands([one.tokens for one in batch])
        yield from (structs.replace(one, bands=its) for one, its in zip(batch, bands, strict=True))


def _made(rows: int, seed: int, workspace: str, start: datetime) -> Iterator[EnrichedPost]:
    rng = random.Random(seed)
    vocabularies = dict(zip(("en", "fa"), vocabulary(), strict=True))
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(_VOCABULARY)))
    step = DAYS * 86_400 / rows
    for number in range(rows):
        language = rng.choice(("en", "fa", "fa"))
        tokens = " ".join(rng.choices(vocabularies[language], cum_weights=weights, k=rng.randint(4, 28)))
        posted = start + timedelta(seconds=int(number * step) - rng.randint(0, 120))
        yield _post(rng, number, language, tokens, posted, workspace)


def _post(
    rng: random.Random, number: int, language: str, tokens: str, posted: datetime, workspace: str
) -> EnrichedPost:
    platform = PLATFORMS[min(int(rng.expovariate(0.7)), 4)]
    account = int(rng.paretovariate(0.6)) % 200_000
    author = Author(platform, f"u{account}", f"user{account}", f"User {account}", followers=account * 7 % 90_000)
    parent = f"{platform}:{number - rng.randint(1, 50)}" if rng.random() < 0.3 and number > 50 else None
    post = Post(
        platform, str(number), author, tokens, posted, url=f"https://{platform}.example/{account}/{number}",
        parent_key=parent, root_key=parent, counts=Counts(likes=number % 11),
    )  # fmt: skip
    sentiment = rng.choices(("negative", "neutral", "positive", None), (25, 45, 25, 5))[0]
    urgency = rng.choices(("low", "normal", "high"), (30, 60, 10))[0]
    monitors = tuple({MONITORS[min(int(rng.expovariate(0.5)), 7)] for _ in range(rng.choice((1, 1, 1, 2)))})
    return EnrichedPost(
        workspace, post, tokens, Label(language, 0.97, "language", "1"), Label(sentiment, 0.8, "sentiment", "1"),
        Label(urgency, 0.7, "urgency", "1"), 1, post.thread_key, monitors, collected_at=posted,
    )  # fmt: skip


def vocabulary() -> tuple[list[str], list[str]]:
    """The words of the made-up posts, English-like and Persian-like, the most frequent first."""
    return _words(_LATIN), _words(_PERSIAN)


def _words(syllables: tuple[str, ...]) -> list[str]:
    base = len(syllables)
    return [
        syllables[rank % base] + syllables[rank // base % base] + syllables[rank // base**2 % base]
        + (syllables[rank // base**3] if rank >= base**3 else "")
        for rank in range(_VOCABULARY)
    ]  # fmt: skip


def _written(index: SQLiteIndex, rows: int) -> float:
    made, spent = posts(rows), 0.0
    while batch := list(islice(made, BATCH)):
        start = time.perf_counter()
        index.write(batch)
        spent += time.perf_counter() - start
    return rows / spent


def _fts5_alone(path: Path, rows: int) -> float:
    db = apsw.Connection(str(path))
    db.execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    db.execute("CREATE VIRTUAL TABLE body USING fts5(tokens, tokenize = 'ascii')")
    made, spent = posts(rows), 0.0
    while batch := [(document.tokens,) for document in islice(made, BATCH)]:
        start = time.perf_counter()
        with db:
            db.executemany("INSERT INTO body (tokens) VALUES (?)", batch)
        spent += time.perf_counter() - start
    db.close()
    return rows / spent


def _searches() -> list[Search]:
    english, persian = vocabulary()
    one, other = Words((persian[3],)), Words((english[40],))
    rare, monitor = Words((persian[9000],)), Field("monitor", ":", MONITORS[2])
    return [
        Search("everything", Everything()),
        Search("common word", one),
        Search("rare word", rare),
        Search("phrase", Words((persian[1], persian[2]))),
        Search("rare phrase", Words((persian[150], persian[90]))),
        Search("prefix of 4 letters", Prefix(persian[700][:4])),
        Search("monitor", monitor),
        Search("rare monitor", Field("monitor", ":", MONITORS[7])),
        Search("author", Field("author", ":", "user1234")),
        Search("word in a monitor", And((other, monitor))),
        Search("words, one without", And((one, Words((persian[60],)), Not(Words((persian[5],)))))),
        Search("word or rare word", Or((other, rare))),
        Search("near", Near(Words((persian[2],)), Words((persian[30],)), 3)),
        Search(
            "negative on a platform", And((Field("sentiment", ":", "negative"), Field("platform", ":", "mastodon")))
        ),
        Search("word by followers", And((one, Field("followers", ">", "80000")))),
        Search("word in a week", And((other, _since(20), _until(27)))),
        Search("word and author", And((one, Field("author", ":", "user77")))),
        Search("near-duplicates of 25 posts", _alike()),
        Search("ranked word", other, "relevance"),
        Search("ranked words", And((one, Or((Words((persian[40],)), Words((persian[70],)))))), "relevance"),
    ]


def _alike() -> Node:
    """What a page of 25 hits asks for; half of them are among the posts."""
    texts = [one.bands for one in (*islice(posts(13), 13), *islice(posts(12, seed=99), 12))]
    return Or(tuple(Field("alike", ":", ",".join(marks(bands))) for bands in texts))


def _dashboards() -> list[Dashboard]:
    word, monitor = Words((_words(_PERSIAN)[20],)), Field("monitor", ":", MONITORS[1])
    return [
        Dashboard("day × sentiment, one monitor", monitor, ("day", "sentiment")),
        Dashboard("day × sentiment, all monitors", Everything(), ("day", "sentiment")),
        Dashboard("platforms", Everything(), ("platform",)),
        Dashboard("share of voice by day", Everything(), ("day", "monitor")),
        Dashboard("share of voice, 30 days", And((_since(20), _until(50))), ("monitor", "sentiment")),
        Dashboard("hours of the week", Everything(), ("hour_of_week",)),
        Dashboard("hits of a word by day", word, ("day",)),
        Dashboard("hits of a word by day × sentiment", word, ("day", "sentiment")),
        Dashboard("top authors, one monitor", monitor, ("author",), 20),
        Dashboard("top authors, all monitors", Everything(), ("author",), 20),
        Dashboard("texts with most copies, one monitor", monitor, ("text",), 60),
        Dashboard("texts with most copies of a word", word, ("text",), 60),
    ]


def _since(day: int) -> Field:
    return Field("since", ":", (START + timedelta(days=day, hours=-3.5)).isoformat())


def _until(day: int) -> Field:
    return Field("until", ":", (START + timedelta(days=day, hours=-3.5)).isoformat())


def _searching(index: PostIndex, search: Search) -> Callable[[], object]:
    return lambda: index.search(Scope("acme"), search.query, search.order)


def _counting(index: PostIndex, count: Dashboard) -> Callable[[], object]:
    return lambda: index.count(Scope("acme"), count.query, count.by, ZONE, count.limit)


def _timed(call: Callable[[], object], repeats: int = 15) -> list[float]:
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times)


def _summary(times: dict[str, list[float]]) -> dict[str, object]:
    """Median and 95th percentile over all calls, and the median of each."""
    every = sorted(one for found in times.values() for one in found)
    return {
        "p50": round(every[len(every) // 2], 1),
        "p95": round(every[int(len(every) * 0.95)], 1),
        "each": {name: round(found[len(found) // 2], 1) for name, found in times.items()},
    }
