"""What each process of an installation does, until it is told to stop."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from crm.errors import RetryableError, ShenavaError
from crm.records import outbox
from shenava import pipeline
from shenava.supervisor import wait_for_leave
from shenava.wiring import House

logger = logging.getLogger(__name__)

TRIM_SECONDS = 10.0
REPORT_SECONDS = 2.0
SEAL_SECONDS = 1.0
TIDY_SECONDS = 600.0
TOKEN_SECONDS = 60.0


def collect(house: House, stop: Event) -> None:
    """Run every source."""
    from shenava.collecting import Collecting, Stores

    stores = Stores(house.records, house.log, house.index, house.transport, house.clock, house.account_tokens)
    collecting = Collecting(stores, house.kinds, house.snapshots, house.random)
    _every(house, stop, REPORT_SECONDS, lambda: pipeline.report(house, "collect", {}))
    collecting.run(stop)


def enrich(house: House, stop: Event) -> None:
    """Understand what was collected, and bring it into the index and before the team."""
    from crm.usecases.learning import ask_where_answers_are_new
    from crm.usecases.topics import ask_stale
    from shenava.jobs import Jobs

    jobs = Jobs(house)
    _every(house, stop, TRIM_SECONDS, lambda: _trim(house))
    _every(house, stop, REPORT_SECONDS, jobs.step)
    _every(house, stop, TIDY_SECONDS, lambda: ask_stale(house.records, house.clock))
    _every(house, stop, TIDY_SECONDS, lambda: ask_where_answers_are_new(house.records, house.clock))
    pipeline.run(house, stop)


def understand(house: House, stop: Event) -> None:
    """Only understand what was collected; the enrich role starts one of these beside itself."""
    pipeline.understanding(house).run(stop)


def respond(house: House, stop: Event) -> None:
    """Send approved replies, seal the audit trail, and keep house."""
    from crm.usecases.inbox import wake_due
    from crm.usecases.live import Live
    from crm.usecases.sending import Sender
    from crm.usecases.trail import Trail
    from shenava.tidying import tidy

    owner = f"{socket.gethostname()}:{os.getpid()}"
    _bury_the_dead(house)
    sender = Sender(house.records, house.responders, house.account_tokens, house.clock, owner, house.random.random)
    trail, live = Trail(house.records, house.vault, house.clock), Live(house.records, house.clock)

    def clean() -> None:
        live.forget_old()
        tidy(house)

    _every(house, stop, REPORT_SECONDS, lambda: pipeline.report(house, "respond", {}))
    _every(house, stop, SEAL_SECONDS, trail.seal)  # beside the sending, which may wait for a platform
    _every(house, stop, TOKEN_SECONDS, house.account_tokens.note_ended)
    _every(house, stop, TIDY_SECONDS, clean)  # and what can't be thrown away now holds up no reply
    while not stop.is_set():
        with suppress(RetryableError):
            sender.step()
            wake_due(house.records, house.clock)
        house.clock.sleep(SEAL_SECONDS, stop)


def _bury_the_dead(house: House) -> None:
    """End the leases of responders of this machine that no longer live, so that their replies need not wait."""
    with house.records.read() as tx:
        held = outbox.owners(tx)
    for owner in held:
        host, _, process = owner.rpartition(":")
        if host == socket.gethostname() and process.isdecimal() and not _alive(int(process)):
            with house.records.write() as tx:
                outbox.free(tx, owner)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def console(house: House, stop: Event) -> None:
    """Serve the console and the HTTP API."""
    from shenava.serving import serve

    wait_for_leave()
    _every(house, stop, REPORT_SECONDS, lambda: pipeline.report(house, "console", {}))
    serve(house, stop)


def _trim(house: House) -> None:
    from stream.upkeep import trim_topics

    trim_topics(house.log, pipeline.GROUPS)


def _every(house: House, stop: Event, seconds: float, work: Callable[[], object]) -> None:
    """Do `work` in the background every so often; what can't be done now is tried again next time."""

    def loop() -> None:
        while not stop.is_set():
            try:
                work()
            except ShenavaError as error:
                logger.warning("%s", error)
            except Exception:
                logger.exception("A task in the background failed; it is tried again.")
            house.clock.sleep(seconds, stop)

    Thread(target=loop, daemon=True).start()
