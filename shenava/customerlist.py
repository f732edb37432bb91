"""A list of customers from a file: who stands in it twice is shown before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec import Struct

from collectors.file.columns import by_name, known_names
from collectors.file.form import look_at
from collectors.file.rows import Fault, rows
from crm.errors import InvalidInputError
from crm.policies.access import Actor
from crm.policies.ties import normal_email, normal_phone
from crm.query.dates import moment
from crm.records import customers, desk
from crm.records.customer_keys import LINK
from crm.usecases.customers import CustomerDraft
from enrich.linkage import groups, link
from shenava.wiring import House

FIELDS = ("name", "email", "phone", "link", "value", "since", "vip")
"""What a column may be; every other one is kept as the business's own."""

_YES = frozenset({"1", "yes", "true", "y", "x"})

Tell = Callable[[str, int, int], None]


class Line(Struct, frozen=True):
    """One customer of the file, with the number of its line or row; `own` are the business's columns."""

    number: int
    fields: dict[str, str]
    own: dict[str, str]


class Twice(Struct, frozen=True):
    """Rows that are the same customer: their numbers and names, and the least probability among them."""

    rows: tuple[int, ...]
    names: tuple[str, ...]
    probability: float


class Looked(Struct, frozen=True):
    """What a file holds: its customers, who of them stands in it twice, rows without a name, and who is known already.

    `known` are rows with the e-mail address or the phone number of a customer that is stored.
    """

    lines: tuple[Line, ...]
    twice: tuple[Twice, ...]
    unnamed: tuple[int, ...]
    known: tuple[int, ...]


def look(house: House, actor: Actor, file: Path, names: Mapping[str, str] | None = None) -> Looked:
    """Read a list (CSV, JSON Lines, …); `names` are columns by field where their names don't say it.

    Raises InvalidInputError, UnusableFileError.
    """
    every = list(_read(file, names or {}))
    lines = [line for line in every if line.fields.get("name")]
    pairs = link([{**_compared(line), **line.own} for line in lines])
    sure = {(pair.one, pair.other): pair.probability for pair in pairs}
    twice = [
        Twice(
            tuple(lines[at].number for at in some), tuple(lines[at].fields["name"] for at in some),
            round(min(found for (one, _), found in sure.items() if one in some), 4),
        )
        for some in groups(pairs)
    ]  # fmt: skip
    return Looked(
        tuple(lines), tuple(twice), tuple(line.number for line in every if not line.fields.get("name")),
        tuple(_known(house, actor, lines)),
    )  # fmt: skip


def store(house: House, actor: Actor, looked: Looked, tell: Tell) -> tuple[int, list[tuple[int, str]]]:
    """Store those who are not known; of rows that are the same one customer, whose gaps the later rows fill.

    Returns how many were stored, and the rows that could not be, with the reason.
    """
    first = {row: some.rows[0] for some in looked.twice for row in some.rows}
    merged: dict[int, Line] = {}
    for line in looked.lines:
        at = first.get(line.number, line.number)
        there = merged.get(at)
        merged[at] = line if there is None else _filled(there, line)
    wanted = [line for at, line in merged.items() if at not in looked.known]
    with house.records.read() as tx:
        zone = desk.desk(tx, actor.workspace).zone
    refused: list[tuple[int, str]] = []
    for done, line in enumerate(wanted, start=1):
        try:
            house.services.customers.save(actor, _draft(house, line, zone))
        except InvalidInputError as error:
            refused.append((line.number, str(error)))
        tell("Stored", done, len(wanted))
    return len(wanted) - len(refused), refused


def _compared(line: Line) -> dict[str, str]:
    said = {name: line.fields.get(name, "") for name in ("name", "link")}
    email, phone = line.fields.get("email", ""), line.fields.get("phone", "")
    return said | {"email": normal_email(email), "phone": normal_phone(phone) if phone else ""}


def _filled(one: Line, other: Line) -> Line:
    fields = {name: one.fields.get(name) or other.fields.get(name, "") for name in FIELDS}
    return Line(one.number, fields, {**other.own, **{name: value for name, value in one.own.items() if value}})


def _draft(house: House, line: Line, zone: str) -> CustomerDraft:
    said = line.fields
    value = said.get("value", "").replace(",", "")
    since = moment(said["since"], zone, house.clock.now()) if said.get("since") else None
    own = {name: text for name, text in line.own.items() if text}
    try:
        return msgspec.convert(
            {
                "name": said["name"], "email": said.get("email", ""), "phone": said.get("phone", ""), "since": since,
                "value": float(value) if value else None, "vip": said.get("vip", "").lower() in _YES,
                "fields": own | ({LINK: said["link"]} if said.get("link") else {}),
            },
            CustomerDraft,
        )  # fmt: skip
    except ValueError as error:
        raise InvalidInputError(f"The value {value!r} is no number ({error}).") from error


def _known(house: House, actor: Actor, lines: Sequence[Line]) -> Iterator[int]:
    with house.records.read() as tx:
        book = customers.tie_book(tx, actor.workspace)
    for line in lines:
        email, phone = line.fields.get("email", ""), line.fields.get("phone", "")
        if normal_email(email) in book.emails or (phone and normal_phone(phone) in book.phones):
            yield line.number


def _read(file: Path, names: Mapping[str, str]) -> Iterator[Line]:
    """The rows of a file that can be read, each with its number."""
    which: dict[str, str] = {}
    for number, row in rows(look_at(file)):
        if isinstance(row, Fault):
            continue
        plain = {name: "" if value is None else str(value).strip() for name, value in row.items()}
        which = which or _which(file.name, list(plain), names)
        own = {name: value for name, value in plain.items() if name not in which}
        yield Line(number, {field: plain.get(name, "") for name, field in which.items()}, own)


def _which(file: str, columns: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """The field of each column that is one of ours: as it was said, else by how it is called."""
    for field, name in names.items():
        if name not in columns:
            raise InvalidInputError(f"{file} has no column {name!r} for {field}; it has {', '.join(columns)}.")
    found = {**by_name([name for name in columns if name not in names.values()], _usual()), **names}
    if "name" not in found:
        raise InvalidInputError(f"{file} has no column with names; say which it is: --map name=COLUMN.")
    return {name: field for field, name in found.items()}


@cache
def _usual() -> Mapping[str, tuple[str, int]]:
    """How columns are called, in Persian and English."""
    found = files("shenava").joinpath("customer_columns.json").read_bytes()
    return known_names(msgspec.json.decode(found, type=dict[str, str]))
