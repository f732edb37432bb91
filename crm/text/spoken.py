"""What Persian words are also written as, for matching only: «میخوام» and «می‌خواهم» find each other.

The tables are ``tables/spoken_fa.txt`` (spoken and formal) and ``tables/spellings_fa.txt`` (spellings that folding does
not unite). A form is its folded tokens: «خوبه» is one, «خوب است» are two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product

from crm.text import finglish

Form = tuple[str, ...]
Fold = Callable[[str], list[str]]
Group = tuple[list[str], list[str]]
"""The spoken and the formal ways to say one thing."""

_TWICE = re.compile("([ایوه])\\1")
_STEM = 2
"""Letters of the shortest word that an ending parts from."""
_OFTEN = 5
"""So many times commoner than the whole must a word without its ending be."""

LONGEST_FORM = 3
"""Tokens of a form that is looked for among other words."""


def _present(words: Sequence[str]) -> Iterator[Group]:
    spoken, formal, *prefixes = words
    third, third_of_vowel = _listed("third")
    for prefix, (here, there) in product(prefixes, _all("ending")):
        before = prefix.strip("-")
        ends = third_of_vowel if here == third and spoken[-1] in _listed("vowels") else here
        yield [before + spoken + ends], [before + formal + there]


def _past(words: Sequence[str]) -> Iterator[Group]:
    spoken, formal = words
    for prefix, ending in product(_listed("past_prefixes"), _listed("past_endings")):
        before, after = prefix.strip("-"), ending.strip("-")
        yield [before + spoken + after], [before + formal + after]


def _listed(name: str) -> list[str]:
    return _all(name)[0]


@cache
def _all(name: str) -> list[list[str]]:
    return [words for kind, words in _rows() if kind == name]


@cache
def _rows() -> list[tuple[str, list[str]]]:
    rows = (line.split() for name in ("spoken_fa.txt", "spellings_fa.txt") for line in finglish.lines(name))
    return [(kind, words) for kind, *words in rows]


def _groups() -> Iterator[Group]:
    copula, stands, plural, whole = (_listed(name)[0] for name in ("copula", "stands", "short_plural", "long_plural"))
    for kind, words in _rows():
        if kind == "present":
            yield from _present(words)
        elif kind == "past":
            yield from _past(words)
        elif kind == "is":
            yield from (([word + copula], [f"{word} {stands}"]) for word in words)
        elif kind == "plural":
            yield from (([word + plural], [f"{word} {whole}"]) for word in words)
        elif kind == "joined":
            yield from (([word.replace("_", "")], [word.replace("_", " ")]) for word in words)
        elif kind == "word":
            at = words.index("|")
            yield words[:at], [" ".join(words[at + 1 :])]


class Spoken:
    """Which forms say the same."""

    def __init__(self, fold: Fold, common: Callable[[str], int]) -> None:
        """`fold` makes tokens of a text; `common` says how often a word was met, 0 for one that is not known."""
        self._common = common
        self._owners, self._never = _all("owner"), frozenset(_listed("never"))
        self._parted, (self._silent, *self._after) = _listed("parted"), _listed("after")
        members: dict[Form, dict[Form, None]] = defaultdict(dict)
        for spoken, formal in _groups():
            for there in formal:
                head = tuple(fold(there))
                said = (tuple(fold(here)) for here in spoken if here not in self._never)
                members[head].update(dict.fromkeys([head, *said]))
        alike: dict[Form, dict[Form, None]] = defaultdict(dict)
        for together in members.values():
            for form in together:
                alike[form].update(dict.fromkeys(other for other in together if other != form))
        self._alike = {form: tuple(others) for form, others in alike.items() if others}

    def also(self, form: Form) -> tuple[Form, ...]:
        """The other ways to say a form; none where there are none."""
        found = self._alike.get(form, ())
        if len(form) == 1:
            found = (*found, *self._owned(form[0]), *self._stretched(form[0]), *self._apart(form[0]))
        elif len(form) == 2:
            found = (*found, *self._participle(*form))
        return tuple(dict.fromkeys(other for other in found if other != form))

    def _owned(self, word: str) -> Iterator[Form]:
        """A possessive, spoken and formal, behind a common word or where both are known."""
        if word in self._never:
            return
        for spoken, formal in self._owners:
            for here, there in ((spoken, formal), (formal, spoken)):
                stem = word.removesuffix(here)
                behind = len(stem) > _STEM and self._common(stem) >= _OFTEN
                if stem != word and (behind or (self._common(word) and self._common(stem + there))):
                    yield (stem + there,)

    def _stretched(self, word: str) -> Iterator[Form]:
        """A word with a letter twice, as folding leaves it once it is drawn out; and back."""
        if not self._common(single := _TWICE.sub(r"\1", word)):
            yield (single,)
        if not self._common(word):
            for at, letter in enumerate(word):
                if self._common(double := word[:at] + letter + word[at:]):
                    yield (double,)

    def _apart(self, word: str) -> Iterator[Form]:
        """A word and an ending that others write apart, where the word alone is far commoner."""
        for ending in self._parted:
            stem = word.removesuffix(ending)
            if stem == word or len(stem) < _STEM or (stem[-1] == self._silent and ending not in self._after):
                continue
            # «کارت» is a card: one letter more is often the end of a word of its own.
            often = _OFTEN if len(ending) > 1 else 2 * _OFTEN
            if self._common(stem) >= often * max(1, self._common(word)):
                yield stem, ending

    def _participle(self, word: str, ending: str) -> Iterator[Form]:
        """«خرید هایم», which is also how folding parts «خریده‌ایم» when it is written as one."""
        if ending[0] == self._silent and ending[1:] in self._after[2:] and self._common(word + self._silent):
            yield word + self._silent, ending[1:]
        if word[-1] == self._silent and ending in self._after[2:]:
            yield word[:-1], self._silent + ending
