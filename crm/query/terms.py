"""Words, phrases and prefixes of a query as nodes, in all the spellings that should find each other.

«نان‌ماه», «نان ماه» and «نانماه» are one name to a reader. A half-space joins in the index, so a word with
one and a phrase are looked for both parted and written as one; Persian words that merely stand side by
side in a query too. How else the same is said (spoken Persian, Finglish) is :mod:`crm.query.alike`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, product

from crm.query import alike
from crm.query.tree import And, Everything, Near, Node, Not, Or, Prefix, Words
from crm.text import URL, ZWNJ, hashtag_parts, tokens
from crm.text.spoken import LONGEST_FORM

MOST_JOINED = 8
"""Phrases of more tokens are looked for as they stand."""
_EVERY_WAY = 3
_HALF_SPACE = re.compile("[\u200c\u200b¬]")


def all_of(children: Sequence[Node]) -> Node:
    """The conjunction, flat and without what matches everything."""
    flat = [part for child in children for part in (child.children if isinstance(child, And) else (child,))]
    needed = tuple(child for child in flat if child != Everything())
    return needed[0] if len(needed) == 1 else And(needed) if needed else Everything()


def any_of(children: Sequence[Node]) -> Node:
    """The disjunction, flat and without repetition."""
    flat = [part for child in children for part in (child.children if isinstance(child, Or) else (child,))]
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Or(unique)


def negation(child: Node) -> Node:
    """Not, undone by a second one."""
    return child.child if isinstance(child, Not) else Not(child)


def _joinable(left: str, right: str) -> bool:
    """Whether the two may be one token; numbers and emoji never are."""
    if "emoji" in (left[:5], right[:5]) or (left[-1].isdigit() and right[0].isdigit()):
        return False
    return tokens(left + right) == [left + right]


def _joined(words: Sequence[str], joints: Sequence[bool]) -> tuple[str, ...]:
    found = [words[0]]
    for word, joint in zip(words[1:], joints, strict=True):
        if joint:
            found[-1] += word
        else:
            found.append(word)
    return tuple(found)


def spellings(words: Sequence[str]) -> list[tuple[str, ...]]:
    """The ways to write these tokens side by side, as they stand first: parted, and with neighbours as one.

    All ways up to three tokens, one joint at a time up to eight, none beyond.
    """
    sound = [_joinable(left, right) for left, right in pairwise(words)]
    if len(words) <= _EVERY_WAY:
        ways = list(product(*((False, True) if one else (False,) for one in sound)))
    elif len(words) <= MOST_JOINED:
        ways = [tuple(at == one for at in range(len(sound))) for one, fine in enumerate(sound) if fine]
    else:
        ways = []
    found = [_joined(words, way) for way in ways if any(way)]
    return [tuple(words), *(way for way in found if tokens(" ".join(way)) == list(way))]


def phrase(text: str) -> Node | None:
    """A phrase in all its spellings and the other ways to say it; None where it holds no word.

    A name with a half-space is said in one way only («نان‌ماه» is no «نون‌ماه»), and so are handles and addresses.
    """
    found = _spelt(text)
    if found and (text.startswith("@") or URL.match(text)):
        return any_of(found)
    return any_of([*found, *map(Words, alike.ways(tuple(tokens(text))))]) if found else None


def _spelt(text: str) -> list[Words]:
    found = tokens(_HALF_SPACE.sub(" ", text))
    return [Words(way) for way in spellings(found)] if found else []


def exact(text: str) -> Node | None:
    """A phrase exactly as its tokens stand; None where it holds no word."""
    found = tokens(text)
    return Words(tuple(found)) if found else None


def word(text: str) -> Node | None:
    """A bare word, a hashtag, a handle or a prefix; None where it holds nothing to search for.

    A hashtag is a name: it is looked for in its spellings, but not in other words.
    """
    if text and not text.strip("*"):
        return Everything()
    if text.endswith("*"):
        return _prefix(text.rstrip("*"))
    if text.startswith("#"):
        found = _spelt(" ".join(hashtag_parts(text[1:])))
        return any_of(found) if found else None
    return phrase(text)


def _prefix(text: str) -> Node | None:
    ways = [tokens(text.lstrip("#")), tokens(_HALF_SPACE.sub(" ", text.lstrip("#")))]
    return any_of([_ends_in_prefix(way) for way in ways]) if all(ways) else None


def _ends_in_prefix(words: Sequence[str]) -> Node:
    last = Prefix(words[-1])
    return Near(Words(tuple(words[:-1])), last, 0) if len(words) > 1 else last


def near(left: Node, right: Node, distance: int) -> Node | None:
    """Both within `distance`, in all spellings; None where a side is no word, phrase or prefix."""
    sides = [side.children if isinstance(side, Or) else (side,) for side in (left, right)]
    pairs = list(product(*sides))
    found = [Near(a, b, distance) for a, b in pairs if isinstance(a, Words | Prefix) and isinstance(b, Words | Prefix)]
    return any_of(found) if len(found) == len(pairs) else None


def side_by_side(bare: Sequence[Node]) -> list[Node]:
    """Bare words in a row: each also as one word with a neighbour, where both are Persian; an ezafe goes.

    Beside a word of Finglish, a word that might be English is read as Finglish too.
    """
    row: list[Node] = []
    for node in bare:
        if not (node == Words(("ی",)) and row and (before := _single(row[-1])) and before.endswith("ه")):
            row.append(node)
    context = any(alike.is_finglish(token) for node in row if isinstance(node, Or) and (token := _word(node)))
    others: list[list[Node]] = [[node] for node in row]
    for size in range(2, LONGEST_FORM + 1):
        for at in range(len(row) - size + 1):
            ways = [Words(way) for way in _as_one([_single(node) for node in row[at : at + size]])]
            for place in range(at, at + size):
                others[place] += ways
    if context:
        for node, ways_of_it in zip(row, others, strict=True):
            ways_of_it += [Words(way) for way in alike.read(_word(node))]
    return [any_of(ways_of_it) for ways_of_it in others]


def _word(node: Node) -> str:
    """The token of a single word, in whatever ways it is looked for; else nothing."""
    first = node.children[0] if isinstance(node, Or) else node
    if not isinstance(first, Words) or len(first.tokens) != 1:
        return ""
    return first.tokens[0] if first == node or phrase(first.tokens[0]) == node else ""


def _single(node: Node) -> str:
    """The token of a single Persian word, else nothing."""
    token = _word(node)
    return token if "\u0600" <= token[:1] <= "\u08ff" and ZWNJ not in token else ""


def _as_one(words: Sequence[str]) -> list[tuple[str, ...]]:
    """What Persian words that stand side by side are also written as; none where one of them is no such word."""
    if not all(words):
        return []
    joined = [(words[0] + words[1],)] if len(words) == 2 and _joinable(words[0], words[1]) else []
    return [*joined, *alike.also(tuple(words))]
