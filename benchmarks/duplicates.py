"""Finding near-duplicates: the hashes of posts, batch by batch as they are understood."""

from __future__ import annotations

import random
import time
from pathlib import Path

from benchmarks.index import posts
from enrich.duplicates import MinHash

ROWS = 50_000
BATCH = 500
ROUNDS = 5


def run(folder: Path, rows: int = ROWS) -> dict[str, object]:
    """Posts per second over `rows` made-up posts, the median of ROUNDS; nothing is written to `folder`."""
    del folder
    rng = random.Random(7)
    texts = [f"@user{rng.randint(1, 99)} {one.post.text} https://a.example/{n}" for n, one in enumerate(posts(rows))]
    likeness = MinHash()
    likeness.bands(texts[:BATCH])
    rates, processor = [], []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        for start in range(0, rows, BATCH):
            likeness.bands(texts[start : start + BATCH])
        rates.append(rows / (time.perf_counter() - wall))
        processor.append(rows / (time.process_time() - cpu))
    characters = sum(map(len, texts)) / rows
    return {
        "name": "duplicates",
        "what": (
            f"{rows} made-up bilingual posts of {characters:.0f} characters on average, with a handle and a link each, "
            f"hashed in batches of {BATCH} in one thread; the median of {ROUNDS} rounds, by the clock on the wall and "
            "by the processor's time."
        ),
        "figures": {
            "posts_per_second": round(sorted(rates)[ROUNDS // 2]),
            "posts_per_processor_second": round(sorted(processor)[ROUNDS // 2]),
        },
    }
