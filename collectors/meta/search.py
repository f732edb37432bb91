"""What monitors look for, as Instagram can be asked it: by hashtag alone.

Source: developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/hashtag-search. A search names
one hashtag and finds public media of the last 24 hours that carry it; it knows no words, no AND, OR or NOT, no emoji,
and an account may name 30 hashtags in 7 days. So a word is asked for as a hashtag, a phrase as two (written together,
and with low lines), alternatives each for themselves, and of things that must all be there the one that needs the
fewest hashtags; the rest is judged by us. Media that have the words without a hashtag are not found by anybody. Folding
takes the madda of آ away, so a word that begins with ا is asked for with it as well, where there is room; the other
spellings (ي, ك, ئ) are not, since each would use up one of the 30.

Facebook has no search of posts for apps at all.
"""

from __future__ import annotations

import re

from crm.ports.source import Asked, CantBeAskedError
from crm.query import render
from crm.query.tree import And, Node, Not, Or, Words
from crm.query.widen import is_sought, widened

MOST_HASHTAGS = 10
"""Of one monitor, so that three have room in a week."""
LONGEST = 100
_WORD = re.compile(r"\w+")


def asked(query: Node) -> Asked:
    """The hashtags to ask for, without the sign. Raises CantBeAskedError."""
    wide = widened(query, _knows)
    if wide.query is None or not is_sought(wide.query):
        message = "Instagram can only be asked for hashtags; name a word that must be there."
        raise CantBeAskedError(message, "nothing_sought")
    found, left = _hashtags(wide.query)
    if len(found) > MOST_HASHTAGS:
        message = f"Instagram would have to be asked for {len(found)} hashtags, and {MOST_HASHTAGS} are allowed."
        raise CantBeAskedError(message, "many_texts", count=str(len(found)))
    judged, more = dict.fromkeys((*wide.left, *left)), dict.fromkeys((*found, *map(_with_madda, found)))
    return Asked(tuple(more if len(more) <= MOST_HASHTAGS else found), tuple(render(part) for part in judged))


def _knows(node: Node) -> bool:
    if not isinstance(node, Words) or any(token.startswith("emoji") for token in node.tokens):
        return False
    return all(map(_WORD.fullmatch, node.tokens)) and _sound("".join(node.tokens))


def _with_madda(tag: str) -> str:
    return f"آ{tag[1:]}" if tag.startswith("ا") else tag


def _sound(tag: str) -> bool:
    return not tag.isdigit() and 0 < len(tag) <= LONGEST


def _hashtags(node: Node) -> tuple[list[str], list[Node]]:
    """The hashtags of a query, and the parts of it that they say nothing of."""
    match node:
        case Words(tokens):
            ways = ("".join(tokens), "_".join(tokens))
            return list(dict.fromkeys(way for way in ways if len(way) <= LONGEST)), []
        case Or(children):
            parts = [_hashtags(child) for child in children]
            found = list(dict.fromkeys(tag for tags, _ in parts for tag in tags))
            # What is left of an alternative can't be said alone.
            return found, [node] if any(left for _, left in parts) else []
        case And(children):
            sought = [(child, *_hashtags(child)) for child in children if not isinstance(child, Not)]
            chosen, found, left = min(sought, key=lambda one: len(one[1]))
            return found, [*left, *(child for child in children if child is not chosen)]
    raise AssertionError(f"{type(node).__name__} is nothing that can be asked.")
