"""Compose handles.jsonl and distractors.jsonl: which social account is which customer, in Persian and Latin letters.

    python compose.py FOLDER    # FOLDER holds er_persian_names/ (MIT) and er_nicknames/ (Apache-2.0)

Every name is drawn by chance, so none means a real person. The same lists and SEED always give the same rows.

People: the given name is one of names_fa.jsonl (74 %), one of the open Persian lists (22 %: those whose Persian and
Latin spelling can only mean each other) or an English one with its nicknames (4 %); the surname is one of
names_fa.jsonl, early lines oftener than late ones; the city one of names_fa.jsonl (90 %) or of the open lists.

A customer's name is in Persian letters (65 %) or Latin ones; surname first 6 %, with a title 8 %. City known 75 %,
link 15 %, a handle on some platform 30 % (of both names 80 %, a made-up word 20 %).

An account's name and place are in Persian or in Latin letters, each half the time and each for itself.
  enough to tie (80 %): given name and surname 48 % (of them 5.5 % with the surname in the other letters), swapped 7 %,
  short given name and surname 13 %, initial and surname 8 %, surname only 5 %, given name only 9 %, title first 6 %,
  nothing 4 %. Where the name says less than both, the handle says both, if it is not the customer's own.
  A customer's link is the account's too in 40 % of these, its handle in 45 %; else a site of its own 5 %, and the
  handle is made of both names, or (14 %, where the shown name says both) of a made-up word.
  Of a handle's given names 15 % are short forms and 18 % initials; on X a long one becomes initial and surname, and is
  cut. Place in 55 %: the person's city 85 %, else any other.
  too little (20 %): given name only 45 %, its short form 25 %, initials 15 %, a made-up word 15 %; handle of the
  given name or its short form (50 %), initials (10 %) or a made-up word (40 %); no link, place in 20 %.
  `enough` is false too where only an initial or a short form tells two customers of one surname apart.
All: a handle has digits 35 % (of a given name or initials: always), a word before 8 % or after 12 %; a place its
country 25 %; a bio 60 %.
Spelling: a Latin spelling is the first of its list 60 %, any other else; shown names and places in Latin letters are
lower-cased 8 %, upper-cased 3 %, in fancy letters 2 %, with one letter dropped or doubled 3 %; those in Persian ones
have Arabic letters 8 %, a half-space as space 30 % or left out 15 %, one of six letters stretched 3 %. An emoji after
the name 15 %.

Distractors are nobody among the customers. 28 % share the given name with one, 24 % the surname, 11 % given name and
city, 10 % surname and city, 6 % surname and initial, 1 % both names (then the place is another city and said so), 15 %
are drawn as people are and share what chance gives, 5 % are no person at all. `shares` says what was drawn as shared
with the customer `near`. Their accounts get the noise of the customers' accounts, 20 % of them too little; links and
handles are their own.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Literal, TypedDict

from drawing import Drawer, Person, Script
from namelists import Lists, Name, read_lists

SEED = 20260
PAIRS = 500
DISTRACTORS = 5_000
HERE = Path(__file__).parent
LONGEST = 15
"""Letters of a handle on X."""
FORMS = {"full": 48, "swapped": 7, "short": 13, "initial": 8, "surname": 5, "given": 9, "title": 6, "nothing": 4}
SAYS_BOTH = ("full", "swapped", "short", "initial", "title")
SHARES = {
    "given": 28,
    "surname": 24,
    "given city": 11,
    "surname city": 10,
    "surname initial": 6,
    "given surname": 1,
    "chance": 15,
    "nobody": 5,
}
COMMA = {"fa": "\u060c ", "en": ", "}


class Customer(TypedDict):
    """What the business knows of one person; empty where it knows nothing."""

    id: str
    name: str
    city: str
    link: str
    handle: str


class Account(TypedDict):
    """What a platform shows of one account; empty where it shows nothing."""

    platform: str
    handle: str
    name: str
    place: str
    link: str
    bio: str


class Pair(TypedDict):
    """A line of handles.jsonl; `enough`: the account says enough to tie it safely."""

    customer: Customer
    account: Account
    same: Literal[True]
    enough: bool


class Distractor(TypedDict):
    """A line of distractors.jsonl."""

    id: str
    account: Account
    same: Literal[False]
    near: str
    shares: list[str]


class Composer(Drawer):
    """Draws customers and accounts."""

    def __init__(self, lists: Lists, random: Random) -> None:
        super().__init__(lists, random)
        self.taken: set[str] = set()

    def slug(self, text: str) -> str:
        """Small Latin letters and nothing else."""
        return re.sub("[^a-z]", "", text.lower())

    def stem(self, person: Person, kind: str, shape: str = "") -> str:
        """The body of a handle: of both names, the given name, initials, or a made-up word."""
        given, surname = self.slug(self.latin(person.given)), self.slug(self.latin(person.surname))
        short = self.slug(self.latin(self.shortened(person.given)))
        joint = self.draw({"": 45, "_": 35, ".": 20})
        if kind == "both":
            shapes = {"given surname": 55, "short surname": 15, "initial surname": 18, "surname given": 12}
            pair = {
                "given surname": (given, surname),
                "short surname": (short, surname),
                "initial surname": (given[0], surname),
                "surname given": (surname, given),
            }[shape or self.draw(shapes)]
            return joint.join(pair)
        if kind == "given":
            return self.random.choice([given, short])
        if kind == "initials":
            return joint.join((given[0], surname[0]))
        return self.latin(self.word("alias", person.given.gender)).replace(" ", joint)

    def digits(self, person: Person) -> str:
        """A year of birth of either calendar, long or short, or any number."""
        western = person.year + 621
        years = (person.year, western, person.year % 100, western % 100)
        return str(self.random.choice((*years, self.random.randint(1, 999))))

    def handle(self, person: Person, kind: str, platform: str) -> str:
        """A handle that nobody has yet."""
        body = self.stem(person, kind)
        if self.chance(0.08):
            body = f"{self.latin(self.word('head', person.given.gender))}{self.random.choice(['', '_'])}{body}"
        elif self.chance(0.13):
            body = f"{body}{self.random.choice(['_', '.'])}{self.latin(self.word('tail'))}"
        if self.chance(0.35) or kind in ("initials", "given"):
            body += self.random.choice(["", "_"]) + self.digits(person)
        if platform == "x" and len(body) > LONGEST:
            body = (self.stem(person, kind, "initial surname") if kind == "both" else body)[: LONGEST - 3]
        while body.replace(".", "_") in self.taken or len(body) < 5:
            body += str(self.random.randint(0, 9))
        self.taken.add(body.replace(".", "_"))
        return self.fitted(body, platform)

    def fitted(self, body: str, platform: str) -> str:
        """The handle in the letters that its platform allows."""
        if platform == "bluesky":
            return re.sub("[_.]", "-", body) + ".bsky.social"
        if platform == "mastodon":
            return body.replace(".", "_") + "@mastodon.example"
        return body if platform == "instagram" else body.replace(".", "_")

    def platform(self) -> str:
        """Where the account is."""
        return self.draw({"x": 34, "instagram": 34, "telegram": 18, "mastodon": 5, "bluesky": 5, "youtube": 4})

    def link(self, person: Person) -> str:
        """A site of one's own, that nobody else has."""
        body = self.slug(self.full(person, "en"))
        while f"{body}.example" in self.taken:
            body += str(self.random.randint(2, 99))
        self.taken.add(f"{body}.example")
        return f"https://{body}.example"

    def place(self, city: Name) -> str:
        """A place as people fill it in."""
        script: Script = "en" if self.chance(0.5) else "fa"
        name = self.noisy(self.spelled(city, script))
        if not self.chance(0.25):
            return name
        return name + COMMA[script] + self.spelled(self.lists.kinds["country"][0], script)

    def bio(self, person: Person) -> str:
        """A line about oneself, often none."""
        if not self.chance(0.6):
            return ""
        said = self.word("bio", person.given.gender)
        return said.fa or said.latin[0]

    def customer(self, person: Person, number: int) -> Customer:
        """What the business knows."""
        script: Script = "fa" if self.chance(0.65) else "en"
        name = self.full(person, script)
        form = self.draw({"plain": 86, "swapped": 6, "title": 8})
        if form == "swapped":
            name = f"{self.spelled(person.surname, script)} {self.spelled(person.given, script)}"
        elif form == "title":
            name = self.titled(person, script, name)
        kind = "both" if self.chance(0.8) else "made up"
        return {
            "id": f"c{number:04}",
            "name": name,
            "city": self.spelled(person.city, script) if self.chance(0.75) else "",
            "link": self.link(person) if self.chance(0.15) else "",
            "handle": self.handle(person, kind, "telegram") if self.chance(0.3) else "",
        }

    def little(self, person: Person) -> tuple[Account, str]:
        """An account that says too little of its person, and the form of its name."""
        form = self.draw({"given": 45, "short only": 25, "initials": 15, "made up": 15})
        kind = self.draw({"given": 50, "initials": 10, "made up": 40})
        platform = self.platform()
        account: Account = {
            "platform": platform,
            "handle": self.handle(person, kind, platform),
            "name": self.shown(person, form),
            "place": self.place(person.city) if self.chance(0.2) else "",
            "link": "",
            "bio": self.bio(person),
        }
        return account, form

    def account(self, person: Person, known: Customer | None = None) -> tuple[Account, str]:
        """An account that says both names somewhere, or whose link or handle is known, and the form of its name."""
        form = self.draw(FORMS)
        platform = self.platform()
        handle = known["handle"] if known and self.chance(0.45) else ""
        if handle:
            platform = "instagram" if len(handle) > LONGEST else platform
            handle = self.fitted(handle, platform)
        else:
            kind = "made up" if form in SAYS_BOTH and self.chance(0.14) else "both"
            handle = self.handle(person, kind, platform)
        link = ""
        if known and known["link"] and self.chance(0.4):
            link = known["link"].replace("https://", "http://www.") + self.random.choice(["", "/"])
        elif self.chance(0.05):
            link = self.link(person)
        city = person.city if self.chance(0.85) else self.city()
        account: Account = {
            "platform": platform,
            "handle": handle,
            "name": self.shown(person, form),
            "place": self.place(city) if self.chance(0.55) else "",
            "link": link,
            "bio": self.bio(person),
        }
        return account, form

    def people(self, count: int) -> list[Person]:
        """People of whom no two have both names the same."""
        found: dict[tuple[str, str], Person] = {}
        while len(found) < count:
            person = self.person()
            found.setdefault(person.key, person)
        return list(found.values())

    def pair(self, person: Person, number: int, people: Sequence[Person]) -> Pair:
        """A customer and an account of theirs; `people` are all customers."""
        known = self.customer(person, number)
        if self.chance(0.2):
            account, _ = self.little(person)
            return {"customer": known, "account": account, "same": True, "enough": False}
        account, form = self.account(person, known)
        own = bool(known["handle"]) and account["handle"] == self.fitted(known["handle"], account["platform"])
        exact = own or bool(known["link"] and account["link"].rstrip("/").endswith(known["link"][8:]))
        clear = form in ("full", "swapped", "given", "title") or not any(alike(person, other) for other in people)
        return {"customer": known, "account": account, "same": True, "enough": exact or clear}

    def shared(self, near: Person, shares: str) -> Person:
        """Somebody who shares with `near` what is said."""
        person = self.person()
        if "given" in shares:
            person = person._replace(given=near.given)
        if "surname" in shares:
            person = person._replace(surname=near.surname)
        if "city" in shares:
            person = person._replace(city=near.city)
        if "initial" in shares:
            every = (*self.lists.kinds["given"], *self.lists.open_given)
            letter = near.given.latin[0][0]
            others = [name for name in every if name.latin[0][0] == letter and name.latin[0] != near.given.latin[0]]
            person = person._replace(given=self.other(others or every))
        return person

    def distractor(self, number: int, people: Sequence[Person], pairs: Sequence[Pair]) -> Distractor:
        """An account of nobody among the customers."""
        shares = self.draw(SHARES)
        place = self.random.randrange(len(people))
        if shares == "given surname":
            place = self.random.choice([other for other, pair in enumerate(pairs) if pair["customer"]["city"]])
        near = people[place]
        keys = {other.key for other in people}
        namesake = shares == "given surname"
        person = self.shared(near, shares)
        while (person.city.fa == near.city.fa) if namesake else (person.key in keys):
            person = self.shared(near, shares)
        if shares == "nobody":
            account = self.nobody(person)
        elif namesake or self.chance(0.8):
            account, _ = self.account(person)
        else:
            account, _ = self.little(person)
        if namesake or "city" in shares:
            account["place"] = self.place(person.city)
        drawn = [] if shares in ("chance", "nobody") else shares.split()
        near_id = pairs[place]["customer"]["id"] if drawn else ""
        return {"id": f"n{number:04}", "account": account, "same": False, "near": near_id, "shares": drawn}

    def nobody(self, person: Person) -> Account:
        """An account that shows no person's name."""
        platform = self.platform()
        handle = self.handle(person, "made up", platform)
        place = self.place(person.city) if self.chance(0.2) else ""
        name = self.shown(person, "made up")
        bio = self.bio(person)
        return {"platform": platform, "handle": handle, "name": name, "place": place, "link": "", "bio": bio}


def alike(person: Person, other: Person) -> bool:
    """Whether two people have one surname and one initial, in either script: all that some accounts tell."""
    mine, theirs = person.given, other.given
    initial = mine.latin[0][0] == theirs.latin[0][0] or mine.fa[:1] == theirs.fa[:1]
    return person is not other and person.surname.fa == other.surname.fa and initial


def write(path: Path, rows: Sequence[Pair] | Sequence[Distractor]) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main(folder: Path) -> None:
    """Write both files beside this one."""
    composer = Composer(read_lists(folder), Random(SEED))
    people = composer.people(PAIRS)
    pairs = [composer.pair(person, number, people) for number, person in enumerate(people, 1)]
    write(HERE / "handles.jsonl", pairs)
    distractors = [composer.distractor(number, people, pairs) for number in range(1, DISTRACTORS + 1)]
    write(HERE / "distractors.jsonl", distractors)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
