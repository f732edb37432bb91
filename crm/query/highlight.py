"""Where a query meets a text, and what is what in the text of a query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from crm.query.errors import QueryError
from crm.query.match import near_pairs, spots
from crm.query.parser import parse
from crm.query.scanner import Kind, field_parts, scan
from crm.query.tree import And, Near, Node, Or, Prefix, Words
from crm.query.walk import leaves
from crm.text import finglish, located

SpanKind = Literal["operator", "field", "phrase", "word", "paren", "error"]
_KINDS: dict[Kind, SpanKind] = {
    "AND": "operator", "OR": "operator", "NOT": "operator", "NEAR": "operator", "LPAR": "paren", "RPAR": "paren",
    "PHRASE": "phrase", "WORD": "word", "FIELD": "field", "UNCLOSED": "error",
}  # fmt: skip
# Colouring is not reading: a relative date is right at any time.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def _found(node: Node, tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    match node:
        case Words() | Prefix():
            yield from spots(node, tokens)
        case Near():
            for pair in near_pairs(node, tokens):
                yield from pair
        case And() | Or():
            for child in node.children:
                yield from _found(child, tokens)


def highlight_spans(text: str, query: Node, language: str | None = None) -> list[tuple[int, int]]:
    """The spans (start, end) of `text` in which words of `query` stand, in order and apart from each other.

    What the query excludes and its fields are not shown. Where the `language` is Finglish, so are the words that stand
    for Persian ones of the query.
    """
    places = located(text)
    tokens = [token for token, _, _ in places]
    if language == finglish.LANGUAGE:
        wanted = {token for leaf in leaves(query, negated=False) if isinstance(leaf, Words) for token in leaf.tokens}
        tokens = [next((one for one in finglish.readings(token) if one in wanted), token) for token in tokens]
    hits = [places[first : first + size] for first, size in set(_found(query, tokens))]
    return _merged(sorted((min(start for _, start, _ in hit), max(end for _, _, end in hit)) for hit in hits))


def _merged(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def spans(text: str) -> list[tuple[int, int, SpanKind]]:
    """The coloured spans (start, end, kind) of a query's text, in order; also of one that is wrong."""
    found: list[tuple[int, int, SpanKind]] = []
    for piece in scan(text):
        if piece.kind == "FIELD":
            value_start = field_parts(piece).value_start
            found.append((piece.start, value_start, "field"))
            if value_start < piece.end:
                found.append((value_start, piece.end, "phrase" if text[value_start] in '"«“' else "word"))
        else:
            found.append((piece.start, piece.end, _KINDS[piece.kind]))
    try:
        parse(text, now=_ANY_TIME)
    except QueryError as error:
        return _marked(found, error.start, error.start + error.length)
    return found


def _marked(found: list[tuple[int, int, SpanKind]], start: int, end: int) -> list[tuple[int, int, SpanKind]]:
    """The spans with everything that touches the fault coloured as an error."""
    return [(first, last, "error" if first < end and start < last else kind) for first, last, kind in found]
