"""From the text of a query to its tree: scanned, then parsed by an LALR grammar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache

from lark import Lark, Token, UnexpectedToken
from lark.exceptions import VisitError
from lark.lexer import Lexer
from lark.visitors import Transformer_NonRecursive

from crm.query import terms
from crm.query.errors import QueryError
from crm.query.fields import BadValue, When, known_field, suggestion, values
from crm.query.scanner import Piece, field_parts, scan
from crm.query.tree import Everything, Field, FieldName, Node, Operator

MAX_LENGTH = 4_000
MAX_TERMS = 500
MAX_DEPTH = 40
MAX_NEAR = 100
DEFAULT_NEAR = 10

GRAMMAR = """
start: disjunction
disjunction: conjunction (OR conjunction)*
conjunction: row (AND row)*
row: negation+
negation: NOT negation | near
near: operand (NEAR operand)*
operand: LPAR disjunction RPAR | FIELD | PHRASE | WORD
%declare AND OR NOT NEAR LPAR RPAR FIELD PHRASE WORD
"""
_OPERATORS = ("AND", "OR", "NOT", "NEAR")
_TERMS = ("WORD", "PHRASE", "FIELD")


class _Pieces(Lexer):
    """Hands the scanner's pieces to lark; a token's text is the number of its piece."""

    __future_interface__ = 0

    def __init__(self, _conf: object) -> None:
        """Lark makes one for each grammar."""

    def lex(self, data: Sequence[Piece]) -> Iterator[Token]:  # type: ignore[override]
        for number, piece in enumerate(data):
            yield Token(piece.kind, str(number), start_pos=piece.start)


@cache
def _lark() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer=_Pieces)


def parse(text: str, *, zone: str = "UTC", now: datetime | None = None) -> Node:
    """The tree of a query; empty text matches everything.

    `zone` is the workspace's IANA zone, for dates; `now` is needed where the text has a relative date.
    Raises QueryError at the place of the fault; ValueError for a relative date without `now`.
    """
    if len(text) > MAX_LENGTH:
        over = len(text) - MAX_LENGTH
        raise QueryError("too_long", text, MAX_LENGTH, over, characters=str(len(text)), limit=str(MAX_LENGTH))
    scanned = list(scan(text))
    if not scanned:
        return Everything()
    builder = _Builder(text, When(zone, now))
    pieces = builder.read(scanned)
    try:
        built: Node = builder.transform(_lark().parse(pieces))
    except UnexpectedToken as unexpected:
        token = unexpected.token
        raise _misplaced(text, pieces, len(pieces) if token.type == "$END" else int(token)) from None
    except VisitError as wrapped:
        raise wrapped.orig_exc from None
    return built


def _at(code: str, text: str, piece: Piece, **params: str) -> QueryError:
    return QueryError(code, text, piece.start, piece.end - piece.start, **params)


def _misplaced(text: str, pieces: Sequence[Piece], number: int) -> QueryError:
    """The fault at the piece that the grammar could not take (the number of pieces: at the end)."""
    before = pieces[number - 1] if number else None
    here = pieces[number] if number < len(pieces) else None
    if before and before.kind in _OPERATORS:
        return _at("nothing_after", text, before, found=before.text)
    if here and here.kind in _OPERATORS:
        return _at("nothing_before", text, here, found=here.text)
    if here:
        empty = before is not None and before.kind == "LPAR"
        return _at("empty_parentheses" if empty else "unopened_parenthesis", text, here)
    return _at("unclosed_parenthesis", text, _last_open(pieces))


def _last_open(pieces: Sequence[Piece]) -> Piece:
    closed = 0
    for piece in reversed(pieces):
        closed += (piece.kind == "RPAR") - (piece.kind == "LPAR")
        if closed < 0:
            return piece
    return pieces[-1]


class _Builder(Transformer_NonRecursive[Token, Node]):
    """Checks the pieces of one query one by one, then puts their nodes together as the grammar says."""

    def __init__(self, text: str, when: When) -> None:
        super().__init__()
        self._text, self._when = text, when
        self._pieces: list[Piece] = []
        self._nodes: dict[int, Node] = {}

    def read(self, pieces: Sequence[Piece]) -> list[Piece]:
        """The pieces that count, each checked by itself. Stray punctuation does not count."""
        depth = count = 0
        for piece in pieces:
            depth += (piece.kind == "LPAR") - (piece.kind == "RPAR")
            count += piece.kind in _TERMS
            if depth > MAX_DEPTH:
                raise _at("too_deep", self._text, piece, limit=str(MAX_DEPTH))
            if count > MAX_TERMS:
                raise _at("too_many_terms", self._text, piece, limit=str(MAX_TERMS))
            self._add(piece)
        if not self._pieces:
            raise QueryError("no_words", self._text, 0, len(self._text), found=self._text.strip())
        return self._pieces

    def _add(self, piece: Piece) -> None:
        if piece.kind == "UNCLOSED":
            raise _at("unclosed_quote", self._text, piece, found=piece.text[-1])
        if piece.kind == "NEAR" and _distance(piece) > MAX_NEAR:
            raise _at("near_too_far", self._text, piece, limit=str(MAX_NEAR), found=str(_distance(piece)))
        if piece.kind in _TERMS:
            node = self._term(piece)
            if node is None:
                return
            self._nodes[len(self._pieces)] = node
        self._pieces.append(piece)

    def _term(self, piece: Piece) -> Node | None:
        if piece.kind == "FIELD":
            return self._field(piece)
        if piece.kind == "WORD":
            node = terms.word(piece.text)
            if node is None and piece.text.endswith("*"):
                raise _at("short_prefix", self._text, piece, found=piece.text)
            return node
        inner = piece.text.strip('="«»“”')
        found = terms.exact(inner) if piece.text.startswith("=") else terms.phrase(inner)
        if found is None:
            raise _at("empty_phrase", self._text, piece)
        return found

    def _field(self, piece: Piece) -> Node:
        parts = field_parts(piece)
        name = known_field(parts.name)
        if name is None:
            raise self._unknown(piece, parts.name)
        if parts.operator != ":" and name != "followers":
            raise _at("bad_operator", self._text, piece, field=parts.name, found=parts.operator)
        return terms.any_of([Field(name, _operator(parts.operator), value) for value in self._values(piece, name)])

    def _values(self, piece: Piece, name: FieldName) -> list[str]:
        parts = field_parts(piece)
        try:
            return values(name, parts.value, self._when)
        except BadValue as bad:
            start, length = parts.value_start, piece.end - parts.value_start
            if not length:
                start, length = piece.start, piece.end - piece.start
            params = {"field": parts.name, "found": parts.value, **bad.params}
            raise QueryError(bad.code, self._text, start, length, **params) from None

    def _unknown(self, piece: Piece, name: str) -> QueryError:
        meant = suggestion(name)
        code = "unknown_field_like" if meant else "unknown_field"
        extra = {"suggestion": meant} if meant else {}
        return QueryError(code, self._text, piece.start, len(name), found=name, **extra)

    # From here on: the grammar's rules. A child is a token or the node of a rule below.

    def operand(self, children: list[Token | Node]) -> Node:
        only = children[1] if len(children) > 1 else children[0]
        return self._nodes[int(only)] if isinstance(only, Token) else only

    def near(self, children: list[Token | Node]) -> Node:
        pairs: list[Node] = []
        for at in range(1, len(children), 2):
            piece = self._pieces[int(str(children[at]))]
            pair = terms.near(_node(children[at - 1]), _node(children[at + 1]), _distance(piece))
            if pair is None:
                raise _at("bad_near", self._text, piece, found=piece.text)
            pairs.append(pair)
        return terms.all_of(pairs) if pairs else _node(children[0])

    def negation(self, children: list[Token | Node]) -> Node:
        return terms.negation(_node(children[1])) if len(children) > 1 else _node(children[0])

    def row(self, children: list[Node]) -> Node:
        return terms.all_of(terms.side_by_side(children))

    def conjunction(self, children: list[Token | Node]) -> Node:
        return terms.all_of([child for child in children if not isinstance(child, Token)])

    def disjunction(self, children: list[Token | Node]) -> Node:
        return terms.any_of([child for child in children if not isinstance(child, Token)])

    def start(self, children: list[Node]) -> Node:
        return children[0]


def _node(child: Token | Node) -> Node:
    assert not isinstance(child, Token)
    return child


def _operator(text: str) -> Operator:
    return text  # type: ignore[return-value]


def _distance(piece: Piece) -> int:
    _, slash, number = piece.text.partition("/")
    return int(number) if slash else DEFAULT_NEAR
