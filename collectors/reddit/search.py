"""What monitors look for, in Reddit's search syntax.

Reddit finds submissions, never comments, by their titles and texts, and knows words, "phrases", AND, OR, NOT,
parentheses and ``author:``; a search has at most 512 characters. It knows no prefixes and no nearness, and takes a
word also for one of the same stem, for the author's name and for the community's, so that NOT would lose posts that
a query matches: only ``NOT author:`` is asked. Sources: reddit.com/dev/api (search), reddit.com/wiki/search, both as
of 2025; how it folds Persian letters is documented nowhere, so words are asked in each way they are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from collectors.reddit.normalise import PLATFORM
from crm.ports.source import Asked, CantBeAskedError
from crm.query import render
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words
from crm.query.widen import is_sought, widened
from crm.text.affixes import COMPARATIVES, VERB_PREFIXES

Tokens = tuple[str, ...]
Spelling = Callable[[Tokens], list[Tokens]]
LIMIT = 512
MOST_TEXTS = 10
NOTHING = Not(Everything())
_NAME = re.compile(r"[A-Za-z0-9_-]{3,20}")
_ALEF = re.compile("^ا")
_HAMZA = re.compile("(?<=[اوسزه])ی(?=[ولیهن])")
"""Where «مسئول», «جزئی» and «سوئیس» lose theirs."""
_ARABIC = str.maketrans("یک", "يك")
_PLURALS = frozenset({"ها", "های", "هایی"})


def asked(query: Node) -> Asked:
    """How Reddit is asked. Raises CantBeAskedError: the query is about other platforms, seeks nothing, is too long."""
    here = _here(query)
    if here == NOTHING:
        raise CantBeAskedError("The query asks for other platforms than Reddit.", "other_platform", platform="Reddit")
    found = widened(here, _can)
    if found.query is None or not is_sought(found.query):
        raise CantBeAskedError(
            "The query names no word, phrase or author that Reddit could look for.", "nothing_sought"
        )
    left = list(found.left)
    texts = tuple(islice(_texts(found.query, left), MOST_TEXTS + 1))
    if len(texts) > MOST_TEXTS:
        message = f"The query would take more than {MOST_TEXTS} searches of {LIMIT} characters; split the monitor."
        raise CantBeAskedError(message, "too_long", limit=str(MOST_TEXTS))
    return Asked(tuple(dict.fromkeys(texts)), tuple(dict.fromkeys(map(render, left))))


def _here(node: Node) -> Node:
    """The query on Reddit, where ``platform:`` is known beforehand."""
    match node:
        case Field(name="platform"):
            return Everything() if node.value == PLATFORM else NOTHING
        case Not():
            child = _here(node.child)
            return child.child if isinstance(child, Not) else Not(child)
        case And():
            parts = [part for part in map(_here, node.children) if part != Everything()]
            return NOTHING if NOTHING in parts else _joined(And, parts, Everything())
        case Or():
            parts = [part for part in map(_here, node.children) if part != NOTHING]
            return Everything() if Everything() in parts else _joined(Or, parts, NOTHING)
    return node


def _joined(kind: type[And] | type[Or], parts: list[Node], empty: Node) -> Node:
    return kind(tuple(parts)) if len(parts) > 1 else parts[0] if parts else empty


def _can(node: Node) -> bool:
    match node:
        case Words():
            # an emoji is a word of our own making
            return not any(token.startswith("emoji") for token in node.tokens) and len(_quoted(node.tokens)) <= LIMIT
        case Field(name="author"):
            return bool(_NAME.fullmatch(node.value))
        case Not():
            return isinstance(node.child, Field)
    return False


def _texts(node: Node, left: list[Node]) -> Iterator[str]:
    """Searches that fit, which together find all that `node` matches; what had to be left out goes to `left`."""
    for spelling in (every, common, folded):
        text = _written(node, spelling)
        if len(text) <= LIMIT:
            yield text
            return
    match node:
        case Or():
            for part in _halves(node):
                yield from _texts(part, left)
        case And() if any(isinstance(child, Or) for child in node.children):
            yield from _spread(node, left)
        case And():
            left.append(node)
            yield _written(_shorter(node), folded)


def _spread(node: And, left: list[Node]) -> Iterator[str]:
    """A conjunction asked once for each half of its longest choice."""
    choices = [child for child in node.children if isinstance(child, Or)]
    longest = max(choices, key=lambda one: len(_written(one, folded)))
    rest = tuple(child for child in node.children if child is not longest)
    for half in _halves(longest):
        yield from _texts(And((*rest, half)), left)


def _shorter(node: And) -> Node:
    """As many of its parts as fit, the others we judge ourselves: that finds more, never less."""
    parts = sorted(node.children, key=lambda child: not is_sought(child))
    while len(_written(_joined(And, parts, NOTHING), folded)) > LIMIT:
        parts.pop()
    return _joined(And, parts, NOTHING)


def _halves(node: Or) -> tuple[Node, Node]:
    middle = len(node.children) // 2
    return _joined(Or, list(node.children[:middle]), NOTHING), _joined(Or, list(node.children[middle:]), NOTHING)


def _written(node: Node, spelling: Spelling) -> str:
    """The query in Reddit's syntax."""
    match node:
        case Words():
            return _either([_quoted(way) for way in spelling(node.tokens)])
        case Field():
            return f"author:{node.value}"
        case Not():
            return f"NOT {_written(node.child, spelling)}"
        case And():
            parts = sorted(node.children, key=lambda child: isinstance(child, Not))
            return " AND ".join(_written(part, spelling) for part in parts)
        case Or():
            return _either([way for child in node.children for way in _ways(child, spelling)])
        case Near() | Prefix() | Everything():
            raise AssertionError(f"{node} can't be asked")  # `widened` left it out


def _ways(node: Node, spelling: Spelling) -> list[str]:
    if isinstance(node, Words):
        return [_quoted(way) for way in spelling(node.tokens)]
    text = _written(node, spelling)
    return [f"({text})" if isinstance(node, And) else text]


def _either(ways: list[str]) -> str:
    ways = list(dict.fromkeys(ways))
    return ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})"


def folded(tokens: Tokens) -> list[Tokens]:
    """As the query folds it."""
    return [tokens]


def common(tokens: Tokens) -> list[Tokens]:
    """With Persian letters, and with those of Arabic keyboards; an alef at the beginning with its sign too."""
    ways = [tokens, tuple(_ALEF.sub("آ", token) for token in tokens)]
    return list(dict.fromkeys((*ways, *(tuple(token.translate(_ARABIC) for token in way) for way in ways))))


def every(tokens: Tokens) -> list[Tokens]:
    """Also with می, تر and ها apart from their word or not, and with the seats of a hamza that folding takes away."""
    others = [*_apart(tokens), *_together(tokens), *_with_hamza(tokens)]
    return list(dict.fromkeys((*common(tokens), *(way for other in others for way in common(other)))))


def _with_hamza(tokens: Tokens) -> Iterator[Tokens]:
    found = tuple(_HAMZA.sub("ئ", token, count=1) for token in tokens)
    if found != tokens:
        yield found


def _apart(tokens: Tokens) -> Iterator[Tokens]:
    found = [part for token in tokens for part in _parts(token)]
    if len(found) > len(tokens):
        yield tuple(found)


def _parts(token: str) -> Tokens:
    for prefix in VERB_PREFIXES:
        if token.startswith(prefix) and len(token) > len(prefix) + 2:
            return prefix, token[len(prefix) :]
    for ending in ("تر", "ترین"):
        if token.endswith(ending) and ending in COMPARATIVES and len(token) > len(ending) + 2:
            return token[: -len(ending)], ending
    return (token,)


def _together(tokens: Tokens) -> Iterator[Tokens]:
    found: list[str] = []
    for token in tokens:
        if token in _PLURALS and found:
            found[-1] += token
        else:
            found.append(token)
    if len(found) < len(tokens):
        yield tuple(found)


def _quoted(tokens: Tokens) -> str:
    """A phrase, or a word that could be none of the syntax's own."""
    text = " ".join(tokens)
    return f'"{text}"' if len(tokens) > 1 or text in ("and", "or", "not") else text
