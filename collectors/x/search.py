"""How X is asked what a query looks for.

Facts from docs.x.com/x-api/posts/search/integrate (build-a-query, operators): a space means AND and binds tighter
than OR; a minus leaves out one thing, never a group, and can't stand alone or as an alternative; words are compared
whole, without regard to case, hashtags and handles exactly; there is no prefix and no NEAR; ``has:`` and ``is:`` need
something beside them that stands alone; 512 characters in the search of the last seven days, for whoever is no
Enterprise customer. X's ``lang:`` is not asked: it judges languages in another way than we do. ``has:links`` counts
pictures and videos as links, so it is asked, and its opposite is not. Reposts are left out: they say nothing new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collectors.x.normalise import PLATFORM
from collectors.x.spelling import RICHEST, written
from crm.ports.source import Asked, CantBeAskedError
from crm.query import terms
from crm.query.tree import And, Everything, Field, Node, Not, Or, Words
from crm.query.walk import NOTHING, render
from crm.query.widen import is_sought, widened

LIMIT = 512
FEW, MOST = 4, 16
"""Texts of one query: as many as are asked in all spellings, and as many as are asked at all."""
_HANDLE = re.compile(r"\w{1,15}", re.ASCII)
_KEY = re.compile(rf"{PLATFORM}:([0-9]{{1,19}})")
_TRAITS = {("has", "link"): "has:links", ("has", "media"): "has:media", ("is", "reply"): "is:reply"}
_TAIL = " -is:retweet"


def asked(query: Node) -> Asked:
    """X's own search strings for a query. Raises: CantBeAskedError."""
    node = _bound(query)
    if node == NOTHING:
        raise CantBeAskedError("The query leaves out every post of X.", "other_platform", platform=PLATFORM)
    barred = frozenset(_barred(node))
    found = widened(node, lambda part: _known(part) and part not in barred)
    if found.query is None or not _stands(found.query):
        raise CantBeAskedError(
            "X can only be asked for words, phrases or authors, and the query needs none of them.", "nothing_sought"
        )
    return Asked(_texts(found.query), tuple(render(part) for part in found.left))


def _bound(node: Node) -> Node:
    """The query for posts of X: its platforms are answered, and NOT stands before single things."""
    match node:
        case Field(name="platform"):
            return Everything() if node.value == PLATFORM else NOTHING
        case Not():
            return _opposite(_bound(node.child))
        case And():
            kept = [_bound(child) for child in node.children]
            return NOTHING if NOTHING in kept else terms.all_of(kept)
        case Or():
            kept = [one for child in node.children if (one := _bound(child)) != NOTHING]
            return Everything() if Everything() in kept else terms.any_of(kept) if kept else NOTHING
    return node


def _opposite(node: Node) -> Node:
    match node:
        case Not():
            return node.child
        case Or():
            return terms.all_of([_opposite(child) for child in node.children])
        case And():
            return terms.any_of([_opposite(child) for child in node.children])
    return Not(node)


def _known(node: Node) -> bool:
    match node:
        case Words():
            return bool(node.tokens)
        case Field(name="author"):
            return bool(_author(node.value))
        case Field():
            return (node.name, node.value) in _TRAITS
        case Not(child=Words() | Field()):
            return node.child != Field("has", ":", "link")
    return False


def _author(value: str) -> str:
    if found := _KEY.fullmatch(value):
        return found[1]
    return value if _HANDLE.fullmatch(value) else ""


def _barred(node: Node) -> Iterator[Node]:
    """What is only left out in an alternative, which X does not allow."""
    if isinstance(node, Or):
        for child in node.children:
            if not is_sought(child):
                yield from (part for part in (child, *getattr(child, "children", ())) if isinstance(part, Not))
    for child in getattr(node, "children", ()):
        yield from _barred(child)


def _stands(node: Node) -> bool:
    """Whether X lets it stand alone."""
    match node:
        case And():
            return any(_stands(child) for child in node.children)
        case Or():
            return all(_stands(child) for child in node.children)
        case Words() | Field(name="author"):
            return True
    return False


def _texts(node: Node) -> tuple[str, ...]:
    """One text in as many spellings as it has room for; a few in all spellings; else many in the plain one."""
    for richness in range(RICHEST, 0, -1):
        if _length(text := _text(node, richness)) <= LIMIT:
            return (text,)
    for most, richness in ((FEW, RICHEST), (FEW, 2), (FEW, 1), (MOST, 1), (MOST, 0)):
        found = list(_cut(node, richness, most))
        if len(found) <= most and max(map(_length, found)) <= LIMIT:
            return tuple(found)
    message = f"X is asked in texts of at most {LIMIT} characters, and the query is too long for {MOST} of them."
    raise CantBeAskedError(message, "too_long", limit=str(LIMIT), most=str(MOST))


def _cut(node: Node, richness: int, most: int) -> Iterator[str]:
    """Texts that together ask for the same, as short as X wants them where they can be cut so short."""
    text = _text(node, richness)
    halves = _halves(node) if most and _length(text) > LIMIT else None
    if halves is None:
        yield text
        return
    for half in halves:
        yield from _cut(half, richness, most - 1)


def _halves(node: Node) -> tuple[Node, Node] | None:
    """Two queries that together match what `node` does: its alternatives parted, or those of its longest part."""
    if isinstance(node, Or):
        middle = len(node.children) // 2
        return terms.any_of(node.children[:middle]), terms.any_of(node.children[middle:])
    if not isinstance(node, And):
        return None
    longest = max(
        (one for one in node.children if isinstance(one, Or)), key=lambda one: len(_text(one, 0)), default=None
    )
    if longest is None:
        return None
    rest = [one for one in node.children if one is not longest]
    first, second = _halves(longest) or (longest, longest)
    return terms.all_of([*rest, first]), terms.all_of([*rest, second])


def _text(node: Node, richness: int) -> str:
    body = _write(node, richness)
    return (f"({body})" if " OR " in body and not isinstance(node, And) else body) + _TAIL


def _length(text: str) -> int:
    """In UTF-16, in which an emoji counts as two: never fewer than X counts."""
    return len(text.encode("utf-16-le")) // 2


def _write(node: Node, richness: int) -> str:
    match node:
        case Words():
            return " OR ".join(written(node.tokens, richness))
        case Field(name="author"):
            return f"from:{_author(node.value)}"
        case Field():
            return _TRAITS[node.name, node.value]
        case Not():
            return f"-{_write(node.child, 0)}"
        case And():
            return " ".join(_grouped(child, richness, " OR ") for child in node.children)
        case Or():
            return " OR ".join(_grouped(child, richness, "") for child in node.children)
    raise TypeError(node)


def _grouped(node: Node, richness: int, within: str) -> str:
    """In parentheses where the text around it would tear it apart."""
    text = _write(node, richness)
    torn = within in text if within else isinstance(node, And)
    return f"({text})" if torn and not isinstance(node, Not) else text
