"""How many of the near-duplicates in a file are found by their marks, beside all pairs of it, found exactly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations, product
from typing import NamedTuple

import msgspec

from crm.errors import InvalidInputError
from crm.ports.clock import Clock
from crm.ports.likeness import ALIKE, FEWEST, SHARED, Words, alike, marks, near
from enrich import features
from enrich.duplicates import LIMIT, MinHash
from enrich.evaluate import Row
from enrich.pairs import similar

BATCH = 500
CHARACTER_ROWS = 20_000
"""Runs of three letters are compared for so many rows at most; sets of them are large."""


class DuplicateFigures(msgspec.Struct, frozen=True):
    """What ``shenava eval duplicates`` prints; shares from 0 to 1, None where there is nothing to take a share of.

    `pairs` of rows have a Jaccard index of their words of at least 0.8 (of fewer than five words: the same ones),
    `recall` of them share two marks; `varied` and `recall_varied` leave out the pairs with the very same words.
    `pairs_characters` and `recall_characters` are those by runs of three letters, of `n_characters` rows.
    `proposed` pairs share two marks; `precision_proposed` of them are near-duplicates, and `precision` after they are
    compared. With labels a pair is also right where both rows are of one group. `abstained` rows have no word.
    """

    task: str
    n: int
    pairs: int
    recall: float | None
    varied: int
    recall_varied: float | None
    n_characters: int
    pairs_characters: int
    recall_characters: float | None
    proposed: int
    precision_proposed: float | None
    precision: float | None
    group_pairs: int | None
    group_precision: float | None
    group_recall: float | None
    abstained: int
    posts_per_second: float
    model: str
    accuracy: None = None
    macro_f1: None = None
    macro_recall: None = None
    per_label: dict[str, float] = {}


class _Text(NamedTuple):
    """Rows of the same words: their bands, and how many there are of each label."""

    words: Words
    bands: tuple[str, ...]
    labels: Counter[str]

    @property
    def rows(self) -> int:
        return self.labels.total()


class _Tally(msgspec.Struct):
    """Pairs of rows, and those of them that are right in two ways."""

    pairs: int = 0
    right: int = 0
    grouped: int = 0

    def add(self, pairs: int, right: bool, grouped: int = 0) -> None:
        self.pairs += pairs
        self.right += pairs * right
        self.grouped += grouped

    @property
    def share(self) -> float | None:
        return _share(self.right, self.pairs)


def measure(rows: Sequence[Row], clock: Clock) -> DuplicateFigures:
    """Find near-duplicates among these rows.

    Raises InvalidInputError where there is no row, or only some have a label.
    """
    labelled = sum(bool(row.label) for row in rows)
    if not rows or labelled not in (0, len(rows)):
        raise InvalidInputError(f"Of {len(rows)} rows {labelled} have a label; give every row its group, or none.")
    likeness, texts = MinHash(), [row.text for row in rows]
    likeness.bands(texts[:BATCH])
    start = clock.monotonic()
    bands = [one for at in range(0, len(texts), BATCH) for one in likeness.bands(texts[at : at + BATCH])]
    seconds = clock.monotonic() - start
    found = _distinct(likeness.words(texts), bands, rows)
    same, varied, proposed, settled = _same(found), _varied(found), *_proposed(found)
    characters = _by_characters(texts[:CHARACTER_ROWS], bands)
    every = _Tally(same.pairs + varied.pairs, same.right + varied.right)
    settled.add(same.pairs, True, same.grouped)
    groups = sum(map(_pairs, Counter(row.label for row in rows).values()))
    return DuplicateFigures(
        task="duplicates", n=len(rows), pairs=every.pairs, recall=every.share, varied=varied.pairs,
        recall_varied=varied.share, n_characters=min(len(rows), CHARACTER_ROWS), pairs_characters=characters.pairs,
        recall_characters=characters.share, proposed=proposed.pairs + same.pairs,
        precision_proposed=_share(proposed.right + same.pairs, proposed.pairs + same.pairs), precision=settled.share,
        group_pairs=groups if labelled else None,
        group_precision=_share(settled.grouped, settled.pairs) if labelled else None,
        group_recall=_share(settled.grouped, groups) if labelled else None, abstained=sum(not one for one in bands),
        posts_per_second=round(len(rows) / max(seconds, 1e-9), 1), model=f"{likeness.name} {likeness.version}",
    )  # fmt: skip


def _distinct(words: Sequence[Words], bands: Sequence[tuple[str, ...]], rows: Sequence[Row]) -> list[_Text]:
    found: dict[Words, _Text] = {}
    for one, its, row in zip(words, bands, rows, strict=True):
        if one:
            found.setdefault(one, _Text(one, its, Counter())).labels[row.label] += 1
    return list(found.values())


def _same(found: Sequence[_Text]) -> _Tally:
    """The pairs of the very same words: their bands are the same."""
    tally = _Tally()
    for one in found:
        tally.add(_pairs(one.rows), True, sum(map(_pairs, one.labels.values())))
    return tally


def _varied(found: Sequence[_Text]) -> _Tally:
    """All near-duplicates of different words, right where they share two marks."""
    tally = _Tally()
    long = [one for one in found if len(one.words) >= FEWEST]
    for pair in similar([one.words for one in long], ALIKE):
        one, other = long[pair.one], long[pair.other]
        tally.add(one.rows * other.rows, near(marks(one.bands), other.bands))
    return tally


def _proposed(found: Sequence[_Text]) -> tuple[_Tally, _Tally]:
    """The pairs of different words that share two marks, right where they are near-duplicates; and these."""
    proposed, settled = _Tally(), _Tally()
    index: dict[str, list[int]] = defaultdict(list)
    for here, one in enumerate(found):
        its = marks(one.bands)
        met = Counter(place for band in its for place in index[band])
        for place, shared in met.items():
            if shared < min(SHARED, len(its)):
                continue
            other = found[place]
            right = alike(one.words, other.words)
            proposed.add(one.rows * other.rows, right)
            if right:
                grouped = sum(count * other.labels[label] for label, count in one.labels.items())
                settled.add(one.rows * other.rows, True, grouped)
        for band in its:
            index[band].append(here)
    return proposed, settled


def _by_characters(texts: Sequence[str], bands: Sequence[tuple[str, ...]]) -> _Tally:
    """All pairs of alike runs of three letters, right where they share a band; short texts are left out."""
    tally = _Tally()
    rows: dict[frozenset[str], Counter[tuple[str, ...]]] = defaultdict(Counter)
    for text, its in zip(features.folded(texts, LIMIT, "sense"), bands, strict=False):
        if len(its) > 1:
            spoken = " ".join(text.split())
            rows[frozenset(spoken[at : at + 3] for at in range(len(spoken) - 2))][its] += 1
    grams = list(rows)
    for counts in rows.values():
        _tally_bands(tally, counts, counts, same=True)
    for pair in similar(grams, ALIKE):
        _tally_bands(tally, rows[grams[pair.one]], rows[grams[pair.other]], same=False)
    return tally


def _tally_bands(
    tally: _Tally, ones: Counter[tuple[str, ...]], others: Counter[tuple[str, ...]], *, same: bool
) -> None:
    if same:
        for count in ones.values():
            tally.add(_pairs(count), True)
    pairs = combinations(ones.items(), 2) if same else product(ones.items(), others.items())
    for (one, count), (other, times) in pairs:
        tally.add(count * times, near(marks(one), other))


def _pairs(rows: int) -> int:
    return rows * (rows - 1) // 2


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
