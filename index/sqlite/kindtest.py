"""Questions that the kind of a post alone answers: labels, platform, monitors, privacy."""

from __future__ import annotations

from crm.ports.index import Scope
from crm.query import UNKNOWN
from crm.query.tree import And, Everything, Field, Node, Not, Or
from index.sqlite.kinds import Kind

_FIELDS = frozenset({"platform", "lang", "sentiment", "urgency", "monitor"})
_TRAITS = frozenset({"private", "mention"})


def about_kinds(query: Node) -> bool:
    """Whether a post's kind alone tells if `query` matches it."""
    match query:
        case Everything():
            return True
        case Field():
            return query.name in _FIELDS or (query.name == "is" and query.value in _TRAITS)
        case Not():
            return about_kinds(query.child)
        case And() | Or():
            return all(map(about_kinds, query.children))
    return False


def kind_matches(query: Node, kind: Kind) -> bool:
    """Whether posts of this kind match a query for which `about_kinds` holds."""
    match query:
        case Not():
            return not kind_matches(query.child, kind)
        case And():
            return all(kind_matches(child, kind) for child in query.children)
        case Or():
            return any(kind_matches(child, kind) for child in query.children)
        case Field():
            return _field_matches(query, kind)
    return True


def in_scope(scope: Scope, kind: Kind) -> bool:
    """Whether posts of this kind may be read."""
    allowed = scope.monitors is None or not set(scope.monitors).isdisjoint(kind.monitors)
    return allowed and (scope.private or not kind.private)


def _field_matches(field: Field, kind: Kind) -> bool:
    labels = {
        "platform": kind.platform, "lang": kind.language, "sentiment": kind.sentiment, "urgency": kind.urgency,
    }  # fmt: skip
    match field.name:
        case "monitor":
            return field.value in kind.monitors
        case "is":
            return kind.private if field.value == "private" else bool(kind.monitors)
    return (labels.get(field.name, "") or UNKNOWN) == field.value
