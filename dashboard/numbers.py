"""Numbers as people write them: Persian digits, ٬ and ٫ in Persian; machine-given codes stay as they are."""

from __future__ import annotations

from functools import lru_cache

from babel.numbers import format_compact_decimal, format_decimal

from dashboard.context import Language, language

_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_RLM = "\u200f"


def digits(text: str, lang: Language | None = None) -> str:
    """`text` with the digits of the language; use it for clocks, dates and counts, not for codes."""
    return text.translate(_DIGITS) if (lang or language()) == "fa" else text


def number(value: float, lang: Language | None = None, places: int = 1) -> str:
    """``12,345`` or ``۱۲٬۳۴۵``; at most `places` decimals."""
    return _number(value, lang or language(), places)


@lru_cache(maxsize=4096)
def _number(value: float, lang: Language, places: int) -> str:
    # A page shows hundreds of numbers, most of them small and many times over.
    plain = format_decimal(round(value, places), locale=lang, numbering_system="latn")
    if lang == "fa":
        plain = plain.replace(",", "٬").replace(".", "٫").replace("\u200e", "")
    return digits(plain.replace("−", "-").replace("-", "\u2212"), lang)


def whole(text: str) -> int | None:
    """The whole number that somebody wrote, ``12,345`` or ``۱۲٬۳۴۵``; None where it is none."""
    plain = text.strip().replace(",", "").replace("٬", "")
    return int(plain) if plain.isdecimal() and len(plain) < 19 else None


def percent(share: float, lang: Language | None = None, places: int = 0) -> str:
    """A share between 0 and 1 as ``34%`` or ``۳۴‏٪``; the mark keeps its side of the digits."""
    lang = lang or language()
    shown = number(share * 100, lang, places) if places else number(round(share * 100), lang)
    return f"{shown}{_RLM}٪" if lang == "fa" else f"{shown}%"


def signed(value: float, lang: Language | None = None, places: int = 1) -> str:
    """With its sign in front, ``+9`` or ``−14``; show it in ``<bdi dir="ltr">``."""
    return f"{'+' if value > 0 else ''}{number(value, lang, places)}"


def compact(value: float, lang: Language | None = None) -> str:
    """``2.7M`` or ``۲٫۷ میلیون``; whole below ten thousand."""
    lang = lang or language()
    if abs(value) < 10_000:
        return number(round(value), lang)
    shown = format_compact_decimal(value, locale=lang, fraction_digits=1, numbering_system="latn")
    shown = shown.replace("\u200e", "")
    return digits(shown.replace(".", "٫"), lang) if lang == "fa" else shown
