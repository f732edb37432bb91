"""Videos that monitors look for.

A day has 100 searches, so each text is asked for once an hour at most, and less often where there are many. What is new
is read page by page from the newest back to where the last search began, and a bit further, since YouTube learns of
videos late. The texts of videos are cut in a search, so each new one is fetched whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from threading import Event

from collectors.errors import NormaliseError
from collectors.youtube.api import FOUND, Api, StalePageError
from collectors.youtube.cursor import Place
from collectors.youtube.desk import Desk, Told
from collectors.youtube.normalise import when
from collectors.youtube.raw import Listed, RawFound
from collectors.youtube.search import asked
from crm.platforms.youtube import DayUsedUpError, YouTubeAnswerError
from crm.ports.source import Batch, CantBeAskedError, Job, Rejected

HOUR, DAY = 3_600, 86_400
OVERLAP = 6 * HOUR
"""Seconds that are asked for again."""
PAGES = 20
"""Of one text and look; the rest has its turn in the next look."""
FULL = 9 * FOUND
"""Hits of one stretch after which YouTube may have more than it gives out (about 500)."""


class Searches:
    """Asks for the texts of all monitors, at most `most` times a day."""

    def __init__(self, desk: Desk, api: Api, job: Job, most: int, *, alone: bool) -> None:
        self._desk, self._api, self._most, self._alone = desk, api, most, alone
        self._texts: dict[str, tuple[str, str]] = {}
        self._refused: dict[str, int] = {}
        for search in job.searches:
            try:
                for text in asked(search.query).texts:
                    # A text that several monitors look for is asked for once.
                    self._texts.setdefault(_key(text), (text, search.monitor))
            except CantBeAskedError as error:
                desk.reject(Rejected(f"monitor {search.monitor}", str(error), error.code, error.params))
        known = desk.cursor.places
        gone = [one for one in known if one.startswith("search:") and one not in self._texts]
        for key in gone:
            del known[key]

    def look(self, stop: Event) -> Iterator[Batch]:
        """What is new, a batch a page. When the day is used up, other strands go on."""
        cursor = self._desk.cursor
        if cursor.closed > self._desk.now():
            if self._alone:
                raise DayUsedUpError("YouTube", cursor.closed - self._desk.now())
            return
        try:
            for key, (text, monitor) in self._texts.items():
                place = cursor.places.setdefault(key, Place())
                if self._desk.now() - self._refused.get(key, 0) < self._every:
                    continue
                try:
                    yield from self._sweep(place, text, monitor, stop)
                except YouTubeAnswerError as error:
                    self._refuse(key, monitor, error)
        except DayUsedUpError as error:
            cursor.closed = self._desk.now() + int(error.retry_after or HOUR) + 1
            if self._alone:
                raise

    def _refuse(self, key: str, monitor: str, error: YouTubeAnswerError) -> None:
        """One text that YouTube does not understand holds up nothing else; a question costs, so it has its turn."""
        if error.status != 400:
            raise error
        if key not in self._refused:
            self._desk.reject(Rejected(f"monitor {monitor}", str(error)))
        self._refused[key] = self._desk.now()

    @property
    def _every(self) -> float:
        return max(HOUR, DAY * len(self._texts) / self._most)

    def _sweep(self, place: Place, text: str, monitor: str, stop: Event) -> Iterator[Batch]:
        now = self._desk.now()
        if not place.until:
            if now - place.done < self._every:
                return
            floor = place.done - OVERLAP if place.done else self._desk.cursor.start
            place.floor, place.until, place.top, place.oldest = max(floor, self._desk.cursor.start), now, now, now
        stale = False
        for _ in range(PAGES):
            if stop.is_set() or self._api.ledger.searches() >= self._most:
                return
            try:
                page = self._api.search(text, place.floor, place.until, place.after, monitor)
            except StalePageError:
                place.after = ""
                if stale:
                    return
                stale = True
                continue
            events = self._desk.told(self._whole(page, place, monitor), monitor)
            self._turn(place, page)
            yield self._desk.batch(events)
            if not place.until:
                return

    def _whole(self, page: Listed, place: Place, monitor: str) -> list[Told]:
        """The new videos of a page, as they are outside of a search."""
        ids: list[str] = []
        for hit in self._desk.read(page, RawFound, "search"):
            try:
                place.oldest = min(place.oldest, int(when(hit.snippet.publishedAt).timestamp()))
            except NormaliseError as error:
                self._desk.reject(error.at("search"))
            if hit.id.videoId and not self._desk.knows(hit.id.videoId):
                ids.append(hit.id.videoId)
        posts = self._desk.videos(ids, monitor)
        return [Told(post, "own" if self._desk.is_ours(post) else "stream") for post in posts]

    def _turn(self, place: Place, page: Listed) -> None:
        """Where to go on: the next page, an older stretch where this one was cut off, or the end."""
        place.found += len(page.items)
        place.after = page.nextPageToken or ""
        if place.after and page.items:
            return
        cut = place.found >= FULL
        if cut and place.floor < place.oldest + 1 < place.until:
            place.until, place.after, place.found = place.oldest + 1, "", 0
            return
        if cut:
            self._desk.gap(place.floor, place.oldest, "too_many")
        place.done, place.until, place.after, place.found = place.top, 0, "", 0


def _key(text: str) -> str:
    return f"search:{blake2b(text.encode(), digest_size=6).hexdigest()}"
