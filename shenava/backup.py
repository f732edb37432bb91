"""Back-ups of the data folder: consistent copies of the stores in one file, without the key file.

They are taken while everything runs, through SQLite's online back-up. A restore verifies every
file first, keeps what was there aside, and removes again what was erased since.
"""

from __future__ import annotations

import hashlib
import math
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import apsw
import msgspec
from msgspec import Struct

from crm.errors import InvalidInputError, StoreError
from crm.records import audit, checksums, migrate
from crm.records.database import Records

RECORDS = "records.sqlite"
FILES = ("stream.sqlite", "index.sqlite", RECORDS)
"""In the order in which they are copied: what a copied stream calls done stands in the stores copied later."""

FILLING = ("sources", "jobs")
MANIFEST = "manifest.json"
PREFIX, SUFFIX, UNFINISHED = "shenava-", ".tar.gz", ".partial"
WORK = "unfinished-"
ABANDONED = timedelta(days=1)
ASIDE = "replaced-"
STAMP = "%Y%m%dT%H%M%S%fZ"
PAGES_AT_ONCE = 4_000
SLOW = timedelta(minutes=1)
"""Longer than a message to a webhook takes from its time to the stream."""

Progress = Callable[[str, int, int], None]
"""Told what is copied, how many steps are done and how many there are."""


class Manifest(Struct, frozen=True):
    """What a back-up holds: SHA-256 by file, the version of the records, and the head of the audit chain."""

    made_at: datetime
    hashes: dict[str, str]
    records_version: str | None
    audit_head: str


class DamagedBackupError(InvalidInputError):
    """A back-up that can't be trusted."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"The back-up {path} can't be used because {reason}; nothing was changed.")


def quiet(what: str, done: int, total: int) -> None:
    """No progress shown."""
    del what, done, total


def make(folder: Path, to: Path, now: datetime, progress: Progress = quiet) -> Path:
    """Write a back-up of `folder` into the folder `to`; returns its path. Raises StoreError (disk full, unreadable)."""
    to.mkdir(parents=True, exist_ok=True)
    target = to / f"{PREFIX}{now.strftime(STAMP)}{SUFFIX}"
    unfinished = target.with_suffix(UNFINISHED)
    present = [name for name in FILES if (folder / name).exists()]
    try:
        with workshop(to) as work:
            begun = _progress_of(folder / RECORDS)
            for name in present:
                _copy(folder / name, work / name, partial(progress, name))
            _set_progress(work / RECORDS, begun)
            _forget_deliveries(work / RECORDS, now - SLOW)
            (work / MANIFEST).write_bytes(msgspec.json.encode(_manifest(work, present, now)))
            with tarfile.open(unfinished, "w:gz", compresslevel=1) as archive:
                for step, name in enumerate([MANIFEST, *present]):
                    progress(target.name, step, len(present) + 1)
                    archive.add(work / name, name)
        unfinished.chmod(0o600)
        unfinished.rename(target)
    except (OSError, apsw.Error, sqlite3.Error) as error:
        unfinished.unlink(missing_ok=True)
        raise StoreError(f"The back-up of {folder} could not be written to {to}: {error}.") from error
    progress(target.name, 1, 1)
    return target


@contextmanager
def workshop(folder: Path) -> Iterator[Path]:
    """A folder in `folder` that goes at the end; one that a crash left behind is thrown away by :func:`expire`.

    Raises StoreError where it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix=WORK, dir=folder)
    except OSError as error:
        raise StoreError(f"Nothing can be written to {folder}: {error}.") from error
    with made as work:
        yield Path(work)


def expire(backups: Path, data: Path, now: datetime, days: int) -> list[Path]:
    """Delete back-ups, and data that a restore put aside, older than `days`; what was erased must not live on there.

    What was left unfinished goes after a day. Returns those that went.
    """
    found = [(path, path.name.removeprefix(PREFIX).removesuffix(SUFFIX)) for path in backups.glob(f"{PREFIX}*{SUFFIX}")]
    found += [(path, path.name.removeprefix(ASIDE)) for path in data.glob(f"{ASIDE}*") if path.is_dir()]
    gone = [path for path, stamp in sorted(found) if _is_before(stamp, now - timedelta(days=days))]
    left = [*backups.glob(f"{WORK}*"), *backups.glob(f"{PREFIX}*{UNFINISHED}"), *data.glob(f"{WORK}*")]
    gone += [path for path in sorted(left) if _changed(path) < (now - ABANDONED).timestamp()]
    for path in gone:
        with suppress(FileNotFoundError):  # another process tidies the same folder
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return gone


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _is_before(stamp: str, limit: datetime) -> bool:
    """Whether the time in a file's name is before `limit`; a name that is none of ours is not."""
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=limit.tzinfo) < limit
    except ValueError:
        return False


@contextmanager
def unpacked(path: Path, folder: Path) -> Iterator[tuple[Path, Manifest]]:
    """The verified files of a back-up in a temporary folder inside of `folder`, on the same disk.

    Raises: DamagedBackupError, StoreError where the folder can't be written to.
    """
    if not path.is_file():
        raise DamagedBackupError(path, "there is no such file")
    with workshop(folder) as work:
        try:
            with tarfile.open(path, "r:gz") as archive:
                for member in archive:
                    _take(archive, member, work)
            manifest = msgspec.json.decode((work / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, EOFError, tarfile.TarError, msgspec.MsgspecError) as error:
            raise DamagedBackupError(path, f"it is not a whole back-up ({error})") from error
        for name, expected in manifest.hashes.items():
            if name not in FILES or not (work / name).exists() or _hash(work / name) != expected:
                raise DamagedBackupError(path, f"{name} in it is missing or damaged")
        yield work, manifest


def put_back(work: Path, manifest: Manifest, folder: Path, now: datetime) -> Path | None:
    """Move the files of `folder` aside and those of the back-up in; returns where the old ones lie (None: none)."""
    folder.mkdir(parents=True, exist_ok=True)
    old = folder / f"{ASIDE}{now.strftime(STAMP)}"
    for name in FILES:
        for path in (folder / name, folder / f"{name}-wal", folder / f"{name}-shm"):
            if path.exists():
                old.mkdir(exist_ok=True)
                path.rename(old / path.name)
    for name in manifest.hashes:
        (work / name).rename(folder / name)
    return old if old.exists() else None


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, work: Path) -> None:
    """Unpack one of our own plain files; whatever else a file from somewhere holds is passed over."""
    source = archive.extractfile(member) if member.name in {MANIFEST, *FILES} else None
    if source is not None:
        with source, (work / member.name).open("wb") as target:
            shutil.copyfileobj(source, target)


def _manifest(work: Path, names: list[str], now: datetime) -> Manifest:
    version, head = None, audit.GENESIS
    if RECORDS in names:
        records = Records.connect(f"sqlite:///{work / RECORDS}")
        with closing(records):
            version = migrate.current(records)
            with records.read() as tx:
                head = audit.head(tx)
        _close_journal(work / RECORDS)
    return Manifest(now, {name: _hash(work / name) for name in names}, version, head)


def _copy(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    # Records are opened with the standard library everywhere, stream and index with apsw.
    (_copy_records if source.name == RECORDS else _copy_other)(source, target, progress)


def _copy_records(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other, pages=PAGES_AT_ONCE, progress=lambda _, left, total: progress(total - left, total))


def _copy_other(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    with (
        closing(apsw.Connection(str(source))) as one,
        closing(apsw.Connection(str(target))) as other,
        other.backup("main", one, "main") as job,
    ):
        while not job.done:
            job.step(PAGES_AT_ONCE)
            progress(job.page_count - job.remaining, job.page_count)


def _progress_of(records: Path) -> dict[str, list[tuple[str, str, str]]]:
    """How far the sources and jobs have come that fill the stream: cursor, state and id of each, by table."""
    if not records.exists():
        return {}
    with closing(sqlite3.connect(records)) as one:
        there = {name for (name,) in one.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {
            name: one.execute(f"SELECT cursor, state, id FROM {name}").fetchall() for name in FILLING if name in there
        }


def _set_progress(records: Path, begun: dict[str, list[tuple[str, str, str]]]) -> None:
    """Put sources and jobs back to where they were before the stream was copied: they read the rest again."""
    if not begun:
        return
    with closing(sqlite3.connect(records)) as one, one:
        checksums.teach(one)
        for name, rows in begun.items():
            one.executemany(f"UPDATE {name} SET cursor = ?, state = ? WHERE id = ?", rows)


def _forget_deliveries(records: Path, since: datetime) -> None:
    """Let messages come again whose posts may have reached the stream after it was copied: they are not in the copy."""
    if not records.exists():
        return
    with closing(sqlite3.connect(records)) as one, one:
        if one.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'deliveries'").fetchone():
            one.execute("DELETE FROM deliveries WHERE at >= ?", (round(since.timestamp() * 1000),))


def _close_journal(path: Path) -> None:
    """Fold the write-ahead log into the file, so that one file is the whole copy."""
    with closing(sqlite3.connect(path)) as one:
        one.execute("PRAGMA journal_mode=DELETE")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
