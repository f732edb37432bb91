"""How Bluesky's search is asked what a query looks for.

Its syntax is not specified; all words must be there, quotation marks hold a phrase together, ``from:`` names an
author, and OR does not work (github.com/bluesky-social/atproto issue 3751, the README of indigo's palomar, 2025), so
each way of a query is a search of its own. A minus would take away posts whose picture or link has the word, and
``lang:`` is what authors say of themselves: neither is asked. How Persian letters are folded is documented nowhere,
so words are asked for as Persian and as Arabic keyboards write them. Posts of protected or filtered accounts are not
found by anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collectors.bluesky.record import PLATFORM
from collectors.rounds.conjunctions import MOST, Together, conjunctions
from crm.ports.source import Asked
from crm.query.tree import Field, Node, Words

LIMIT = 300
"""Characters of one search; Bluesky's own bound is not documented."""
_HANDLE = re.compile(r"(did:[a-z]+:[A-Za-z0-9._:%-]+|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)")
_ARABIC = str.maketrans("یک", "يك")


def asked(query: Node) -> Asked:
    """Bluesky's own search strings for a query. Raises: CantBeAskedError."""
    ways, left = conjunctions(query, PLATFORM, _known)
    texts = [_written(way, "") for way in ways]
    for other in ("arabic", "madda"):
        more = [text for way in ways if (text := _written(way, other)) not in texts]
        texts += more[: max(0, MOST - len(texts))]
    return Asked(tuple(dict.fromkeys(texts)), tuple(left))


def _known(node: Node) -> bool:
    match node:
        case Words():
            return not any(token.startswith("emoji") for token in node.tokens) and len(_quoted(node.tokens)) <= LIMIT
        case Field(name="author"):
            return bool(_HANDLE.fullmatch(_author(node.value)))
    return False


def _author(value: str) -> str:
    return value.removeprefix(f"{PLATFORM}:").removeprefix("@")


def _written(way: Together, spelling: str) -> str:
    """As many of the parts as fit: fewer find more, never less."""
    text = ""
    for part in _parts(way, spelling):
        longer = f"{text} {part}".strip()
        text = longer if len(longer) <= LIMIT else text
    return text


def _parts(way: Together, spelling: str) -> Iterator[str]:
    for node in way:
        match node:
            case Words():
                yield _quoted(tuple(_spelled(token, spelling) for token in node.tokens))
            case Field():
                yield f"from:{_author(node.value)}"


def _spelled(token: str, spelling: str) -> str:
    if spelling == "arabic":
        return token.translate(_ARABIC)
    return f"آ{token[1:]}" if spelling == "madda" and token.startswith("ا") else token


def _quoted(tokens: tuple[str, ...]) -> str:
    text = " ".join(tokens)
    return f'"{text}"' if len(tokens) > 1 or text in ("and", "or", "not") else text
