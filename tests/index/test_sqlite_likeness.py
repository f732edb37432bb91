"""Where the embedded index keeps what near-duplicates are found by, and files from before there was such a thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from crm.errors import StoreError
from crm.ports.index import Scope
from crm.query.tree import Everything
from crm.words import EnrichedPost
from index.sqlite import SQLiteIndex
from index.sqlite import files as files_module
from index.sqlite.facets import digest
from index.sqlite.likeness import number, spelt
from index.sqlite.schema import TABLES, UPGRADES, VERSION
from tests.conformance.index_judge import NOON
from tests.conformance.post_index_copies import like, said

ACME = Scope("acme")
TEXT = "one and the same text is said by many accounts here"


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    db = apsw.Connection(str(path))
    found = db.execute(sql).fetchall()
    db.close()
    return found


def many(count: int, start: int = 0) -> Sequence[EnrichedPost]:
    return [said(str(n), f"{TEXT} {'x' * (n % 3)}", f"u{n}", n) for n in range(start, start + count)]


def first_version(path: Path) -> None:
    """An empty file as version 1 laid it out."""
    tables = TABLES.replace(", place INTEGER", "").replace(f"user_version = {VERSION}", "user_version = 1")
    db = apsw.Connection(str(path))
    db.execute("\n".join(line for line in tables.splitlines() if "TABLE alike" not in line))
    db.close()


def test_rows_are_shared_by_many_posts_and_grow_while_they_are_small(tmp_path: Path) -> None:
    index = SQLiteIndex(tmp_path / "i.sqlite")
    for start in range(0, 400, 20):
        index.write(many(20, start))
    index.write(many(2500, 400))
    counted = [(row, posts // 76) for row, posts in rows(tmp_path / "i.sqlite", "SELECT id, length(posts) FROM alike")]  # type: ignore[operator]
    assert [posts for _, posts in counted] == [260, 140 + 1024, 1024, 452]
    assert [row for row, _ in counted] == [(1 << 32) + n for n in range(4)]
    assert index.count(ACME, like(many(1)[0]))[0].posts == 2900
    index.close()


def test_nothing_is_left_of_a_post_that_was_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "i.sqlite"
    index = SQLiteIndex(path)
    index.write(many(30))
    trace = digest("x:u7").to_bytes(8, "little", signed=True)
    assert trace in path.read_bytes() + path.with_name("i.sqlite-wal").read_bytes()
    index.delete("acme", ["x:7"])
    assert index.count(ACME, Everything(), ["text"])[0].posts <= 29
    index.delete("acme", [f"x:{n}" for n in range(30)])
    assert rows(path, "SELECT count(*) FROM alike") == [(0,)]
    index.write(many(3, 50))
    assert index.count(ACME, like(many(1)[0]))[0].posts == 3
    index.close()
    assert trace not in path.read_bytes()


def test_expired_months_leave_nothing(tmp_path: Path) -> None:
    index = SQLiteIndex(tmp_path / "i.sqlite")
    index.write(many(30))
    assert index.expire(NOON + timedelta(days=62)) == 30
    assert rows(tmp_path / "i.sqlite", "SELECT count(*) FROM alike") == [(0,)]
    index.close()


def test_a_file_of_the_first_version_is_made_one_of_this_and_keeps_its_posts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "i.sqlite"
    first_version(path)
    db = apsw.Connection(str(path))
    db.execute("INSERT INTO workspace (name) VALUES ('acme')")
    db.execute("INSERT INTO kind VALUES (1, 1, 'x', 'fa', 'neutral', 'normal', 0, '[]')")
    db.execute("INSERT INTO post VALUES (7, 1, 'x:old', 1, 0, 1, 5, NULL, 0)")
    db.close()
    SQLiteIndex(path).close()
    index = SQLiteIndex(path)
    index.write(many(3))
    assert index.count(ACME, like(many(1)[0]))[0].posts == 3
    assert rows(path, "SELECT key, place FROM post WHERE docid = 7") == [("x:old", None)]
    index.close()
    fresh = tmp_path / "fresh.sqlite"
    SQLiteIndex(fresh).close()
    laid_out = "SELECT name, sql FROM sqlite_schema ORDER BY name"
    assert rows(path, laid_out) == rows(fresh, laid_out), "a damaged file is told from a sound one by this"
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]
    assert set(UPGRADES) == set(range(1, VERSION))
    monkeypatch.setattr(files_module, "VERSION", 1)
    with pytest.raises(StoreError, match=f"version {VERSION}, not 1"):
        SQLiteIndex(path)


def test_hashes_are_numbers_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    assert [spelt(number(band)) for band in ("000001", "00000v", "vvvvvv", "1a2b3c")] == [
        "000001", "00000v", "vvvvvv", "1a2b3c",
    ]  # fmt: skip
    assert [number(band) for band in ("", "x:1", "000000", "1", "zzzzzz", "0000001", "-00001")] == [0] * 7
    index = SQLiteIndex(tmp_path / "i.sqlite")
    one = said("1", TEXT, "u")
    index.write([one])
    assert index.get(ACME, ["x:1"]) == [one]
    index.close()
