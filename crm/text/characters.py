"""What becomes of one character: a table for :meth:`str.translate` that fills itself.

Letters are case-folded and lose accents and marks, Arabic spellings become Persian ones, digits
become Latin, an emoji becomes a word of its own (``emoji1f621``), everything else a space.
"""

from __future__ import annotations

from unicodedata import category, decimal, normalize

ZWNJ = "\u200c"

_LETTERS = {
    **dict.fromkeys("يىئےۍېێۑٸ", "ی"),
    **dict.fromkeys("كڪ", "ک"),
    "ګ": "گ",
    **dict.fromkeys("ةهہھۃەۀ", "ه"),
    "ں": "ن",
    **dict.fromkeys("ٱٲٳٵ", "ا"),
    **dict.fromkeys("ۆۇۈۋ", "و"),
    # A hamza of its own is left out as often as written; a tatweel is decoration.
    **dict.fromkeys("ءٴـ", ""),
    "ı": "i",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
}
_APOSTROPHES = dict.fromkeys("'’ʼʻʾʿ＇", "")
# Half-spaces as old keyboards and sites write them. A soft hyphen or a BOM inside a word simply goes.
_HALF_SPACES = {**dict.fromkeys("\u200c\u200b¬", ZWNJ), **dict.fromkeys("\u00ad\ufeff\u2060\u200d", "")}
_BIDI = dict.fromkeys("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "")
# Skin tones, the gender signs of joined emoji, keycaps and variation selectors change no meaning we search for.
_EMOJI_PARTS = {**dict.fromkeys("🏻🏼🏽🏾🏿♀♂", " "), "\u20e3": "", "\ufe0e": "", "\ufe0f": ""}
_FIXED = {**_LETTERS, **_APOSTROPHES, **_HALF_SPACES, **_BIDI, **_EMOJI_PARTS, "\u066c": ""}

_EMOJI_RANGES = (
    (0x1F000, 0x1F0FF),
    (0x1F18E, 0x1F18E),
    (0x1F191, 0x1F19A),
    (0x1F1E6, 0x1FAFF),
    (0x2600, 0x27BF),
    (0x231A, 0x231B),
    (0x23E9, 0x23F3),
    (0x23F8, 0x23FA),
    (0x2B05, 0x2B07),
    (0x2B1B, 0x2B1C),
    (0x2B50, 0x2B55),
)
# One token a character: a whole run of these would be one word for SQLite and many for Elasticsearch.
_IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _stable(character: str) -> str:
    """Compatibility-decomposed and case-folded until nothing changes any more."""
    while (folded := normalize("NFKD", normalize("NFKD", character).casefold())) != character:
        character = folded
    return character


def _letter(character: str) -> str:
    if character in _FIXED:
        return _FIXED[character]
    kind = category(character)
    if kind[0] == "M":
        return ""
    if kind == "Nd":
        return str(decimal(character))
    if kind[0] != "L":
        return " "
    return f" {character} " if _within(ord(character), _IDEOGRAPHS) else character


def fold_character(character: str) -> str:
    """What stands for one character in folded text; a space where it separates words."""
    if character in _FIXED:
        return _FIXED[character]
    if _within(ord(character), _EMOJI_RANGES):
        return f" emoji{ord(character):x} "
    return "".join(map(_letter, _stable(character)))


class _Table(dict[int, str]):
    def __missing__(self, code: int) -> str:
        folded = self[code] = fold_character(chr(code))
        return folded


TABLE = _Table()
"""Hand it to :meth:`str.translate`; it grows by each character met, at most one entry a code point."""
