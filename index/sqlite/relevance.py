"""Order by relevance: BM25 over a bounded set of candidates.

The candidates are the newest hits of the query, and of the query with each of its alternatives,
so that a rare word isn't crowded out by a common one: CANDIDATES in all. How rare a word is, is
taken from the candidates. Hits beyond them are not listed: the bound keeps the answer fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice

import apsw

from crm.query.tree import And, Near, Node, Or, Prefix, Words
from index.sqlite.compile import Plan
from index.sqlite.search import Hit, hits_in_time

CANDIDATES = 600
LEAST = 50
_SATURATION, _LENGTH = 1.2, 0.75
Leaf = Words | Prefix


def ranked(db: apsw.Connection, query: Node, plan: Callable[[Node], Plan]) -> list[Hit]:
    """The candidates of `query`, best first; equals by time, newest first."""
    leaves = list(dict.fromkeys(_leaves(query)))
    queries = [query, *(And((query, leaf)) for leaf in dict.fromkeys(_alternatives(query)))]
    share = max(CANDIDATES // len(queries), LEAST)
    hits = {hit for one in queries for hit in islice(hits_in_time(db, plan(one), newest=True), share)}
    newest_first = sorted(hits, reverse=True)
    texts = db.executemany("SELECT tokens FROM body WHERE rowid = ?", [(hit.docid,) for hit in newest_first])
    scores = _scores([tokens.split(" ") for (tokens,) in texts], leaves)
    order = sorted(range(len(newest_first)), key=lambda place: -scores[place])
    return [newest_first[place] for place in order]


def _leaves(query: Node) -> Iterator[Leaf]:
    match query:
        case Words() | Prefix():
            yield query
        case Near():
            yield from (query.left, query.right)
        case And() | Or():
            for child in query.children:
                yield from _leaves(child)


def _alternatives(query: Node) -> Iterator[Leaf]:
    match query:
        case Or():
            yield from _leaves(query)
        case And():
            for child in query.children:
                yield from _alternatives(child)


def _scores(texts: list[list[str]], leaves: list[Leaf]) -> list[float]:
    average = sum(map(len, texts)) / len(texts) if texts else 1.0
    norms = [_SATURATION * (1 - _LENGTH + _LENGTH * len(text) / average) for text in texts]
    scores = [0.0] * len(texts)
    for leaf in leaves:
        counts = [_occurrences(text, leaf) for text in texts]
        holding = sum(1 for count in counts if count)
        weight = math.log1p((len(texts) - holding + 0.5) / (holding + 0.5))
        for place, count in enumerate(counts):
            if count:
                scores[place] += weight * count * (_SATURATION + 1) / (count + norms[place])
    return scores


def _occurrences(text: list[str], leaf: Leaf) -> int:
    if isinstance(leaf, Prefix):
        return sum(1 for token in text if token.startswith(leaf.token))
    if len(leaf.tokens) == 1:
        return text.count(leaf.tokens[0])
    phrase = list(leaf.tokens)
    return sum(1 for place in range(len(text)) if text[place : place + len(phrase)] == phrase)
