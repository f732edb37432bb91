"""How well accounts are matched to customers, and records of a list to each other, on rows whose truth is known."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TextIO

import msgspec
from msgspec import Struct

from crm.errors import InvalidInputError
from crm.policies.blocking import account_keys, customer_keys, initial_key
from crm.policies.likeness import SUGGEST, Known, likely, namesakes
from crm.ports.clock import Clock
from crm.words import Author
from enrich.linkage import SAME, groups, link

TASK = "matching"
FILES = ("handles.jsonl", "distractors.jsonl")
"""What is read of a folder."""

RECORD = "rec_id"
"""The column of a list of records whose last but one part names the person, as in ``rec-7-dup-1``."""


class CustomerRow(Struct, frozen=True):
    """A customer of a labelled row."""

    id: str
    name: str
    city: str = ""
    link: str = ""
    handle: str = ""
    email: str = ""


class AccountRow(Struct, frozen=True):
    """An account of a labelled row."""

    platform: str
    handle: str
    name: str = ""
    place: str = ""
    link: str = ""
    bio: str = ""


class MatchRow(Struct, frozen=True):
    """An account, and whether it is this customer's; without one it is nobody's. Not `enough`: it can't be told."""

    account: AccountRow
    customer: CustomerRow | None = None
    same: bool = False
    enough: bool = True


def evaluate_matching(file: Path, clock: Clock) -> dict[str, object]:
    """Precision, recall and F1 at the threshold, from 0 to 1.

    `file` holds rows ``{"customer", "account", "same"}`` (JSON Lines, or a folder with ``handles.jsonl`` and
    ``distractors.jsonl``), or is a list of records with a column ``rec_id`` (CSV). Either with or without ``.gz``.
    Raises InvalidInputError.
    """
    names = [file / name for name in FILES if (file / name).exists()] if file.is_dir() else [file]
    if not names:
        raise InvalidInputError(f"{file} holds neither {' nor '.join(FILES)}; name a file.")
    if names[0].name.removesuffix(".gz").endswith(".csv"):
        return _records(names[0], clock)
    rows = [row for name in names for row in _rows(name)]
    if not rows:
        raise InvalidInputError(f"{file} holds no row.")
    return _accounts(rows, clock)


def _accounts(rows: Sequence[MatchRow], clock: Clock) -> dict[str, object]:
    known = {row.customer.id: _known(row.customer) for row in rows if row.customer}
    under: dict[int, set[str]] = defaultdict(set)
    for one in known.values():
        for key in customer_keys(one):
            under[key].add(one.customer_id)
    start = clock.monotonic()
    said = [_suggested(_author(row.account, at), known, under) for at, row in enumerate(rows)]
    seconds = clock.monotonic() - start
    owners = [row.customer.id if row.customer and row.same else None for row in rows]
    right = [found == owner for found, owner in zip(said, owners, strict=True)]
    hits = sum(good and owner is not None for good, owner in zip(right, owners, strict=True))
    told = [owner is not None and row.enough for row, owner in zip(rows, owners, strict=True)]
    return {
        **_figures(hits, sum(found is not None for found in said), sum(owner is not None for owner in owners)),
        "n": len(rows), "accuracy": _rounded(sum(right), len(rows)), "customers": len(known),
        "recall_where_enough": _rounded(sum(a and b for a, b in zip(told, right, strict=True)), sum(told)),
        "enough": sum(told), "suggested": sum(found is not None for found in said), "threshold": SUGGEST,
        "abstained": sum(found is None for found in said),
        "posts_per_second": round(len(rows) / max(seconds, 1e-9), 1), "model": "likeness 1",
    }  # fmt: skip


def _suggested(author: Author, known: Mapping[str, Known], under: Mapping[int, set[str]]) -> str | None:
    found: set[str] = set().union(*(under.get(key, ()) for key in account_keys(author)))
    some = [known[one] for one in sorted(found)]
    best = next(iter(likely(author, some)), None)
    if best is None or best.confidence < SUGGEST:
        return None
    key = initial_key(known[best.customer_id])
    common = namesakes(len(under[key])) if key is not None else 0.0
    return best.customer_id if likely(author, some, common)[0].confidence >= SUGGEST else None


def _known(row: CustomerRow) -> Known:
    return Known(row.id, row.name, row.email, row.link, row.city, (row.handle,) if row.handle else ())


def _author(row: AccountRow, at: int) -> Author:
    links = (row.link,) if row.link else ()
    return Author(row.platform, str(at), row.handle, row.name, place=row.place, links=links, bio=row.bio)


def _records(file: Path, clock: Clock) -> dict[str, object]:
    with _opened(file) as lines:
        reader = csv.DictReader(lines, skipinitialspace=True)
        if RECORD not in (reader.fieldnames or ()):
            raise InvalidInputError(f"{file.name} has no column {RECORD}; it names whose record each row is.")
        rows = list(reader)
    people = defaultdict(list)
    for at, row in enumerate(rows):
        people["-".join((row[RECORD] or "").split("-")[:2])].append(at)
    start = clock.monotonic()
    pairs = link([{name: value or "" for name, value in row.items() if name != RECORD} for row in rows])
    found = {pair for some in groups(pairs) for pair in combinations(some, 2)}
    seconds = clock.monotonic() - start
    true = {pair for some in people.values() for pair in combinations(some, 2)}
    return {
        **_figures(len(found & true), len(found), len(true)),
        "n": len(rows), "pairs": len(true), "suggested": len(found), "threshold": SAME,
        "posts_per_second": round(len(rows) / max(seconds, 1e-9), 1), "model": "linkage 1",
    }  # fmt: skip


def _figures(hits: int, said: int, there: int) -> dict[str, object]:
    f1 = _rounded(2 * hits, said + there)
    return {"task": TASK, "precision": _rounded(hits, said), "recall": _rounded(hits, there), "f1": f1,
            "macro_f1": None, "macro_recall": None, "per_label": None}  # fmt: skip


def _rounded(some: int, every: int) -> float:
    return round(some / every, 4) if every else 0.0


def _rows(file: Path) -> Iterator[MatchRow]:
    with _opened(file) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield msgspec.json.decode(line, type=MatchRow)
                except msgspec.DecodeError as error:
                    raise InvalidInputError(
                        f"{file.name}, line {number}: no account and customer ({error})."
                    ) from error


def _opened(file: Path) -> TextIO:
    try:
        if file.suffix == ".gz":
            return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
        return file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise InvalidInputError(f"{file.name} can't be read: {error}.") from error
