"""Finglish, Persian in Latin letters: which Persian words a Latin one may stand for.

A word's consonants find the known words that have the same ones; how likely each letter is written so, and how
common the word is, decides among them. A word that is not known is spelt letter by letter. The tables are learned by
``shenava train``; what they are made of stands in ``crm/text/tables/README.md``.
"""

from __future__ import annotations

import gzip
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from crm.text.letterwise import Speller

TABLES = Path(__file__).parent / "tables"
LANGUAGE = "fa-Latn"

SHORTEST, LONGEST = 2, 24
"""Letters of a Latin word that is looked at."""

_DOUBLED = re.compile(r"([b-dfgj-np-tvz])\1+")
_AGAIN = re.compile(r"(.)\1+")
_WRITTEN = (("kh", "x"), ("sh", "S"), ("ch", "C"), ("zh", "j"), ("gh", "q"), ("c", "k"))
_VOWELS = re.compile("[aeiouyvw]")
_NEVER = -1e9
_BEFORE_H = "kgszc"
"""Letters that make another sound with the h of a plural."""
_STRANGE = 0.25
"""The least share of words that are neither English nor of a neighbour, for a post that may be in Finglish."""

_CLOSE = 3.0
"""A word less likely than the best one by this much (natural logarithm) is no reading."""
_POOR, _ASKED = -2.2, -1.9
"""A known word whose letters fit worse than this each, on average, is no reading of a word in a post, in a query."""

_ALSO = 2
"""Readings of a word that are kept; a post holds the first in its place, the second behind all of them."""

Costs = tuple[tuple[str, float], ...]
"""What may be written, each with the logarithm of its probability."""


class Letter(msgspec.Struct, frozen=True):
    """A Persian letter: its kind and sound, and what stands for it at the beginning, inside and at the end."""

    kind: str
    sound: str
    written: tuple[Costs, Costs, Costs]


class Letters(msgspec.Struct, frozen=True):
    """How Persian is written in Latin letters. `gaps` are the vowels between two letters, by the kinds of both."""

    letters: dict[str, Letter]
    gaps: dict[str, Costs]

    def likelihood(self, word: str, latin: str, least: float = _NEVER) -> float:
        """The logarithm of the chance that `word` is written as `latin` (see :func:`plain`); far less than `least`
        where it is less."""
        last, reached = len(word) - 1, {0: 0.0}
        for at, char in enumerate(word):
            letter = self.letters[char]
            written = letter.written[0 if at == 0 else 2 if at == last else 1]
            following = "E" if at == last else self.letters[word[at + 1]].kind
            reached = _along(latin, _along(latin, reached, written), self.gaps[letter.kind + following])
            if not reached or max(reached.values()) < least:
                return _NEVER
        return reached.get(len(latin), _NEVER)

    def consonants(self, word: str) -> str:
        """A Persian word as the sounds that stay the same however it is written."""
        sounds = "".join(sound for char in word if (sound := self.letters[char].sound) != "-")
        silent = self.letters[word[-1]].sound == "h"
        return _even(sounds[:-1] if silent else sounds)

    def knows(self, word: str) -> bool:
        """Whether every character of a word is a letter of Persian."""
        return all(char in self.letters for char in word)


def _along(latin: str, reached: Mapping[int, float], written: Costs) -> dict[int, float]:
    """From each place reached in `latin` to the places behind what may be written next, the likeliest way."""
    found: dict[int, float] = {}
    for place, so_far in reached.items():
        for text, cost in written:
            if latin.startswith(text, place):
                end, total = place + len(text), so_far + cost
                if total > found.get(end, _NEVER):
                    found[end] = total
    return found


def plain(latin: str) -> str:
    """A Latin word with what has no sound of its own evened out: apostrophes, doubled consonants, ck and ph."""
    return _DOUBLED.sub(r"\1", latin.lower().replace("'", "").replace("ck", "k").replace("ph", "f"))


def consonants(latin: str) -> str:
    """A plain Latin word as the sounds of :meth:`Letters.consonants`."""
    for written, sound in _WRITTEN:
        latin = latin.replace(written, sound)
    return _even(_VOWELS.sub("", latin.removesuffix("h")))


def _even(sounds: str) -> str:
    return _AGAIN.sub(r"\1", sounds.replace("nb", "mb"))


class Reader:
    """Reads Latin words as Persian ones."""

    def __init__(self, letters: Letters, counts: Mapping[str, int], fixed: Mapping[str, str]) -> None:
        """`counts` says how common each known Persian word is, `fixed` what some Latin words stand for anyway."""
        self.letters, self._counts, self._fixed = letters, counts, fixed
        self._alike: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self._speller: Speller | None = None
        total = sum(counts.values())
        for word, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
            if letters.knows(word):
                self._alike[letters.consonants(word)].append((word, math.log(count / total)))

    def common(self, persian: str) -> int:
        """How many texts that this was learned from hold a folded Persian word; 0 for one that is not known."""
        return self._counts.get(persian, 0)

    def known(self, latin: str, most: int, *, poorest: float = _POOR) -> list[str]:
        """The known words that `latin` may stand for, the likeliest first.

        None of them fits worse than `poorest`, the mean logarithm of a letter's chance.
        """
        written = plain(latin)
        found: list[tuple[float, str]] = []
        worst = poorest * len(written)
        for word, chance in self._alike.get(consonants(written), ()):
            least = found[-1][0] - chance if len(found) == most else found[0][0] - _CLOSE - chance if found else _NEVER
            if least > 0:
                break
            fit = self.letters.likelihood(word, written, max(least, worst))
            if fit > worst:
                found = sorted([*found, (fit + chance, word)], reverse=True)[:most]
        words = [word for total, word in found if total >= found[0][0] - _CLOSE]
        fixed = self._fixed.get(latin)
        return [fixed, *(word for word in words if word != fixed)][:most] if fixed else words

    def readings(self, latin: str, most: int) -> list[str]:
        """The known words that `latin` may stand for, or where there are none its likeliest spellings."""
        found = self.known(latin, most)
        if found:
            return found
        if self._speller is None:
            self._speller = Speller(self.letters, self._counts)
        return self._speller.spelt(plain(latin), most)


@cache
def reader() -> Reader:
    """The reader of the shipped tables."""
    letters = msgspec.json.decode(gzip.decompress((TABLES / "finglish.json.gz").read_bytes()), type=Letters)
    counts = {word: int(count) for word, count in _pairs("words_fa.txt.gz")}
    return Reader(letters, counts, dict([*_pairs("finglish_words.txt.gz"), *_parts("before")]))


def lines(name: str) -> Iterator[str]:
    """The lines of a shipped table, without comments."""
    packed = (TABLES / name).read_bytes()
    for line in (gzip.decompress(packed) if name.endswith(".gz") else packed).decode().splitlines():
        if line and not line.startswith("#"):
            yield line


def _pairs(name: str) -> Iterator[tuple[str, str]]:
    for line in lines(name):
        first, _, second = line.partition(" ")
        yield first, second


@cache
def foreign() -> frozenset[str]:
    """Words of English and its neighbours: a query that holds one means it."""
    return frozenset(lines("latin.txt.gz"))


def is_latin(token: str) -> bool:
    """Whether a folded token may be a word of Finglish."""
    return SHORTEST <= len(token) <= LONGEST and token.isascii() and token.isalpha()


@lru_cache(maxsize=50_000)
def known_readings(token: str) -> tuple[str, ...]:
    """The known Persian words that a word of a post in Finglish may stand for, the likeliest first."""
    if not is_latin(token):
        return ()
    whole = reader().known(token, _ALSO)
    plural = _plural(token)
    if plural and not any(word.endswith(plural[1].split()[0]) for word in whole):
        return tuple(f"{stem} {plural[1]}" for stem in reader().known(plural[0], 1)) or tuple(whole)
    return tuple(whole)


@lru_cache(maxsize=50_000)
def readings(token: str) -> tuple[str, ...]:
    """The same; a word that is neither known nor foreign is spelt in likely letters."""
    found = known_readings(token)
    if found or not is_latin(token) or token in foreign():
        return found
    return tuple(reader().readings(token, 1))


def _plural(token: str) -> tuple[str, str] | None:
    """A word without its plural, and what that is in Persian."""
    for latin, persian in _endings():
        stem = token.removesuffix(latin)
        if stem != token and len(stem) >= SHORTEST and stem[-1] not in _BEFORE_H:
            return stem, persian
    return None


@cache
def _endings() -> list[tuple[str, str]]:
    return sorted(_parts("plural"), key=lambda one: -len(one[0]))


def _parts(wanted: str) -> Iterator[tuple[str, str]]:
    for kind, rest in _pairs("parts.txt"):
        if kind == wanted:
            latin, _, persian = rest.partition(" ")
            yield latin, persian


@lru_cache(maxsize=10_000)
def asked(token: str) -> tuple[str, ...]:
    """What a word of a query may stand for besides itself; none for a word that is foreign or fits none well."""
    if len(token) < 3 or not is_latin(token) or token in foreign() or not _VOWELS.search(token):
        return ()
    return tuple(reader().known(token, _ALSO, poorest=_ASKED))


def likely(tokens: Iterable[str]) -> bool:
    """Whether these may be the tokens of a post in Finglish: enough of them are Latin words that nothing else is.

    Quick and generous: it lets some posts of other languages through, to be looked at properly.
    """
    words = [token for token in tokens if is_latin(token)]
    return sum(token not in foreign() for token in words) >= max(1.0, _STRANGE * len(words))
