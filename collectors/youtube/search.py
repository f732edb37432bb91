"""How YouTube is asked what a query looks for.

Facts from developers.google.com/youtube/v3/docs/search/list: a space between words means that all are wanted, ``|``
means one of several, and binds tighter (``boating|sailing -fishing``), ``-`` leaves a word out. Nothing is said of
quotation marks, parentheses, beginnings of words and the longest text, so none of these is used: a phrase is asked for
as its words, and a query as words that must all be there, each in one of several forms. The rest is judged by us. What
is left out by ``-`` is left out by YouTube's own judgement, which looks at more than title and description.

Folding takes away Arabic ي ك, the madda of آ and half-spaces: these are written as further forms, while there is room.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from crm.ports.source import Asked, CantBeAskedError
from crm.query import render, terms
from crm.query.tree import And, Node, Not, Or, Words
from crm.query.widen import is_sought, widened
from crm.text import ZWNJ
from crm.text.affixes import COMPARATIVES, ENCLITICS, VERB_PREFIXES

LIMIT = 300
"""Characters of one text that we keep to; YouTube names no limit."""
MOST_CLAUSES = 24
MOST_TEXTS = 4
"""Texts of one query: each is searched for by itself, and there are 100 searches in a day."""
_ARABIC = str.maketrans("یک", "يك")
Clause = tuple[str, ...]


def asked(query: Node) -> Asked:
    """The texts to ask for. Raises: CantBeAskedError."""
    query = _parted(query)
    barred = frozenset(_barred(query))
    wide = widened(query, lambda node: _knows(node) and node not in barred)
    if wide.query is None or not is_sought(wide.query):
        message = "YouTube can only be asked for words; name one that must be there."
        raise CantBeAskedError(message, "nothing_sought")
    judged = dict.fromkeys((*wide.left, *_phrases(wide.query)))
    return Asked(tuple(_texts(wide.query)), tuple(render(part) for part in judged))


def _parted(node: Node) -> Node:
    """The query with NOT before single things where it stood before alternatives."""
    match node:
        case Not(child=Or(children)):
            return terms.all_of([_parted(terms.negation(child)) for child in children])
        case And(children):
            return terms.all_of([_parted(child) for child in children])
        case Or(children):
            return terms.any_of([_parted(child) for child in children])
    return node


def _knows(node: Node) -> bool:
    match node:
        case Words(tokens):
            # An emoji is a word of ours alone.
            return bool(tokens) and all(token.isalnum() and not token.startswith("emoji") for token in tokens)
        case Not(child=Words(tokens)):
            return len(tokens) == 1
    return False


def _barred(node: Node) -> Iterator[Node]:
    """What is only left out in an alternative, which YouTube can't be told."""
    for child in getattr(node, "children", ()):
        if isinstance(node, Or):
            yield from (part for part in (child, *getattr(child, "children", ())) if isinstance(part, Not))
        yield from _barred(child)


def _phrases(node: Node) -> Iterator[Node]:
    """The phrases of a query, of which YouTube is told the words only."""
    if isinstance(node, Words) and len(node.tokens) > 1:
        yield node
    for child in getattr(node, "children", ()):
        joined = Words(("".join(child.tokens),)) if isinstance(child, Words) else None
        if joined in node.children and joined != child:  # type: ignore[union-attr]
            yield Or((child, joined))  # type: ignore[arg-type]
        else:
            yield from _phrases(child)


def _texts(node: Node, room: int = MOST_TEXTS) -> list[str]:
    """One text in all forms where they have room, else in the plain one, else several, its alternatives parted."""
    clauses = _clauses(node)
    if clauses is not None:
        for rich in (True, False):
            if len(text := _written(clauses, rich=rich)) <= LIMIT:
                return [text]
    if room > 1 and (halves := _halves(node)):
        return list(dict.fromkeys(text for half in halves for text in _texts(half, room // 2)))
    message = f"YouTube is asked in texts of at most {LIMIT} characters, and the query is too long for {MOST_TEXTS}."
    raise CantBeAskedError(message, "too_long", limit=str(LIMIT), most=str(MOST_TEXTS))


def _halves(node: Node) -> tuple[Node, Node] | None:
    """Two queries that together match what `node` does: its alternatives parted, or those of its widest part."""
    if isinstance(node, Or):
        middle = len(node.children) // 2
        return terms.any_of(node.children[:middle]), terms.any_of(node.children[middle:])
    if not isinstance(node, And):
        return None
    widest = max((one for one in node.children if isinstance(one, Or)), key=lambda one: len(one.children), default=None)
    if widest is None:
        return None
    rest = [one for one in node.children if one is not widest]
    first, second = _halves(widest) or (widest, widest)
    return terms.all_of([*rest, first]), terms.all_of([*rest, second])


def _clauses(node: Node) -> list[Clause] | None:
    """The query as clauses that must all hold, each of words of which one must be there; None where they are many."""
    match node:
        case Words(tokens):
            return list(dict.fromkeys(_words(tokens)))
        case Not(child=Words(tokens)):
            return [(f"-{tokens[0]}",)]
        case And(children):
            parts = [_clauses(child) for child in children]
            if any(part is None for part in parts):
                return None
            return _fewest([clause for part in parts for clause in part or ()])
        case Or(children):
            return _either([_clauses(child) for child in children])
    raise AssertionError(f"{type(node).__name__} is nothing that can be asked.")


def _words(tokens: tuple[str, ...]) -> Iterator[Clause]:
    """Each word; one with an ending, which is written apart, by a half-space or together, is one in three forms."""
    for n, token in enumerate(tokens):
        if n and token in ENCLITICS and not tokens[n - 1].isascii():
            continue
        after = tokens[n + 1] if n + 1 < len(tokens) else ""
        ending = after if after in ENCLITICS and not token.isascii() else ""
        yield (token, f"{token}{ZWNJ}{ending}", f"{token}{ending}") if ending else (token,)


def _either(parts: list[list[Clause] | None]) -> list[Clause] | None:
    """One of several: every clause of one beside every clause of the others."""
    found: list[Clause] = [()]
    for part in parts:
        if part is None:
            return None
        both = [(*one, *other) for one, other in product(found, part)]
        found = _fewest([tuple(dict.fromkeys(clause)) for clause in both]) or []
        if not found:
            return None
    return found


def _fewest(clauses: list[Clause]) -> list[Clause] | None:
    """Without clauses that hold wherever another does."""
    sets = [(clause, frozenset(clause)) for clause in dict.fromkeys(clauses)]
    kept = [clause for clause, words in sets if not any(other < words for _, other in sets)]
    unique = list({frozenset(clause): clause for clause in reversed(kept)}.values())[::-1]
    return unique if len(unique) <= MOST_CLAUSES else None


def _written(clauses: list[Clause], *, rich: bool) -> str:
    sought = [clause for clause in clauses if not clause[0].startswith("-")]
    left_out = [clause[0] for clause in clauses if clause[0].startswith("-")]
    words = ["|".join(dict.fromkeys(form for word in clause for form in _forms(word, rich=rich))) for clause in sought]
    return " ".join([*words, *left_out])


def _forms(word: str, *, rich: bool) -> tuple[str, ...]:
    """The ways to write a word, the plain one first."""
    if not rich or word.isascii():
        return (word,)
    forms = [word, f"آ{word[1:]}"] if word.startswith("ا") else [word]
    for prefix in VERB_PREFIXES:
        if word.startswith(prefix) and len(word) > len(prefix) + 2:
            forms.append(f"{prefix}{ZWNJ}{word.removeprefix(prefix)}")
    for ending in COMPARATIVES:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            forms.append(f"{word.removesuffix(ending)}{ZWNJ}{ending}")
    return tuple(dict.fromkeys((*forms, *(form.translate(_ARABIC) for form in forms))))
