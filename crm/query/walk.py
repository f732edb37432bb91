"""Reading and rewriting query trees."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from itertools import islice

from crm.query import terms
from crm.query.tree import And, Everything, Field, FieldName, Near, Node, Not, Or, Prefix, Words
from crm.text import ZWNJ

_NEEDS_QUOTES = re.compile(r"[\s,،()|\"«»“”]")
NOTHING = Not(Everything())
"""Matches no post."""


def leaves(node: Node, *, negated: bool = True) -> Iterator[Words | Prefix | Field]:
    """The words, phrases, prefixes and fields of a tree in order; without those below NOT where `negated` is False."""
    match node:
        case Words() | Prefix() | Field():
            yield node
        case Near():
            yield node.left
            yield node.right
        case And() | Or():
            for child in node.children:
                yield from leaves(child, negated=negated)
        case Not() if negated:
            yield from leaves(node.child, negated=negated)


def fields_used(node: Node) -> frozenset[FieldName]:
    """The names of the fields that a query asks for."""
    return frozenset(leaf.name for leaf in leaves(node) if isinstance(leaf, Field))


def bind_threads(node: Node, lookup: Callable[[Field], Collection[str]], bound: int = 1000) -> tuple[Node, bool]:
    """The query with every case: and tag: replaced by the thread keys that `lookup` finds for it.

    Only the first `bound` keys of each are kept; the second value says whether any had more.
    """
    if isinstance(node, Field) and node.name in ("case", "tag"):
        keys = lookup(node)
        threads = tuple(Field("thread", ":", key) for key in islice(keys, bound))
        return (terms.any_of(threads) if threads else NOTHING), len(keys) > bound
    if isinstance(node, Not):
        child, hit = bind_threads(node.child, lookup, bound)
        return Not(child), hit
    if isinstance(node, And | Or):
        bindings = [bind_threads(child, lookup, bound) for child in node.children]
        return type(node)(tuple(child for child, _ in bindings)), any(hit for _, hit in bindings)
    return node, False


def render(node: Node) -> str:
    """The canonical text of a tree; `parse` makes the same tree of it."""
    return "" if node == Everything() else _text(node)


def _text(node: Node) -> str:
    match node:
        case Everything():
            return "*"
        case Words():
            return _words(node)
        case Prefix():
            return f"{node.token}*"
        case Near():
            return f"{_exactly(node.left)} NEAR/{node.distance} {_exactly(node.right)}"
        case Field():
            return _field(node)
        case Not():
            return f"NOT {_inner(node.child)}"
        case And():
            return " AND ".join(_inner(child) for child in node.children)
        case Or():
            return _phrase(node) or " OR ".join(_inner(child) for child in node.children)


def _inner(node: Node) -> str:
    grouped = isinstance(node, And | Near) or (isinstance(node, Or) and not _phrase(node))
    return f"({_text(node)})" if grouped else _text(node)


def _words(node: Words) -> str:
    text = " ".join(node.tokens)
    # Quoted, so that no token reads as a field or an operator; exactly, so that no other spelling joins in.
    return text if terms.word(text) == node and len(node.tokens) == 1 else f'="{text}"'


def _exactly(node: Words | Prefix) -> str:
    return _words(node) if isinstance(node, Words) else f"{node.token}*"


def _phrase(node: Or) -> str:
    """The word or phrase whose spellings and other ways to say it these are, else nothing."""
    first = node.children[0]
    if not isinstance(first, Words):
        return ""
    text = " ".join(first.tokens)
    if len(first.tokens) == 1 and terms.word(text) == node:
        return text
    for way in (text, ZWNJ.join(first.tokens)):
        if terms.phrase(way) == node:
            return f'"{way}"'
    return ""


def _field(node: Field) -> str:
    value = node.value
    if _NEEDS_QUOTES.search(value):
        value = f"«{value}»" if '"' in value else f'"{value}"'
    return f"{node.name}{node.operator}{value}"
