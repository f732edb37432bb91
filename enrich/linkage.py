"""Who stands in a list twice: records linked by weights that the list itself teaches (Fellegi and Sunter).

Pairs that share a value somewhere are compared column by column, each comparison with four grades. How often each
grade is met among pairs drawn by chance is counted; how often among the same is learned by expectation and
maximisation, without any labels. What one list says of letters, digits and typing errors needs no settings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from crm.policies import sounds

SAME = 0.9
"""From this probability on two records are the same."""

CROWD = 40
"""A value that more records share names no candidates."""

ROUNDS, DRAWN, SEED = 30, 60_000, 7
_TEXT, _DIGITS = (0.8, 0.92, 0.9999), (0.6, 0.7, 0.9999)
_MISSING = -1
_LIKELY = np.array([0.05, 0.05, 0.1, 0.8])
_STEADY = 5.0
"""How many pairs the first guess is worth, so that a short list can't teach nonsense."""

Grades = NDArray[np.int8]
Floats = NDArray[np.float64]
Row = Mapping[str, str]


class Pair(Struct, frozen=True):
    """Two records by their places in the list, and how probably they are the same, from 0 to 1."""

    one: int
    other: int
    probability: float


class _Column(Struct, frozen=True):
    name: str
    values: list[str]
    digits: bool


def link(rows: Sequence[Row]) -> list[Pair]:
    """The pairs of `rows` that are the same with at least :data:`SAME`, likeliest first. Empty values say nothing."""
    columns = _columns(rows)
    found = sorted(_candidates(columns))
    if not found:
        return []
    ones, others = (np.array(side) for side in zip(*found, strict=True))
    grades = [_graded(column, ones, others) for column in columns]
    by_chance = [_by_chance(column, len(rows)) for column in columns]
    sure = _learned(grades, by_chance)
    pairs = [
        Pair(int(one), int(other), float(p)) for one, other, p in zip(ones, others, sure, strict=True) if p >= SAME
    ]
    return sorted(pairs, key=lambda pair: (-pair.probability, pair.one, pair.other))


def groups(pairs: Sequence[Pair]) -> list[list[int]]:
    """Records that are the same, directly or by way of others: places in the list, rising."""
    first: dict[int, int] = {}

    def head(at: int) -> int:
        while (above := first.setdefault(at, at)) != at:
            first[at] = at = first[above]
        return at

    for pair in pairs:
        one, other = sorted((head(pair.one), head(pair.other)))
        first[other] = one
    found: dict[int, list[int]] = defaultdict(list)
    for at in sorted(first):
        found[head(at)].append(at)
    return list(found.values())


def _columns(rows: Sequence[Row]) -> list[_Column]:
    """The columns with something in them, evened out; where nearly all are digits, as digits alone."""
    found = []
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [" ".join(sounds.folded(row.get(name) or "").split()) for row in rows]
        plain = ["".join(filter(str.isdigit, value)) for value in values]
        there = [(value, digits) for value, digits in zip(values, plain, strict=True) if value]
        numbers = sum(2 * len(digits) > len(value) for value, digits in there) > 0.8 * len(there)
        if len({value for value, _ in there}) > 1:
            found.append(_Column(name, plain if numbers else values, numbers))
    return found


def _candidates(columns: Sequence[_Column]) -> set[tuple[int, int]]:
    """Pairs that share a value, or the consonants of a text; or the beginnings of two neighbouring columns."""
    blocks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for column in columns:
        for at, value in enumerate(column.values):
            if value:
                blocks[column.name, value].append(at)
                bones = "" if column.digits else sounds.bones(_heard(value))
                if len(bones) > 2:
                    blocks[column.name, f"~{bones}"].append(at)
    for one, other in pairwise(columns):
        for at, (first, second) in enumerate(zip(one.values, other.values, strict=True)):
            if len(first) > 2 and len(second) > 2:
                blocks[f"{one.name}+{other.name}", f"{first[:3]}+{second[:3]}"].append(at)
    return {pair for some in blocks.values() if len(some) <= CROWD for pair in combinations(some, 2)}


def _heard(value: str) -> str:
    return sounds.glued([sounds.sounds(word) for word in sounds.words(value)])


def _graded(column: _Column, ones: NDArray[np.int64], others: NDArray[np.int64]) -> Grades:
    """The grade of each pair: 3 the same, 2 and 1 nearly, 0 another, -1 where one says nothing."""
    left, right = [column.values[at] for at in ones], [column.values[at] for at in others]
    scorer = OSA.normalized_similarity if column.digits else JaroWinkler.normalized_similarity
    alike = np.asarray(cpdist(left, right, scorer=scorer), np.float64)
    if not column.digits:
        for at in _crossed(left, right):
            one, other = _heard(left[at]), _heard(right[at])
            alike[at] = 1.0 if sounds.bones(one) == sounds.bones(other) and sounds.distance(one, other) < 1 else 0.0
    found = np.searchsorted(_DIGITS if column.digits else _TEXT, alike, side="right").astype(np.int8)
    missing = np.array([not (one and other) for one, other in zip(left, right, strict=True)])
    found[missing] = _MISSING
    return found


def _crossed(left: Sequence[str], right: Sequence[str]) -> Iterator[int]:
    """Pairs of which one is written in Persian letters and one in Latin ones."""
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        if one and other and one.isascii() != other.isascii():
            yield at


def _by_chance(column: _Column, rows: int) -> Floats:
    """How often each grade is met among records drawn by chance."""
    rng = np.random.default_rng(SEED)
    ones, others = rng.integers(0, rows, (2, DRAWN))
    apart = ones != others
    return _shares(_graded(column, ones[apart], others[apart]), np.ones(int(apart.sum())), np.full(4, 0.25))


def _shares(grades: Grades, weights: Floats, guess: Floats) -> Floats:
    there = grades != _MISSING
    counted = np.bincount(grades[there], weights=weights[there], minlength=4) + guess
    shares: Floats = counted / counted.sum()
    return shares


def _learned(grades: Sequence[Grades], by_chance: Sequence[Floats]) -> Floats:
    """How probably each pair is the same, once what the same look like was learned from all pairs."""
    among_same = [_LIKELY] * len(grades)
    share, sure = 0.1, np.zeros(len(grades[0]))
    for _ in range(ROUNDS):
        odds = np.full(len(sure), np.log(share / (1 - share)))
        for grade, same, chance in zip(grades, among_same, by_chance, strict=True):
            weights = np.append(np.log(same / chance), 0.0)  # the last one is that of a missing value
            odds += weights[grade]
        sure = 1 / (1 + np.exp(-odds))
        share = float(np.clip(sure.mean(), 1e-6, 0.9))
        among_same = [_shares(grade, sure, _LIKELY * _STEADY) for grade in grades]
    return sure
