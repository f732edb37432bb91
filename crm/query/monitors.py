"""Many saved queries against a stream of posts: only those are tried whose necessary words are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from crm.query.errors import QueryError
from crm.query.match import Matcher, Subject, compile_matcher
from crm.query.tree import And, Everything, Near, Node, Not, Or, Prefix, Words
from crm.query.walk import fields_used

_LATER = ("case", "tag", "monitor", "alike")


def required_tokens(node: Node) -> frozenset[str] | None:
    """Tokens of which every matching post has at least one; None where no such set is known."""
    match node:
        case Words():
            return frozenset({max(node.tokens, key=len)}) if node.tokens else None
        case Near():
            return _narrowest([node.left, node.right])
        case And():
            return _narrowest(node.children)
        case Or():
            found = [required_tokens(child) for child in node.children]
            return None if None in found else frozenset().union(*(one for one in found if one))
    return None


def _narrowest(children: tuple[Node, ...] | list[Words | Prefix]) -> frozenset[str] | None:
    known = [found for child in children if (found := required_tokens(child)) is not None]
    return min(known, key=lambda found: (len(found), -max(map(len, found), default=0)), default=None)


def looks_for_something(node: Node) -> bool:
    """Whether every match has some word or property that the query names; False for what only excludes."""
    match node:
        case Everything() | Not():
            return False
        case And():
            return any(looks_for_something(child) for child in node.children)
        case Or():
            return all(looks_for_something(child) for child in node.children)
    return True


def check_monitor(node: Node) -> None:
    """Raise QueryError for a query that can't be a monitor.

    A monitor looks for something that is known when a post arrives: it is not empty, not only negative,
    and uses none of case:, tag:, monitor: and alike:.
    """
    for name in _LATER:
        if name in fields_used(node):
            raise QueryError("monitor_field", field=name)
    if node == Everything():
        raise QueryError("monitor_everything")
    if not looks_for_something(node):
        raise QueryError("monitor_negative")


class MonitorSet:
    """Compiled monitors, found by the words they need."""

    def __init__(self, monitors: Mapping[str, Node]) -> None:
        """`monitors` are queries by monitor id, each passed by `check_monitor`."""
        self._by_token: dict[str, list[tuple[str, Matcher]]] = defaultdict(list)
        self._always: list[tuple[str, Matcher]] = []
        for name, node in monitors.items():
            compiled = (name, compile_matcher(node))
            needed = required_tokens(node)
            if needed is None:
                self._always.append(compiled)
            for token in needed or ():
                self._by_token[token].append(compiled)
        self._tokens = frozenset(self._by_token)
        self._order = {name: at for at, name in enumerate(monitors)}

    def match(self, subject: Subject) -> tuple[str, ...]:
        """The ids of the monitors that match, in the order they were given."""
        hits = self._tokens & subject.vocabulary
        if not hits and not self._always:
            return ()
        found = {name for name, matcher in self._candidates(hits) if matcher(subject)}
        return tuple(sorted(found, key=self._order.__getitem__))

    def _candidates(self, hits: frozenset[str]) -> Iterator[tuple[str, Matcher]]:
        yield from self._always
        if len(hits) == 1:
            yield from self._by_token[next(iter(hits))]
        else:
            yield from {one[0]: one for token in hits for one in self._by_token[token]}.values()
