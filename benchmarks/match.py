"""``shenava bench match``: who may this account be, among a million customers."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate, islice
from pathlib import Path
from statistics import median, quantiles

from msgspec import Struct
from sqlalchemy import delete, insert

from crm.policies.blocking import customer_keys as keys_of
from crm.policies.likeness import Known
from crm.records import customers as customers_of
from crm.records import migrate
from crm.records.columns import metadata
from crm.records.database import Records
from crm.records.tables import customer_keys, customers
from crm.usecases.matching import suggested
from crm.words import Author
from shenava.settings import Settings

WHAT = (
    "{rows} made-up customers, half of them in Persian letters, a few given names and surnames far commoner than the "
    "others, in {store}; then {asked} accounts, half of them of customers, each looked up in a transaction of its own "
    "and in one thread: keys, candidates, their comparison, what people dismissed. Beside it the search for a part of "
    "the name in the list of customers."
)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
BATCH, WORKSPACE = 5_000, "bench-match"
SYLLABLES = json.loads(Path(__file__).with_name("syllables.json").read_text("utf-8"))
CITIES = 300


class Somebody(Struct, frozen=True):
    """A made-up person in both scripts."""

    given: tuple[str, str]
    surname: tuple[str, str]
    city: tuple[str, str]


def run(folder: Path, rows: int = 1_000_000, asked: int = 1_000) -> dict[str, object]:
    """Measure on the records that the settings name, else on SQLite; times in milliseconds."""
    settings = Settings.load(data=folder)
    records = Records.connect(
        settings.records_url or f"sqlite:///{folder / 'records.sqlite'}", settings.records_password
    )
    try:
        return _measured(records, rows, asked)
    finally:
        records.close()


def _measured(records: Records, rows: int, asked: int) -> dict[str, object]:
    migrate.upgrade(records, lambda: None)
    rng = random.Random(7)
    began = time.perf_counter()
    sample = _fill(records, rows, asked // 2, rng)
    filled = time.perf_counter() - began
    try:
        accounts = [(_account(rng, who, at), owner) for at, (owner, who) in enumerate(sample.items())]
        accounts += [(_account(rng, who, at), "") for at, who in enumerate(islice(people(rng), asked - len(accounts)))]
        rng.shuffle(accounts)
        times, said, right = _look_up(records, accounts)
        plain = _searched(records, [author.name for author, _ in accounts[:20]])
    finally:
        _empty(records)
    passed, worked = zip(*times, strict=True)
    return {
        "name": "match",
        "what": WHAT.format(rows=rows, asked=asked, store=records.engine.dialect.name),
        "figures": {
            **_spread("", passed), **_spread("processor_", worked), "suggested": said, "right": right,
            "of_customers": len(sample), "filled_per_second": round(rows / filled),
        },
        "beside": {"search_p50_ms": round(median(plain), 1), "cores": os.cpu_count(), "load": os.getloadavg()[0]},
        "ratio": round(median(plain) / median(passed), 1),
    }  # fmt: skip


def _spread(kind: str, times: Sequence[float]) -> dict[str, float]:
    return {f"{kind}p50_ms": round(median(times), 2), f"{kind}p95_ms": round(quantiles(times, n=20)[18], 2)}


def people(rng: random.Random) -> Iterator[Somebody]:
    """People without end: of 3,000 given names and 60,000 surnames the first are the commonest, as in life."""
    words = random.Random(11)
    givens, surnames, cities = (
        [_word(words, *length) for _ in range(count)]
        for count, length in ((3_000, (2, 3)), (60_000, (2, 4)), (CITIES, (2, 3)))
    )
    weighed = [list(accumulate(1 / (at + 8) for at in range(len(some)))) for some in (givens, surnames, cities)]
    while True:
        found = [
            rng.choices(some, cum_weights=weights)[0]
            for some, weights in zip((givens, surnames, cities), weighed, strict=True)
        ]
        yield Somebody(*found)


def _word(rng: random.Random, least: int, most: int) -> tuple[str, str]:
    parts = [rng.choice(SYLLABLES) for _ in range(rng.randint(least, most))]
    return "".join(persian for persian, _ in parts), "".join(latin for _, latin in parts).title()


def _fill(records: Records, rows: int, wanted: int, rng: random.Random) -> dict[str, Somebody]:
    """Store customers with their keys; returns some of them."""
    picked = set(rng.sample(range(rows), wanted))
    sample: dict[str, Somebody] = {}
    made, number = people(rng), 0
    while number < rows:
        batch = [(f"b{number + at:08}", one) for at, one in enumerate(islice(made, min(BATCH, rows - number)))]
        sample |= {customer_id: one for at, (customer_id, one) in enumerate(batch, number) if at in picked}
        number += len(batch)
        _store(records, [_customer(rng, customer_id, one) for customer_id, one in batch])
    return sample


def _customer(rng: random.Random, customer_id: str, one: Somebody) -> Known:
    script = rng.randrange(2)
    email = f"{one.given[1]}.{one.surname[1]}{rng.randint(1, 9_999)}@mail.example".lower() if rng.random() < 0.5 else ""
    place = one.city[script] if rng.random() < 0.5 else ""
    return Known(customer_id, f"{one.given[script]} {one.surname[script]}", email, place=place)


def _store(records: Records, some: Sequence[Known]) -> None:
    plain = {"workspace": WORKSPACE, "vip": False, "made_up": True, "created_at": NOW, "updated_at": NOW}
    with records.write() as tx:
        tx.execute(insert(customers), [
            {"id": one.customer_id, "name": one.name, "email": one.email or None,
             "fields": {"city": one.place} if one.place else {}, **plain} for one in some
        ])  # fmt: skip
        tx.execute(insert(customer_keys), [
            {"workspace": WORKSPACE, "key": key, "customer_id": one.customer_id} for one in some for key in keys_of(one)
        ])  # fmt: skip


def _account(rng: random.Random, who: Somebody, at: int) -> Author:
    """An account that shows its owner more or less; ordinary, sparing, or under another name."""
    script, kind = rng.randrange(2), rng.random()
    given, surname, sign = who.given, who.surname, rng.choice(("", "_", "."))
    name = (
        f"{given[script]} {surname[script]}"
        if kind < 0.7
        else f"{given[1][0]}. {surname[1]}"
        if kind < 0.8
        else given[0]
    )
    handle = f"{given[1]}{sign}{surname[1]}" if kind < 0.6 or kind > 0.8 else f"{given[1][0]}{sign}{surname[1]}"
    digits = str(rng.randint(1, 1_999)) if rng.random() < 0.4 else ""
    place = who.city[script] if rng.random() < 0.5 else ""
    return Author("x", str(at), f"{handle.lower()}{digits}", name, place=place)


def _look_up(records: Records, accounts: Sequence[tuple[Author, str]]) -> tuple[list[tuple[float, float]], int, int]:
    """Milliseconds of each look-up, how many accounts a customer was suggested for, and how many rightly.

    Of each the time that passes and the time that its thread had a processor: on a busy machine they are far apart.
    """
    times, said, right = [], 0, 0
    for author, owner in accounts:
        began, worked = time.perf_counter(), time.thread_time()
        with records.read() as tx:
            found = suggested(tx, WORKSPACE, author)
        times.append((1_000 * (time.perf_counter() - began), 1_000 * (time.thread_time() - worked)))
        said += bool(found)
        right += bool(found) and found[0].customer_id == owner
    return times, said, right


def _searched(records: Records, names: Sequence[str]) -> list[float]:
    times = []
    for name in names:
        began = time.perf_counter()
        with records.read() as tx:
            customers_of.page(tx, WORKSPACE, name, None, 8)
        times.append(1_000 * (time.perf_counter() - began))
    return times


def _empty(records: Records) -> None:
    """A server keeps its other rows; a file goes as a whole."""
    if records.engine.dialect.name != "sqlite":
        with records.write() as tx:
            for table in (customer_keys, customers):
                tx.execute(delete(metadata.tables[table.name]).where(table.c.workspace == WORKSPACE))
