"""`shenava migrate`: an installation moved to other stores, resumable, compared by counts and hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from crm.errors import InvalidInputError
from crm.records import workspaces
from shenava import moving
from shenava.locks import only_one
from shenava.moving import DifferentError, Moved, NotEmptyError, Progress
from shenava.settings import Settings
from shenava.wiring import House

FILE = "migration.json"


class State(Struct):
    """How far a move has come, so that the same command goes on there: what is done, and a cursor per workspace."""

    target: str
    cursors: dict[str, str] = {}
    done: list[str] = []


class NothingToMoveError(InvalidInputError):
    """No store was named, or the one that is used already."""

    def __init__(self) -> None:
        super().__init__("Name at least one new store: --records, --index or --stream with its URL, other than now.")


def run(house: House, stream: str, index: str, records: str, progress: Progress) -> Iterator[Moved]:
    """Copy every store for which a new URL is named, and compare; gives what was found equal.

    Raises: FolderInUseError where something works on the folder, NotEmptyError, DifferentError.
    """
    now = house.settings
    wanted = {"stream": (stream, now.stream), "index": (index, now.index), "records": (records, now.records)}
    moves = {name: new for name, (new, old) in wanted.items() if new and new != old}
    if not moves:
        raise NothingToMoveError
    there = House(Settings.load(data=now.data, **{f"{name}_url": new for name, new in moves.items()}), house.clock)
    with only_one(house.data):
        progress_kept = _Kept(house.data / FILE, moves)
        try:
            if "records" in moves:
                yield from _records(house, there, progress_kept, progress)
            if "index" in moves:
                yield from _index(house, there, progress_kept, progress)
            if "stream" in moves:
                yield from moving.copy_events(house.log, there.log, house.clock, progress)
            progress_kept.forget()
        except DifferentError:
            progress_kept.forget()  # what was copied can't be built on
            raise
        finally:
            there.close()


class _Kept:
    """The state of a move in a file; a move to other stores begins anew."""

    def __init__(self, path: Path, moves: dict[str, str]) -> None:
        target = hashlib.sha256(repr(sorted(moves.items())).encode()).hexdigest()  # a URL may hold a password
        self._path, self.state = path, State(target)
        if path.exists():
            found = msgspec.json.decode(path.read_bytes(), type=State)
            if found.target == target:
                self.state = found

    def finish(self, name: str) -> None:
        self.state.done.append(name)
        self.save()

    def save(self) -> None:
        unfinished = self._path.with_suffix(".partial")
        unfinished.write_bytes(msgspec.json.encode(self.state))
        unfinished.rename(self._path)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)


def _records(house: House, there: House, kept: _Kept, progress: Progress) -> Iterator[Moved]:
    if "begun" not in kept.state.done:
        with there.records.read() as tx:
            if workspaces.every(tx):
                raise NotEmptyError(there.records.engine.url.render_as_string())
        kept.finish("begun")
    if "records" not in kept.state.done:
        moving.copy_records(house.records, there.records, progress)
        kept.finish("records")
    yield from moving.compare_records(house.records, there.records)


def _index(house: House, there: House, kept: _Kept, progress: Progress) -> Iterator[Moved]:
    with house.records.read() as tx:
        known = [one.id for one in workspaces.every(tx)]
    for workspace in known:
        if f"posts {workspace}" not in kept.state.done:
            after = kept.state.cursors.get(workspace)
            for cursor in moving.copy_posts(house.index, there.index, workspace, progress, after):
                kept.state.cursors[workspace] = cursor
                kept.save()
            kept.finish(f"posts {workspace}")
    for workspace in known:
        yield moving.compare_posts(house.index, there.index, workspace)
