"""Customers and accounts made up for setting the points of likeness: drawn by chance from short lists of names.

They teach what :mod:`crm.policies.likeness` holds for evidence; what it is worth is measured on rows that others wrote.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from msgspec import Struct

from crm.policies.likeness import Known
from crm.words import Author

LISTS = json.loads(Path(__file__).with_name("people.json").read_text("utf-8"))


class Drawn(Struct, frozen=True):
    """Customers, and accounts with the customer each belongs to (None: nobody); `told` says that it shows."""

    customers: tuple[Known, ...]
    accounts: tuple[tuple[Author, str | None, bool], ...]


def draw(seed: int, customers: int = 300, strangers: int = 2_400) -> Drawn:
    """As many customers with an account each, and accounts of strangers who share names and places with them."""
    rng = Random(seed)
    drawn = {(one := _Person(rng)).names: one for _ in range(2 * customers)}
    people = list(drawn.values())[:customers]
    known = [person.known(rng, f"c{at}") for at, person in enumerate(people)]
    accounts: list[tuple[Author, str | None, bool]] = []
    for at, person in enumerate(people):
        told = rng.random() < 0.8
        accounts.append((person.account(rng, f"a{at}") if told else person.hidden(rng, f"a{at}"), f"c{at}", told))
    names = {one.names for one in people}
    for at in range(strangers):
        stranger = _Person(rng, rng.choice(people))
        if stranger.names not in names:
            hidden = rng.random() < 0.2
            one = stranger.hidden(rng, f"s{at}") if hidden else stranger.account(rng, f"s{at}")
            accounts.append((one, None, False))
    return Drawn(tuple(known), tuple(accounts))


class _Person:
    """Somebody; one `near` another shares one or two of given name, surname, initial and city with them."""

    def __init__(self, rng: Random, near: _Person | None = None) -> None:
        self.given: list[list[str]] = rng.choice(LISTS["given"])
        self.surname: list[list[str]] = rng.choice(LISTS["surnames"])
        self.city: list[str] = rng.choice(LISTS["cities"])
        if near is not None:
            shared = rng.choice(("given", "surname", "given city", "surname city", "surname initial", "nothing"))
            self.given = near.given if "given" in shared else self.given
            self.surname = near.surname if "surname" in shared else self.surname
            self.city = near.city if "city" in shared else self.city
            if "initial" in shared:
                alike = [one for one in LISTS["given"] if one[1][0][0] == near.given[1][0][0]]
                self.given = rng.choice(alike)

    @property
    def names(self) -> tuple[str, str]:
        """Given name and surname as they are mostly written."""
        return self.given[0][0], self.surname[0][0]

    def known(self, rng: Random, customer_id: str) -> Known:
        """What the business has of them."""
        name = self._name(rng, rng.random() < 0.6, swapped=rng.random() < 0.06)
        name = f"{rng.choice(LISTS['titles'])} {name}" if rng.random() < 0.08 else name
        return Known(customer_id, name, place=rng.choice(self.city) if rng.random() < 0.7 else "")

    def _name(self, rng: Random, persian: bool, *, swapped: bool = False, short: bool = False) -> str:
        given = self._given(rng, persian, short)
        parts = [given, self.surname[0][0] if persian else rng.choice(self.surname[1])]
        return " ".join(reversed(parts) if swapped else parts)

    def _given(self, rng: Random, persian: bool, short: bool) -> str:
        forms = self.given[2] if short and len(self.given) > 2 else self.given[0] if persian else self.given[1]
        return rng.choice(forms)

    def account(self, rng: Random, native_id: str) -> Author:
        """An account that says who they are by its name, its handle or both."""
        persian, kind = rng.random() < 0.5, rng.random()
        whole = kind < 0.7
        if whole:
            name = self._name(rng, persian, swapped=rng.random() < 0.1, short=rng.random() < 0.15)
        elif kind < 0.78:
            name = f"{self.given[1][0][0]}. {rng.choice(self.surname[1])}"
        elif kind < 0.9:
            name = self._given(rng, persian, short=False)
        else:
            name = self.surname[0][0] if persian else self.surname[1][0]
        handle = self._handle(rng, full=not whole) if not whole or rng.random() < 0.8 else rng.choice(LISTS["words"])
        return self._author(rng, native_id, self._noise(rng, name), handle, 0.55)

    def hidden(self, rng: Random, native_id: str) -> Author:
        """An account that says too little."""
        name = rng.choice((self._given(rng, rng.random() < 0.5, short=False), rng.choice(LISTS["words"])))
        handle = rng.choice((rng.choice(self.given[1]).lower(), rng.choice(LISTS["words"])))
        return self._author(rng, native_id, name, f"{handle}{rng.randint(1, 999)}", 0.2)

    def _author(self, rng: Random, native_id: str, name: str, handle: str, placed: float) -> Author:
        place = rng.choice(self.city) if rng.random() < 0.85 else rng.choice(rng.choice(LISTS["cities"]))
        shown = f"{place}, Iran" if rng.random() < 0.3 else place
        return Author("x", native_id, handle, name, place=shown if rng.random() < placed else "")

    def _handle(self, rng: Random, *, full: bool) -> str:
        given, surname = rng.choice(self.given[1]), rng.choice(self.surname[1])
        first, sign = given if full else rng.choice((given, given, given, given[0])), rng.choice(("", "_", "."))
        parts = [first, surname] if rng.random() < 0.85 else [surname, given]
        handle = sign.join(parts).lower().replace(" ", sign)
        handle += str(rng.randint(1, 1999)) if rng.random() < 0.35 else ""
        before = rng.choice(LISTS["before"]) + sign if rng.random() < 0.1 else ""
        return f"{before}{handle}"

    def _noise(self, rng: Random, name: str) -> str:
        name = name.lower() if rng.random() < 0.08 else name
        name = name.replace("\u200c", rng.choice(("\u200c", "", " ")))
        name = name.replace("ی", "ي").replace("ک", "ك") if rng.random() < 0.1 else name
        return f"{name} {rng.choice('🌿✨🎧')}" if rng.random() < 0.15 else name
