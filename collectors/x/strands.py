"""The strands of a run: lists of X that are read from their newest post back to where the last reading began.

A page goes out as a batch before the next is asked for; the place is finished only when its end was reached, so a run
that breaks off goes on with the next page. Where X no longer knows that page, the sweep begins anew. What X reports
late is found by reading two minutes further back than needed; it is paid once a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event

import msgspec
from msgspec import Struct, structs

from collectors.x.api import LEAST_MENTIONS, LEAST_SEARCHED, PAGE, Api, StalePageError
from collectors.x.cursor import Place
from collectors.x.desk import Desk
from collectors.x.normalise import id_at, moment_of
from collectors.x.raw import Page
from crm.ports.clock import Clock
from crm.ports.source import Asked, Batch, Gap
from crm.words import CollectedEvent, Origin, content_id

OVERLAP = timedelta(minutes=2)
FIRST_LOOK = timedelta(days=1)
"""How far back the first look goes where no date is given."""
EDGE = timedelta(minutes=2)
"""Kept clear of the end of X's memory, which moves while we ask."""
UNSURE = timedelta(hours=1)
"""Where nothing is said, the next sweep begins so long before this one, since X's clock may not be ours."""
SEARCHED_BACK, MESSAGES_BACK = timedelta(days=7), timedelta(days=30)
MENTIONS_KEPT = 800
GLANCE = 10
"""Messages on the first page: X can't be asked for the new ones only."""
VAIN = 3
"""Pages in a row without anything new, after which a list counts as read: some give out tokens without end."""

Ask = Callable[[int, str, str], Page]


class _Item(Struct, frozen=True):
    id: str = ""


class Strand(Struct, frozen=True):
    """One list: how it is asked (size, since, token), for which monitor, and what X says of its pages."""

    key: str
    ask: Ask
    monitor: str = ""
    least: int = 1
    first: int = PAGE
    back: timedelta | None = None
    kept: int | None = None
    private: bool = False
    origin: Origin = "stream"


def searches(api: Api, monitor: str, asked: Asked) -> Iterator[Strand]:
    """What a monitor looks for; another query is another strand."""
    for text in asked.texts:
        yield _search(f"search:{monitor}:{content_id(text)[:12]}", api, text, monitor)


def replies(api: Api, handle: str) -> Strand:
    """Answers to the account's posts, also those that don't name it."""
    found = _search("replies", api, f"to:{handle} -from:{handle} -is:retweet", "")
    return structs.replace(found, origin="addressed")


def mentions(api: Api, user: str) -> Strand:
    """Posts that name the account."""

    def ask(size: int, since: str, token: str) -> Page:
        return api.mentions(user, size, since, token)

    return Strand("mentions", ask, least=LEAST_MENTIONS, kept=MENTIONS_KEPT, origin="addressed")


def messages(api: Api) -> Strand:
    """Direct messages to and from the account."""

    def ask(size: int, since: str, token: str) -> Page:
        del since
        return api.messages(size, token)

    return Strand("messages", ask, first=GLANCE, back=MESSAGES_BACK, private=True)


def _search(key: str, api: Api, text: str, monitor: str) -> Strand:
    def ask(size: int, since: str, token: str) -> Page:
        return api.search(text, size, since, token)

    return Strand(key, ask, monitor, LEAST_SEARCHED, back=SEARCHED_BACK)


class Reader:
    """Sweeps strands. `since` is where the very first sweep of each begins; None: a day ago."""

    def __init__(self, desk: Desk, clock: Clock, since: datetime | None) -> None:
        self._desk, self._clock, self._since = desk, clock, since

    def sweep(self, strand: Strand, stop: Event) -> Iterator[Batch]:
        """A batch a page, until the strand is read, the allowance is used up or `stop` is set."""
        place = self._desk.cursor.places.setdefault(strand.key, Place())
        lost = None if place.token else self._begin(strand, place)
        swept, vain, size = set[str](), 0, strand.first
        while vain < VAIN and not stop.is_set():
            size = min(size, self._desk.ledger.room(strand.monitor))
            if size < strand.least:
                yield from self._used_up(place)
                return
            try:
                page = strand.ask(size, place.since, place.token)
            except StalePageError:
                if swept:
                    raise
                lost = self._begin(strand, place)
                continue
            if lost is not None:
                # Only now: a sweep that was not begun, because nothing may be read, will say it another time.
                self._desk.gap(lost)
                lost = None
            ids = list(_ids(page))
            self._desk.ledger.charge(strand.monitor, ids)
            vain, size = (0 if set(ids) - swept else vain + 1), PAGE
            swept.update(ids)
            ended = self._turn_page(strand, place, page, ids)
            events = self._events(strand, page)
            if ended:
                self._end(strand, place, len(swept))
            yield self._desk.batch(events)
            if ended:
                return
        if not stop.is_set():
            place.finish()

    def _begin(self, strand: Strand, place: Place) -> Gap | None:
        """Set where a new sweep stops; what X no longer remembers."""
        now = self._clock.now()
        known = moment_of(place.newest) if place.newest else None
        since = known - OVERLAP if known else self._since or now - FIRST_LOOK
        if place.token and (unfinished := _at(place.since)):
            since = unfinished
        since = min(since, now - OVERLAP)
        edge = since if strand.back is None else max(since, now - strand.back + EDGE)
        place.since, place.top, place.low, place.token = id_at(edge), id_at(now - UNSURE), "", ""
        return Gap(since, edge, "too_old") if since < edge else None

    def _turn_page(self, strand: Strand, place: Place, page: Page, ids: list[str]) -> bool:
        """Note a page in its place; whether it was the last one."""
        if dated := [one for one in ids if one != "0"]:
            place.saw(dated)
        place.token = page.meta.next_token or ""
        beyond = strand.private and bool(dated) and min(map(int, dated)) <= int(place.since)
        return not place.token or beyond

    def _end(self, strand: Strand, place: Place, count: int) -> None:
        if strand.kept is not None and count >= strand.kept and (low := _at(place.low)) and (since := _at(place.since)):
            self._desk.gap(Gap(since, max(since, low), "too_many"))
        place.finish()

    def _used_up(self, place: Place) -> Iterator[Batch]:
        """The rest of a sweep is given up, so that what is said next is read first."""
        if place.token and (low := _at(place.low)) and (since := _at(place.since)):
            self._desk.gap(Gap(since, max(since, low), "budget"))
            place.finish()
            yield self._desk.batch()

    def _events(self, strand: Strand, page: Page) -> list[CollectedEvent]:
        if strand.private:
            return self._desk.messages(page, strand.key)
        return self._desk.posts(page, strand.key, strand.monitor, origin=strand.origin)


def _at(native: str) -> datetime | None:
    return moment_of(native) if native else None


def _ids(page: Page) -> Iterator[str]:
    """The ids on a page, as far as they can be read; what can't be is paid for as well."""
    for raw in page.data:
        try:
            native = msgspec.json.decode(raw, type=_Item).id
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            native = ""
        yield native if native.isascii() and native.isdigit() and len(native) < 20 else "0"
