"""What is said on Bluesky: by monitors' searches, to an account of ours, by it, and in private to it.

The AppView tells nobody what was edited or deleted, so posts are looked at again every six hours, for as many days as
the options say; a post is gone when it was missing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from threading import Event

from collectors.bluesky.api import Api, signed_in
from collectors.bluesky.messages import Messages
from collectors.bluesky.record import PLATFORM
from collectors.bluesky.search import asked
from collectors.moments import moment
from collectors.pace import Pace
from collectors.refusals import Refusals
from collectors.rounds.desk import Desk
from collectors.rounds.found import Ask, Page, Strand
from collectors.rounds.options import ACCOUNT_OPTIONS, DAYS_AGAIN, EVERY_MINUTES, is_on, number, problems
from collectors.rounds.reader import Reader
from crm.errors import AuthorisationError, PermanentError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.source import Asked, Batch, CantBeAskedError, Job, Option, Problem, Rejected
from crm.ports.transport import Transport
from crm.query.tree import Node
from crm.words import content_id


class BlueskySource:
    """See :class:`crm.ports.source.Source`. The cursor is a :class:`collectors.rounds.cursor.Cursor`."""

    kind = "bluesky"
    platform = PLATFORM
    options: tuple[Option, ...] = (Option("account", "account", required=True), *ACCOUNT_OPTIONS)

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return problems(options)

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        options, said = job.options, job.options.get("since", "").strip()
        pace = Pace(60.0 * number(options, "every", EVERY_MINUTES), self._random)
        with signed_in(job.account, transport, clock) as api:
            desk = Desk(job, api, clock, number(options, "days_again", DAYS_AGAIN))
            since = moment(said) if said else None
            reader, chosen = Reader(desk, clock, since), _strands(job, api, desk)
            messages = Messages(desk, api, clock, since) if is_on(options, "messages") else None
            refusals = Refusals(desk.reject, len(chosen) + (messages is not None))
            while not stop.is_set():
                try:
                    yield from _look(reader, chosen, messages, desk, refusals, stop)
                except ShenavaError:
                    yield from desk.unreported()
                    raise
                clock.sleep(pace.next(), stop)

    def ask(self, query: Node) -> Asked:
        """See :class:`crm.ports.source.Searching`."""
        return asked(query)


def _look(
    reader: Reader, chosen: list[Strand], messages: Messages | None, desk: Desk, refusals: Refusals, stop: Event
) -> Iterator[Batch]:
    """Everything that is new, and what is due to be looked at again; always at least one batch."""
    for strand in chosen:
        try:
            yield from reader.sweep(strand, stop)
        except PermanentError as error:
            if type(error) is not PermanentError:
                raise
            # what the platform does not understand holds up nothing else
            refusals.note(strand.key, error, strand.monitor)
        else:
            refusals.lift(strand.key)
    if messages and not messages.resting and not stop.is_set():
        yield from _tried(messages, refusals, stop)
    if not stop.is_set():
        yield from desk.again()
    yield desk.batch()


def _tried(messages: Messages, refusals: Refusals, stop: Event) -> Iterator[Batch]:
    """Direct messages, which an app password must be allowed to read: without that the rest is read all the same."""
    try:
        yield from messages.look(stop)
    except (AuthorisationError, PermanentError) as error:
        if type(error) not in (AuthorisationError, PermanentError):
            raise
        if isinstance(error, AuthorisationError):
            messages.rest()
        refusals.note("messages", error)
    else:
        refusals.lift("messages")


def _strands(job: Job, api: Api, desk: Desk) -> list[Strand]:
    """What the options choose; places of what is no longer chosen are forgotten."""
    found: list[Strand] = []
    if is_on(job.options, "mentions"):
        found.append(Strand("mentions", _in_order(api.notifications), origin="addressed", unfold=True))
    if is_on(job.options, "own"):
        found.append(Strand("own", _in_order(api.own), origin="own", unfold=True))
    if is_on(job.options, "search"):
        for search in job.searches:
            try:
                texts = asked(search.query).texts
            except CantBeAskedError as error:
                desk.reject(Rejected(f"monitor {search.monitor}", str(error), error.code, error.params))
                continue
            found += [_search(job, api, search.monitor, text) for text in texts]
    desk.keep({strand.key for strand in found})
    return found


def _search(job: Job, api: Api, monitor: str, text: str) -> Strand:
    """What a monitor looks for; another query is another strand."""

    def ask(size: int, since: float, until: float, token: str) -> Page:
        return api.search(text, size, since, until, token)

    key = f"search:{monitor}:{content_id(text)[:12]}"
    return Strand(key, ask, monitor, bounded=True, unfold=is_on(job.options, "threads"))


def _in_order(ask: Callable[[int, str], Page]) -> Ask:
    """A list that knows no times."""

    def asked_for(size: int, since: float, until: float, token: str) -> Page:
        del since, until
        return ask(size, token)

    return asked_for
