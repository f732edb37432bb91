"""Two calls that meet in the database, so that what decides is its locks and not chance."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, get_ident
from typing import Any

from sqlalchemy import Connection, event, text

from crm.errors import ShenavaError
from crm.records.database import Records

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def collide(records: Records, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """What both give, or the error of ours that they raise.

    `second` begins when `first` is about to commit its first transaction, and `first` commits when `second` waits
    for it, or is done without having waited.
    """
    begun, done = Event(), Event()
    ours: list[int] = []

    def pause(connection: Connection) -> None:
        del connection
        if get_ident() in ours and not begun.is_set():
            begun.set()
            while not done.is_set() and not _somebody_waits(records):
                done.wait(0.01)

    def run_first() -> Any:
        ours.append(get_ident())
        try:
            return first()
        finally:
            begun.set()

    def run_second() -> Any:
        begun.wait()
        try:
            return second()
        finally:
            done.set()

    event.listen(records.engine, "commit", pause)
    try:
        with ThreadPoolExecutor(2) as both:
            results = [both.submit(run_first), both.submit(run_second)]
            return _outcome(results[0]), _outcome(results[1])
    finally:
        event.remove(records.engine, "commit", pause)


def _somebody_waits(records: Records) -> bool:
    with records.engine.connect() as connection:
        return bool(connection.execute(_WAITING).scalar_one())


def _outcome(future: Future[Any]) -> Any:
    try:
        return future.result()
    except ShenavaError as error:
        return error
