"""Which texts are nearly the same: hashes to find them by, and the sets of words that settle it."""

from __future__ import annotations

from collections.abc import Sequence
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
        """For each text up to eight hashes; see :attr:`crm.words.EnrichedPost.bands`.

        Near-duplicates nearly always share one, other texts seldom do. A text without a word has none.
        """
        ...

    def words(self, texts: Sequence[str]) -> list[Words]:
        """For each text its words; those of two texts are compared by :func:`alike`."""
        ...


def alike(one: Words, other: Words) -> bool:
    """Whether two texts are near-duplicates. A text without a word is like no other."""
    if min(len(one), len(other)) < FEWEST:
        return bool(one) and one == other
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)
