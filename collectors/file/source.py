"""Posts from a file: CSV, TSV, JSON Lines or a JSON array, packed with gzip or not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError, UnusableFileError
from collectors.file.columns import parse_map, settle
from collectors.file.form import Form, known_encoding, look_at
from collectors.file.normalise import Plan, review_in, to_posts
from collectors.file.rows import Fault, Row, rows, sample
from collectors.moments import day_comes_first
from crm.ports.clock import Clock
from crm.ports.source import Batch, Job, Option, Problem
from crm.ports.transport import Transport
from crm.words import Collected, Post

BATCH = 500
HEAD = 65_536
SAMPLE = 500
ON = frozenset(("yes", "true", "on", "1"))
PLATFORM_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class Cursor(Struct, frozen=True):
    """How many rows were handed over, and of which file: its size and a digest of its beginning."""

    rows: int
    size: int
    head: str


class FileSource:
    """See :class:`crm.ports.source.Source`. A run ends with the file."""

    kind = "file"
    platform = ""
    options: tuple[Option, ...] = (
        Option("path", "file", required=True),
        Option("platform", "text", required=True),
        Option("map", "text"),
        Option("zone", "text", default="UTC"),
        Option("encoding", "text"),
        Option("open_cases", "switch"),
    )

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems = [
            Problem(name, "required", f"{name} is missing.")
            for name in ("path", "platform")
            if not options.get(name, "").strip()
        ]
        platform = options.get("platform", "").strip().lower()
        if platform and not PLATFORM_NAME.fullmatch(platform):
            message = (
                f"{platform!r} is no name of a platform; use Latin letters and digits, for example x or instagram."
            )
            problems.append(Problem("platform", "bad_platform", message, {"value": platform}))
        problems += zone_problem(options)
        problems += _problem("map", lambda: parse_map(options.get("map", "")))
        problems += _problem("encoding", lambda: known_encoding(options.get("encoding", "").strip()))
        return problems or _problem("path", lambda: _prepare(options))

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:  # noqa: ARG002
        form, plan = _prepare(job.options)
        cursor = _resume(form, job.cursor)
        open_cases = job.options.get("open_cases", "").lower() in ON
        todo = islice(rows(form), cursor.rows, None)
        while not stop.is_set():
            taken, damage = _take(todo)
            posts, rejected = list[tuple[Post, bool]](), []
            for number, row in taken:
                try:
                    sound = _sound(row)
                    if not sound.keys() <= plan.seen:
                        plan = plan.widened(sound.keys())
                    posts += to_posts(sound, plan)
                except NormaliseError as error:
                    rejected.append(error.at(f"{form.unit} {number}"))
            now = clock.now()
            events = tuple(
                Collected(job.source, post, now, "import", job.workspace, open_cases=open_cases, own=own)
                for post, own in posts
            )
            cursor = msgspec.structs.replace(cursor, rows=cursor.rows + len(taken))
            if taken:
                yield Batch(events, msgspec.json.encode(cursor).decode(), tuple(rejected))
            if damage:
                raise damage
            if len(taken) < BATCH:
                return


def _take(todo: Iterator[tuple[int, Row | Fault]]) -> tuple[list[tuple[int, Row | Fault]], UnusableFileError | None]:
    """The next rows, and the error that ended them early."""
    taken: list[tuple[int, Row | Fault]] = []
    try:
        for one in islice(todo, BATCH):
            taken.append(one)
    except UnusableFileError as error:
        return taken, error
    return taken, None


def _sound(row: Row | Fault) -> Row:
    if isinstance(row, Fault):
        raise NormaliseError(row.reason, row.code, **row.params)
    return row


def _prepare(options: Mapping[str, str]) -> tuple[Form, Plan]:
    """How to read the file that the options name. Raises: UnusableFileError."""
    path = Path(options["path"].strip())
    said = parse_map(options.get("map", ""))
    form = look_at(path, options.get("encoding", "").strip())
    first = sample(form, SAMPLE)
    columns = settle(path.name, first, said)
    dates = [str(row[columns["created_at"]]) for row in first if row.get(columns.get("created_at", ""))]
    undated = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    zone = ZoneInfo(options.get("zone", "").strip() or "UTC")
    names = frozenset(column for row in first for column in row)
    return form, Plan(
        options["platform"].strip().lower(),
        columns,
        UTC if zone.key == "UTC" else zone,
        undated,
        day_comes_first(dates),
        names,
        frozenset(field for field, column in said.items() if not column),
        review_in(names, columns),
    )


def _resume(form: Form, cursor: str) -> Cursor:
    """Where to go on. Raises: UnusableFileError where the file is another one than the cursor's."""
    with form.path.open("rb") as stream:
        head = stream.read(HEAD)
    size = form.path.stat().st_size
    if not cursor:
        return Cursor(0, size, _digest(head))
    known = msgspec.json.decode(cursor, type=Cursor)
    if size < known.size or _digest(head[: known.size]) != known.head:
        raise UnusableFileError(
            f"{form.path.name} is another file than the one whose import stopped after {known.rows} rows; "
            "give it another name and import it anew.",
            "other_file", name=form.path.name,
        )  # fmt: skip
    return msgspec.structs.replace(known, size=size, head=_digest(head))


def _digest(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=16).hexdigest()


def _problem(option: str, tried: Callable[[], object]) -> list[Problem]:
    try:
        tried()
    except UnusableFileError as error:
        return [Problem(option, error.code, str(error), error.params)]
    return []


def zone_problem(options: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the option `zone`."""
    zone = options.get("zone", "").strip() or "UTC"
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        message = f"There is no time zone {zone!r}; write it as Asia/Tehran or UTC."
        return [Problem("zone", "bad_zone", message, {"value": zone})]
    return []
