"""Words by which a text speaks of an aspect, written by hand: ``aspect_words.txt``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from crm.ports.encoder import Encoder
from crm.text import tokens

MOST = 2
"""So many words of one aspect say as much as more."""


class AspectWords:
    """Counts words of aspects. `lists` are words by aspect: a trailing ``*`` stands for any ending."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self.names = tuple(lists)
        self._phrases: dict[tuple[str, ...], set[int]] = defaultdict(set)
        self._stems: dict[str, set[int]] = defaultdict(set)
        for place, words in enumerate(lists.values()):
            for word in words:
                folded = tuple(tokens(word.rstrip("*").replace("_", " ")))
                if word.endswith("*") and len(folded) == 1:
                    self._stems[folded[0]].add(place)
                elif folded:
                    self._phrases[folded].add(place)
        self._begins = {phrase[0] for phrase in self._phrases}
        self._sizes = sorted({len(stem) for stem in self._stems}, reverse=True)
        self._longest = max(map(len, self._phrases), default=1)
        self._known: dict[str, tuple[int, ...]] = {}

    def counts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """How many words of each aspect a text holds, MOST at most, (texts, aspects)."""
        found = np.zeros((len(texts), len(self.names)), dtype=np.float32)
        for row, text in enumerate(texts):
            said = tokens(text)
            for at, word in enumerate(said):
                for place in self._spoken(word):
                    found[row, place] += 1
                if word in self._begins:
                    for size in range(2, self._longest + 1):
                        for place in self._phrases.get(tuple(said[at : at + size]), ()):
                            found[row, place] += 1
        return np.minimum(found, MOST)

    def _spoken(self, word: str) -> tuple[int, ...]:
        """The aspects of which one word speaks."""
        known = self._known.get(word)
        if known is None:
            places = set(self._phrases.get((word,), ()))
            for size in self._sizes:
                places |= self._stems.get(word[:size], set()) if size <= len(word) else set()
            if len(self._known) > 50_000:
                self._known.clear()
            known = self._known[word] = tuple(sorted(places))
        return known


@cache
def shipped() -> AspectWords:
    """The words that come with Shenava."""
    lines = (files("enrich") / "aspect_words.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return AspectWords({name: words.replace('"', "").split() for name, _, words in rows})


class WithAspects:
    """An encoder's vectors with the words of aspects counted behind them: what :mod:`enrich.columns` reads.

    Not of length 1, and so no :class:`crm.ports.encoder.Encoder` for comparing texts.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._words = encoder, shipped()
        self.name, self.version = f"{encoder.name}+aspects", encoder.version
        self.dimensions = encoder.dimensions + len(self._words.names)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, (texts, dimensions)."""
        counted = self._words.counts(texts)
        return np.hstack([self._encoder.encode(texts), counted])
