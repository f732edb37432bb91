"""Sweeps of lists, from their newest post back to where the last sweep began.

A page goes out as a batch before the next is asked for; the place is finished only when its end was reached, so a run
that breaks off goes on with the next page. Where the platform no longer knows that page, the sweep begins anew; what
came already is told apart by its version.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

from collectors.rounds.cursor import Place
from collectors.rounds.desk import Desk
from collectors.rounds.found import Page, Strand
from crm.errors import RetryableError
from crm.ports.clock import Clock
from crm.ports.source import Batch, Gap

PAGE = 100
OVERLAP = timedelta(minutes=10)
"""Read again with every sweep: what comes late from other servers, and what another clock dated back."""
FIRST_LOOK = timedelta(days=1)
"""How far back the first look goes where no date is given."""
CHAIN = 9000
"""Posts by tokens, after which a bounded list is asked by time instead: Bluesky's search ends at 10,000."""
VAIN = 3
"""Pages in a row without anything new, after which a list counts as read."""


class StalePageError(RetryableError):
    """The platform no longer knows the place where we were in a list."""


class Reader:
    """Sweeps strands. `since` is where the very first sweep of each begins; None: a day ago."""

    def __init__(self, desk: Desk, clock: Clock, since: datetime | None, page: int = PAGE) -> None:
        self._desk, self._clock, self._since, self._page = desk, clock, since, page

    def sweep(self, strand: Strand, stop: Event) -> Iterator[Batch]:
        """A batch a page, until the strand is read, the allowance is used up or `stop` is set."""
        place = self._desk.cursor.places.setdefault(strand.key, Place())
        self._begin(strand, place)
        swept, vain, chain, began, until = set[str](), 0, 0, bool(place.token), 0.0
        while not stop.is_set():
            room = self._desk.room(strand.monitor)
            if room <= 0:
                yield from self._used_up(place)
                return
            if not place.token:
                until, chain = place.low if strand.bounded else 0.0, 0  # stays, for a token belongs to its question
            try:
                page = strand.ask(min(self._page, room), place.since, until, place.token)
            except StalePageError:
                if not began and not place.token:
                    raise
                place.token, began = "", False
                continue
            self._desk.charge(strand.monitor, page.read)
            ids = {one.post.native_id for one in page.found}
            vain, chain = (0 if ids - swept else vain + 1), chain + page.read
            swept |= ids
            ended = self._turn_page(strand, place, page, chain) or vain >= VAIN
            events = self._desk.posts(page, strand)
            if ended:
                place.finish(self._clock.now().timestamp())
            yield self._desk.batch(events)
            if ended:
                return

    def _begin(self, strand: Strand, place: Place) -> None:
        """Set where a sweep stops; one that broke off goes on, by time where the platform keeps to it."""
        now = self._clock.now()
        if not place.since:
            floor = datetime.fromtimestamp(place.newest, UTC) - OVERLAP if place.newest else self._since
            since = min(floor or now - FIRST_LOOK, now - OVERLAP)
            place.since, place.top, place.low, place.token = since.timestamp(), 0.0, 0.0, ""
        elif strand.bounded:
            place.token = ""

    def _turn_page(self, strand: Strand, place: Place, page: Page, chain: int) -> bool:
        """Note a page in its place; whether it was the last one."""
        times = [one.at for one in page.found]
        place.saw(times)
        place.token = page.token
        if times and min(times) < place.since:
            return True
        if strand.bounded and chain >= CHAIN and times:
            place.token = ""
            return False
        return not place.token

    def _used_up(self, place: Place) -> Iterator[Batch]:
        """The rest of a sweep is given up, so that what is said next is read first."""
        if place.low and place.low > place.since:
            since, low = (datetime.fromtimestamp(one, UTC) for one in (place.since, place.low))
            self._desk.gap(Gap(since, low, "budget"))
            place.finish(self._clock.now().timestamp())
            yield self._desk.batch()
