"""Locked, full and damaged files: a clear error, nothing stored is harmed; and what erasing leaves on the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import apsw
import pytest

from crm.errors import InvalidInputError, RetryableError, StoreError
from crm.ports.clock import SystemClock
from crm.ports.log import Record
from stream import open_log
from stream.file import LAYOUT, PAGE
from stream.sqlite import SPARE_PAGES, SQLiteLog
from tests.conformance.doubles import ManualClock
from tests.conformance.event_log import drain, records, values

TOPIC = "posts.collected"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "جریان stream.sqlite"


@pytest.fixture
def opened(path: Path) -> Callable[..., SQLiteLog]:
    def opened(max_pages: int | None = None) -> SQLiteLog:
        return SQLiteLog(path, ManualClock(), busy=0.05, max_pages=max_pages)

    return opened


def test_a_locked_file_is_a_passing_failure_and_nothing_is_added(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    log = opened()
    log.append(TOPIC, records(1))
    consumer = log.consumer(TOPIC, "g")
    drain(consumer)
    other = apsw.Connection(str(path))
    other.execute("BEGIN EXCLUSIVE")
    for locked in (lambda: log.append(TOPIC, records(1)), consumer.commit, lambda: log.trim(TOPIC, ["g"])):
        with pytest.raises(RetryableError, match="locked by another process"):
            locked()
    other.execute("COMMIT")
    consumer.commit()
    assert log.append(TOPIC, records(1, start=1)) == 1
    assert values(drain(consumer)) == ["پست 1"]


def test_a_full_disk_says_so_and_keeps_what_there_was(opened: Callable[..., SQLiteLog]) -> None:
    log = opened(max_pages=60)
    with pytest.raises(StoreError, match=r"Disk full: the stream .*nothing was added"):
        _fill_up(log)
    kept = drain(log.consumer(TOPIC, "g"))
    assert len(kept) % 100 == 0
    assert [event.offset for event in kept] == list(range(len(kept)))
    log.close()
    roomier = opened()
    assert roomier.append(TOPIC, records(1)) == len(kept)


def test_a_full_log_works_again_after_trimming(opened: Callable[..., SQLiteLog]) -> None:
    log = opened(max_pages=60)
    consumer = log.consumer(TOPIC, "g")
    with pytest.raises(StoreError):
        _fill_up(log)
    drain(consumer)
    consumer.commit()
    assert log.trim(TOPIC, ["g"]) > 0
    log.append(TOPIC, records(100))
    assert len(drain(consumer)) == 100


@pytest.mark.parametrize("content", [b"not a database at all" * 500, "فایل دیگر".encode() * 900])
def test_another_file_is_refused_by_name_and_left_as_it_was(
    path: Path, opened: Callable[..., SQLiteLog], content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"stream\.sqlite is damaged or not a stream .* restore the data folder"):
        opened()
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_refused(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    with apsw.Connection(str(path)) as db:
        db.execute("CREATE TABLE theirs(x)")
    with pytest.raises(StoreError, match="another program"):
        opened()


def test_a_newer_layout_is_refused_with_the_mend(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    opened().close()
    db = apsw.Connection(str(path))
    db.pragma("user_version", LAYOUT + 1)
    db.close()
    with pytest.raises(StoreError, match="update Shenava"):
        opened()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"missing/s\.sqlite can't be opened"):
        SQLiteLog(tmp_path / "missing" / "s.sqlite", ManualClock())


def test_a_truncated_file_is_named_as_damaged(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    _filled(opened)
    path.write_bytes(path.read_bytes()[: 5 * PAGE])
    with pytest.raises(StoreError, match="is damaged"):
        drain(opened().consumer(TOPIC, "g"))


def test_flipped_bits_in_the_pages_are_named_as_damage(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    _filled(opened)
    content = bytearray(path.read_bytes())
    for page in range(6, len(content) // PAGE):
        content[page * PAGE] ^= 0b0101_0101
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        drain(opened().consumer(TOPIC, "g"))


def test_a_changed_letter_is_named_as_damage(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    _filled(opened)
    content = path.read_bytes()
    path.write_bytes(content.replace("پست 1234".encode(), "پست 1235".encode()))
    with pytest.raises(StoreError, match=r"event 1234 of posts\.collected is not as it was appended"):
        drain(opened().consumer(TOPIC, "g"))
    with pytest.raises(StoreError, match="event 1234"):
        opened().check()


def test_a_file_of_the_first_layout_goes_on(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    _filled(opened)
    db = apsw.Connection(str(path))
    db.execute("ALTER TABLE events_1 DROP COLUMN seal")
    db.pragma("user_version", 1)
    db.close()
    log = opened()
    assert log.append(TOPIC, records(1, start=4000)) == 4000
    assert len(drain(log.consumer(TOPIC, "g"))) == 4001
    log.check()


def test_two_openings_can_append_at_once_from_several_threads(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    # An append waits for the other openings' locks here, so it gets the default patience.
    logs = [SQLiteLog(path, SystemClock()), SQLiteLog(path, SystemClock())]

    def work(number: int) -> None:
        for n in range(20):
            logs[number % 2].append(TOPIC, [Record(f"{number}", f"{n} {i}".encode()) for i in range(5)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = drain(opened().consumer(TOPIC, "g"))
    assert [event.offset for event in got] == list(range(400))
    for number in range(4):
        mine = [event.value.decode() for event in got if event.key == str(number)]
        assert mine == [f"{n} {i}" for n in range(20) for i in range(5)]


@pytest.mark.parametrize("seed", range(3))
def test_erased_events_leave_no_trace_on_the_disk(path: Path, opened: Callable[..., SQLiteLog], seed: int) -> None:
    random = Random(seed)
    log = opened()
    reader = log.consumer(TOPIC, "g")
    marks = [f"راز{n:05d}!".encode() for n in range(100)]
    for n, mark in enumerate(marks):
        log.append(TOPIC, [Record(f"csv:{n}", mark * random.choice([1, 10, 200, 3000]))])
    drain(reader)
    reader.commit()
    log.trim(TOPIC, ["g"]) if seed == 2 else None
    gone = set(range(100)) if seed == 2 else set(random.sample(range(100), 50))
    removed = log.erase([f"csv:{n}" for n in gone])
    assert removed == (0 if seed == 2 else 50)
    on_disk = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert [n for n in gone if marks[n] in on_disk] == []
    assert all(marks[n] in on_disk for n in set(range(100)) - gone)


def test_trimming_gives_disk_space_back(path: Path, opened: Callable[..., SQLiteLog]) -> None:
    log = opened()
    consumer = log.consumer(TOPIC, "g")
    for _ in range(60):
        log.append(TOPIC, [Record("k", b"x" * 1_000_000)])
    while consumer.poll(10, 0.0):
        consumer.commit()
    assert path.stat().st_size > 40_000_000
    log.trim(TOPIC, ["g"])
    log.close()
    consumer.close()
    assert path.stat().st_size < (SPARE_PAGES + 100) * PAGE


def test_an_address_chooses_the_adapter(tmp_path: Path) -> None:
    for address in (tmp_path / "a", str(tmp_path / "b"), f"sqlite:///{tmp_path / 'c'}"):
        log = open_log(address, ManualClock())
        assert log.append(TOPIC, records(1)) == 0
        log.close()
    assert {"a", "b", "c"} <= {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("address", ["kafka-typo://host", "sqlite:///", "sqlite://relative", "http://x"])
def test_an_unknown_address_is_refused_with_the_mend(address: str) -> None:
    with pytest.raises(InvalidInputError, match="write a file's path or sqlite:///"):
        open_log(address, ManualClock())


def _filled(opened: Callable[..., SQLiteLog]) -> None:
    log = opened()
    for start in range(0, 4000, 500):
        log.append(TOPIC, records(500, start=start))
    log.close()


def _fill_up(log: SQLiteLog) -> None:
    for start in range(0, 100_000, 100):
        log.append(TOPIC, records(100, start=start))
