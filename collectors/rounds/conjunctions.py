"""A query as things that must come together, for searches that know no OR: one search for each."""

from __future__ import annotations

from crm.ports.source import CantBeAskedError
from crm.query import render
from crm.query.tree import And, Everything, Node, Or
from crm.query.walk import NOTHING
from crm.query.widen import Can, is_sought, on_platform, widened

Together = tuple[Node, ...]
MOST = 16


def conjunctions(query: Node, platform: str, can: Can) -> tuple[list[Together], list[str]]:
    """What to ask for, which together finds all that `query` matches, and what is left for us to judge.

    Raises: CantBeAskedError: nothing is sought here, or in too many ways.
    """
    here = on_platform(query, platform)
    found = widened(here, can)
    if found.query is None or not is_sought(found.query):
        if here == NOTHING:
            raise CantBeAskedError(
                "The query leaves out every post of this platform.", "other_platform", platform=platform
            )
        raise CantBeAskedError("The query names no word, phrase or author to look for.", "nothing_sought")
    left = list(found.left)
    ways = _ways(found.query, left)
    if len(ways) > MOST:
        message = f"The query would take {len(ways)} searches, and {MOST} are possible; split the monitor."
        raise CantBeAskedError(message, "too_long", limit=str(MOST))
    return ways, list(dict.fromkeys(map(render, left)))


def _ways(node: Node, left: list[Node]) -> list[Together]:
    match node:
        case Or():
            return list(dict.fromkeys(way for child in node.children for way in _ways(child, left)))
        case And():
            return _product(node, left)
        case Everything():
            return [()]
    return [(node,)]


def _product(node: And, left: list[Node]) -> list[Together]:
    """Each choice of each part with each of the others; a part with too many choices is left to us."""
    parts = sorted(((_ways(child, left), child) for child in node.children), key=lambda one: len(one[0]))
    found: list[Together] = [()]
    for ways, child in parts:
        if found != [()] and len(found) * len(ways) > MOST:
            left.append(child)
            continue
        found = [tuple(dict.fromkeys((*one, *way))) for one in found for way in ways]
    return found
