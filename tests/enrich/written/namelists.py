"""The name lists that compose.py draws from: ours in names_fa.jsonl, and two open ones."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, TypedDict

HERE = Path(__file__).parent
ZWNJ = "\u200c"


class Row(TypedDict, total=False):
    """A line of names_fa.jsonl."""

    kind: str
    fa: str
    latin: list[str]
    gender: str
    short: list[list[str]]


class Name(NamedTuple):
    """One name in Persian letters (empty: written in Latin ones only) and in Latin ones, the usual spelling first."""

    fa: str
    latin: tuple[str, ...]
    gender: str = ""
    short: tuple[tuple[str, str], ...] = ()


class Lists(NamedTuple):
    """All that is drawn from."""

    kinds: dict[str, list[Name]]
    open_given: list[Name]
    open_places: list[Name]
    english: list[Name]


def lines(path: Path) -> list[str]:
    """The lines of a gzipped text."""
    return gzip.decompress(path.read_bytes()).decode().split("\n")


def written_names() -> dict[str, list[Name]]:
    """names_fa.jsonl by kind."""
    kinds: dict[str, list[Name]] = defaultdict(list)
    for line in (HERE / "names_fa.jsonl").read_text(encoding="utf-8").splitlines():
        row: Row = json.loads(line)
        short = tuple((fa, latin) for fa, latin in row.get("short", []))
        kinds[row["kind"]].append(Name(row["fa"], tuple(row["latin"]), row.get("gender", ""), short))
    return kinds


def sounds(persian: str, letters: dict[str, str]) -> re.Pattern[str]:
    """What a Latin spelling of a Persian name looks like; vowels may stand anywhere."""
    said = "[aeiou]*".join(letters[letter] for letter in persian.replace(ZWNJ, "") if letter in letters)
    return re.compile(f"[aeiou]*{said}[aeiou]*h?")


def aligned(persian: Iterable[str], latin: Iterable[str], letters: dict[str, str]) -> list[Name]:
    """Names of two lists that aren't in the same order: those that can only mean each other."""
    spellings = sorted({line.strip() for line in latin if line.strip()})
    found: dict[str, list[str]] = {}
    for name in sorted({line.strip() for line in persian if line.strip()}):
        pattern = sounds(name, letters)
        found[name] = [spelling for spelling in spellings if pattern.fullmatch(spelling.lower())]
    wanted = Counter(hit for hits in found.values() for hit in hits)
    return [Name(name, (hits[0],)) for name, hits in found.items() if len(hits) == 1 and wanted[hits[0]] == 1]


def english_names(path: Path) -> list[Name]:
    """Given names with three nicknames or more."""
    nicknames: dict[str, list[str]] = defaultdict(list)
    for row in csv.DictReader(lines(path)):
        nicknames[row["name1"]].append(row["name2"].capitalize())
    return [
        Name("", (name.capitalize(),), "", tuple(("", short) for short in shorts))
        for name, shorts in sorted(nicknames.items())
        if len(shorts) >= 3
    ]


def read_lists(folder: Path) -> Lists:
    """All lists: ours beside this file, the open ones under `folder`."""
    kinds = written_names()
    letters = {
        letter.fa: "(?:" + "|".join(f"{sound}{sound}?" if len(sound) == 1 else sound for sound in letter.latin) + ")"
        for letter in kinds["letter"]
    }
    source = folder / "er_persian_names"

    def both(stem: str) -> list[Name]:
        return aligned(lines(source / f"{stem}_fa.txt.gz"), lines(source / f"{stem}_en.txt.gz"), letters)

    written = (*kinds["given"], *kinds["city"])
    ours = {name.fa for name in written} | {latin for name in written for latin in name.latin}
    given = [name._replace(gender=stem[0]) for stem in ("female", "male") for name in both(stem)]

    def new(names: Iterable[Name]) -> list[Name]:
        return [name for name in names if name.fa not in ours and name.latin[0] not in ours]

    return Lists(
        kinds,
        new(given),
        new(both("region")),
        english_names(folder / "er_nicknames" / "names.csv.gz"),
    )
