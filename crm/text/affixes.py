"""The one rule for half-spaces and Persian affixes, on folded words.

* The verb prefixes می and نمی belong to their verb: «می خواهم», «می‌خواهم» and «میخواهم» are «میخواهم».
* The plural ها and its kin are a word of their own: «کتاب ها», «کتاب‌ها» and «کتابها» are «کتاب ها»,
  so «کتاب» finds them all.
* تر and ترین belong to their adjective: «بزرگ تر» is «بزرگتر».
* An enclitic behind a half-space is a word of its own («گوشی‌ام» is «گوشی ام»), the ezafe «ی» behind
  a «ه» goes («خانه‌ی ما» is «خانه ما»), and any other half-space joins: «نان‌ماه» is «نانماه».

Every rule looks at neighbouring words only, never at what stood between them; so folded text folds to itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crm.text.characters import ZWNJ

VERB_PREFIXES = frozenset({"می", "نمی"})
COMPARATIVES = frozenset({"تر", "تری", "ترین", "ترینش", "ترها"})
_PLURALS = ("ها", "های", "هایی", "هایم", "هایت", "هایش", "هایمان", "هایتان", "هایشان", "هاست", "هاییم", "هایید")
_SPOKEN_PLURALS = ("هام", "هات", "هاش", "هامون", "هاتون", "هاشون")
_POSSESSIVES = ("م", "ت", "ش", "ام", "ات", "اش", "مان", "تان", "شان", "مون", "تون", "شون", "یم", "یت", "یش")
_VERB_ENDINGS = ("ای", "ایم", "اید", "اند", "ایی", "یی", "است", "ه", "رو", "مو", "تو", "شو")
ENCLITICS = frozenset(_PLURALS + _SPOKEN_PLURALS + _POSSESSIVES + _VERB_ENDINGS)
_PLURAL = re.compile("(..+)(ها(?:ی(?:ی|م|ت|ش|مان|تان|شان)?|مون|تون|شون)?)")
_ALONE = ("تنها", "انتها", "منتها", "اشتها", "طاها", "بینهایت", "بیانتها")
_NOT_PLURALS = frozenset(stem + ending for stem in _ALONE for ending in ("", "ی", "یی", "یم", "یت", "یش"))
_TRIGGERS = VERB_PREFIXES | COMPARATIVES | {"ی"}
_LONGEST = 60
"""Letters from which on nothing more is joined to a word: no language writes such a word, and each joining reads it."""
_RUN = re.compile(r"([a-z\u0620-\u08ff])\1\1+")
_NEVER_DOUBLE = frozenset("ahijkquvwxy")
_ENDS_DOUBLE = frozenset({"too", "zoo", "woo", "boo", "see", "fee", "free", "three", "agree", "bee", "tree"})


def _shorten(run: re.Match[str]) -> str:
    letter, text, end = run[1], run.string, run.end()
    starts = run.start() == 0 or text[run.start() - 1] in " \u200c"
    ends = end == len(text) or not text[end].isalnum()
    if starts and ends:
        return letter * 2
    if letter > "z" or letter in _NEVER_DOUBLE:
        return letter
    if not ends:
        return letter * 2
    head = text[max(0, run.start() - 6) : run.start()].rpartition(" ")[2]
    return letter * 2 if letter in "lf" or f"{head}{letter * 2}" in _ENDS_DOUBLE else letter


def squeeze(text: str) -> str:
    """Shorten every letter said three times or more, so that «خیییلی» meets «خیلی» and "cooool" "cool".

    Persian: to one letter. Latin: to two inside a word where English doubles that letter, and
    for a final l or f; to one elsewhere ("soooo" is "so"). A word of one letter keeps two («ههههه» is «هه»).
    """
    return _RUN.sub(_shorten, text)


def _parts(word: str) -> list[str]:
    """A word with its half-spaces as words: enclitics stand apart, an ezafe goes, the rest is joined."""
    found: list[str] = []
    for part in word.split(ZWNJ):
        if part and (not found or part in ENCLITICS or len(found[-1]) >= _LONGEST):
            found.append(part)
        elif part and not (part == "ی" and found[-1][-1] == "ه"):
            found[-1] = squeeze(found[-1] + part)
    return found


def _plural(word: str) -> re.Match[str] | None:
    return None if "ها" not in word or word in _NOT_PLURALS else _PLURAL.fullmatch(word)


def part(words: Iterable[str]) -> Iterator[str]:
    """The words of one run of text without a space: half-spaces settled, plurals apart, an emoji said once."""
    last = ""
    for word in words:
        if word == last and word[:5] == "emoji":
            continue
        last = word
        for piece in _parts(word) if ZWNJ in word else (word,):
            plural = _plural(piece)
            yield from plural.groups() if plural else (piece,)


def _joined(last: str, word: str) -> str:
    """The two words as one where a rule says so, else nothing."""
    prefix = last in VERB_PREFIXES and "\u0600" <= word[0] <= "\u08ff"
    comparative = word in COMPARATIVES and "\u0600" <= last[:1] <= "\u08ff" and len(last) < _LONGEST
    if not prefix and not comparative:
        return ""
    joined = squeeze(last + word)
    return "" if _plural(joined) else joined


def join(words: list[str]) -> list[str]:
    """The words of a text with verb prefixes, comparatives and ezafe settled."""
    if _TRIGGERS.isdisjoint(words):
        return words
    out: list[str] = []
    last = ""
    for word in words:
        if word == "ی" and last[-1:] == "ه":
            continue
        if joined := _joined(last, word):
            last = out[-1] = joined
        else:
            out.append(word)
            last = word
    return out
