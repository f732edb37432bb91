"""How names sound, in Persian and in Latin letters, so that «محمد» meets "Mohammad", "Muhamad" and "mohammed".

A name becomes a row of sounds. What both scripts write is one sound (``S`` for «ش» and "sh", ``q`` for «غ», «ق» and
"gh"); «ا», «و», «ی», «ع» and a last «ه» keep marks of their own, for they stand for several. Two rows are compared by
the cheapest way to turn one into the other: what one script leaves open costs nothing, another consonant costs 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import accumulate
from math import inf

import msgspec
from msgspec import structs

from crm.text.characters import TABLE, ZWNJ

PERSIAN = frozenset("AWYEX@")
"""Sounds that only Persian letters give: alef, vav, ye, eyn, a last he, and an alef that begins a word."""

_VOWELS = frozenset("aeiouUIé")
_LATIN = {
    "tch": "c", "sch": "S", "sh": "S", "ch": "c", "kh": "x", "gh": "q", "zh": "j", "ph": "f", "th": "t",
    "ck": "k", "ee": "i", "oo": "U", "ou": "U", "ei": "I", "ey": "I", "iy": "i", "ii": "i", "uu": "U",
    "w": "v", "x": "ks", "h": "H", "q": "q",
}  # fmt: skip
_PIECE = re.compile("tch|sch|sh|ch|kh|gh|zh|ph|th|ck|ee|oo|ou|ei|ey|iy|ii|uu|[a-z]")
_SOFT_C = re.compile("c(?=[eiy])")
_OW = re.compile("ow(?![aeiou])")
_STRETCHED = re.compile(r"(\w)\1\1+")
_EMOJI = re.compile(r"emoji[0-9a-f]+")
_WORD = re.compile(r"[^\W\d_]+")
_SILENT = frozenset("AWYEX@aeiouUIéHhvy")
_INITIALS = {
    "S": "s",
    "x": "k",
    "q": "g",
    "c": "k",
    "Y": "y",
    "W": "v",
    "X": "H",
    "h": "H",
    **dict.fromkeys("AE@aeiouUIé", "a"),
}

_SWAPS: dict[str, float] = {
    # What a Persian letter is when it is written in Latin ones.
    "@a": 0, "@e": 0, "@o": 0, "@i": 0.05, "@u": 0.05, "@U": 0.1, "@I": 0.1, "@A": 0, "@E": 0.35, "Aa": 0, "Ao": 0.3,
    "Ae": 0.5, "Aé": 0.6, "EA": 0.1, "Ea": 0, "Ee": 0, "Eé": 0, "Eo": 0, "Ei": 0.05, "Eu": 0.05, "Wv": 0, "Wu": 0,
    "WU": 0, "Wo": 0.05, "Yi": 0, "Yy": 0, "YI": 0, "Ye": 0.4, "Yé": 0.3, "Xe": 0, "Xé": 0, "Xa": 0.35, "XH": 0.02,
    "Xh": 0.34, "hH": 0.02, "WY": 0.8, "AW": 0.6,
    # Vowels among themselves.
    "ae": 0.25, "aé": 0.4, "eé": 0.02, "ei": 0.35, "eI": 0.15, "ié": 0.4, "iI": 0.15, "ou": 0.05, "uU": 0.05,
    "oU": 0.05, "ao": 0.4, "ai": 0.4, "aI": 0.3, "au": 0.4, "eo": 0.5, "iu": 0.5, "iy": 0.1, "Iy": 0.2,
    # Consonants that are heard or written for each other.
    "qg": 0.2, "qk": 0.4, "gk": 0.7, "gj": 0.5, "xk": 0.4, "xH": 0.4, "sz": 0.5, "td": 0.5, "vb": 0.8, "vf": 0.6,
    "Wf": 0.7, "sS": 0.6, "jz": 0.6, "cS": 0.6, "ck": 0.6, "cj": 0.7, "bp": 0.6, "mn": 0.8,
}  # fmt: skip
_COST = {pair if way else pair[::-1]: cost for pair, cost in _SWAPS.items() for way in (True, False)}
_ALONE = {
    "A": 0.4, "W": 0.6, "Y": 0.5, "E": 0.05, "X": 0.5, "@": 0.4, "H": 0.7, "h": 0.1,
    # A Latin vowel of which the Persian letters say nothing.
    "a": 0.01, "e": 0.01, "o": 0.01, "u": 0.15, "U": 0.5, "i": 0.4, "I": 0.5, "y": 0.5, "é": 0.45,
}  # fmt: skip
"""What a sound costs that the other row lacks; any other costs 1."""
_LATIN_ALONE = _ALONE | dict.fromkeys("aeouUiIyé", 0.4)
"""The same between two rows in Latin letters, where a vowel is not left out without reason."""

FLOOR, PER_SOUND, CAP, JOINED = 0.3, 0.06, 0.6, 0.34
_STRICT = 0.15


class Names(msgspec.Struct, frozen=True):
    """Lists about names, written for the purpose: ``names.json``."""

    letters: dict[str, str]
    titles: frozenset[str]
    fillers: frozenset[str]
    short: dict[str, tuple[str, ...]]
    compound: tuple[str, ...]
    compound_second: tuple[str, ...]
    suffixes: tuple[str, ...]
    countries: frozenset[str]
    place_fields: frozenset[str]


@cache
def names() -> Names:
    """The lists, read once."""
    read = msgspec.json.decode(files("crm.policies").joinpath("names.json").read_bytes(), type=Names)
    lists = ("titles", "fillers", "countries", "place_fields")
    return structs.replace(read, **{name: frozenset(map(folded, getattr(read, name))) for name in lists})


def folded(text: str) -> str:
    """Letters of a name evened out: case, accents, Arabic spellings, fancy and stretched letters, no emoji."""
    plain = _STRETCHED.sub(r"\1", text.translate(TABLE))
    return _EMOJI.sub(" ", plain)


def words(text: str) -> list[str]:
    """The words of a name, folded; a half-space joins, and digits and signs go."""
    return _WORD.findall(folded(text).replace(ZWNJ, ""))


@lru_cache(maxsize=20_000)
def sounds(word: str) -> str:
    """The sounds of one folded word, or of several written together."""
    if word and word[0] in names().letters:
        return _persian(word)
    return _latin(word) if word.isascii() else "".join(_persian(part) if part[0] > "ÿ" else _latin(part)
                                                       for part in re.findall(r"[a-z]+|[^a-z]+", word))  # fmt: skip


def _persian(word: str) -> str:
    letters = names().letters
    heard = [letters.get(letter, "") for letter in word]
    if heard and heard[0] == "A":
        heard[0] = "" if heard[1:2] == ["Y"] else "@"
    if len(heard) > 1 and heard[-1] == "H":
        heard[-1] = "X"
    return _single("".join(heard))


def _latin(word: str) -> str:
    pieces = _PIECE.findall(_OW.sub("o", _SOFT_C.sub("s", word)))
    heard = []
    for at, piece in enumerate(pieces):
        sound = _LATIN.get(piece, "k" if piece == "c" else piece)
        if sound == "y" and at and not (at + 1 < len(pieces) and pieces[at + 1][0] in "aeiou"):
            sound = "i"
        if sound == "H" and len(pieces) > 1 and at == len(pieces) - 1 and pieces[at - 1][-1] in "aeiouy":
            sound = "h"
        if sound == "e" and at and pieces[at + 1 :] in ([], ["h"]):
            sound = "é"
        heard.append(sound)
    return _single("".join(heard))


@lru_cache(maxsize=50_000)
def _single(heard: str) -> str:
    return "".join(sound for at, sound in enumerate(heard) if not at or heard[at - 1] != sound or sound in "aeio")


@lru_cache(maxsize=50_000)
def bones(heard: str) -> str:
    """The consonants that every spelling writes, sorted: the order of the parts of a name does not count."""
    return "".join(sorted("q" if sound == "g" else sound for sound in heard if sound not in _SILENT))


def initial(heard: str) -> str:
    """What a word that sounds so is shortened to: one letter for those that Latin initials don't tell apart."""
    return _INITIALS.get(heard[0], heard[0]) if heard else ""


def costs(one: str, other: str, enough: float = inf) -> list[float]:
    """The cost of turning `one` into each beginning of `other`, from the empty one to the whole.

    Where all of them cost more than `enough` it is left there; what then is given costs more than that, too.
    """
    alone = (_ALONE if _crossed(one, other) else _LATIN_ALONE).get
    added = [alone(sound, 1.0) for sound in other]
    row = [0.0, *accumulate(added)]
    swap = _COST.get
    for sound in one:
        gone = alone(sound, 1.0)
        before, row = row, [row[0] + gone]
        last = row[0]
        for at, theirs in enumerate(other):
            best = before[at] if sound == theirs else before[at] + swap(sound + theirs, 1.0)
            if (down := before[at + 1] + gone) < best:
                best = down
            if (right := last + added[at]) < best:
                best = right
            row.append(best)
            last = best
        if min(row) > enough:
            return [min(row)] * len(row)
    return row


def _crossed(one: str, other: str) -> bool:
    """Whether Latin vowels stand against Persian letters, which leave short vowels out."""
    return (_VOWELS.isdisjoint(one) != _VOWELS.isdisjoint(other)) or not PERSIAN.isdisjoint(one + other)


def distance(one: str, other: str, enough: float = inf) -> float:
    """How far two rows of sounds lie apart: 0 for the same, 1 for each other consonant; see :func:`costs`."""
    return costs(one, other, enough)[-1]


def allowed(one: str, other: str) -> float:
    """Up to which distance these two still sound the same."""
    return min(CAP, max(FLOOR, PER_SOUND * max(len(one), len(other))))


def begin_alike(one: str, other: str) -> bool:
    """Whether two rows of sounds may begin the same; a beginning that is a vowel or a "y" may be written or not."""
    first, second = initial(one), initial(other)
    return first == second or (first in "ay" and second in "ay")


@lru_cache(maxsize=100_000)
def alike(one: str, other: str) -> bool:
    """Whether two words, as rows of sounds, can be one name."""
    if not (one and other) or bones(one) != bones(other) or not begin_alike(one, other):
        return False
    most = allowed(one, other)
    return distance(one, other, most) <= most


@lru_cache(maxsize=20_000)
def alike_joined(one: str, other: str) -> bool:
    """Whether several words written together can be the same: each of them, so there is no more room than for one."""
    return bones(one) == bones(other) and begin_alike(one, other) and distance(one, other, JOINED) <= JOINED


def glued(parts: Sequence[str]) -> str:
    """Rows of sounds as one; what ends a part and begins the next is heard once."""
    return _single("".join(parts))


@cache
def short_forms() -> dict[str, tuple[str, ...]]:
    """Short forms, as they are written, by the bones of the name they stand for."""
    found: dict[str, list[str]] = {}
    for short, whole in names().short.items():
        for name in whole:
            found.setdefault(bones(sounds(name)), []).append(short)
    return {name: tuple(some) for name, some in found.items()}


def is_short(heard: str, short: str) -> bool:
    """Whether a word of these sounds is that short form, in the letters in which the form is written.

    Other letters would leave open too much: "Eli" and "Ali" are one in Persian letters but for the first.
    """
    sound = sounds(short)
    same = PERSIAN.isdisjoint(heard) == PERSIAN.isdisjoint(sound)
    return same and bones(heard) == bones(sound) and distance(heard, sound) <= _STRICT


@cache
def whole_forms() -> dict[str, tuple[tuple[str, str], ...]]:
    """By the bones of a short form: how it is written, and the sounds of a name it may stand for."""
    found: dict[str, list[tuple[str, str]]] = {}
    for short, whole in names().short.items():
        found.setdefault(bones(sounds(short)), []).extend((short, sounds(name)) for name in whole)
    return {name: tuple(some) for name, some in found.items()}


@lru_cache(maxsize=20_000)
def halves(heard: str) -> tuple[str, ...]:
    """The two halves of a double given name such as Alireza; none of another name."""
    for first, second in _doubles().get(bones(heard), ()):
        if alike_joined(glued((first, second)), heard):
            return first, second
    return ()


@cache
def _doubles() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for first in map(sounds, names().compound):
        for second in map(sounds, names().compound_second):
            found.setdefault(bones(glued((first, second))), []).append((first, second))
    return found


def ends_surname(heard: str) -> bool:
    """Whether a word belongs to the surname before it: «نژاد», "poor", "zadeh"."""
    return any(alike(heard, sounds(suffix)) for suffix in names().suffixes)
