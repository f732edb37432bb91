"""Which texts are nearly the same: hashes to find them by, and the sets of words that settle it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

ALIKE = 0.8
"""From this Jaccard index of their sets of words on two texts are near-duplicates."""

FEWEST = 5
"""Texts of fewer different words are near-duplicates only where their words are the same."""

Words = frozenset[int]
"""The different words of a text, folded, as numbers: links, handles, pictures and marks left out, digits made one."""


class Likeness(Protocol):
    """Pure and deterministic; safe to share between threads. Any string is a text."""

    def bands(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """For each text its hashes, see :attr:`crm.words.EnrichedPost.bands`: two seeds and twelve marks.

        Each is a number of 30 bits, not 0, as six digits in base 32 (0 to 9, a to v). A text of fewer than FEWEST
        words has one hash, which is both, and a text without a word none.
        """
        ...

    def words(self, texts: Sequence[str]) -> list[Words]:
        """For each text its words; those of two texts are compared by :func:`alike`."""
        ...


SEEDS, MARKS = 2, 12
SHARED = 2
"""So many marks do near-duplicates nearly always have in common, and other texts seldom."""


def seeds(bands: Sequence[str]) -> Sequence[str]:
    """Hashes that many near-duplicates share and other texts hardly ever: groups are counted by them."""
    return bands[:SEEDS]


def marks(bands: Sequence[str]) -> Sequence[str]:
    """Hashes of which near-duplicates share at least SHARED, or the one that there is."""
    return bands[SEEDS:] or bands


def near(bands: Collection[str], others: Collection[str]) -> bool:
    """Whether these marks are shared by a text with the other bands, so that the two should be compared."""
    wanted = set(bands)
    return bool(wanted) and len(wanted & set(others)) >= min(SHARED, len(wanted))


def alike(one: Words, other: Words) -> bool:
    """Whether two texts are near-duplicates. A text without a word is like no other."""
    if min(len(one), len(other)) < FEWEST:
        return bool(one) and one == other
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)
