"""One folding for Persian and English: what is stored in the indexes and what queries are made of.

A token holds only ``a-z``, ``0-9`` and letters of other scripts, so that SQLite's and
Elasticsearch's tokenizers keep it whole when tokens are joined by spaces. In order:

* a web address is reduced to the words of its host (link shorteners go), ``@some_name`` to one
  word for each dotted part (``somename``), ``#نان_ماه`` and ``#NanMah`` to their parts and
  then the whole («نان ماه نانماه»), a possessive ``'s`` and a thousands comma go;
* each character is folded by :mod:`crm.text.characters`;
* letters said three times or more are shortened, scripts and digits are parted («۲۰۰تومن» is
  «200 تومن», "iphone14" stays), half-spaces and affixes settled by :mod:`crm.text.affixes`.

Folding folded text changes nothing. It is linear in the length of the text. Persian in Latin letters is
folded as the Latin letters it is; a post that is recognised as such also holds the Persian words that it stands for
(:func:`heard`). That spoken Persian finds formal Persian is the query's work (:mod:`crm.query.alike`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from crm.text import finglish
from crm.text.affixes import join, part, squeeze
from crm.text.characters import TABLE, ZWNJ
from crm.words import Post

__all__ = ["URL", "ZWNJ", "fold", "hashtag_parts", "heard", "located", "overheard", "searchable", "tokens"]

URL = re.compile(r"(?:https?://|www\.)[^\s<>\"«»]+", re.IGNORECASE)
_SPECIAL = re.compile(
    r"(?P<url>(?:https?://|www\.)[^\s<>\"«»]+)"
    r"|(?<!\w)@(?P<handle>\w[\w.\-]*(?:@[\w.\-]+)?)"
    r"|#(?P<tag>[\w\u200c]+)"
    r"|(?<=[^\W\d_])(?P<possessive>['’ʼ＇]s)(?![\w'’])"
    r"|(?<=\d)(?P<comma>,)(?=\d{3}(?!\d))",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:https?://)?(?:www\.)?(?:[^/@?#\s]*@)?(?P<host>[^/?#:]*)", re.IGNORECASE)
_SHORTENERS = frozenset({"t.co", "bit.ly", "goo.gl", "tinyurl.com", "ow.ly", "buff.ly", "is.gd", "lnkd.in", "dlvr.it"})
_LABEL = re.compile(r"[^.@]+")
_TAG_PART = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[^A-Z_]+")
_TOKEN = re.compile("[a-z0-9]+|[\u0600-\u08ff\u200c]+|[^\x00-\x7f\u0600-\u08ff\u200c\u00a0]+")

_LETTER_APOSTROPHE = "ʼ"
"""The one sign in ``_SPECIAL`` that Python counts among the letters."""

LONGEST = 40_000
"""Characters of a post that are read: as long as the longest post of any platform, on Reddit."""

_CACHED_LENGTH = 24
"""Longer runs are mostly addresses that never come back."""

Piece = tuple[str, int, int]
"""Text that stands in place of ``original[start:end]``."""


def hashtag_parts(tag: str) -> list[str]:
    """The words of a hashtag without its sign: cut at underscores and before capitals."""
    return _TAG_PART.findall(tag)


def _pieces(special: re.Match[str]) -> Iterator[Piece]:
    """The words that stand for an address, a handle or a hashtag; none for a possessive or a comma."""
    kind = special.lastgroup
    if kind == "url":
        host = _HOST.match(special.string, special.start(), special.end())
        if host and host["host"].lower() not in _SHORTENERS:
            for label in _LABEL.finditer(special.string, *host.span("host")):
                yield label[0], *label.span()
    elif kind == "handle":
        for label in _LABEL.finditer(special.string, *special.span("handle")):
            yield label[0].replace("_", "").replace("-", ""), *label.span()
    elif kind == "tag":
        parts = list(_TAG_PART.finditer(special.string, *special.span("tag")))
        for found in parts:
            yield found[0], *found.span()
        if len(parts) > 1:
            yield "".join(found[0] for found in parts), *special.span()


def _spaced(special: re.Match[str]) -> str:
    if special.lastgroup in ("possessive", "comma"):
        return ""
    return f" {' '.join(text for text, _, _ in _pieces(special))} "


def _run_tokens(run: str) -> tuple[str, ...]:
    """The tokens of text without a space. No rule up to here looks across a space."""
    if not run.isalnum() or _LETTER_APOSTROPHE in run:
        run = _SPECIAL.sub(_spaced, run)
    return tuple(part(_TOKEN.findall(squeeze(_cut(run.translate(TABLE))))))


def _cut(folded: str) -> str:
    """At most LONGEST characters, without the word that the cut would halve where there is another one."""
    if len(folded) <= LONGEST:
        return folded
    return folded[:LONGEST].rpartition(" ")[0] or folded[:LONGEST]


_cached_tokens = lru_cache(maxsize=50_000)(_run_tokens)


def tokens(text: str) -> list[str]:
    """The folded tokens of a text, in text order."""
    found: list[str] = []
    for run in text.split():
        found += _cached_tokens(run) if len(run) <= _CACHED_LENGTH else _run_tokens(run)
    return join(found)


def fold(text: str) -> str:
    """The tokens of a text joined by single spaces: what :class:`crm.words.EnrichedPost` keeps."""
    return " ".join(tokens(text))


def heard(text: str) -> list[str]:
    """The folded Persian that a text in Finglish says, behind it the second readings of its words.

    What stands in Persian or as digits stays in its place; addresses and handles say nothing.
    """
    return _heard(text, finglish.readings)


def overheard(text: str) -> list[str]:
    """The tokens of a text whose language is not known yet, with the Persian of what may be Finglish.

    Words that are not known are not spelt out.
    """
    said = tokens(text)
    return [*said, *_heard(text, finglish.known_readings)] if finglish.likely(said) else said


def _heard(text: str, read: Callable[[str], tuple[str, ...]]) -> list[str]:
    said, others = list[str](), list[str]()
    for token in tokens(_SPECIAL.sub(_without_names, text)):
        readings = read(token)
        if readings or not token.isascii() or token.isdigit():
            said.append(readings[0] if readings else token)
        others += readings[1:]
    return [*tokens(" ".join(said)), *others]


def _without_names(special: re.Match[str]) -> str:
    return " " if special.lastgroup in ("url", "handle") else special[0]


def searchable(post: Post) -> str:
    """The text of a post that is searched and understood: its title, where it has one, and its text up to LONGEST."""
    return f"{post.title}\n{post.text}"[:LONGEST] if post.title else post.text[:LONGEST]


def _stream(text: str) -> Iterator[Piece]:
    """Every folded character with the span of the original that it stands for."""
    at = 0
    for special in _SPECIAL.finditer(text):
        yield from _characters(text[at : special.start()], at)
        for piece, start, end in _pieces(special):
            whole = len(piece) != end - start
            for folded, first, last in _characters(piece, start):
                yield (folded, start, end) if whole else (folded, first, last)
        at = special.end()
    yield from _characters(text[at:], at)


def _characters(text: str, at: int) -> Iterator[Piece]:
    previous = ""
    for index, character in enumerate(text, at):
        folded = TABLE[ord(character)]
        if folded.strip() and folded == previous and folded[:6] == " emoji":
            continue
        previous = folded if folded.strip() or character.isspace() else previous
        for letter in folded:
            if letter not in (" ", ZWNJ):
                yield letter, index, index + 1


def located(text: str) -> list[Piece]:
    """The tokens of a text, each with its span (start, end) in the original text.

    Folding only leaves characters out, so each token is found again by walking along the text.
    """
    stream = _stream(text)
    found: list[Piece] = []
    for token in tokens(text):
        start = end = -1
        for wanted in token:
            folded, first, last = next(stream)
            while folded != wanted:
                folded, first, last = next(stream)
            start, end = (first if start < 0 else start), last
        found.append((token, start, end))
    return found
