"""How else the words of a query may be said: spoken Persian and formal, and Persian in Latin letters.

The index holds what posts say, as they say it; only posts in Finglish also hold the Persian that they stand for.
So «میخوام» is looked for as «میخواهم» too, and "salam" as «سلام»: whatever index answers, the query is the same. A
Latin word that is English or of a neighbouring language stands for itself alone, unless beside it stands Finglish.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import product
from math import prod

from crm.text import finglish, tokens
from crm.text.spoken import LONGEST_FORM, Form, Spoken

MOST = 8
"""Ways to say a phrase; where there are more, one word of it is changed at a time, or all of them."""
MOST_WORDS = 8
"""Phrases of more tokens are looked for as they stand."""


@cache
def _spoken() -> Spoken:
    return Spoken(tokens, finglish.reader().common)


def also(form: Form) -> tuple[Form, ...]:
    """The other ways to say one or more Persian tokens that belong together."""
    return _spoken().also(form)


def is_finglish(token: str) -> bool:
    """Whether a word of a query is Finglish for certain."""
    return bool(finglish.asked(token))


def read(token: str) -> list[Form]:
    """The Persian that a Latin word stands for beside words of Finglish, in all ways to say it."""
    return _said(finglish.readings(token)) if finglish.is_latin(token) else []


def _said(words: tuple[str, ...]) -> list[Form]:
    forms = [tuple(tokens(word)) for word in words]
    return list(dict.fromkeys([*forms, *(other for form in forms for other in also(form))]))


@lru_cache(maxsize=10_000)
def ways(words: Form) -> tuple[Form, ...]:
    """The other ways to say these tokens side by side."""
    if len(words) > MOST_WORDS:
        return ()
    if len(words) == 1 and finglish.is_latin(words[0]):
        return tuple(_said(finglish.asked(words[0])))
    if all(map(finglish.is_latin, words)):
        return tuple(_read_phrase(words))
    return tuple(way for way in _combined(words) if way != words)


def _read_phrase(words: Form) -> Iterator[Form]:
    """A phrase of Latin words of which at least one is Finglish for certain, in Persian."""
    every = [finglish.readings(word) for word in words]
    if any(map(is_finglish, words)) and all(every):
        few = prod(map(len, every)) <= MOST // 2
        for way in product(*every) if few else [next(product(*every))]:
            yield from _combined(tuple(tokens(" ".join(way))))


def _combined(words: Form) -> list[Form]:
    """The tokens as they stand first, then with any of them said otherwise, or, where that is too much, one or all."""
    every = list(_rebuilt(words, 0))
    if len(every) <= MOST:
        return list(dict.fromkeys([words, *every]))
    every_first = tuple(token for word in words for token in (*also((word,)), (word,))[0])
    one = [
        words[:at] + other + words[at + size :]
        for size in range(1, min(LONGEST_FORM, len(words)) + 1)
        for at in range(len(words) - size + 1)
        for other in also(words[at : at + size])
    ]
    return list(dict.fromkeys([words, *one, every_first]))


def _rebuilt(words: Form, begin: int) -> Iterator[Form]:
    """Every way to say the tokens from `begin` on, up to one more than are wanted."""
    if begin == len(words):
        yield ()
        return
    count = 0
    for size in range(1, min(LONGEST_FORM, len(words) - begin) + 1):
        here = words[begin : begin + size]
        for form in ((here,) if size == 1 else ()) + also(here):
            for rest in _rebuilt(words, begin + size):
                count += 1
                yield form + rest
                if count > MOST:
                    return
