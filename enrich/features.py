"""Hashed character and word n-grams of short posts, a whole batch at a time in numpy.

Texts are joined, turned into one array of code points, folded through a table and hashed with
rolling multiplications, so no Python runs per character. The folding here belongs to the shipped
weights: it is deliberately not :mod:`crm.text`, which may change while weights stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from enrich import lexicon

Fold = Literal["script", "sense"]
"""`script` keeps letters of different languages apart; `sense` unites spellings of one word."""

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint32]

VERSION = 1
"""Raised whenever the same text would give other features; weights of another version are refused."""

ARABIC_SHARE = 0.3
"""From this share of Arabic letters on a text is read as Arabic script: Persian posts quote brands and models."""

SEPARATOR, LINK, HANDLE = "\ue000", "\ue001", "\ue002"
DROP, SPACE, LETTER, DIGIT, MARK, PICTURE = range(6)

_TABLE_SIZE = 0x20000
_RANGES = ((0, 0x3400), (0xFB00, 0x10000), (0x1D400, 0x1D800), (0x1F000, 0x1FB00))
_ARABIC = (0x0600, 0x0700)
_STEP = np.uint32(0x01000193)
_MIX = np.uint32(0x9E3779B1)
_LONGEST = 64
_LINK = re.compile(rf"https?://[^\s{SEPARATOR}]*")
_HANDLE = re.compile(r"@[\w.]+")
_WRITTEN = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " ", "{link}": f" {LINK} "}
_NOT_SAID = re.compile(r"https?://\S+|[@#]\S+")
_WORD = re.compile(r"[^\W\d_]{2,}(?:\u200c[^\W\d_]+)*")
_ARABIC_LETTER, _LATIN_LETTER = re.compile(r"[\u0620-\u06d5]"), re.compile(r"[A-Za-z\u00c0-\u024f]")
_DROPPED = {0x0027, 0x2019, 0x02BC, 0x0640, 0x0670, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0xFE0F, 0xFEFF, 0x00AD}
_DROPPED |= {*range(0x0300, 0x0370), *range(0x064B, 0x0660), *range(0x202A, 0x202F), *range(0x2060, 0x206A)}
_DROPPED |= set(range(0x1F3FB, 0x1F400))
_SAME_LETTER = {
    "ي": "ی",
    "ى": "ی",
    "ئ": "ی",
    "ك": "ک",
    "ة": "ه",
    "ۀ": "ه",
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ٱ": "ا",
    "ؤ": "و",
}


class Spec(Struct, frozen=True):
    """Which features a model reads.

    `bits` buckets the hashes into 2**bits; `chars` and `words` are the shortest and longest
    n-grams (words (0, 0): none); `limit` is how many characters of a text are read; `mood`
    adds the counts of words from :mod:`enrich.lexicon`, turned round by a negation nearby.
    """

    bits: int
    chars: tuple[int, int]
    words: tuple[int, int]
    limit: int
    fold: Fold
    mood: bool = False


class Batch(Struct, frozen=True):
    """Folded texts in one row: `codes` and `kinds` per character, `owner` the text it belongs to,
    `left` how many characters of that text are left from here on. `size` counts the texts."""

    codes: Hashes
    kinds: NDArray[np.uint8]
    owner: Ints
    left: Ints
    size: int


def read(texts: Sequence[str], limit: int, fold: Fold) -> Batch:
    """Fold texts: links, handles and entities replaced, case, digits, stretched words and spaces evened out."""
    cut = [text[:limit] for text in texts] or [""]
    joined = SEPARATOR.join(cut)
    if joined.count(SEPARATOR) != len(cut) - 1:
        joined = SEPARATOR.join(text.replace(SEPARATOR, " ") for text in cut)
    joined = _without_noise(joined).replace(SEPARATOR, f" {SEPARATOR} ")
    raw = np.frombuffer(f" {joined} ".encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)
    table, kind_table = _tables(fold)
    known = raw < _TABLE_SIZE
    low = np.where(known, raw, 0)
    codes, kinds = np.where(known, table[low], raw), np.where(known, kind_table[low], LETTER).astype(np.uint8)
    kept = kinds != DROP
    codes, kinds = _evened(codes[kept], kinds[kept])
    breaks = np.flatnonzero(codes == ord(SEPARATOR))
    edges = np.concatenate((breaks, [len(codes)]))
    lengths = np.diff(edges, prepend=-1)
    owner = np.repeat(np.arange(len(cut)), lengths)[: len(codes)]
    left = np.repeat(edges, lengths)[: len(codes)] - np.arange(len(codes))
    return Batch(codes=codes, kinds=kinds, owner=owner, left=left, size=len(cut))


def folded(texts: Sequence[str], limit: int, fold: Fold) -> list[str]:
    """The texts as :func:`read` sees them, one string each."""
    if not texts:
        return []
    codes = read(texts, limit, fold).codes
    return codes.astype("<u4").tobytes().decode("utf-32-le", "replace").split(SEPARATOR)


def words(text: str) -> list[str]:
    """Words of two or more letters as they are written, without links, handles and hashtags."""
    return _WORD.findall(_NOT_SAID.sub(" ", text))


def arabic_share(text: str) -> float:
    """Which share of the Arabic and Latin letters is Arabic; 0 where there are none."""
    arabic, latin = len(_ARABIC_LETTER.findall(text)), len(_LATIN_LETTER.findall(text))
    return arabic / max(arabic + latin, 1)


class Runs(Struct, frozen=True):
    """The words, gaps, runs of marks and single pictures of a batch in their order, (runs,): hash, text, kind, first
    character and length; `of` is the run of each character."""

    hashes: Hashes
    owner: Ints
    kinds: NDArray[np.uint8]
    starts: Ints
    lengths: Ints
    of: Ints


def runs(batch: Batch) -> Runs:
    """Cut texts where letters and digits end; every picture stands alone."""
    kinds = np.where(batch.kinds == DIGIT, LETTER, batch.kinds).astype(np.uint8)
    new = np.ones(len(kinds), dtype=bool)
    new[1:] = (kinds[1:] != kinds[:-1]) | (kinds[1:] == PICTURE)
    starts = np.flatnonzero(new)
    lengths = np.diff(starts, append=len(kinds))
    of = np.repeat(np.arange(len(starts)), lengths)
    if not len(starts):
        return Runs(starts.astype(np.uint32), starts, kinds, starts, lengths, of)
    place = np.arange(len(kinds)) - starts[of]
    powers = _powers()[np.minimum(place, _LONGEST - 1)]
    hashes = np.add.reduceat((batch.codes + np.uint32(1)) * _MIX * powers, starts).astype(np.uint32)
    return Runs(hashes, batch.owner[starts], kinds[starts], starts, lengths, of)


def gram_buckets(batch: Batch, begun: Ints, size: int, salt: int, bits: int) -> Ints:
    """The buckets of runs of `size` characters that begin at these places of the batch."""
    rolling = batch.codes[begun] * _MIX
    for place in range(1, size):
        rolling = rolling * _STEP + batch.codes[begun + place]
    return _bucket(rolling, salt, bits)


def groups(batch: Batch, spec: Spec) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of arrays (text index, bucket), one pair per kind of n-gram; repeats count as often as they occur."""
    yield from _char_grams(batch, spec)
    if spec.words[1]:
        owner, hashes = _tokens(batch)
        yield from _word_grams(owner, hashes, spec)
        if spec.mood:
            yield from _moods(owner, hashes, spec, batch.size)


def _char_grams(batch: Batch, spec: Spec) -> Iterator[tuple[Ints, Ints]]:
    rolling = batch.codes * _MIX
    for size in range(1, spec.chars[1] + 1):
        if size > 1:
            rolling = rolling[:-1] * _STEP + batch.codes[size - 1 :]
        if size >= spec.chars[0]:
            whole = batch.left[: len(rolling)] >= size
            yield batch.owner[: len(rolling)][whole], _bucket(rolling[whole], size, spec.bits)


def _tokens(batch: Batch) -> tuple[Ints, Hashes]:
    """Words, runs of marks and single pictures: the text of each and its hash."""
    found = runs(batch)
    spoken = found.kinds != SPACE
    return found.owner[spoken], found.hashes[spoken]


def _word_grams(owner: Ints, hashes: Hashes, spec: Spec) -> Iterator[tuple[Ints, Ints]]:
    rolling = hashes
    for size in range(1, spec.words[1] + 1):
        if size > 1:
            rolling = rolling[:-1] * _STEP + hashes[size - 1 :]
        if size >= spec.words[0]:
            whole = owner[: len(rolling)] == owner[size - 1 :]
            yield owner[: len(rolling)][whole], _bucket(rolling[whole], 100 + size, spec.bits)


def _moods(owner: Ints, hashes: Hashes, spec: Spec, size: int) -> Iterator[tuple[Ints, Ints]]:
    """Kind and bad words, each turned round by a negation nearby, and the mood of the whole text.

    Each weighs as much as several n-grams.
    """
    words, moods = _lexicon()
    at = np.minimum(np.searchsorted(words, hashes), len(words) - 1)
    mood = np.where(words[at] == hashes, moods[at], 0)
    turned = _near(owner, mood == lexicon.NOT_BEFORE, (1, 2, 3)) | _near(owner, mood == lexicon.NOT_AFTER, (-1, -2))
    felt = np.abs(mood) == 1
    kind = (mood + np.where(turned, 10, 20))[felt].astype(np.uint32)
    yield np.repeat(owner[felt], lexicon.WEIGHT), np.repeat(_bucket(kind, 200, spec.bits), lexicon.WEIGHT)
    warm = felt & ((mood == lexicon.GOOD) != turned)
    good, bad = (np.minimum(np.bincount(owner[of], minlength=size), 3) for of in (warm, felt & ~warm))
    whole = (good * 4 + bad).astype(np.uint32)
    yield np.repeat(np.arange(size), lexicon.WEIGHT), np.repeat(_bucket(whole, 201, spec.bits), lexicon.WEIGHT)


def _near(owner: Ints, flags: NDArray[np.bool_], distances: Sequence[int]) -> NDArray[np.bool_]:
    """Which tokens have a flagged one so many places before them (after them: negative), in the same text."""
    near = np.zeros(len(flags), dtype=bool)
    for distance in distances:
        if abs(distance) >= len(flags):
            continue
        here, there = (slice(distance, None), slice(None, -distance))
        if distance < 0:
            here, there = slice(None, distance), slice(-distance, None)
        near[here] |= flags[there] & (owner[here] == owner[there])
    return near


def _bucket(hashes: Hashes, salt: int, bits: int) -> Ints:
    mixed = (hashes ^ (hashes >> np.uint32(15))) * np.uint32(0x85EBCA6B) + np.uint32(salt * 0x27D4EB2F & 0xFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return (mixed >> np.uint32(32 - bits)).astype(np.int64)


def _evened(codes: Hashes, kinds: NDArray[np.uint8]) -> tuple[Hashes, NDArray[np.uint8]]:
    """One space in a row, at most two of any other; of three or more Arabic letters one."""
    starts = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    runs = np.diff(starts, append=len(codes))
    first, stays = codes[starts], kinds[starts]
    arabic = (first >= _ARABIC[0]) & (first < _ARABIC[1])
    most = np.where((stays == SPACE) | (arabic & (runs > 2)), 1, 2)
    keep = np.minimum(runs, most)
    return np.repeat(first, keep), np.repeat(stays, keep)


def _without_noise(joined: str) -> str:
    for written, meant in _WRITTEN.items():
        joined = joined.replace(written, meant)
    return _HANDLE.sub(f" {HANDLE} ", _LINK.sub(f" {LINK} ", joined))


@cache
def _powers() -> Hashes:
    powers = np.full(_LONGEST, _STEP, dtype=np.uint32)
    powers[0] = 1
    return np.multiply.accumulate(powers, dtype=np.uint32)


@cache
def _lexicon() -> tuple[Hashes, Ints]:
    entries = [(word, mood) for mood, words in lexicon.moods().items() for word in sorted(words)]
    batch = read([word for word, _ in entries], 40, "sense")
    owner, hashes = _tokens(batch)
    once = np.bincount(owner, minlength=len(entries)) == 1
    moods = np.array([mood for _, mood in entries])
    order = np.argsort(hashes[once[owner]], kind="stable")
    return hashes[once[owner]][order], moods[owner[once[owner]]][order]


@cache
def _tables(fold: Fold) -> tuple[Hashes, NDArray[np.uint8]]:
    """What every code point becomes, and which kind of character it is."""
    codes = np.arange(_TABLE_SIZE, dtype=np.uint32)
    kinds = np.full(_TABLE_SIZE, LETTER, dtype=np.uint8)
    for start, end in _RANGES:
        for code in range(start, end):
            codes[code], kinds[code] = _folded(chr(code), fold)
    markers = SPACE if fold == "script" else PICTURE
    for marker in (LINK, HANDLE):
        codes[ord(marker)] = ord(" ") if fold == "script" else ord(marker)
        kinds[ord(marker)] = markers
    kinds[ord(SEPARATOR)] = SPACE
    return codes, kinds


def _folded(char: str, fold: Fold) -> tuple[int, int]:
    if ord(char) in _DROPPED:
        return 0, DROP
    plain = unicodedata.normalize("NFKC", char).casefold()
    if fold == "sense":
        plain = _SAME_LETTER.get(plain, plain)
        plain = unicodedata.normalize("NFD", plain)[:1] or plain if "LATIN" in unicodedata.name(char, "") else plain
    code = ord(plain[:1] or " ")
    category = unicodedata.category(chr(code))
    if category[0] == "Z" or category[0] == "C":
        return ord(" "), SPACE
    if category == "Nd":
        return ord("0"), DIGIT
    if category in {"So", "Sk"}:
        return code, PICTURE
    if category[0] in "PS":
        return (ord(" "), SPACE) if fold == "script" else (code, MARK)
    return code, LETTER
