"""What is said on X: by monitors' searches, to an account of ours and in private to it.

X tells nobody what was edited or deleted, except in a stream for Enterprise customers. So posts are looked at again,
once they can no longer be edited and then every 20 hours, for as many days as the options say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from threading import Event

from collectors.errors import NormaliseError
from collectors.moments import DateError, moment
from collectors.pace import Pace
from collectors.refusals import Refusals
from collectors.x import strands
from collectors.x.api import Api, ForbiddenError, RefusedError, signed_in
from collectors.x.desk import Desk
from collectors.x.normalise import PLATFORM, checked
from collectors.x.quotes import Quotes
from collectors.x.raw import read_user
from collectors.x.search import asked
from crm.errors import PermanentError, ShenavaError
from crm.ports.clock import Clock, SystemClock
from crm.ports.responder import Account
from crm.ports.source import Asked, Batch, CantBeAskedError, Job, Option, Problem, Rejected
from crm.ports.transport import Transport
from crm.query.tree import Node

EVERY_MINUTES, LONGEST_MINUTES = 5, 1440
DAYS_AGAIN, MOST_DAYS = 1, 30
ON = frozenset({"yes", "true", "on", "1"})
KINDS = ("search", "mentions", "replies", "own", "messages")


class XSource:
    """See :class:`crm.ports.source.Source`. The cursor is a :class:`collectors.x.cursor.Cursor`."""

    kind = "x"
    platform = PLATFORM
    options: tuple[Option, ...] = (
        Option("account", "account", required=True),
        *(Option(kind, "switch") for kind in KINDS),
        Option("monitors", "monitors"),
        Option("threads", "switch"),
        Option("since", "text"),
        Option("every", "number", default=str(EVERY_MINUTES)),
        Option("days_again", "number", default=str(DAYS_AGAIN)),
    )

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems: list[Problem] = []
        if not options.get("account", "").strip():
            problems.append(Problem("account", "required", "account is missing."))
        if not any(_on(options, kind) for kind in KINDS):
            message = f"Nothing is to be collected; switch on at least one of {', '.join(KINDS)}."
            problems.append(Problem("search", "nothing_chosen", message))
        problems += _since_problem(options.get("since", "").strip())
        problems += _number_problem("every", options, 1, LONGEST_MINUTES)
        problems += _number_problem("days_again", options, 0, MOST_DAYS)
        return problems

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        options = job.options
        pace = Pace(60.0 * _number(options, "every", EVERY_MINUTES), self._random)
        with signed_in(job.account, transport, clock) as api:
            days = _number(options, "days_again", DAYS_AGAIN)
            desk = Desk(job, api, clock, days, threads=_on(options, "threads"))
            since = options.get("since", "").strip()
            reader = strands.Reader(desk, clock, moment(since) if since else None)
            chosen = _strands(job, api, desk)
            quotes = _quotes(job, api, desk, clock)
            refusals = Refusals(desk.reject, len(chosen) + (quotes is not None))
            while not stop.is_set():
                try:
                    yield from _look(reader, chosen, quotes, desk, refusals, stop)
                except ShenavaError:
                    yield from desk.unreported()
                    raise
                clock.sleep(pace.next(), stop)

    def ask(self, query: Node) -> Asked:
        """See :class:`crm.ports.source.Searching`."""
        return asked(query)

    def forecast(self, query: Node, options: Mapping[str, str], account: Account, transport: Transport) -> int | None:
        """See :class:`crm.ports.source.Forecasting`; a post that several of the texts find counts for each."""
        if not _on(options, "search"):
            return None
        texts = asked(query).texts
        with signed_in(account, transport, SystemClock()) as api:
            return sum(api.count(text) for text in texts)


def _look(
    reader: strands.Reader, chosen: list[strands.Strand], quotes: Quotes | None, desk: Desk, refusals: Refusals,
    stop: Event,
) -> Iterator[Batch]:  # fmt: skip
    """Everything that is new, and what is due to be looked at again; always at least one batch."""
    for strand in chosen:
        yield from _tried(strand.key, strand.monitor, reader.sweep(strand, stop), refusals)
    if quotes and not stop.is_set():
        yield from _tried("own", "", quotes.look(stop), refusals)
    if not stop.is_set():
        yield from desk.again()
    yield desk.batch()


def _tried(part: str, monitor: str, look: Iterator[Batch], refusals: Refusals) -> Iterator[Batch]:
    """One part; what X does not understand, or does not let our token read, holds up nothing else."""
    try:
        yield from look
    except (RefusedError, ForbiddenError) as error:
        refusals.note(part, error, monitor)
    else:
        refusals.lift(part)


def _strands(job: Job, api: Api, desk: Desk) -> list[strands.Strand]:
    """What the options choose; places of what is no longer chosen are forgotten."""
    account, found = job.account, list[strands.Strand]()
    assert account is not None
    if _on(job.options, "mentions"):
        found.append(strands.mentions(api, _me(api, desk, account)))
    if _on(job.options, "replies"):
        found.append(strands.replies(api, _handle(account)))
    if _on(job.options, "messages"):
        found.append(strands.messages(api))
    if _on(job.options, "search"):
        for search in job.searches:
            try:
                found += strands.searches(api, search.monitor, asked(search.query))
            except CantBeAskedError as error:
                desk.reject(Rejected(f"monitor {search.monitor}", str(error), error.code, error.params))
    desk.keep({strand.key for strand in found})
    return found


def _quotes(job: Job, api: Api, desk: Desk, clock: Clock) -> Quotes | None:
    if job.account is None or not _on(job.options, "own"):
        return None
    return Quotes(desk, api, clock, _me(api, desk, job.account), _handle(job.account))


def _me(api: Api, desk: Desk, account: Account) -> str:
    """The id of our account, asked for once."""
    cursor, handle = desk.cursor, _handle(account)
    if cursor.handle != handle or not cursor.me:
        page = api.user(handle)
        try:
            cursor.me, cursor.handle = next(checked(read_user(raw).id) for raw in page.data), handle
        except (StopIteration, NormaliseError) as error:
            raise PermanentError(f"X knows no account @{handle}; connect the account again.") from error
    return cursor.me


def _handle(account: Account) -> str:
    return account.handle.strip().removeprefix("@")


def _on(options: Mapping[str, str], name: str) -> bool:
    return options.get(name, "").strip().lower() in ON


def _number(options: Mapping[str, str], name: str, default: int) -> int:
    return int(options.get(name, "").strip() or default)


def _number_problem(name: str, options: Mapping[str, str], least: int, most: int) -> list[Problem]:
    said = options.get(name, "").strip()
    if not said or (said.isascii() and said.isdigit() and least <= int(said[:9]) <= most):
        return []
    limits = {"value": said, "least": str(least), "most": str(most)}
    return [Problem(name, "bad_number", f"{said!r} is no number between {least} and {most}.", limits)]


def _since_problem(said: str) -> list[Problem]:
    if not said:
        return []
    try:
        moment(said)
    except DateError as error:
        return [Problem("since", "bad_date", f"{error}.", {"value": said})]
    return []
