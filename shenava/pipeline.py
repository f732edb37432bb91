"""The way of a post through an embedded installation: understood in a process beside, filed by two sinks here.

Understanding is most of the work and runs in Python, so it gets an interpreter of its own.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from typing import Any

import msgspec

from crm import envelope
from crm.errors import ShenavaError
from crm.ports import log as log_port
from crm.records import roles as role_records
from crm.usecases.casework import CaseSink
from crm.usecases.indexing import IndexSink
from crm.words import COLLECTED, ENRICHED, EnrichedEvent
from shenava.supervisor import LOOK_SECONDS, end
from shenava.wiring import House

GROUPS: Mapping[str, Sequence[str]] = {COLLECTED: ("enrich",), ENRICHED: ("index", "cases")}


CLOCKS_APART = 3.0
"""By how many seconds the clocks of a server and of this machine may differ."""


class EndedError(ShenavaError):
    """The process beside us ended though nobody asked it to."""

    def __init__(self, code: int) -> None:
        super().__init__(
            f"The process that understands posts ended with code {code}; what it said stands above. "
            "Nothing is lost: start the same command again."
        )


def run(house: House, stop: Event) -> None:
    """Understand what was collected, and bring it into the index and before the team, until `stop` is set.

    Raises: StoreError and EndedError; whatever was not done yet comes again.
    """
    with beside(house) as process:
        works = [partial(worker.run, stop) for worker in sinks(house)]
        run_together([*works, partial(_watch, process, house, stop)], stop)


def understanding(house: House) -> Any:
    """The worker that enriches posts."""
    from enrich.cascade import Cascade
    from enrich.models import costly_sentiment, shipped_models
    from enrich.pipeline import Enricher
    from stream.upkeep import LogSink

    said, cascade = house.settings, None
    if said.sentiment_model:
        model = costly_sentiment(said.sentiment_model, said.sentiment_model_labels)
        cascade = Cascade(model, said.sentiment_model_share)
    enricher = Enricher(shipped_models(), house.snapshots.current, house.snapshots.fresh, cascade)
    return _worker(house, COLLECTED, "enrich", enricher, LogSink(house.log, ENRICHED))


def sinks(house: House) -> list[Any]:
    """The index sink and the case sink."""
    return [
        _worker(house, ENRICHED, "index", decode_all, IndexSink(house.records, house.index, house.clock)),
        _worker(house, ENRICHED, "cases", decode_all, CaseSink(house.records, house.clock)),
    ]


def _worker(house: House, topic: str, group: str, handle: Callable[..., Sequence[Any]], sink: Any) -> Any:
    from stream.worker import Worker

    def say(stats: Any) -> None:
        report(house, group, msgspec.to_builtins(stats))

    return Worker(house.log, topic, group, handle, sink, house.dead, house.clock, house.random, on_stats=say)


def report(house: House, name: str, stats: Mapping[str, Any]) -> None:
    """Say on the Health page that a part of the installation is alive."""
    with house.records.write() as tx:
        role_records.report(tx, name, "running", stats, house.clock.now(), _member())


def machine() -> str:
    """How the names of this machine's (or container's) processes begin."""
    return _short(socket.gethostname())


def _member() -> str:
    """This process among all of its role, on whatever machines."""
    return machine() + _short(str(os.getpid()))


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def unfiled(house: House, topic: str, before: float) -> int:
    """How many events wait for the slowest group that has yet to handle some from before this monotonic moment.

    0 where every group is past that moment; what came later is not waited for. A group that never joined has
    everything before it.
    """
    passed = house.clock.monotonic() - before
    groups = {one.group: one for one in house.log.lag() if one.topic == topic and one.group in GROUPS[topic]}
    skew = 0.0 if house.log.retention is None else CLOCKS_APART
    late = [one.waiting for one in groups.values() if one.waiting and one.seconds >= passed - skew]
    absent = any(group not in groups for group in GROUPS[topic]) and house.log.append(topic, ()) >= 0
    return max([*late, int(absent)], default=0)


def decode_all(events: Sequence[log_port.Event]) -> list[EnrichedEvent]:
    """A batch of enriched events. Raises PermanentError where one can't be read."""
    return [envelope.decode_enriched(event.value) for event in events]


def same_stores(house: House) -> dict[str, str]:
    """The environment of a process that works on the stores of `house`."""
    said = house.settings
    urls = {"STREAM": said.stream, "INDEX": said.index, "RECORDS": said.records}
    return {**os.environ, **{f"SHENAVA_{name}_URL": url for name, url in urls.items()}}


@contextmanager
def beside(house: House) -> Iterator[subprocess.Popen[bytes]]:
    """`shenava understand` on the same stores as long as the block runs; it ends with us, however we end."""
    environment = {**same_stores(house), "SHENAVA_PARENT": str(os.getpid())}
    command = [sys.executable, "-m", "shenava", "understand", "--data", str(house.data)]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        end([process])


def _watch(process: subprocess.Popen[bytes], house: House, stop: Event) -> None:
    while not stop.is_set():
        code = process.poll()
        # Ctrl+C reaches both at once, and the other may be done first.
        if code is not None and not house.clock.sleep(LOOK_SECONDS, stop):
            raise EndedError(code)
        house.clock.sleep(LOOK_SECONDS, stop)


def run_together(works: Sequence[Callable[[], None]], stop: Event) -> None:
    """Run each in a thread until all end; the first error stops the others and is raised here."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
            stop.set()

    threads = [Thread(target=guarded, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
