"""X's search language, as docs.x.com/x-api/posts/search/integrate describes it, over posts of a test.

Words are whole tokens without regard to case; a half-space is part of its token; there is no folding at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.services.x_posts import XPost

Matches = Callable[[XPost], bool]
_PIECE = re.compile(r'\(|\)|-?"[^"]*"|[^\s()]+')
_TOKEN = re.compile("[^\\W_\u200c]+(?:\u200c[^\\W_\u200c]+)*|[\U0001f000-\U0001faff]")


class BadQueryError(Exception):
    """X would refuse this query."""


def compiled(query: str) -> Matches:
    """Whether a post is found. Raises: BadQueryError."""
    if len(query) > 512:
        raise BadQueryError("longer than 512 characters")
    pieces = _PIECE.findall(query)
    matches, stands = _any(pieces)
    if pieces:
        raise BadQueryError(f"unexpected {pieces[0]}")
    if not stands:
        raise BadQueryError("nothing stands alone")
    return matches


def tokens(text: str) -> list[str]:
    """The words of a text."""
    return [one.casefold() for one in _TOKEN.findall(text)]


def _any(pieces: list[str]) -> tuple[Matches, bool]:
    found = [_all(pieces)]
    while pieces and pieces[0] == "OR":
        pieces.pop(0)
        found.append(_all(pieces))
    return (lambda post: any(one(post) for one, _ in found)), all(stands for _, stands in found)


def _all(pieces: list[str]) -> tuple[Matches, bool]:
    found: list[tuple[Matches, bool]] = []
    while pieces and pieces[0] not in (")", "OR"):
        found.append(_one(pieces))
    if not found:
        raise BadQueryError("nothing between operators")
    return (lambda post: all(one(post) for one, _ in found)), any(stands for _, stands in found)


def _one(pieces: list[str]) -> tuple[Matches, bool]:
    piece = pieces.pop(0)
    if piece == "(":
        inner = _any(pieces)
        if not pieces or pieces.pop(0) != ")":
            raise BadQueryError("a parenthesis is open")
        return inner
    if piece.startswith("-"):
        if len(piece) == 1:
            raise BadQueryError("a group can't be left out")
        left_out, _ = _leaf(piece[1:])
        return (lambda post: not left_out(post)), False
    return _leaf(piece)


def _leaf(piece: str) -> tuple[Matches, bool]:
    name, _, value = piece.partition(":")
    if not piece.startswith('"') and value:
        return _operator(name, value.casefold())
    if piece.startswith("#"):
        tag = piece[1:].casefold()
        return (lambda post: tag in [one.casefold() for one in re.findall("#([\\w\u200c]+)", post.text)]), True
    if piece.startswith("@"):
        handle = piece[1:].casefold()
        return (lambda post: handle in [one.casefold() for one in post.mentions]), True
    wanted = tokens(piece)
    if not wanted:
        raise BadQueryError(f"no word in {piece}")
    size = len(wanted)

    def stands(post: XPost) -> bool:
        words = tokens(post.text)
        return any(words[at : at + size] == wanted for at in range(len(words) - size + 1))

    return stands, True


def _operator(name: str, value: str) -> tuple[Matches, bool]:
    match name, value:
        case "from", _:
            return (lambda post: value in (post.author.handle.casefold(), post.author.id)), True
        case "to", _:
            return (lambda post: post.answered is not None and post.answered.author.handle.casefold() == value), True
        case "is", "retweet":
            return (lambda post: post.passes_on is not None), False
        case "is", "reply":
            return (lambda post: post.answered is not None), False
        case "has", "media":
            return (lambda post: bool(post.media)), False
        case "has", "links":
            return (lambda post: bool(post.links or post.media)), False
    raise BadQueryError(f"unknown operator {name}:{value}")
