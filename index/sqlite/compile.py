"""The boolean query as SQL: one FTS5 expression, a span of rowids, and conditions for what is left.

Text only ever reaches SQLite as a bound parameter; inside of the FTS5 expression each token
is a quoted string.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import apsw
from msgspec import Struct

from crm.ports.index import Scope
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words
from index.moments import moment_of
from index.sqlite import likeness
from index.sqlite.facets import NOTHING, field_facets, follower_facets, scope_facet, unknown_facets
from index.sqlite.schema import SEQUENCE_MASK, first_docid

MAX_DEPTH = 12
"""FTS5's parser gives up at about 45 nested brackets; what is deeper becomes a condition of its own."""

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


class Plan(Struct, frozen=True):
    """What to ask of SQLite: `match` for FTS5, docids `low` to `high`, and a WHERE condition over ``post``."""

    match: str
    low: int = _LEAST
    high: int = _MOST
    condition: str = ""
    values: tuple[object, ...] = ()

    @property
    def where(self) -> str:
        """The WHERE clause over ``body`` (and ``post``, where `condition` is not empty)."""
        return "body MATCH ? AND body.rowid BETWEEN ? AND ?" + (f" AND {self.condition}" if self.condition else "")

    @property
    def bound(self) -> tuple[object, ...]:
        """The parameters of `where`."""
        return (self.match, self.low, self.high, *self.values)


def compile_query(db: apsw.Connection, query: Node, scope: Scope, workspace: int) -> Plan:
    """A plan whose hits are the posts of this scope that `query` matches; what is alike is looked up at once."""
    return _Compiler(db, scope, workspace).plan(query)


def conjuncts(query: Node) -> Iterable[Node]:
    """The parts of `query` that must all match."""
    if isinstance(query, And):
        for child in query.children:
            yield from conjuncts(child)
    elif not isinstance(query, Everything):
        yield query


def alike_fields(node: Node) -> list[Field]:
    """The fields of a part that asks for near-duplicates of any of some posts, and for nothing else; else none."""
    children = node.children if isinstance(node, Or) else (node,)
    found = [child for child in children if isinstance(child, Field) and child.name == "alike"]
    return found if len(found) == len(children) else []


class _Compiler:
    def __init__(self, db: apsw.Connection, scope: Scope, workspace: int) -> None:
        self._db, self._workspace = db, workspace
        self._all = _any(_quote(scope_facet(workspace, private)) for private in ((False, True)[: 1 + scope.private]))
        self._limits: list[str] = [self._all]
        if scope.monitors is not None:
            allowed = [Field("monitor", ":", monitor) for monitor in scope.monitors]
            self._limits.append(self._field(allowed) if allowed else _quote(NOTHING))

    def plan(self, query: Node) -> Plan:
        low, high = _LEAST, _MOST
        wanted, unwanted = list[str](), list[str]()
        conditions, values = list[str](), list[object]()
        for part in conjuncts(query):
            if isinstance(part, Field) and part.name in ("since", "until"):
                moment = moment_of(part)
                second, exact = divmod(moment, 1_000_000)
                if part.name == "since":
                    low = max(low, first_docid(second))
                else:
                    high = min(high, first_docid(second) | SEQUENCE_MASK if exact else first_docid(second) - 1)
                if not exact:
                    continue
            if alike := alike_fields(part):
                docids = self._alike(alike)
                low, high = max(low, docids[0] if docids else _MOST), min(high, docids[-1] if docids else _LEAST)
                conditions.append("body.rowid IN (SELECT value FROM json_each(?))")
                values.append(json.dumps(docids))
                continue
            if _in_fts(part):
                negative = isinstance(part, Not)
                (unwanted if negative else wanted).append(self.match(part.child if isinstance(part, Not) else part))
            else:
                conditions.append(self.condition(part, values))
                if isinstance(part, Field) and part.name == "followers":
                    wanted.append(_any(map(_quote, follower_facets(part))))
        # What the query asks for comes first: it is rarer than what the scope allows, and FTS5 begins with the first.
        match = _without(_all_of([*wanted, *self._limits]), unwanted)
        return Plan(match, low, high, " AND ".join(conditions), tuple(values))

    def match(self, node: Node) -> str:
        """The FTS5 expression of a node for which `_in_fts` holds."""
        match node:
            case Words() | Prefix() | Near():
                return _text(node)
            case Field() if known := unknown_facets(node):
                return _without(self._all, [_any(map(_quote, known))])
            case Field():
                return self._field([node])
            case Not():
                return _without(self._all, [self.match(node.child)])
            case Or():
                return _any(self.match(child) for child in node.children)
            case And():
                wanted = [self.match(child) for child in node.children if not isinstance(child, Not)]
                unwanted = [self.match(child.child) for child in node.children if isinstance(child, Not)]
                return _without(_all_of(wanted or [self._all]), unwanted)
        return self._all

    def condition(self, node: Node, values: list[object]) -> str:
        """A condition over the columns of ``post``; its parameters are appended to `values`."""
        if _in_fts(node):
            values.append(self.match(node))
            return "post.docid IN (SELECT rowid FROM body WHERE body MATCH ?)"
        match node:
            case Not():
                return f"NOT {self.condition(node.child, values)}"
            case And() | Or():
                word = " AND " if isinstance(node, And) else " OR "
                return f"({word.join(self.condition(child, values) for child in node.children)})"
            case Field("followers"):
                values.append(int(node.value))
                return f"(post.followers IS NOT NULL AND post.followers {_COMPARISONS[node.operator]} ?)"
            case Field("alike"):
                values.append(json.dumps(self._alike([node])))
                return "post.docid IN (SELECT value FROM json_each(?))"
            case Field():
                values.append(moment_of(node))
                return f"post.posted_us {'>=' if node.name == 'since' else '<'} ?"
        raise AssertionError(node)

    def _alike(self, fields: list[Field]) -> list[int]:
        wanted = likeness.wanted(fields)
        parts = likeness.read(self._db, self._workspace, _LEAST, _MOST)
        found: list[int] = [one for part in parts for one in likeness.sharing(part, wanted)["docid"].tolist()]
        return sorted(found)

    def _field(self, fields: list[Field]) -> str:
        return _any(_quote(facet) for field in fields for facet in field_facets(field))


_COMPARISONS = {":": "=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


def _in_fts(node: Node, depth: int = MAX_DEPTH) -> bool:
    """Whether FTS5 alone answers this exactly."""
    match node:
        case Field():
            return node.name not in ("since", "until", "followers", "alike")
        case Not():
            return depth > 0 and _in_fts(node.child, depth - 1)
        case And() | Or():
            return depth > 0 and all(_in_fts(child, depth - 1) for child in node.children)
    return True


def _text(node: Words | Prefix | Near) -> str:
    match node:
        case Words():
            return _quote(" ".join(node.tokens)) if node.tokens else _quote(NOTHING)
        case Prefix():
            return f"{_quote(node.token)} *"
        case Near():
            return f"NEAR({_text(node.left)} {_text(node.right)}, {node.distance})"


def _quote(token: str) -> str:
    return '"' + token.replace('"', '""') + '"'


def _any(parts: Iterable[str]) -> str:
    found = list(dict.fromkeys(parts))
    return found[0] if len(found) == 1 else f"({' OR '.join(found)})" if found else _quote(NOTHING)


def _all_of(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"


def _without(match: str, unwanted: list[str]) -> str:
    return f"({match} NOT {_any(unwanted)})" if unwanted else match
