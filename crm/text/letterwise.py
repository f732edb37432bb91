"""Spelling a Latin word in Persian letters where no known word fits: the likeliest letters in a row."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm.text.finglish import Letters

_WIDTH = 8
_HEAD, _END = "^^", "$"
_TRUST = 4.0
_AHEAD = 3.2
"""About what a Latin letter costs: ways that have come further along the word are compared fairly by it."""

Way = tuple[str, int, float]
"""Persian letters so far, how many Latin ones they stand for, and the logarithm of their chance."""


class Speller:
    """Knows which Persian letters follow each other, from known words."""

    def __init__(self, letters: Letters, counts: Mapping[str, int]) -> None:
        self._letters = letters
        self._followed: dict[str, float] = defaultdict(float)
        self._before: dict[str, float] = defaultdict(float)
        for word, count in counts.items():
            if letters.knows(word):
                self._learn(word, 1 + math.log(count))
        self._ways = {kind: self._written(kind) for kind in ("", "V", "H", "C")}
        self._chances: dict[str, float] = {}

    def spelt(self, latin: str, most: int) -> list[str]:
        """The likeliest spellings of a plain Latin word, the best first; none where a letter has no sound here."""
        found: dict[str, float] = {}
        ways: list[Way] = [("", 0, 0.0)]
        while ways:
            further: dict[tuple[str, int], float] = {}
            for way in ways:
                for word, place, chance in self._next(way, latin):
                    further[word, place] = max(chance, further.get((word, place), -math.inf))
            best = sorted(further.items(), key=lambda one: (-(one[1] + _AHEAD * one[0][1]), one[0]))[:_WIDTH]
            ways = [(word, place, chance) for (word, place), chance in best]
            for word in {word for word, place, _ in ways if len(latin) - place <= 2}:
                likelihood = self._letters.likelihood(word, latin)
                if likelihood > -1e8 and word not in found:
                    found[word] = likelihood + self._sounds(word)
            ways = [way for way in ways if len(way[0]) <= len(latin)]
        return sorted(found, key=lambda word: (-found[word], word))[:most]

    def _learn(self, word: str, weight: float) -> None:
        text = f"{_HEAD}{word}{_END}"
        for at in range(len(_HEAD), len(text)):
            for size in range(len(_HEAD) + 1):
                self._followed[text[at - size : at + 1]] += weight
                self._before[text[at - size : at]] += weight

    def _written(self, before: str) -> dict[str, list[tuple[str, float]]]:
        """What may be written next after a letter of this kind: the letters it may be, each with its cost."""
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for char, letter in self._letters.letters.items():
            gaps = self._letters.gaps[before + letter.kind] if before else (("", 0.0),)
            for gap, gap_cost in gaps:
                for text, cost in letter.written[1 if before else 0]:
                    here = found[gap + text]
                    here[char] = max(gap_cost + cost, here.get(char, -math.inf))
        return {text: sorted(costs.items()) for text, costs in found.items()}

    def _next(self, way: Way, latin: str) -> Iterator[Way]:
        word, place, chance = way
        written = self._ways[self._letters.letters[word[-1]].kind if word else ""]
        for size in range(min(5, len(latin) - place + 1)):
            for char, cost in written.get(latin[place : place + size], ()):
                yield word + char, place + size, chance + cost + self._chance(f"{_HEAD}{word}"[-len(_HEAD) :] + char)

    def _sounds(self, word: str) -> float:
        text = f"{_HEAD}{word}{_END}"
        return sum(self._chance(text[at - len(_HEAD) : at + 1]) for at in range(len(_HEAD), len(text)))

    def _chance(self, letters: str) -> float:
        """The logarithm of the chance of the last letter after those before it; shorter memories fill the gaps."""
        known = self._chances.get(letters)
        if known is None:
            share = 1 / len(self._letters.letters)
            for size in range(len(letters)):
                run = letters[len(letters) - size - 1 :]
                total = self._before.get(run[:-1], 0.0)
                share = (self._followed.get(run, 0.0) + _TRUST * share) / (total + _TRUST)
            known = self._chances[letters] = math.log(share)
        return known
