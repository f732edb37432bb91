"""Cuts a query into its tokens, for the parser and for colouring; it never fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from crm.query.fields import known_field

Kind = Literal["AND", "OR", "NOT", "NEAR", "LPAR", "RPAR", "FIELD", "PHRASE", "WORD", "UNCLOSED"]

BIDI = "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
_END = rf"(?=[\s{BIDI}()\"«“]|$)"
_QUOTED = '"[^"]*"|«[^»]*»|“[^”]*”'
_SCAN = re.compile(
    rf"(?P<SPACE>[\s{BIDI}]+)"
    r"|(?P<LPAR>\()|(?P<RPAR>\))"
    rf"|(?P<PHRASE>=?(?:{_QUOTED}))"
    r"|(?P<UNCLOSED>=?[\"«“»”])"
    rf"|(?P<OR>\|+|OR{_END}|\+یا{_END})"
    rf"|(?P<AND>AND{_END}|&+{_END}|\+و{_END})"
    rf"|(?P<NEAR>(?:NEAR|\+نزدیک)(?:/\d+)?{_END})"
    rf"|(?P<NOT>NOT{_END}|\+نه{_END}|[-!](?=[^\s{BIDI}]))"
    r"|(?P<WORD>[^\s()\"«»“”|]+)"
)
_FIELD = re.compile(
    rf"(?P<name>[^\W\d_][\w\u200c-]*)[ \t]*(?P<operator>:|>=|<=|>|<|≥|≤)(?!//)[ \t]*"
    rf"(?P<value>{_QUOTED}|[^\s()\"«»“”|]*)"
)
_ASCII_OPERATORS = {"≥": ">=", "≤": "<="}


class Piece(Struct, frozen=True):
    """A token of the query language: ``text[start:end]``."""

    kind: Kind
    text: str
    start: int
    end: int


class FieldPiece(Struct, frozen=True):
    """The parts of a FIELD piece; `value` is without its quotation marks."""

    name: str
    operator: str
    value: str
    value_start: int


def _field(text: str, at: int) -> re.Match[str] | None:
    """A field at this place. A stray colon or comparison in pasted text is an ordinary word."""
    found = _FIELD.match(text, at)
    if found is None or known_field(found["name"]):
        return found
    close = found.end("name") == found.start("operator") and found.end("operator") == found.start("value")
    return found if close and found["operator"] == ":" and found["value"] else None


def scan(text: str) -> Iterator[Piece]:
    """The tokens of `text` in order; spaces are left out."""
    at = 0
    while at < len(text):
        field = _field(text, at) if text[at].isalpha() else None
        found = field or _SCAN.match(text, at)
        assert found is not None
        kind = "FIELD" if field else found.lastgroup
        if kind != "SPACE":
            yield Piece(kind, found[0], at, found.end())  # type: ignore[arg-type]
        at = found.end()


def field_parts(piece: Piece) -> FieldPiece:
    """The name, operator and value of a FIELD piece."""
    found = _FIELD.match(piece.text)
    assert found is not None
    operator = _ASCII_OPERATORS.get(found["operator"], found["operator"])
    return FieldPiece(found["name"], operator, found["value"].strip('"«»“”'), piece.start + found.start("value"))
