"""What is said to a business account on Instagram, and to a Facebook Page, and what monitors look for by hashtag."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from random import Random
from threading import Event
from types import ModuleType

from collectors.meta import facebook, instagram
from collectors.meta.api import Api, ForbiddenError, signed_in
from collectors.meta.cursor import Place, load
from collectors.meta.desk import Desk, Listing
from collectors.meta.hashtags import Hashtags
from collectors.meta.lists import Reader
from collectors.meta.messages import messages
from collectors.meta.normalise import FACEBOOK, INSTAGRAM
from collectors.meta.search import asked
from collectors.meta.threads import Threads
from collectors.moments import DateError, moment
from collectors.pace import Pace
from collectors.refusals import Refusals
from crm.errors import PermanentError
from crm.ports.clock import Clock
from crm.ports.source import Asked, Batch, Job, Option, Problem
from crm.ports.transport import Transport
from crm.query.tree import Node

EVERY_MINUTES, LONGEST_MINUTES = 5, 1_440
DAYS, MOST_DAYS = 14, 365
FIRST_LOOK = timedelta(days=1)
ON = frozenset({"yes", "true", "on", "1"})
Strand = Callable[[Event], Iterator[Batch]]


class _MetaSource:
    """What both platforms share. See :class:`crm.ports.source.Source`; the cursor is a `Cursor`."""

    kind: str
    platform: str
    kinds: tuple[str, ...]
    """The switches that say what is collected."""
    options: tuple[Option, ...]
    _module: ModuleType

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems: list[Problem] = []
        if not options.get("account", "").strip():
            problems.append(Problem("account", "required", "account is missing."))
        if not any(_on(options, kind) for kind in self.kinds):
            message = f"Nothing is to be collected; switch on at least one of {', '.join(self.kinds)}."
            problems.append(Problem(self.kinds[0], "nothing_chosen", message))
        problems += _since_problem(options.get("since", "").strip())
        problems += _number_problem("every", options, 1, LONGEST_MINUTES)
        problems += _number_problem("days_again", options, 1, MOST_DAYS)
        return problems

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        pace = Pace(60.0 * _number(job.options, "every", EVERY_MINUTES), self._random)
        with signed_in(job.account, transport, clock) as api:
            desk = Desk(job, api, clock, self._module.identify(api), _start(job, clock))
            strands = self._strands(job, api, desk)
            refusals = Refusals(desk.reject, len(strands))
            while not stop.is_set():
                for part, strand in strands.items():
                    if not stop.is_set():
                        yield from _tried(part, strand(stop), refusals)
                yield desk.batch()
                clock.sleep(pace.next(), stop)

    def _strands(self, job: Job, api: Api, desk: Desk) -> dict[str, Strand]:
        """What the options choose by its name, in the order in which it is read."""
        reader, options = Reader(desk, api), job.options
        threads = Threads(desk, api, reader, self._module, _number(options, "days_again", DAYS))
        feed, comments = _on(options, "feed"), _on(options, "comments")
        found = dict[str, Strand]()
        if feed or comments:
            found["posts"] = lambda stop: threads.look(stop, visitors=feed, comments=comments)
        for chosen, listing in (
            ("mentions", self._module.tagged(desk.us)),
            ("messages", messages(desk.us, reader, desk)),
        ):
            if _on(options, chosen):
                found[chosen] = _sweep(reader, listing, desk)
        return found


def _tried(part: str, look: Iterator[Batch], refusals: Refusals) -> Iterator[Batch]:
    """One part; what Meta refuses our token alone there holds up nothing else."""
    try:
        yield from look
    except (PermanentError, ForbiddenError) as error:
        refusals.note(part, error)
    else:
        refusals.lift(part)


def _sweep(reader: Reader, listing: Listing, desk: Desk) -> Strand:
    def look(stop: Event) -> Iterator[Batch]:
        yield from reader.sweep(listing, desk.cursor.places.setdefault(listing.key, Place()), stop)

    return look


class InstagramSource(_MetaSource):
    """See :class:`crm.ports.source.Source` and :class:`crm.ports.source.Searching`."""

    kind = platform = INSTAGRAM
    kinds = ("comments", "mentions", "messages", "search")
    options = (
        Option("account", "account", required=True),
        *(Option(kind, "switch") for kind in kinds),
        Option("monitors", "monitors"),
        Option("mentioned", "list"),
        Option("since", "date"),
        Option("every", "number", default=str(EVERY_MINUTES)),
        Option("days_again", "number", default=str(DAYS)),
    )
    _module = instagram

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return [*super().check(options), *(_mention_problem(one) for one in _bad_mentions(options))]

    def ask(self, query: Node) -> Asked:
        """See :class:`crm.ports.source.Searching`."""
        return asked(query)

    def _strands(self, job: Job, api: Api, desk: Desk) -> dict[str, Strand]:
        found = super()._strands(job, api, desk)
        if said := _listed(job.options, "mentioned"):
            found["mentioned"] = lambda stop: iter(()) if stop.is_set() else instagram.mentioned(api, desk, said)
        if _on(job.options, "search"):
            found["search"] = Hashtags(desk, api, Reader(desk, api), job.searches).look
        return found


class FacebookSource(_MetaSource):
    """See :class:`crm.ports.source.Source`."""

    kind = platform = FACEBOOK
    kinds = ("feed", "comments", "mentions", "messages")
    options = (
        Option("account", "account", required=True),
        *(Option(kind, "switch") for kind in kinds),
        Option("since", "date"),
        Option("every", "number", default=str(EVERY_MINUTES)),
        Option("days_again", "number", default=str(DAYS)),
    )
    _module = facebook


def _start(job: Job, clock: Clock) -> int:
    """The second from which on posts are wanted: as the options say, else a day before the first look."""
    if since := job.options.get("since", "").strip():
        return int(moment(since).timestamp())
    return load(job.cursor).start or int((clock.now() - FIRST_LOOK).timestamp())


def _on(options: Mapping[str, str], name: str) -> bool:
    return options.get(name, "").strip().lower() in ON


def _number(options: Mapping[str, str], name: str, default: int) -> int:
    return int(options.get(name, "").strip() or default)


def _listed(options: Mapping[str, str], name: str) -> list[str]:
    return [one for one in options.get(name, "").replace(",", " ").split() if one]


def _bad_mentions(options: Mapping[str, str]) -> list[str]:
    return [one for one in _listed(options, "mentioned") if not instagram.MENTION.fullmatch(one)]


def _mention_problem(said: str) -> Problem:
    message = f"{said!r} is neither a media's id nor MEDIA/COMMENT, as Meta's notification names them."
    return Problem("mentioned", "bad_mention", message, {"value": said})


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
        return [Problem("since", "bad_date", f"{said!r} is no date: {error}.", {"value": said})]
    return []
