"""What PostgreSQL's errors become, by their codes; no server is needed."""

from __future__ import annotations

from functools import partial
from json import loads
from pathlib import Path
from random import Random

import psycopg.errors
import pytest
from sqlalchemy.exc import DBAPIError

from crm.errors import AuthorisationError, ConflictError, InvalidInputError, RetryableError, ShenavaError, StoreError
from crm.ports.log import Record
from crm.records.engines import open_engine
from crm.records.faults import sentences
from stream.sqlite import SQLiteLog
from stream.worker import Worker
from tests.conformance.doubles import ManualClock, MemoryDeadLetters

URL = "postgresql+psycopg://us@db.example/shenava"
CODES: list[tuple[str, type[ShenavaError], str]] = [
    ("25P03", RetryableError, "cut this short"),
    ("26000", RetryableError, "cut this short"),
    ("40001", RetryableError, "at the same moment"),
    ("23505", RetryableError, "at the same moment"),
    ("57P01", RetryableError, "can't be reached"),
    ("23503", ConflictError, "removed meanwhile"),
    ("42501", AuthorisationError, "grant it"),
    ("21000", InvalidInputError, "do not take a value"),
    ("22003", InvalidInputError, "do not take a value"),
    ("23502", InvalidInputError, "do not take a value"),
    ("23514", InvalidInputError, "do not take a value"),
    ("54023", InvalidInputError, "do not take a value"),
    ("42703", StoreError, "can't be used"),
    ("42P01", StoreError, "can't be used"),
    ("0A000", StoreError, "can't be used"),
    ("25P02", StoreError, "can't be used"),
    ("3F000", StoreError, "can't be used"),
    ("P0001", StoreError, "can't be used"),
]


def refuse(code: str) -> None:
    """Fail in a transaction as the driver does for this code."""
    with sentences(open_engine(URL)):
        said = psycopg.errors.lookup(code)("what happened\nDETAIL:  Failing row contains (راز).")
        raise DBAPIError.instance("INSERT", None, said, psycopg.Error, hide_parameters=True)


@pytest.mark.parametrize(("code", "kind", "says"), CODES)
def test_a_code_is_said_in_a_sentence_that_repeats_no_value(code: str, kind: type[ShenavaError], says: str) -> None:
    with pytest.raises(kind, match=says) as raised:
        refuse(code)
    assert "راز" not in str(raised.value)


def test_tables_of_another_version_make_no_dead_letters(tmp_path: Path) -> None:
    class OldTables:
        def write(self, _: object) -> None:
            refuse("42703")

    clock, dead = ManualClock(), MemoryDeadLetters()
    log = SQLiteLog(tmp_path / "stream.sqlite", clock)
    log.append("t", [Record("k:1", b"1"), Record("k:2", b"2")])
    worker = Worker(log, "t", "g", list, OldTables(), dead, clock, Random(1))
    with pytest.raises(StoreError, match="can't be used"):
        worker.step()
    worker.close()
    log.close()
    assert dead.list() == []


def test_words_of_sqlite_that_are_no_text_are_a_damaged_file() -> None:
    engine = open_engine("sqlite:////nowhere/records.sqlite")
    for broken in (b"\xce(".decode, partial(loads, "{")):
        with pytest.raises(StoreError, match=r"/nowhere/records\.sqlite is damaged"), sentences(engine):
            broken()
