"""What of a query a platform can be asked, so that everything the query matches is among its answers."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from crm.query.tree import And, Everything, Near, Node, Not, Or

Can = Callable[[Node], bool]
"""Whether a platform's search knows a leaf (words, a prefix, NEAR, a field), or NOT of something it knows."""


class Widened(Struct, frozen=True):
    """The narrowest query that can be asked and finds every post of the one it was made of.

    `query` is None where nothing can be asked, `left` what is filtered on our side afterwards. Without `left`
    both match the same posts.
    """

    query: Node | None
    left: tuple[Node, ...] = ()


def widened(node: Node, can: Can) -> Widened:
    """Leave out of `node` what a platform can't be asked, never so that a post it matches would be missed."""
    match node:
        case Everything():
            return Widened(None)
        case Not():
            inner = widened(node.child, can)
            # The opposite of something wider would be narrower.
            exact = inner.query is not None and not inner.left
            return Widened(Not(inner.query)) if exact and can(node) else Widened(None, (node,))  # type: ignore[arg-type]
        case And():
            return _all([widened(child, can) for child in node.children])
        case Or():
            return _any(node, [widened(child, can) for child in node.children])
        case Near() if not can(node):
            return Widened(And((node.left, node.right)), (node,)) if can(node.left) and can(node.right) else _none(node)
    return Widened(node) if can(node) else _none(node)


def is_sought(node: Node) -> bool:
    """Whether a query says what to look for, and not only what to leave out."""
    match node:
        case Everything() | Not():
            return False
        case And():
            return any(is_sought(child) for child in node.children)
        case Or():
            return all(is_sought(child) for child in node.children)
    return True


def _none(node: Node) -> Widened:
    return Widened(None, (node,))


def _all(parts: list[Widened]) -> Widened:
    kept = [part.query for part in parts if part.query is not None]
    left = tuple(one for part in parts for one in part.left)
    if not kept:
        return Widened(None, left)
    return Widened(kept[0] if len(kept) == 1 else And(tuple(kept)), left)


def _any(node: Or, parts: list[Widened]) -> Widened:
    kept = [part.query for part in parts if part.query is not None]
    left = (node,) if any(part.left for part in parts) else ()
    if len(kept) < len(parts):
        return Widened(None, left)
    return Widened(kept[0] if len(kept) == 1 else Or(tuple(kept)), left)
