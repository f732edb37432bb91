"""One way down a listing, from the newest thing to where the last look began."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from collectors.reddit.normalise import Page
from collectors.reddit.strands import Strand
from crm.ports.source import Gap

OVERLAP = 3600.0
"""Seconds before the last look that are read again: Reddit's search learns of a post later than its listings."""
MOST_PAGES = 20
LATEST = 2.0**35


class Descent:
    """`place` is how far the last look came, in seconds since 1970; without one a single page is read.

    `after` is where the next page begins, `read` how many things came, `newest` the time of the newest.
    """

    def __init__(self, strand: Strand, place: float | None) -> None:
        self._strand, self._place = strand, place
        self._floor = math.inf if place is None else place - OVERLAP
        self.after, self.read, self.newest, self.ended = "", 0, 0.0, False
        self._oldest, self._pages = math.inf, {""}

    def note(self, created: float) -> None:
        """A thing of this page was made then."""
        if 0 < created < LATEST:
            self.newest, self._oldest = max(self.newest, created), min(self._oldest, created)

    def step(self, found: Page) -> tuple[Gap, ...]:
        """This page is read; what is missing, where it was the last one and not the end."""
        self.read += len(found.children)
        # Within a page things may be out of order, but what comes after it is older.
        reached = self._oldest < self._floor
        self.after = found.after or ""
        over = self.after in self._pages or not found.children
        self._pages.add(self.after)
        if reached:
            self.ended = True
        elif over or len(self._pages) > MOST_PAGES:
            return self.stop("too_many") if self.read >= self._strand.ends or not over else self.stop("")
        return ()

    def stop(self, reason: str) -> tuple[Gap, ...]:
        """It ends here, and the stretch down to the last look is missing for this reason; for none, all was read."""
        self.ended = True
        if not reason or self._place is None or self._oldest <= self._place:
            return ()
        until = min(self._oldest, LATEST)
        return (Gap(datetime.fromtimestamp(self._place, UTC), datetime.fromtimestamp(until, UTC), reason),)
