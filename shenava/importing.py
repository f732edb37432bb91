"""`shenava import`: files to posts, resumable, with progress, until everything is searchable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

from msgspec import Struct

from crm import envelope
from crm.errors import InvalidInputError
from crm.ids import new_id
from crm.ports.source import Job, Rejected
from crm.records import audit, sources, users, workspaces
from crm.records.sources import SourceRow
from crm.words import COLLECTED, ENRICHED
from shenava import pipeline
from shenava.locks import FolderInUseError, only_one
from shenava.wiring import House

KIND = "file"
WAIT_SECONDS = 0.2

Tell = Callable[[str, int], None]
"""Told a phase (read or searchable) and a number: posts read so far, or events that still wait."""


class Imported(Struct, frozen=True):
    """What an import did: posts put on the stream, rows that could not be used (the first hundred)."""

    posts: int
    rejected_total: int
    rejected: tuple[Rejected, ...]


def run(house: House, files: Sequence[Path], options: dict[str, str], tell: Tell) -> Imported:
    """Import `files` into the only workspace; an import that was cut short goes on where it stopped.

    Raises: InvalidInputError (no such file, unknown encoding, no column of text), StoreError.
    """
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise InvalidInputError(f"There is no file {', '.join(missing)}; check the path.")
    workspace = the_workspace(house)
    posts, total, rejected = 0, 0, list[Rejected]()
    with working(house) as workers:
        for path in files:
            row = _source(house, workspace, path, options)
            for batch_posts, bad in _read(house, row):
                posts += batch_posts
                total += len(bad)
                rejected = [*rejected, *bad][:100]
                tell("read", posts)
        _wait(house, tell, workers)
    return Imported(posts, total, tuple(rejected))


def the_workspace(house: House) -> str:
    """The id of the first workspace; made where the console was never opened."""
    with house.records.write() as tx:
        users.hold_all(tx)
        known = workspaces.every(tx)
        if known:
            return known[0].id
        now = house.clock.now()
        made = workspaces.Workspace(new_id(now), "", house.settings.zone, "en", now)
        workspaces.add(tx, made)
        return made.id


class Workers(Thread):
    """The pipeline in a thread of this process, and what ended it before its time."""

    def __init__(self, house: House) -> None:
        super().__init__(daemon=True)
        self._house, self._ended = house, Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Work until `end` is called."""
        try:
            pipeline.run(self._house, self._ended)
        except Exception as error:
            self.error = error

    def check(self) -> None:
        """Raise what ended the work, if it ended."""
        if self.error:
            raise self.error

    def end(self) -> None:
        """Stop, and wait until all has stopped."""
        self._ended.set()
        self.join()


@contextmanager
def working(house: House) -> Iterator[Workers | None]:
    """Do the pipeline's work as long as the block runs; None where a `shenava up` does it."""
    with ExitStack() as held:
        try:
            held.enter_context(only_one(house.data))
        except FolderInUseError:
            yield None
            return
        house.open()
        workers = Workers(house)
        workers.start()
        try:
            yield workers
        finally:
            workers.end()


def _wait(house: House, tell: Tell, workers: Workers | None) -> None:
    """Topic by topic on a post's way: what our posts became has been put on the next one once a group passed them.

    What others bring meanwhile is not waited for: beside a live firehose nothing would ever be quiet.
    """
    for topic in (COLLECTED, ENRICHED):
        finished = house.clock.monotonic()
        while left := pipeline.unfiled(house, topic, finished):
            tell("searchable", left)
            if workers is not None:
                workers.check()
            house.clock.sleep(WAIT_SECONDS)
    tell("searchable", 0)


def _source(house: House, workspace: str, path: Path, options: dict[str, str]) -> SourceRow:
    """The row that keeps this file's cursor: the one of an earlier try, or a new one."""
    wanted = {**options, "path": str(path.resolve())}
    problems = house.kinds[KIND].check(wanted)
    if problems:
        raise InvalidInputError(" ".join(problem.message for problem in problems))
    with house.records.write() as tx:
        for row in sources.of_workspace(tx, workspace):
            if row.kind == KIND and dict(row.options) == wanted and row.state != "finished":
                return row
        now = house.clock.now()
        # The command reads the file itself, so the collectors must not.
        made = SourceRow(new_id(now), workspace, KIND, path.name, wanted, now, enabled=False)
        sources.put(tx, made)
        audit.append(tx, workspace, "system", "add_source", made.id, now, kind=KIND)
        return made


def _read(house: House, row: SourceRow) -> Iterator[tuple[int, Sequence[Rejected]]]:
    job = Job(source=row.id, options=row.options, cursor=row.cursor, workspace=row.workspace)
    for batch in house.kinds[KIND].collect(job, house.transport, house.clock, Event()):
        house.log.append(COLLECTED, [envelope.record(event) for event in batch.events])
        with house.records.write() as tx:
            sources.succeeded(tx, row, batch.cursor, len(batch.events), batch.rejected, house.clock.now())
        yield len(batch.events), batch.rejected
    with house.records.write() as tx:
        sources.change(tx, row.id, state="finished")
