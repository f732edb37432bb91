"""How likely an account is one of the customers, by names, handle and place. Likeness only suggests, it never ties.

Each piece of evidence has points on a scale of log-odds, set on rows written for the purpose
(``tests/crm/policies/people.py``); what name and handle say is counted once, the weaker of the two at a third. All
customers that may be meant stand against each other and against nobody: of two who fit equally well neither is sure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from msgspec import Struct
from rapidfuzz.distance import JaroWinkler

from crm.policies import sounds
from crm.policies.handles import Handle, read, written
from crm.policies.ties import normal_email, normal_link
from crm.words import Author

ClueKind = Literal[
    "link", "handle_same", "email_handle", "name_same", "name_letters", "name_part", "name_short", "name_half",
    "name_near", "name_initial", "name_surname", "name_given", "name_other", "name_differs", "handle_both",
    "handle_more", "handle_short", "handle_initial", "handle_surname", "handle_given", "place_same", "place_differs",
]  # fmt: skip

POINTS: dict[ClueKind, float] = {
    "link": 9, "handle_same": 9, "email_handle": 8,
    "name_same": 7, "name_letters": 7, "name_short": 5.8, "name_part": 5.5, "name_half": 4, "name_near": 4,
    "name_initial": 3.5, "name_surname": 1.5, "name_given": 1, "name_other": -1, "name_differs": -7,
    "handle_both": 7, "handle_short": 5, "handle_more": 4.5, "handle_initial": 3, "handle_surname": 1,
    "handle_given": 0.7, "place_same": 2, "place_differs": -4,
}  # fmt: skip
"""What each clue adds. Names and handles: the greater counts whole, the lesser a third."""

COMPLETE = 6.8
"""Where the name says one of given name and surname, and the handle the other."""

_COMPLETE = {("name_given", "handle_surname"), ("name_given", "handle_initial"), ("name_surname", "handle_given")}

PRIOR = -4.5
SUGGEST = 0.9
"""From this confidence on a customer is suggested."""

SUREST = 0.99
"""Likeness is never more than this."""

_FAMILY, _GIVEN = 5, 10
_SAID_TWICE = 1 / 3
_STRETCH = 0.25
_NEAR_LENGTH = 9
_LONG = 7
_SHORTEST = 3
_PLACES_ALIKE = 0.6


class Known(Struct, frozen=True):
    """What the business knows of a customer, as far as an account can show it. `handles` are of tied accounts."""

    customer_id: str
    name: str
    email: str = ""
    link: str = ""
    place: str = ""
    handles: tuple[str, ...] = ()


class Clue(Struct, frozen=True):
    """One piece of evidence for (or, with points below 0, against) a customer, and what shows it, as it was written."""

    kind: ClueKind
    detail: str = ""

    @property
    def speaks_for(self) -> bool:
        """Whether it makes the customer likelier."""
        return POINTS[self.kind] > 0


class Likeness(Struct, frozen=True):
    """A customer whom an account may belong to, with what shows it, strongest first. `confidence` is from 0 to 1."""

    customer_id: str
    confidence: float
    clues: tuple[Clue, ...]


class Person(Struct, frozen=True):
    """The name of a customer, ready to be compared: its words, and the ways to part them into given and surname."""

    words: tuple[str, ...]
    heard: tuple[str, ...]
    whole: str
    splits: tuple[tuple[str, str], ...]


def namesakes(alike: int) -> float:
    """How many people of one whole name to expect beside a customer, by how many share surname and initial with them.

    A name that is the only one among a few like it tells a person; one of the commonest is borne by strangers too.
    """
    return max(0, alike - _FAMILY) / _GIVEN


def likely(author: Author, known: Sequence[Known], untold: float = 0) -> list[Likeness]:
    """The customers of `known` that `author` may be, likeliest first, with confidences that add up to less than 1.

    `untold` more people, who were not looked at, are taken to be called like the one whose name fits best.
    """
    handle = read(author.handle)
    weighed = [(one, *_weigh(author, handle, one)) for one in known]
    odds = [math.exp(min(60.0, points + PRIOR)) for _, points, _, _ in weighed]
    rest = 1.0 + sum(odds) + untold * math.exp(PRIOR + max((called for _, _, called, _ in weighed), default=0.0))
    found = [
        Likeness(one.customer_id, min(mass / rest, SUREST), clues)
        for (one, _, _, clues), mass in zip(weighed, odds, strict=True)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.confidence, one.customer_id))


def _weigh(author: Author, handle: Handle, known: Known) -> tuple[float, float, tuple[Clue, ...]]:
    """The points of a customer, those of them for what they are called, and the clues, strongest first."""
    who = person(known.name)
    named = name_clue(author.name, who)
    called = handle_clue(handle, who)
    by_name = _together(named, called)
    exact = _exact(author, handle, known)
    place = place_clue(author.place, known.place) if by_name > 0 or exact else None  # else they are nobody in question
    more = [*exact, *([place] if place else [])]
    clues = [*more, *(clue for clue in (named, called) if clue)]
    points = by_name + sum(POINTS[clue.kind] for clue in more)
    return points, by_name, tuple(sorted(clues, key=lambda clue: -POINTS[clue.kind]))


def _together(named: Clue | None, called: Clue | None) -> float:
    """Points of what name and handle say, which is mostly the same; one may say the name that the other leaves out."""
    by_name, by_handle = (POINTS[clue.kind] if clue else 0.0 for clue in (named, called))
    if min(by_name, by_handle) <= 0:
        return by_name + by_handle
    if named and called and (named.kind, called.kind) in _COMPLETE:
        return COMPLETE
    return max(by_name, by_handle) + min(by_name, by_handle) * _SAID_TWICE


def _exact(author: Author, handle: Handle, known: Known) -> list[Clue]:
    link = normal_link(known.link) if known.link else ""
    if link and link in {normal_link(one) for one in (*author.links, author.url) if one}:
        return [Clue("link", link)]
    same = next((one for one in known.handles if written(one) == handle.written), "")
    if same and len(handle.written) >= 4:
        return [Clue("handle_same", same)]
    local = normal_email(known.email).partition("@")[0] if known.email else ""
    if len(handle.written) >= 5 and written(local) == handle.written:
        return [Clue("email_handle", known.email)]
    return []


@lru_cache(maxsize=20_000)
def person(name: str) -> Person:
    """A customer's name without titles, and the ways to part it into given name and surname."""
    words, heard = parted(name)
    pairs = [(sounds.glued(heard[:at]), sounds.glued(heard[at:])) for at in range(len(heard) - 1, 0, -1)]
    if len(heard) > 2:
        pairs.append((heard[0], heard[-1]))
    return Person(words, heard, sounds.glued(heard), tuple(dict.fromkeys(pairs)))


@lru_cache(maxsize=20_000)
def parted(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a name without titles, as letters and as sounds; what is one name stands together.

    "Ali Reza Kazemi Nejad" is "Alireza Kaziminejad", but "Ali Reza" alone may be a given name and a surname.
    """
    titles = sounds.names().titles
    every = sounds.words(name)
    left = [word for word in every if word not in titles] or every
    words: list[str] = []
    heard: list[str] = []
    for word in left:
        sound = sounds.sounds(word)
        if heard and len(left) > 2 and (sounds.ends_surname(sound) or sounds.halves(sounds.glued((heard[-1], sound)))):
            words[-1] += word
            heard[-1] = sounds.glued((heard[-1], sound))
        else:
            words.append(word)
            heard.append(sound)
    return tuple(words), tuple(heard)


def name_clue(name: str, who: Person) -> Clue | None:
    """What the name of an account says about a customer; None where it says nothing."""
    words, heard = parted(name)
    if not words or not who.words:
        return None
    whole = _whole(words, heard, who)
    if whole is not None:
        return Clue(whole if len(who.heard) > 1 else "name_given", name)  # many are called by one word
    found = [_parts(words, heard, *split) for split in who.splits]
    if not found:  # one word each, and not the same
        return Clue("name_other", name)
    return Clue(max(found, key=POINTS.__getitem__), name)


def _whole(words: Sequence[str], heard: Sequence[str], who: Person) -> ClueKind | None:
    """Whether both names are one and the same, in any order of their words."""
    turns = [(*heard[at:], *heard[:at]) for at in range(len(heard))]
    paired = len(heard) == len(who.heard)
    if any(
        all(map(sounds.alike, turned, who.heard)) if paired else sounds.alike_joined(sounds.glued(turned), who.whole)
        for turned in turns
    ):
        return "name_same" if _script(words) == _script(who.words) else "name_letters"
    return "name_near" if len(words) > 1 and _near(turns, who.whole) else None


def _near(turns: Sequence[Sequence[str]], theirs: str) -> bool:
    """Whether one consonant of a long name is another, too many or missing."""
    one, other = sounds.bones(sounds.glued(turns[0])), sounds.bones(theirs)
    if len(theirs) < _NEAR_LENGTH or one == other or abs(len(one) - len(other)) > 1:
        return False
    if max((Counter(one) - Counter(other)).total(), (Counter(other) - Counter(one)).total()) > 1:
        return False
    most = 1 + _STRETCH
    return any(sounds.distance(sounds.glued(turned), theirs, most) <= most for turned in turns)


def _script(words: Sequence[str]) -> str:
    scripts = {word.isascii() for word in words}
    return "both" if len(scripts) > 1 else str(scripts.pop())


def _parts(words: Sequence[str], heard: Sequence[str], given: str, surname: str) -> ClueKind:
    """What the words of an account's name say of a given name and a surname."""
    items = [(at, at + n, sounds.glued(heard[at : at + n])) for n in (1, 2) for at in range(len(heard) - n + 1)]
    by_given = [(start, end) for start, end, sound in items if sounds.alike(sound, given)]
    by_surname = [(start, end) for start, end, sound in items if sounds.alike(sound, surname)]
    if any(one[0] >= other[1] or other[0] >= one[1] for one in by_given for other in by_surname):
        return "name_part"
    if by_surname:
        left = _left(range(len(words)), by_surname[0])
        if any(len(words[at]) == 1 and sounds.initial(heard[at]) == sounds.initial(given) for at in left):
            return "name_initial"
        if any(short_of(heard[at], given) for at in left):
            return "name_short"
        if any(half_of(heard[at], given) for at in left):
            return "name_half"
        return "name_differs" if left else "name_surname"
    if by_given:
        left = _left(range(len(words)), by_given[0])
        if any(len(words[at]) == 1 and sounds.initial(heard[at]) == sounds.initial(surname) for at in left):
            return "name_given"
        return "name_differs" if left else "name_given"
    if len(words) == 1:
        return "name_given" if short_of(heard[0], given) else "name_other"
    return "name_differs" if len(words) < 4 else "name_other"


def _left(every: Sequence[int], taken: tuple[int, int]) -> list[int]:
    return [at for at in every if not taken[0] <= at < taken[1]]


def short_of(short: str, name: str) -> bool:
    """Whether a word is a short form of a given name."""
    return any(sounds.is_short(short, one) for one in sounds.short_forms().get(sounds.bones(name), ()))


def half_of(half: str, name: str) -> bool:
    """Whether one of two given names is one half of the other, which is double: many are called either."""
    return any(sounds.alike(one, half) or short_of(half, one) for one in sounds.halves(name)) or any(
        sounds.alike(one, name) for one in sounds.halves(half)
    )


def handle_clue(handle: Handle, who: Person) -> Clue | None:
    """What the handle of an account says about a customer's name; None where it says nothing."""
    best: ClueKind | None = None
    if any(_paired(handle.parts, *split) for split in who.splits):
        return Clue("handle_both", handle.shown)
    if not who.heard:
        return None
    # Where a sign parts the handle as the name is parted, the parts must be the same: "elham.ahmadi" is no Mohammadi.
    apart = len(handle.parts) == len(who.heard) == 2 and not sounds.halves(who.heard[0])
    for core in handle.cores:
        for given, surname in who.splits or ((who.heard[0], ""),):
            kind = _called(core, given, surname)
            if kind == "handle_both" and apart and min(map(len, handle.parts)) > 1:
                continue
            if kind and (best is None or POINTS[kind] > POINTS[best]):
                best = kind
            if best == "handle_both":
                return Clue(best, handle.shown)
    return Clue(best, handle.shown) if best else None


def _paired(parts: Sequence[str], given: str, surname: str) -> bool:
    if len(parts) != 2:
        return False
    one, other = parts
    return (sounds.alike(one, given) and sounds.alike(other, surname)) or (
        sounds.alike(other, given) and sounds.alike(one, surname)
    )


def _called(core: str, given: str, surname: str) -> ClueKind | None:
    if not surname:
        return "handle_given" if sounds.alike(core, given) or short_of(core, given) else None
    orders = [sounds.glued(order) for order in ((given, surname), (surname, given))]
    if any(sounds.alike_joined(both, core) for both in orders):
        return "handle_both"
    if any(_begins(both, core) for both in orders):
        return "handle_more"
    shorts = [sounds.sounds(one) for one in sounds.short_forms().get(sounds.bones(given), ()) if one.isascii()]
    if any(
        (core.startswith(short) and sounds.alike(core[len(short) :], surname))
        or (core.endswith(short) and sounds.alike(core[: -len(short)], surname))
        for short in shorts
    ):
        return "handle_short"
    if len(core) > _SHORTEST:
        ends = ((core[0], core[1:]), (core[-1], core[:-1]))
        if any(sounds.initial(one) == sounds.initial(given) and sounds.alike(rest, surname) for one, rest in ends):
            return "handle_initial"
    if sounds.alike(core, surname):
        return "handle_surname"
    return "handle_given" if sounds.alike(core, given) or short_of(core, given) else None


def _begins(both: str, core: str) -> bool:
    """Whether a handle says a whole name and then goes on."""
    if len(both) < _LONG or len(core) <= len(both) or not sounds.begin_alike(both, core):
        return False
    rest = iter(sounds.bones(core))
    if not all(bone in rest for bone in sounds.bones(both)):
        return False
    row = sounds.costs(both, core, sounds.FLOOR)
    left = core[row.index(min(row)) :]
    doubled = any(sounds.alike(left, sounds.sounds(second)) for second in sounds.names().compound_second)
    return min(row) <= sounds.FLOOR and not doubled


def place_clue(said: str, known: str) -> Clue | None:
    """Whether an account says that it is where the customer is; None where either does not say."""
    theirs, ours = _places(said), _places(known)
    if not theirs or not ours:
        return None
    same = any(_one_place(one, other) for one in theirs for other in ours)
    return Clue("place_same" if same else "place_differs", said)


def _places(text: str) -> list[str]:
    return [word for word in sounds.words(text) if word not in sounds.names().countries and len(word) > 1]


def _one_place(one: str, other: str) -> bool:
    if one.isascii() == other.isascii() and JaroWinkler.normalized_similarity(one, other) >= 0.92:
        return True
    return sounds.distance(sounds.sounds(one), sounds.sounds(other)) <= _PLACES_ALIKE
