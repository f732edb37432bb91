"""What a Mastodon server tells an account of ours: monitors' searches, what is said to it and by it, and in private.

A server tells an account nothing of edits and deletions elsewhere than in a stream, so posts are looked at again every
six hours, for as many days as the options say; a post is gone when it was missing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from threading import Event

from collectors.mastodon.normalise import PLATFORM
from collectors.mastodon.search import asked
from collectors.mastodon.signed import PAGE, Signed, signed_in
from collectors.moments import moment
from collectors.pace import Pace
from collectors.refusals import Refusals
from collectors.rounds.desk import Desk
from collectors.rounds.found import Page, Strand
from collectors.rounds.options import ACCOUNT_OPTIONS, DAYS_AGAIN, EVERY_MINUTES, is_on, number, problems
from collectors.rounds.reader import Reader
from crm.errors import PermanentError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.source import Asked, Batch, CantBeAskedError, Job, Option, Problem, Rejected
from crm.ports.transport import Transport
from crm.query.tree import Node
from crm.words import content_id


class MastodonAccountSource:
    """See :class:`crm.ports.source.Source`. The cursor is a :class:`collectors.rounds.cursor.Cursor`."""

    kind = "mastodon_account"
    platform = PLATFORM
    options: tuple[Option, ...] = (Option("account", "account", required=True), *ACCOUNT_OPTIONS)

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return problems(options)

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        options, said = job.options, job.options.get("since", "").strip()
        pace = Pace(60.0 * number(options, "every", EVERY_MINUTES), self._random)
        with signed_in(job.account, transport, clock, private=is_on(options, "messages")) as api:
            desk = Desk(job, api, clock, number(options, "days_again", DAYS_AGAIN))
            reader = Reader(desk, clock, moment(said) if said else None, PAGE)
            _ = api.me  # a token that is no longer good says so before anything else
            chosen = _strands(job, api, desk)
            refusals = Refusals(desk.reject, len(chosen))
            while not stop.is_set():
                try:
                    yield from _look(reader, chosen, desk, refusals, stop)
                except ShenavaError:
                    yield from desk.unreported()
                    raise
                clock.sleep(pace.next(), stop)

    def ask(self, query: Node) -> Asked:
        """See :class:`crm.ports.source.Searching`."""
        return asked(query)


def _look(reader: Reader, chosen: list[Strand], desk: Desk, refusals: Refusals, stop: Event) -> Iterator[Batch]:
    """Everything that is new, and what is due to be looked at again; always at least one batch."""
    for strand in chosen:
        try:
            yield from reader.sweep(strand, stop)
        except PermanentError as error:
            # not every server searches, and not every token may; the rest is looked at all the same
            refusals.note(strand.key, error, strand.monitor)
        else:
            refusals.lift(strand.key)
    if not stop.is_set():
        yield from desk.again()
    yield desk.batch()


def _strands(job: Job, api: Signed, desk: Desk) -> list[Strand]:
    """What the options choose; places of what is no longer chosen are forgotten."""
    found: list[Strand] = []
    if is_on(job.options, "mentions"):
        found.append(Strand("mentions", api.notifications, origin="addressed", unfold=True))
    if is_on(job.options, "messages"):
        found.append(Strand("messages", api.conversations, origin="addressed", unfold=True))
    if is_on(job.options, "own"):
        found.append(Strand("own", api.own, origin="own", unfold=True))
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


def _search(job: Job, api: Signed, monitor: str, text: str) -> Strand:
    """What a monitor looks for, in the server's search or under a hashtag; another query is another strand."""

    def ask(size: int, since: float, until: float, token: str) -> Page:
        del until
        return api.tagged(text[1:], size, token) if text.startswith("#") else api.search(text, size, since, token)

    return Strand(f"search:{monitor}:{content_id(text)[:12]}", ask, monitor, unfold=is_on(job.options, "threads"))
