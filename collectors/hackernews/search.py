"""What monitors look for, as the search of Hacker News is asked.

Source: hn.algolia.com/api. It finds items that hold all words of a text, and words in quotation marks side by side.
With a star after one word it takes every word for the beginning of one. It knows no OR, so alternatives are texts of
their own; what it does with a minus is not promised, so that is ours.
"""

from __future__ import annotations

from itertools import product

from crm.ports.source import Asked, CantBeAskedError
from crm.query import render
from crm.query.tree import And, Node, Or, Prefix, Words
from crm.query.widen import is_sought, widened

MOST_TEXTS = 20
LONGEST = 500
"""Characters of one text; the search engine refuses more than 512 bytes of ASCII."""


def asked(query: Node) -> Asked:
    """The texts to ask for. Raises CantBeAskedError."""
    wide = widened(query, _knows)
    if wide.query is None or not is_sought(wide.query):
        raise CantBeAskedError(
            "Hacker News can only be asked for words; name one that must be there.", "nothing_sought"
        )
    texts = [" ".join(dict.fromkeys(one)) for one in _alternatives(wide.query)]
    if max(len(text.encode()) for text in texts) > LONGEST:
        raise CantBeAskedError(
            "Words that must stand together are too long for Hacker News; name fewer.", "too_long", limit=str(LONGEST)
        )
    return Asked(tuple(dict.fromkeys(texts)), tuple(render(part) for part in wide.left))


def _knows(node: Node) -> bool:
    # An emoji is a word of ours alone.
    return isinstance(node, Prefix) or (
        isinstance(node, Words) and not any(token.startswith("emoji") for token in node.tokens)
    )


def _alternatives(node: Node) -> list[tuple[str, ...]]:
    """The query as alternatives, each a list of what must be there."""
    match node:
        case Words(tokens):
            return [(" ".join(tokens) if len(tokens) == 1 else f'"{" ".join(tokens)}"',)]
        case Prefix(token):
            return [(f"{token}*",)]
        case Or(children):
            found = [one for child in children for one in _alternatives(child)]
        case And(children):
            found = [sum(parts, ()) for parts in product(*map(_alternatives, children))]
        case _:
            raise AssertionError(f"{type(node).__name__} is nothing that can be asked.")
    if len(found) > MOST_TEXTS:
        message = f"Hacker News would have to be asked {len(found)} times, for every alternative once; name fewer."
        raise CantBeAskedError(message, "many_texts", count=str(len(found)))
    return found
