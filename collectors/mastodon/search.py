"""How a Mastodon server is asked what a query looks for.

Its full-text search finds posts whose authors let them be found, those of the account and those that it took part in;
all words must be there, quotation marks hold a phrase together, and there is no OR, so each way of a query is a search
of its own (docs.joinmastodon.org/user/network/#search, docs.joinmastodon.org/methods/search, 4.3). Not every server
has it, and it stems English words, so nothing is asked to be left out. Beside each search stands the timeline of the
hashtag that its words would make, which every server has: its text begins with #.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collectors.mastodon.normalise import PLATFORM
from collectors.rounds.conjunctions import MOST, Together, conjunctions
from crm.ports.source import Asked
from crm.query.tree import Field, Node, Words

LIMIT = 300
"""Characters of one search; Mastodon's own bound is not documented."""
_HANDLE = re.compile(r"@?[\w.-]+(@[\w.-]+)?", re.ASCII)
_TAG = re.compile(r"\w*[^\W\d]\w*")
_ARABIC = str.maketrans("یک", "يك")


def asked(query: Node) -> Asked:
    """Mastodon's own search strings for a query, and hashtags. Raises: CantBeAskedError."""
    ways, left = conjunctions(query, PLATFORM, _known)
    texts = [_written(way) for way in ways]
    tags = [tag for way in ways for tag in _tags(way)]
    arabic = [text.translate(_ARABIC) for text in texts if text.translate(_ARABIC) != text]
    texts += arabic[: max(0, MOST - len(texts))]
    return Asked(tuple(dict.fromkeys((*texts, *tags))), tuple(left))


def _known(node: Node) -> bool:
    match node:
        case Words():
            return not any(token.startswith("emoji") for token in node.tokens) and len(_quoted(node.tokens)) <= LIMIT
        case Field(name="author"):
            return bool(_HANDLE.fullmatch(node.value))
    return False


def _written(way: Together) -> str:
    """As many of the parts as fit: fewer find more, never less."""
    text = ""
    for part in way:
        written = _quoted(part.tokens) if isinstance(part, Words) else f"from:{_author(part)}"
        longer = f"{text} {written}".strip()
        text = longer if len(longer) <= LIMIT else text
    return text


def _author(part: Node) -> str:
    assert isinstance(part, Field)
    return part.value.removeprefix("@")


def _tags(way: Together) -> Iterator[str]:
    """The hashtag of the longest of the words: what else must be there is judged by us."""
    words = ["_".join(part.tokens) for part in way if isinstance(part, Words)]
    if (tag := max(words, key=len, default="")) and _TAG.fullmatch(tag):
        yield f"#{tag}"


def _quoted(tokens: tuple[str, ...]) -> str:
    text = " ".join(tokens)
    return f'"{text}"' if len(tokens) > 1 or text in ("and", "or", "not") else text
