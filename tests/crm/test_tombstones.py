from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm.records import tombstones
from crm.records.database import Records

NOW = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
KEYS = [f"bluesky:{number}" for number in range(1200)]


@pytest.fixture
def records(empty_records: Records) -> Records:
    return empty_records


def test_what_is_buried_is_known_and_nothing_else(records: Records) -> None:
    with records.write() as tx:
        tombstones.bury(tx, "w1", KEYS[:1000], "post", "erased", NOW)
        assert tombstones.buried(tx, "w1", KEYS) == set(KEYS[:1000])
        assert tombstones.buried(tx, "w2", KEYS) == set()
        assert tombstones.buried(tx, "w1", []) == set()


@pytest.mark.sqlite
def test_keys_do_not_lie_open(records: Records, tmp_path: Path) -> None:
    with records.write() as tx:
        tombstones.bury(tx, "w1", ["bluesky:a-telling-name"], "author", "erased", NOW)
    assert b"a-telling-name" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_firehoses_deletion_expires_and_an_erasure_does_not(records: Records) -> None:
    later = NOW + timedelta(hours=72)
    with records.write() as tx:
        tombstones.bury(tx, "w1", ["a:1", "a:2"], "post", "platform", NOW, later)
        tombstones.bury(tx, "w1", ["a:2"], "post", "erased", NOW)
        tombstones.bury(tx, "w1", ["a:2"], "post", "platform", NOW, later)
        assert tombstones.expire(tx, later) == 0
        assert tombstones.expire(tx, later + timedelta(seconds=1)) == 1
        assert tombstones.buried(tx, "w1", ["a:1", "a:2"]) == {"a:2"}


def test_opaque_names_say_nothing_and_stay_the_same(records: Records) -> None:
    with records.write() as tx:
        name = tombstones.opaque(tx, "w1", "a:1")
        assert name == tombstones.opaque(tx, "w1", "a:1")
        assert name != tombstones.opaque(tx, "w2", "a:1")
        assert len(name) == 32
