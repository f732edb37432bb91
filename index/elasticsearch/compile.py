"""The boolean query as Elasticsearch's: filters that decide what matches, and beside them what is scored."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from crm.errors import InvalidInputError
from crm.ports.index import Scope
from crm.ports.likeness import SHARED
from crm.query import UNKNOWN
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words
from index.elasticsearch.rows import LONG, beginning, spelt, term
from index.moments import moment_of

Query = dict[str, object]

MAX_DEPTH = 12
"""Elasticsearch refuses queries nested more than 30 deep, but counts anew in what comes wrapped."""

_EVERY: Query = {"match_all": {}}
_NONE: Query = {"match_none": {}}
_BOUNDS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "since": "gte", "until": "lt"}
_TERMS = {
    "platform": "platform", "monitor": "monitors", "customer": "customer", "thread": "thread", "has": "traits",
    "is": "traits", "intent": "intents", "emotion": "emotion", "aspect": "aspects",
    "topic": "topics",
}  # fmt: skip
_LABELS = {"lang": "language", "sentiment": "sentiment", "urgency": "urgency"}


def compile_query(query: Node, scope: Scope) -> Query:
    """A query whose hits are the posts of this scope that `query` matches."""
    return {"bool": {"filter": [*_scope(scope), _node(query, MAX_DEPTH)]}}


def scored(query: Node, scope: Scope) -> Query:
    """The same hits, scored by BM25 over the words, phrases and prefixes that `query` looks for."""
    leaves = [_scoring(leaf) for leaf in dict.fromkeys(_leaves(query))]
    return {"bool": {"filter": [compile_query(query, scope)], "should": leaves, "minimum_should_match": 0}}


def _scope(scope: Scope) -> Iterator[Query]:
    yield {"term": {"workspace": scope.workspace}}
    if not scope.private:
        yield {"term": {"private": False}}
    if scope.monitors is not None:
        yield {"terms": {"monitors": [term(monitor) for monitor in scope.monitors]}}


def _node(node: Node, depth: int) -> Query:
    if not depth:
        inner = msgspec.json.encode(_node(node, MAX_DEPTH))
        return {"wrapper": {"query": b64encode(inner).decode()}}
    match node:
        case Everything():
            return _EVERY
        case Words() | Prefix():
            return _text(node)
        case Near():
            return _near(node)
        case Field():
            return _field(node)
        case Not():
            return {"bool": {"must_not": [_node(node.child, depth - 1)]}}
        case And():
            wanted = [_node(child, depth - 1) for child in node.children if not isinstance(child, Not)]
            unwanted = [_node(child.child, depth - 1) for child in node.children if isinstance(child, Not)]
            return {"bool": {"filter": wanted, "must_not": unwanted}} if node.children else _EVERY
        case Or():
            return _any(_node(child, depth - 1) for child in node.children)


def _any(parts: Iterable[Query]) -> Query:
    """Any of these; values of one field are put together, for there may be thousands."""
    values: dict[str, list[object]] = defaultdict(list)
    found: list[Query] = []
    for part in parts:
        exact = part.get("term")
        if isinstance(exact, dict):
            for name, value in exact.items():
                values[name].append(value)
        else:
            found.append(part)
    found += [{"terms": {name: several}} for name, several in values.items()]
    if not found:
        return _NONE
    return found[0] if len(found) == 1 else {"bool": {"should": found, "minimum_should_match": 1}}


def _text(node: Words | Prefix) -> Query:
    if isinstance(node, Prefix):
        if len(node.token) > LONG:
            return {"prefix": {"long": beginning(node.token)}}
        return {"prefix": {"tokens": node.token}}
    if len(node.tokens) == 1:
        return {"term": {"tokens": spelt(node.tokens[0])}}
    return {"match_phrase": {"tokens": " ".join(map(spelt, node.tokens))}} if node.tokens else _NONE


def _near(node: Near) -> Query:
    sides = (node.left, node.right)
    if any(isinstance(side, Words) and not side.tokens for side in sides):
        return _NONE
    # What stands near itself is just there; Elasticsearch would look for it twice.
    if node.left == node.right:
        return _text(node.left)
    both = {"intervals": [_interval(side) for side in sides], "max_gaps": node.distance, "ordered": False}
    near: Query = {"intervals": {"tokens": {"all_of": both}}}
    long = [_text(side) for side in sides if isinstance(side, Prefix) and len(side.token) > LONG]
    return {"bool": {"filter": [near, *long]}} if long else near


def _interval(side: Words | Prefix) -> Query:
    if isinstance(side, Prefix):
        return {"prefix": {"prefix": side.token[:LONG]}}
    return {"match": {"query": " ".join(map(spelt, side.tokens)), "max_gaps": 0, "ordered": True}}


def _field(field: Field) -> Query:
    match field.name:
        case "author":
            return _any([{"term": {"handle": term(field.value)}}, {"term": {"author": term(field.value)}}])
        case "lang" | "sentiment" | "urgency":
            return {"term": {_LABELS[field.name]: "" if field.value == UNKNOWN else field.value}}
        case "intent" | "emotion" if field.value == UNKNOWN:
            return {"bool": {"must_not": [{"exists": {"field": _TERMS[field.name]}}]}}
        case "followers":
            number = int(field.value)
            bound = _BOUNDS.get(field.operator)
            return {"range": {"followers": {bound: number}}} if bound else {"term": {"followers": number}}
        case "since" | "until":
            return {"range": {"posted_us": {_BOUNDS[field.name]: moment_of(field)}}}
        case "alike":
            marks = list(dict.fromkeys(field.value.split(",")))
            found: list[Query] = [{"term": {"bands": term(mark)}} for mark in marks]
            return {"bool": {"should": found, "minimum_should_match": min(SHARED, len(found))}}
        case "case" | "tag":
            raise InvalidInputError(f"The field {field.name} is answered by the records; bind it to threads first.")
    return {"term": {_TERMS[field.name]: term(field.value)}}


def _leaves(query: Node) -> Iterator[Words | Prefix]:
    match query:
        case Words() | Prefix():
            yield query
        case Near():
            yield from (query.left, query.right)
        case And() | Or():
            for child in query.children:
                yield from _leaves(child)


def _scoring(leaf: Words | Prefix) -> Query:
    if isinstance(leaf, Prefix) and len(leaf.token) <= LONG:
        return {"prefix": {"tokens": {"value": leaf.token, "rewrite": "top_terms_blended_freqs_50"}}}
    return _text(leaf)
