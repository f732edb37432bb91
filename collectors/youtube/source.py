"""What monitors look for on YouTube, comments on our channel's videos and on videos that are named.

There is no list of mentions and there are no private messages: YouTube's interface serves neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from random import Random
from threading import Event

from collectors.errors import NormaliseError
from collectors.moments import DateError, moment
from collectors.pace import Pace
from collectors.youtube.again import Again
from collectors.youtube.api import Api
from collectors.youtube.below import PAGES, Below
from collectors.youtube.cursor import load
from collectors.youtube.desk import Desk
from collectors.youtube.ledger import Ledger, NoRoomError
from collectors.youtube.normalise import PLATFORM
from collectors.youtube.raw import RawChannel, read
from collectors.youtube.search import asked
from collectors.youtube.searches import DAY, HOUR, Searches
from collectors.youtube.threads import WHOLE, Threads, below, channel
from crm.errors import AuthorisationError, ShenavaError
from crm.platforms.youtube import LIST_COST, SEARCH_COST, credentials, signed_in
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Asked, Batch, Job, Option, Problem, Unit
from crm.ports.transport import Transport
from crm.query.tree import Node

EVERY_MINUTES, LONGEST_MINUTES = 5, 1_440
DAYS, MOST_DAYS = 7, 365
SEARCHES, MOST_SEARCHES = 90, 100_000
"""Searches a day; a project has 100 unless Google gave it more."""
FIRST_LOOK = timedelta(days=1)
MOST_VIDEOS, MOST_FOUND = 50, 500
ON = frozenset({"yes", "true", "on", "1"})
_VIDEO = re.compile(r"(?:.*?(?:[?&]v=|youtu\.be/|/shorts/|/live/))?([A-Za-z0-9_-]{11})(?:[?&#/].*)?")
Strand = Callable[[Event], Iterator[Batch]]


class YouTubeSource:
    """See :class:`crm.ports.source.Source`. The cursor is a :class:`collectors.youtube.cursor.Cursor`."""

    kind = "youtube"
    platform = PLATFORM
    unit: Unit = "units"
    options: tuple[Option, ...] = (
        Option("account", "account", required=True),
        Option("search", "switch"),
        Option("comments", "switch"),
        Option("monitors", "monitors"),
        Option("videos", "list"),
        Option("since", "date"),
        Option("every", "number", default=str(EVERY_MINUTES)),
        Option("searches", "number", default=str(SEARCHES)),
        Option("days_again", "number", default=str(DAYS)),
        Option("found_comments", "number", default="0"),
    )

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems: list[Problem] = []
        if not options.get("account", "").strip():
            problems.append(Problem("account", "required", "account is missing."))
        if not (_on(options, "search") or _on(options, "comments") or _named(options)):
            message = "Nothing is to be collected; switch on search or comments, or name a video."
            problems.append(Problem("search", "nothing_chosen", message))
        problems += _video_problems(options)
        problems += _since_problem(options.get("since", "").strip())
        problems += _number_problem("every", options, 1, LONGEST_MINUTES)
        problems += _number_problem("searches", options, 1, MOST_SEARCHES)
        problems += _number_problem("days_again", options, 0, MOST_DAYS)
        problems += _number_problem("found_comments", options, 0, MOST_FOUND)
        return problems

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        pace = Pace(60.0 * _number(job.options, "every", EVERY_MINUTES), self._random)
        with signed_in(job.account, transport, clock) as youtube:
            api = Api(youtube, Ledger(load(job.cursor), job.allowance, clock))
            desk = Desk(job, api, clock, _start(job, api, clock), _number(job.options, "days_again", DAYS))
            try:
                strands = _strands(job, api, desk)
                while not stop.is_set():
                    for strand in strands:
                        if not stop.is_set():
                            yield from _within_budget(strand, stop)
                    yield desk.batch()
                    clock.sleep(pace.next(), stop)
            except ShenavaError:
                yield from desk.unreported()
                raise

    def ask(self, query: Node) -> Asked:
        """See :class:`crm.ports.source.Searching`."""
        return asked(query)

    def forecast(self, query: Node, options: Mapping[str, str], account: Account, transport: Transport) -> int | None:
        """See :class:`crm.ports.source.Forecasting`: the units that seven days cost the monitor at most, where no
        search finds more than a page. Each search is followed by a question for the videos and one for their channels.

        Nobody is asked, since YouTube only guesses how much there is, and a question is a hundredth of the day.
        """
        del transport
        if not _on(options, "search"):
            return None
        credentials(account)
        texts, most = len(asked(query).texts), _number(options, "searches", SEARCHES)
        searched = round(7 * DAY / max(HOUR, DAY * texts / most)) * texts * (SEARCH_COST + 2 * LIST_COST)
        return searched + 7 * DAY // WHOLE * _number(options, "found_comments", 0) * PAGES * LIST_COST


def _within_budget(strand: Strand, stop: Event) -> Iterator[Batch]:
    try:
        yield from strand(stop)
    except NoRoomError:
        return  # it goes on from here once the budget allows more


def _strands(job: Job, api: Api, desk: Desk) -> list[Strand]:
    """What the options choose, the cheap ones first."""
    options, videos, found = job.options, _named(job.options), list[Strand]()
    comments, search = _on(options, "comments"), _on(options, "search")
    me = _identity(job, api, desk, needed=comments)
    if comments:
        found.append(Threads(desk, api, channel(me)).look)
    found += [Threads(desk, api, below(video)).look for video in videos]
    found.append(Again(desk, api).look)
    if search:
        alone = not (comments or videos)
        found.append(Searches(desk, api, job, _number(options, "searches", SEARCHES), alone=alone).look)
        if most := _number(options, "found_comments", 0):
            found.append(Below(desk, api, most).look)
    return found


def _identity(job: Job, api: Api, desk: Desk, *, needed: bool) -> str:
    """The id of our channel, asked for once; empty where a key comes with no handle and nobody needs it."""
    cursor, handle = desk.cursor, job.account.handle.strip().removeprefix("@") if job.account else ""
    if cursor.me and cursor.handle == handle:
        return cursor.me
    cursor.me, cursor.handle = "", handle
    if api.signs_in or handle:
        try:
            found = [read(raw, RawChannel, "channel") for raw in api.ours(handle).items]
        except NormaliseError:
            found = []
        except NoRoomError:
            if needed:
                raise
            found = []
        cursor.me = found[0].id if found else ""
    if needed and not cursor.me:
        raise AuthorisationError("YouTube shows no channel of our account; connect it again, with its handle.")
    return cursor.me


def _start(job: Job, api: Api, clock: Clock) -> int:
    """The second from which on posts are wanted: as the options say, else a day before the first look."""
    if since := job.options.get("since", "").strip():
        return int(moment(since).timestamp())
    return api.ledger.cursor.start or int((clock.now() - FIRST_LOOK).timestamp())


def _on(options: Mapping[str, str], name: str) -> bool:
    return options.get(name, "").strip().lower() in ON


def _number(options: Mapping[str, str], name: str, default: int) -> int:
    return int(options.get(name, "").strip() or default)


def _said(options: Mapping[str, str]) -> list[str]:
    return options.get("videos", "").replace(",", " ").split()


def _named(options: Mapping[str, str]) -> list[str]:
    """The ids of the videos that are named, by id or by address."""
    return list(dict.fromkeys(found[1] for one in _said(options) if (found := _VIDEO.fullmatch(one))))


def _video_problems(options: Mapping[str, str]) -> list[Problem]:
    said = _said(options)
    bad = [one for one in said if not _VIDEO.fullmatch(one)]
    found = [Problem("videos", "bad_video", f"{one!r} is no video of YouTube.", {"value": one[:60]}) for one in bad]
    if len(said) > MOST_VIDEOS:
        message = f"At most {MOST_VIDEOS} can be named."
        found.append(Problem("videos", "too_many", message, {"limit": str(MOST_VIDEOS)}))
    return found


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
