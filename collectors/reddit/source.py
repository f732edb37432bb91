"""Reddit: what monitors look for, what is new in named communities, and the inbox of an account of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from random import Random
from threading import Event

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError, WrongAddressError
from collectors.pace import Pace
from collectors.reddit.api import INFO, PAGE, ClosedError, Server
from collectors.reddit.descent import Descent
from collectors.reddit.memory import Known, Memory
from collectors.reddit.normalise import (
    PLATFORM,
    Raw,
    fullname,
    is_gone,
    is_gone_for_good,
    lost_its_author,
    named,
    read,
    things,
    to_post,
)
from collectors.reddit.search import asked
from collectors.reddit.strands import OPTIONS, Strand, concerning, problems, since_of, strands
from crm.errors import ShenavaError
from crm.ports.clock import Clock
from crm.ports.source import Asked, Batch, Gap, Job, Option, Problem, Rejected
from crm.ports.transport import Transport
from crm.query.tree import Node
from crm.words import Collected, CollectedEvent, Origin, Post, Removed

LOOK_SECONDS, STRAND_SECONDS = 60.0, 1.2
"""A look a minute, or slower where there is much to look at: 100 requests a minute are allowed."""
AGAIN_SECONDS = 12 * 3600.0
REMEMBERED = 1500
NOT_UNDERSTOOD = 400
"""How Reddit refuses what it is asked, rather than where."""
DEEPEST = 5
"""Rounds in which the posts are fetched that an answer answers."""


class Cursor(Struct):
    """How far each strand was read (seconds since 1970), what is remembered, and when it is looked at again.

    `turn` is the strand that is being looked at, `past` the post at which looking again goes on. What was refused for
    several communities together is looked at for some of them at a time: those strands are `parted`.
    """

    places: dict[str, float] = {}
    known: dict[str, Known] = {}
    again: float = 0.0
    turn: str = ""
    past: str = ""
    parted: tuple[str, ...] = ()


class RedditSource:
    """See :class:`crm.ports.source.Source`. The cursor holds a place for each strand, and the last posts."""

    kind = "reddit"
    platform = PLATFORM
    options: tuple[Option, ...] = OPTIONS

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return problems(options)

    def ask(self, query: Node) -> Asked:
        """See :class:`crm.ports.source.Searching`."""
        return asked(query)

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        with transport.session() as session:
            run = _Run(job, Server(job.account, session, clock), clock, stop)
            pace = Pace(max(LOOK_SECONDS, STRAND_SECONDS * len(run.strands)), self._random)
            while not stop.is_set():
                try:
                    yield from run.look()
                except ShenavaError:
                    yield from run.unreported()
                    raise
                clock.sleep(pace.next(), stop)


class _Run:
    """What a run knows: its places, and what it handed over."""

    def __init__(self, job: Job, server: Server, clock: Clock, stop: Event) -> None:
        self._job, self._server, self._clock, self._stop = job, server, clock, stop
        cursor = msgspec.json.decode(job.cursor, type=Cursor) if job.cursor else Cursor()
        self._since, self._turn = since_of(job.options), cursor.turn
        self._parted = dict.fromkeys(cursor.parted)
        self.strands = [part for strand in strands(job) for part in self._parts(strand)]
        self._past = cursor.past
        keys = {strand.key for strand in self.strands}
        self._places = {key: place for key, place in cursor.places.items() if key in keys}
        self._concerns = concerning(job.searches)
        self._memory = Memory(REMEMBERED, cursor.known)
        self._again = cursor.again or self._now() + AGAIN_SECONDS
        self._rejected: list[Rejected] = []
        self._refused = set[str]()
        self._spent: dict[str, int] = {}
        self._handed_over = job.cursor

    def unreported(self) -> Iterator[Batch]:
        """What was read and never handed over counts as well; its posts come again."""
        if self._spent:
            yield Batch((), self._handed_over, idle=True, spent=self._spent, quota=self._server.quota)

    def look(self) -> Iterator[Batch]:
        """What is new in every strand, a batch a page; always at least one batch."""
        for strand in self._in_turn():
            self._turn = strand.key
            yield from self._descend(strand)
        self._turn = ""
        if self._now() >= self._again:
            yield from self._look_again()
        yield self._batch([])

    def _parts(self, strand: Strand) -> list[Strand]:
        """The strand itself, or its parts where it was refused as a whole."""
        if strand.key not in self._parted or not (halves := strand.halves()):
            return [strand]
        return [part for half in halves for part in self._parts(half)]

    def _in_turn(self) -> list[Strand]:
        """The strands from where a look broke off, so that the last are not left out again and again."""
        first = next((at for at, strand in enumerate(self.strands) if strand.key == self._turn), 0)
        return self.strands[first:] + self.strands[:first]

    def _descend(self, strand: Strand) -> Iterator[Batch]:
        """From the newest down to where the last look began; only then has the strand a new place."""
        began, place = self._now(), self._places.get(strand.key, self._since)
        descent = Descent(strand, place)
        while not descent.ended and not self._stop.is_set():
            room = self._job.allowance(strand.monitor)
            if room <= 0 and not descent.read:
                return
            events: list[CollectedEvent] = []
            if room > 0:
                try:
                    found = self._server.listing(strand.path, strand.params, room, descent.after)
                except (WrongAddressError, ClosedError) as error:
                    for half in self._refused_for(strand, error):
                        yield from self._descend(half)
                    return
                self._spend(strand.monitor, len(found.children))
                events = self._page(strand, found.children, descent)
                gaps = descent.step(found)
            else:
                gaps = descent.stop("budget")
            if descent.ended:
                self._places[strand.key] = max(place or 0.0, min(began, descent.newest or began))
            if events or gaps or self._spent:
                yield self._batch(events, gaps)

    def _refused_for(self, strand: Strand, error: WrongAddressError | ClosedError) -> list[Strand]:
        """One search or community that Reddit refuses holds up nothing else; it is named once in a run.

        Of several communities, one may be closed or gone: from now on they are looked at in two halves, given back.
        """
        if strand.ours:
            raise error
        understood = not isinstance(error, WrongAddressError) or error.status != NOT_UNDERSTOOD
        if understood and (halves := strand.halves()):
            self._part(strand, halves)
            return halves
        if strand.key not in self._refused:
            self._refused.add(strand.key)
            where = f"monitor {strand.monitor}" if strand.monitor else strand.path
            self._rejected.append(Rejected(where, str(error)))
        return []

    def _part(self, strand: Strand, halves: list[Strand]) -> None:
        self._parted[strand.key] = None
        at, place = self.strands.index(strand), self._places.pop(strand.key, None)
        self.strands[at : at + 1] = halves
        if place is not None:
            self._places |= {half.key: place for half in halves}

    def _page(self, strand: Strand, children: Sequence[object], descent: Descent) -> list[CollectedEvent]:
        """A page's news, the oldest first, after what they answer where that is unfolded."""
        events: list[CollectedEvent] = []
        for raw in self._read(reversed(children), strand.key):
            descent.note(raw.created_utc)
            events += self._news(raw, strand.key, strand.origin, kept=strand.ours)
        posts = [event.post for event in events if isinstance(event, Collected)]
        unfolded = [post for post in posts if strand.unfold or (post.parent_key and self._memory.keeps(post.native_id))]
        earlier = self._ancestors(unfolded)
        known = {event.post.key for event in earlier if isinstance(event, Collected)}
        return [*earlier, *(one for one in events if not (isinstance(one, Collected) and one.post.key in known))]

    def _read(self, children: Iterable[object], where: str) -> Iterator[Raw]:
        """What can be read of a page; the rest is reported."""
        for child in children:
            # a message holds the messages that answer it
            for thing in [*things(child)] or [child]:
                try:
                    yield read(thing)
                except NormaliseError as error:
                    self._rejected.append(error.at(f"{where} {named(thing)}".strip()))

    def _news(self, raw: Raw, where: str, origin: Origin = "stream", *, kept: bool = False) -> Iterator[CollectedEvent]:
        """A post that is news, or the end of one that was; nothing for one that came gone."""
        name = fullname(raw)
        if is_gone(raw):
            yield from self._removed(name, for_good=is_gone_for_good(raw), with_author=lost_its_author(raw))
            return
        try:
            post = to_post(raw)
        except NormaliseError as error:
            self._rejected.append(error.at(f"{where} {name}"))
            return
        if self._memory.take(raw, kept=kept or self._concerns(post)):
            yield Collected(self._job.source, post, self._clock.now(), origin, workspace=self._job.workspace)

    def _removed(self, name: str, *, for_good: bool, with_author: bool = False) -> Iterator[CollectedEvent]:
        known = self._memory.forget(name)
        if known is None:
            return
        source, now, workspace = self._job.source, self._clock.now(), self._job.workspace
        yield Removed(source, now, post_key=f"{PLATFORM}:{name}", workspace=workspace, for_good=for_good)
        if with_author and known.author:
            yield Removed(source, now, author_key=f"{PLATFORM}:{known.author}", workspace=workspace)

    def _ancestors(self, posts: Sequence[Post]) -> list[CollectedEvent]:
        """What they answer, up to the roots, as far as the allowance and DEEPEST rounds go; the eldest first."""
        found: list[CollectedEvent] = []
        tried: set[str] = set()
        for _ in range(DEEPEST):
            names = [name for name in _answered(posts) if name not in tried and not self._memory.keeps(name)]
            names = names[: self._room()]
            if not names:
                break
            tried.update(names)
            raws = self._read(self._info(names), INFO)
            earlier = [event for raw in raws for event in self._news(raw, INFO, "context", kept=True)]
            posts = [event.post for event in earlier if isinstance(event, Collected)]
            found += earlier
        return sorted(found, key=_said_at)

    def _look_again(self) -> Iterator[Batch]:
        """Edits, deletions and what vanished among the posts that are remembered, a batch a hundred."""
        names = self._memory.names()
        at = names.index(self._past) if self._past in names else 0
        while at < len(names):
            asked_for = names[at : at + self._room()]
            if self._stop.is_set() or not asked_for:
                return
            children, at = self._info(asked_for), at + len(asked_for)
            self._past = names[at] if at < len(names) else ""
            events = [event for raw in self._read(children, INFO) for event in self._news(raw, INFO)]
            there = set(map(named, children))
            for name in list(self._memory.missed(name for name in asked_for if name not in there)):
                events += self._removed(name, for_good=False)
            yield self._batch(events)
        self._again = self._now() + AGAIN_SECONDS

    def _info(self, names: Sequence[str]) -> Sequence[object]:
        children = self._server.info(names).children
        self._spend("", len(children))
        return children

    def _room(self) -> int:
        """How many posts may be asked for by name."""
        return max(0, min(PAGE, self._job.allowance("") - sum(self._spent.values())))

    def _spend(self, monitor: str, count: int) -> None:
        if count:
            self._spent[monitor] = self._spent.get(monitor, 0) + count

    def _batch(self, events: Sequence[CollectedEvent], gaps: tuple[Gap, ...] = ()) -> Batch:
        rejected, self._rejected = tuple(self._rejected), []
        spent, self._spent = self._spent, {}
        kept = tuple(self._parted)
        cursor = Cursor(self._places, self._memory.saved(), self._again, self._turn, self._past, kept)
        self._handed_over = msgspec.json.encode(cursor).decode()
        idle = not (events or rejected)
        return Batch(tuple(events), self._handed_over, rejected, idle, spent, self._server.quota, gaps)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _answered(posts: Iterable[Post]) -> list[str]:
    """The names of the submissions and comments that posts answer, roots first."""
    keys = [key for post in posts for key in (post.root_key, post.parent_key) if key]
    names = [key.partition(":")[2] for key in dict.fromkeys(keys)]
    return [name for name in names if name.startswith(("t1_", "t3_"))]


def _said_at(event: CollectedEvent) -> datetime:
    return event.post.posted_at if isinstance(event, Collected) else event.removed_at
