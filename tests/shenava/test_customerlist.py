"""`shenava customers`: who stands in a list twice, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.errors import InvalidInputError
from crm.policies.access import Actor
from shenava import customerlist
from shenava.commands_data import operator
from shenava.settings import Settings
from shenava.wiring import House

HEAD = "Name;E-Mail;Mobile;شهر;Value;Since;VIP"
ROWS = (
    "Sara Ahmadi;sara@mail.example;0912 345 6789;Tehran;1,200;2024-04-03;yes",
    "Omid Karimi;omid@mail.example;0912 111 2222;Shiraz;;;",
    "سارا احمدي;;09123456789;تهران;;;",
    ";nobody@mail.example;;;;;",
    "Kaveh Nouri;kaveh@mail.example;0912 333 4444;Qom;much;;",
    "نرگس رضایی;narges@mail.example;0912 555 6666;رشت;;1403-01-15;",
    "مینا اکبری;mina@mail.example;0912 777 8888;یزد;;;",
    "Arash Bayat;arash@mail.example;0912 999 0000;Karaj;;;",
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(Settings.load(data=tmp_path / "data"))
    yield one
    one.close()


@pytest.fixture
def actor(house: House) -> Actor:
    return operator(house)


def listed(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "customers.csv"
    path.write_text("\n".join((head, *rows)), "utf-8")
    return path


def quiet(what: str, done: int, total: int) -> None:
    assert (what, done <= total) == ("Stored", True)


def test_who_stands_twice_is_shown_and_nothing_stored(house: House, actor: Actor, tmp_path: Path) -> None:
    looked = customerlist.look(house, actor, listed(tmp_path, *ROWS))
    (twice,) = looked.twice
    assert (twice.rows, twice.names) == ((2, 4), ("Sara Ahmadi", "سارا احمدي"))
    assert twice.probability >= 0.9
    assert (len(looked.lines), looked.unnamed, looked.known) == (7, (5,), ())
    assert house.services.customers.list(actor).rows == ()


def test_they_are_stored_as_one_and_known_ones_are_left_alone(house: House, actor: Actor, tmp_path: Path) -> None:
    file = listed(tmp_path, *ROWS)
    stored, refused = customerlist.store(house, actor, customerlist.look(house, actor, file), quiet)
    assert (stored, [row for row, _ in refused]) == (5, [6])
    (sara,) = house.services.customers.list(actor, "Sara").rows
    assert (sara.customer.email, sara.customer.phone, sara.customer.value) == (
        "sara@mail.example",
        "989123456789",
        1200,
    )
    assert (sara.customer.vip, sara.customer.fields) == (True, {"شهر": "Tehran"})
    (narges,) = house.services.customers.list(actor, "نرگس").rows
    assert narges.customer.since is not None
    assert narges.customer.since.isoformat()[:10] == "2024-04-02"  # in Tehran's zone it is the third
    again = customerlist.look(house, actor, file)
    assert again.known == (2, 3, 4, 7, 8, 9)
    assert customerlist.store(house, actor, again, quiet)[0] == 0


def test_columns_are_named_where_their_names_say_nothing(house: House, actor: Actor, tmp_path: Path) -> None:
    file = listed(tmp_path, "Sara Ahmadi,sara@mail.example", head="Titel,Post")
    with pytest.raises(InvalidInputError, match="--map name="):
        customerlist.look(house, actor, file)
    with pytest.raises(InvalidInputError, match="no column 'Nome'"):
        customerlist.look(house, actor, file, {"name": "Nome"})
    looked = customerlist.look(house, actor, file, {"name": "Titel", "email": "Post"})
    assert looked.lines[0].fields == {"name": "Sara Ahmadi", "email": "sara@mail.example"}
