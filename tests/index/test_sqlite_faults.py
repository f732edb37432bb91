"""Locked, full, damaged and foreign files: a clear error, nothing stored is harmed; what erasing leaves on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from time import monotonic, sleep

import apsw
import pytest

from crm.errors import InvalidInputError, RetryableError, StoreError
from crm.ports.index import Scope
from crm.query.tree import Everything, Words
from crm.words import EnrichedPost
from index import open_index
from index.sqlite import SQLiteIndex
from index.sqlite.scrub import scrubbed
from tests.conformance.index_judge import NOON, document, post

pytestmark = pytest.mark.slow

ACME = Scope("acme")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "نمایه index.sqlite"


@pytest.fixture
def index(path: Path) -> Iterator[SQLiteIndex]:
    index = SQLiteIndex(path, busy_seconds=0.05)
    yield index
    index.close()


def batch(count: int, start: int = 0) -> list[EnrichedPost]:
    """`count` posts with a word of their own each."""
    return [
        document(post(f"id{n}post", f"راز secret{n}word", NOON + n * timedelta(seconds=37)))
        for n in range(start, start + count)
    ]


def posts_in(index: SQLiteIndex) -> int:
    return sum(bucket.posts for bucket in index.count(ACME, Everything()))


def test_a_locked_file_is_a_passing_failure_and_reads_go_on(path: Path, index: SQLiteIndex) -> None:
    index.write(batch(3))
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    for locked in (lambda: index.write(batch(1, start=3)), lambda: index.delete("acme", ["x:id0post"])):
        with pytest.raises(RetryableError, match="locked by another process"):
            locked()
    assert posts_in(index) == 3
    other.execute("ROLLBACK")
    other.close()
    index.write(batch(1, start=3))
    assert posts_in(index) == 4


def test_a_full_disk_says_so_and_keeps_what_there_was(path: Path) -> None:
    index = SQLiteIndex(path, max_pages=60)
    index.write(batch(50))
    with pytest.raises(StoreError, match="full"):
        index.write(batch(5000, start=50))
    assert posts_in(index) == 50
    index.write([document(post("new", "تازه", platform="rss"), monitors=("brand",))])
    assert [one.post.native_id for one in index.search(ACME, Words(("تازه",))).hits] == ["new"]
    index.close()


def test_a_damaged_file_is_named_with_the_mend(path: Path) -> None:
    index = SQLiteIndex(path)
    index.write(batch(2000))
    index.close()
    raw = bytearray(path.read_bytes())
    raw[16_384:] = Random(1).randbytes(len(raw) - 16_384)
    path.write_bytes(raw)
    damaged = SQLiteIndex(path)
    with pytest.raises(StoreError, match=r"index\.sqlite is damaged .*restore it from a back-up"):
        damaged.search(ACME, Everything())
    damaged.close()


def test_a_changed_letter_is_named_and_documents_without_checksum_are_read(path: Path) -> None:
    index = SQLiteIndex(path)
    index.write(batch(3))
    index.close()
    db = apsw.Connection(str(path))
    db.execute("UPDATE body SET document = substr(document, 1, length(document) - 4)")
    db.close()
    old = SQLiteIndex(path)
    old.check()
    assert {one.post.text for one in old.search(ACME, Everything()).hits} == {one.post.text for one in batch(3)}
    old.write(batch(6))
    old.close()
    path.write_bytes(path.read_bytes().replace("راز secret4word".encode(), "راز secret5word".encode()))
    changed = SQLiteIndex(path)
    for look in (changed.check, lambda: changed.search(ACME, Everything())):
        with pytest.raises(StoreError, match="is damaged"):
            look()
    changed.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 999, b"\x89PNG" + bytes(4000)])
def test_a_file_of_something_else_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        SQLiteIndex(path)
    assert path.read_bytes() == content


def test_another_database_and_a_newer_index_are_refused(path: Path) -> None:
    foreign = apsw.Connection(str(path))
    foreign.execute("CREATE TABLE t (a)")
    foreign.close()
    with pytest.raises(StoreError, match="something other than an index"):
        SQLiteIndex(path)
    newer = path.with_name("newer.sqlite")
    SQLiteIndex(newer).close()
    later = apsw.Connection(str(newer))
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(StoreError, match="version 99"):
        SQLiteIndex(newer)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be read or written"):
        SQLiteIndex(tmp_path / "file" / "index.sqlite")


@pytest.mark.parametrize("order", ["in order", "shuffled"])
@pytest.mark.parametrize("rewritten", ["as written", "some rewritten"])
def test_what_is_erased_is_nowhere_in_the_files(path: Path, index: SQLiteIndex, order: str, rewritten: str) -> None:
    said = batch(1500)
    if order == "shuffled":
        Random(2).shuffle(said)
    for start in range(0, len(said), 100):
        index.write(said[start : start + 100])
    edited = [
        document(post(one.post.native_id, "ویرایش‌شده edited", one.post.posted_at, edited_at=NOON + timedelta(days=9)))
        for one in (said[::5] if rewritten == "some rewritten" else ())
    ]
    index.write(edited)
    gone = said[::3]
    assert index.delete("acme", [one.post.key for one in gone]) == len(gone)
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    erased = [one.tokens.split()[-1] for one in gone] + [one.post.native_id for one in gone]
    assert [word for word in erased if word.encode() in left] == []
    assert posts_in(index) == len(said) - len(gone)


def test_an_erased_author_leaves_no_trace(path: Path, index: SQLiteIndex) -> None:
    index.write([document(post(str(n), author="qx7author", handle="qx7handle")) for n in range(30)] + batch(30))
    assert index.delete("acme", author_keys=["x:qx7author"]) == 30
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert (b"qx7author" in left, b"qx7handle" in left, posts_in(index)) == (False, False, 30)


def test_unused_bytes_of_a_page_are_cleared_and_nothing_else() -> None:
    header = bytes([13, 0, 0, 0, 1, 0x0F, 0, 0]) + b"\x0f\x00"
    page = header + b"left over".ljust(0x0F00 - len(header), b"x") + b"a row".ljust(256, b"r")
    assert scrubbed(page) == header + bytes(0x0F00 - len(header)) + page[0x0F00:]
    overflow = b"\0\0\0\x07" + b"text" * 1023
    assert scrubbed(overflow) == overflow


def test_readers_see_whole_batches_while_another_thread_writes(index: SQLiteIndex) -> None:
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(posts_in(index))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for start in range(0, 500, 50):
        index.write(batch(50, start))
    done.set()
    for thread in threads:
        thread.join()
    assert posts_in(index) == 500
    assert all(count % 50 == 0 for count in seen)


def test_a_killed_writer_leaves_whole_batches(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from index.sqlite import SQLiteIndex;"
        "from tests.index.test_sqlite_faults import batch\n"
        "index = SQLiteIndex(Path(sys.argv[1]))\n"
        "for start in range(0, 10**6, 100): index.write(batch(100, start))"
    )
    SQLiteIndex(path).close()
    writer = subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT)
    index = SQLiteIndex(path)
    deadline = monotonic() + 60
    while posts_in(index) < 500 and monotonic() < deadline:
        sleep(0.01)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    kept = posts_in(index)
    assert kept >= 500
    assert kept % 100 == 0
    index.write(batch(100, kept - 50))
    assert posts_in(index) == kept + 50
    index.close()


def test_a_closed_index_says_so(path: Path) -> None:
    index = SQLiteIndex(path)
    index.close()
    index.close()
    with pytest.raises(StoreError, match="closed"):
        index.write(batch(1))


def test_an_index_is_opened_by_its_url(tmp_path: Path) -> None:
    index = open_index(f"sqlite:///{tmp_path}/a%20folder/index.sqlite")
    index.write(batch(1))
    index.close()
    assert (tmp_path / "a folder" / "index.sqlite").exists()


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite://host/x", "mysql:///x", "index.sqlite"])
def test_an_url_that_names_no_index_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match="sqlite:///"):
        open_index(url)
