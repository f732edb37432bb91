"""An installation copied from one set of stores to another, whatever engines they are, and compared.

What is copied from is only read. Every copy may be made again: what is there already stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from crm.errors import InvalidInputError, RetryableError, StoreError
from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.ports.log import Event, EventLog, Record
from crm.query.tree import Everything
from crm.records import whole
from crm.records.database import Records
from crm.records.whole import Sum
from crm.words import COLLECTED, ENRICHED, EnrichedPost

GROUP = "migrate"
PAGE = 400
EVENTS = 500
POLL_SECONDS = 1.0
PATIENCE = 120.0
"""Seconds in which a topic must give something: a member of a group gets its share after a while."""

Progress = Callable[[str, int, int], None]
"""Told what is copied, how much of it is done, and how much there is (0: unknown)."""

Hits = tuple[EnrichedPost, ...]


class Moved(Struct, frozen=True):
    """What both sides hold of one thing: a table, the posts of a workspace, a topic."""

    what: str
    rows: int
    digest: str


class NotEmptyError(InvalidInputError):
    """Two installations must not be mixed."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The records at {url} hold a workspace already: name an empty database and a new index, and fill those."
        )


class UnreadError(RetryableError):
    """A stream did not give everything it holds."""

    def __init__(self, topic: str, waiting: int) -> None:
        super().__init__(
            f"{waiting} events of {topic} could not be read within {PATIENCE:.0f} s; what was here is as it was. "
            "See that nothing else works on either stream and run the same command again."
        )


class DifferentError(StoreError):
    """Both sides do not hold the same."""

    def __init__(self, what: str, here: Sum, there: Sum) -> None:
        super().__init__(
            f"{what} differ after the move: {here.rows} here, {there.rows} there; what was here is as it was. "
            "Empty the new stores and run the same command again, with nothing else working on either."
        )


def copy_records(here: Records, there: Records, progress: Progress) -> None:
    """Every row of every table, all as of one moment."""
    with here.read() as source:
        for table in whole.EVERY:
            total, copied = whole.count(source, table), 0
            for rows in whole.pages(source, table):
                with there.write() as target:
                    whole.add_missing(target, table, rows)
                copied += len(rows)
                progress(table.name, copied, total)
    with there.write() as target:
        whole.go_on_counting(target)


def compare_records(here: Records, there: Records) -> Iterator[Moved]:
    """Raises DifferentError."""
    for table in whole.EVERY:
        with here.read() as one, there.read() as other:
            yield _same(table.name, whole.summed(one, table), whole.summed(other, table))


def copy_posts(
    here: PostIndex, there: PostIndex, workspace: str, progress: Progress, after: str | None = None
) -> Iterator[str]:
    """Every document of a workspace, from the cursor `after` on; gives the cursor after each page that was stored."""
    copied, total = 0, sum(bucket.posts for bucket in here.count(_all(workspace), Everything()))
    for hits, cursor in _documents(here, workspace, after):
        there.write(hits)
        copied += len(hits)
        progress("posts", copied, max(copied, total))
        if cursor is not None:
            yield cursor


def compare_posts(here: PostIndex, there: PostIndex, workspace: str) -> Moved:
    """Raises DifferentError."""
    return _same("posts", _sum(here, workspace), _sum(there, workspace))


def copy_events(here: EventLog, there: EventLog, clock: Clock, progress: Progress) -> Iterator[Moved]:
    """Append whatever a stream still keeps to another one, and read it back. Raises DifferentError, UnreadError.

    Whoever had some of it gets it again and knows it by key and version.
    """
    for topic in (COLLECTED, ENRICHED):
        ours = set[bytes]()
        for events in _events(here, topic, clock):
            ours.update(map(_mark, events))
            there.append(topic, [Record(event.key, event.value) for event in events])
            progress(topic, len(ours), len(ours))
        theirs = {_mark(event) for events in _events(there, topic, clock) for event in events} if ours else ours
        yield _same(topic, _sum_of(ours), _sum_of(ours & theirs))


def _same(what: str, here: Sum, there: Sum) -> Moved:
    if here != there:
        raise DifferentError(what, here, there)
    return Moved(what, here.rows, here.digest)


def _all(workspace: str) -> Scope:
    return Scope(workspace, None, private=True)


def _documents(index: PostIndex, workspace: str, cursor: str | None = None) -> Iterator[tuple[Hits, str | None]]:
    while True:
        page = index.search(_all(workspace), Everything(), "oldest", PAGE, cursor)
        if page.hits:
            yield page.hits, page.cursor
        cursor = page.cursor
        if cursor is None:
            return


def _sum(index: PostIndex, workspace: str) -> Sum:
    rows, total = 0, 0
    for hits, _ in _documents(index, workspace):
        rows += len(hits)
        total += sum(map(whole.hash_of, hits))
    return whole.sum_of(rows, total)


def _sum_of(marks: set[bytes]) -> Sum:
    return whole.sum_of(len(marks), sum(int.from_bytes(mark) for mark in marks))


def _events(log: EventLog, topic: str, clock: Clock) -> Iterator[list[Event]]:
    """Everything that is kept of a topic, until nothing of it waits. The group is forgotten, before and after."""
    _forget(log, topic, clock)
    consumer = log.consumer(topic, GROUP)
    try:
        latest = clock.monotonic() + PATIENCE
        while left := _waiting(log, topic):
            while events := consumer.poll(EVENTS, POLL_SECONDS):
                yield events
                latest = clock.monotonic() + PATIENCE
                try:
                    consumer.commit()
                except RetryableError:
                    consumer.seek_committed()  # they come again, which changes nothing
                if len(events) < EVENTS:
                    break
            if clock.monotonic() > latest:
                raise UnreadError(topic, left)
    finally:
        consumer.close()
        log.forget(topic, GROUP)


def _waiting(log: EventLog, topic: str) -> int:
    return sum(one.waiting for one in log.lag() if (one.group, one.topic) == (GROUP, topic))


def _forget(log: EventLog, topic: str, clock: Clock) -> None:
    """Forget what an interrupted try has read, once its membership is over."""
    latest = clock.monotonic() + PATIENCE
    while True:
        try:
            return log.forget(topic, GROUP)
        except RetryableError:
            if clock.monotonic() > latest:
                raise
            clock.sleep(POLL_SECONDS)


def _mark(event: Event) -> bytes:
    return whole.hash_of([event.key, event.value]).to_bytes(16)
