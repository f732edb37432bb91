"""People drawn by chance, and their names as they are typed. How often is said in compose.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Literal, NamedTuple

from namelists import ZWNJ, Lists, Name

TATWEEL = "\u0640"
ARABIC = str.maketrans("\u06cc\u06a9", "\u064a\u0643")
JOINING = "\u0633\u0645\u0639\u062d\u0634\u0641"
"""Letters after which a stretch is usual."""

Script = Literal["fa", "en"]


class Person(NamedTuple):
    """Somebody drawn by chance."""

    given: Name
    surname: Name
    city: Name
    year: int

    @property
    def key(self) -> tuple[str, str]:
        """Both names: no two customers have the same."""
        return self.given.latin[0], self.surname.fa


def common(random: Random, names: Sequence[Name]) -> Name:
    """A name of a list that begins with the commonest."""
    return random.choices(names, [1 / (15 + place) for place in range(len(names))])[0]


class Drawer:
    """Draws people, and what is shown of their names."""

    def __init__(self, lists: Lists, random: Random) -> None:
        self.lists = lists
        self.random = random

    def chance(self, share: float) -> bool:
        """True in this share of the calls."""
        return self.random.random() < share

    def draw(self, shares: Mapping[str, float]) -> str:
        """One of the keys, each as often as its number says."""
        return self.random.choices(list(shares), list(shares.values()))[0]

    def word(self, kind: str, gender: str = "") -> Name:
        """One of the written words of a kind that fits a gender."""
        return self.other([word for word in self.lists.kinds[kind] if word.gender in ("", gender)])

    def city(self) -> Name:
        """A city; big ones oftener."""
        return common(self.random, self.lists.kinds["city"]) if self.chance(0.9) else self.other(self.lists.open_places)

    def other(self, names: Sequence[Name]) -> Name:
        """Any of the names, each as often as another."""
        return self.random.choice(names)

    def person(self) -> Person:
        """Somebody."""
        lists = {"written": self.lists.kinds["given"], "open": self.lists.open_given, "english": self.lists.english}
        source = self.draw({"written": 74, "open": 22, "english": 4})
        given = common(self.random, lists[source]) if source == "written" else self.other(lists[source])
        year = self.random.randint(1340, 1386)
        return Person(given, common(self.random, self.lists.kinds["surname"]), self.city(), year)

    def latin(self, name: Name) -> str:
        """A Latin spelling."""
        rest = name.latin[1:]
        return self.random.choice(rest) if rest and not self.chance(0.6) else name.latin[0]

    def spelled(self, name: Name, script: Script) -> str:
        """The name in a script; in Latin letters where it has no other."""
        return self.latin(name) if script == "en" or not name.fa else name.fa

    def shortened(self, name: Name) -> Name:
        """A short form of a given name; the name itself where it has none."""
        if not name.short:
            return name
        persian, latin = self.random.choice(name.short)
        return Name(persian, (latin,), name.gender)

    def noisy(self, text: str) -> str:
        """A shown name as people type it."""
        if text.isascii():
            return self.noisy_latin(text)
        if self.chance(0.08):
            text = text.translate(ARABIC)
        text = text.replace(ZWNJ, self.random.choices([ZWNJ, " ", ""], [55, 30, 15])[0])
        joining = [place for place in range(1, len(text)) if text[place - 1] in JOINING]
        if joining and self.chance(0.03):
            place = self.random.choice(joining)
            text = text[:place] + TATWEEL * self.random.randint(1, 3) + text[place:]
        return text

    def noisy_latin(self, text: str) -> str:
        """A name in Latin letters as people type it."""
        if self.chance(0.03) and len(text) > 4:
            place = self.random.randrange(1, len(text) - 1)
            text = text[:place] + (text[place] * 2 if self.chance(0.5) else "") + text[place + 1 :]
        style = self.draw({"as it is": 87, "lower": 8, "upper": 3, "fancy": 2})
        if style == "fancy":
            return "".join(
                chr((0x1D4D0 if letter.isupper() else 0x1D4EA) + (ord(letter) & 31) - 1) if letter.isalpha() else letter
                for letter in text
            )
        return text.lower() if style == "lower" else text.upper() if style == "upper" else text

    def titled(self, person: Person, script: Script, name: str) -> str:
        """The name after a title that fits."""
        return f"{self.spelled(self.word('title', person.given.gender), script)} {name}"

    def full(self, person: Person, script: Script, mixed: bool = False) -> str:
        """Given name and surname; `mixed`: the surname in the other script."""
        second: Script = ("en" if script == "fa" else "fa") if mixed else script
        return f"{self.spelled(person.given, script)} {self.spelled(person.surname, second)}"

    def initial(self, name: Name, script: Script) -> str:
        """The first letter of a name, with a dot."""
        return self.spelled(name, script)[0] + "."

    def shown(self, person: Person, form: str) -> str:
        """The account's display name in one of its forms."""
        script: Script = "en" if self.chance(0.5) else "fa"
        given, surname = self.spelled(person.given, script), self.spelled(person.surname, script)
        forms: dict[str, Callable[[], str]] = {
            "full": lambda: self.full(person, script, mixed=self.chance(0.055)),
            "swapped": lambda: f"{surname} {given}",
            "short": lambda: f"{self.spelled(self.shortened(person.given), script)} {surname}",
            "initial": lambda: f"{self.initial(person.given, script)} {surname}",
            "surname": lambda: surname,
            "given": lambda: given,
            "title": lambda: self.titled(person, script, f"{given} {surname}"),
            "nothing": lambda: "",
            "short only": lambda: self.spelled(self.shortened(person.given), script),
            "initials": lambda: f"{self.initial(person.given, script)} {self.initial(person.surname, script)}",
            "made up": lambda: self.spelled(self.word("alias", person.given.gender), script),
        }
        name = self.noisy(forms[form]())
        return f"{name} {self.word('emoji').fa}" if name and self.chance(0.15) else name
