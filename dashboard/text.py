"""The catalogue of messages: every text that a person reads in the console.

One file per area and language, ``messages/<language>/<area>.po``; a key is ``area.name`` and
its file is the one of its area. Files are compiled in memory at first use.
"""

from __future__ import annotations

import gettext
import io
import re
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from dashboard.context import LANGUAGES, Language, language
from dashboard.numbers import number

MESSAGES = Path(__file__).parent / "messages"
_LATIN = re.compile("[A-Za-z]")
_ARABIC = re.compile("[\u0600-\u06ff]")


@cache
def catalogue(lang: Language, area: str) -> gettext.NullTranslations:
    """The compiled messages of one area. An area without a file has no messages."""
    path = MESSAGES / lang / f"{area}.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        catalog = read_po(file, locale=lang)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def has(key: str) -> bool:
    """Whether there is a message `key`."""
    return catalogue("en", key.partition(".")[0]).gettext(key) != key


def t(key: str, /, lang: Language | None = None, **params: object) -> str:
    """The message `key` in the viewer's language (or `lang`), its ``{names}`` filled from `params`.

    Numbers get the digits of the language; a name in the other script is isolated, so that it
    can't turn the sentence round. An unknown key is shown as it is (and a test fails).
    """
    lang = lang or language()
    return _fill(catalogue(lang, key.partition(".")[0]).gettext(key), lang, params)


def tn(key: str, n: int, /, lang: Language | None = None, **params: object) -> str:
    """Like :func:`t`, in the plural form that `n` asks for; ``{n}`` is filled with it."""
    lang = lang or language()
    found = catalogue(lang, key.partition(".")[0]).ngettext(key, key, n)
    return _fill(found, lang, {"n": n, **params})


def both(key: str) -> dict[Language, str]:
    """A message in every language, for the pages before log-in."""
    return {lang: t(key, lang) for lang in LANGUAGES}


def isolated(value: str, lang: Language) -> str:
    """`value` between isolates where its script runs against the language."""
    other = _LATIN if lang == "fa" else _ARABIC
    return f"\u2068{value}\u2069" if other.search(value) else value


def _fill(text: str, lang: Language, params: dict[str, object]) -> str:
    if not params:
        return text
    return text.format_map({name: _shown(value, lang) for name, value in params.items()})


def _shown(value: object, lang: Language) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value, lang)
    return isolated(str(value), lang)
