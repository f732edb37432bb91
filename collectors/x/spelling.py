"""How people write what our folded tokens stand for, since X looks for a word as it is written.

Folding takes away: Arabic ي ك, the madda of آ, the hamza of ئ, half-spaces, and the signs of hashtags and handles.
The likelier a spelling, the lower its rank, so that a long query keeps the likely ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crm.text import ZWNJ
from crm.text.affixes import COMPARATIVES, ENCLITICS, VERB_PREFIXES

RICHEST = 3
"""The rank up to which everything is written."""
_ARABIC = str.maketrans("یک", "يك")
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_RESERVED = frozenset({"and", "or", "not"})
_LONGEST_HANDLE = 15
_PLURALS = ("ها", "های")
Ranked = tuple[int, str]


def written(tokens: Sequence[str], richness: int) -> list[str]:
    """The ways to write these neighbouring tokens, of rank at most `richness`, the plain one first."""
    ways = [(0, _plain(tokens)), *(_word(tokens[0]) if len(tokens) == 1 else _phrase(tokens))]
    return list(dict.fromkeys(way for rank, way in ways if rank <= richness))


def _plain(tokens: Sequence[str]) -> str:
    words = [_emoji(token) for token in tokens]
    return _quoted(" ".join(words)) if len(words) > 1 or words[0] in _RESERVED else words[0]


def _emoji(token: str) -> str:
    try:
        return chr(int(token[5:], 16)) if token.startswith("emoji1") or token.startswith("emoji2") else token
    except (ValueError, OverflowError):
        return token


def _word(token: str) -> Iterator[Ranked]:
    if token.startswith("emoji"):
        return
    if token.isdigit():
        yield 1, token.translate(_PERSIAN_DIGITS)
        return
    if token.isascii():
        yield 2, f"#{token}"
        if len(token) <= _LONGEST_HANDLE:
            yield 2, f"@{token}"
        return
    for rank, way in _letters(token):
        yield rank, way
    for rank, way in _half_spaced(token):
        yield rank, way
    yield 2, f"#{token}"
    if len(token) > 2:
        for plural in _PLURALS:
            yield 3, token + ZWNJ + plural
            yield 3, token + plural


def _letters(token: str) -> Iterator[Ranked]:
    """With the letters that folding made one."""
    if (arabic := token.translate(_ARABIC)) != token:
        yield 1, arabic
    if token.startswith("ا"):
        madda = f"آ{token[1:]}"
        yield 1, madda
        yield 2, f"#{madda}"
        yield 2, madda.translate(_ARABIC)
    if "ی" in token[2:-1]:
        at = token.index("ی", 2)
        yield 2, f"{token[:at]}ئ{token[at + 1 :]}"


def _half_spaced(token: str) -> Iterator[Ranked]:
    """With its prefix or ending apart, by a half-space or a space."""
    for prefix in VERB_PREFIXES:
        if token.startswith(prefix) and len(token) > len(prefix) + 2:
            rest = token.removeprefix(prefix)
            yield 1, f"{prefix}{ZWNJ}{rest}"
            yield 1, _quoted(f"{prefix} {rest}")
    for ending in COMPARATIVES:
        if token.endswith(ending) and len(token) > len(ending) + 2:
            stem = token.removesuffix(ending)
            yield 2, f"{stem}{ZWNJ}{ending}"
            yield 2, _quoted(f"{stem} {ending}")


def _phrase(tokens: Sequence[str]) -> Iterator[Ranked]:
    words = [_emoji(token) for token in tokens]
    text = " ".join(words)
    for other in _bound(tokens):
        yield 1, other
    if (arabic := text.translate(_ARABIC)) != text:
        yield 1, _quoted(arabic)
    madda = " ".join(f"آ{word[1:]}" if word.startswith("ا") else word for word in words)
    if madda != text:
        yield 1, _quoted(madda)
    if all(token.isalnum() for token in tokens) and not any(token.startswith("emoji") for token in tokens):
        yield 2, "#" + "_".join(tokens)


def _bound(tokens: Sequence[str]) -> Iterator[str]:
    """A word with its plural or possessive: «کتاب ها» is written «کتاب‌ها» and «کتابها» as well."""
    if len(tokens) == 2 and tokens[1] in ENCLITICS and not tokens[0].isascii():
        yield ZWNJ.join(tokens)
        yield "".join(tokens)


def _quoted(text: str) -> str:
    return f'"{text}"'
