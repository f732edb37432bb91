"""Comments below the videos that searches found: of the newest of them, for as long as they are looked at again.

What two hours may cost is known beforehand: a unit for each of PAGES pages of each video. Who has fewer leaves the rest
to those that have more, and to the questions who said it and what was answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from collectors.youtube.api import Api
from collectors.youtube.cursor import Place, Watch
from collectors.youtube.desk import Desk
from collectors.youtube.ledger import NoRoomError
from collectors.youtube.normalise import VIDEO_ID
from collectors.youtube.threads import WHOLE, CommentList, Threads
from crm.platforms.youtube import LIST_COST
from crm.ports.source import Batch

PAGES = 5
"""Of one video and look: 500 comments. The rest has its turn in the next ones, as far as the two hours allow."""
PREFIX = "below:"
"""How the places of these lists begin."""


class Below:
    """Follows the `most` newest videos that were found; each is asked for every two hours, for its monitor."""

    def __init__(self, desk: Desk, api: Api, most: int) -> None:
        self._desk, self._api, self._most = desk, api, most
        self._lists: dict[str, Threads] = {}

    def look(self, stop: Event) -> Iterator[Batch]:
        """What is new below each, a batch a page; a monitor whose budget is used up holds up no other."""
        found = self._found()
        self._forget(found)
        with self._api.ledger.below(self._most * PAGES * LIST_COST, WHOLE):
            for video, watch in sorted(found.items(), key=self._goes_on):
                if stop.is_set():
                    return
                try:
                    yield from self._read(video, watch.monitor, stop)
                except NoRoomError:
                    continue

    def _goes_on(self, one: tuple[str, Watch]) -> bool:
        """Whether a video is in the midst of its list: those that wait for their turn come first."""
        place = self._desk.cursor.places.get(f"{PREFIX}{one[0]}")
        return place is not None and bool(place.after)

    def _read(self, video: str, monitor: str, stop: Event) -> Iterator[Batch]:
        place = self._desk.cursor.places.setdefault(f"{PREFIX}{video}", Place())
        if not place.after and self._desk.now() - place.done < WHOLE:
            return
        said = CommentList(f"{PREFIX}{video}", {"videoId": video}, video, monitor, PAGES)
        yield from self._lists.setdefault(video, Threads(self._desk, self._api, said)).look(stop)
        if not place.after:
            place.done = self._desk.now()  # one without comments is not asked for in every look

    def _found(self) -> dict[str, Watch]:
        watched = self._desk.cursor.watched.items()
        found = [(one, watch) for one, watch in watched if _is_found(one, watch)]
        return dict(sorted(found, key=lambda one: one[1].at, reverse=True)[: self._most])

    def _forget(self, found: dict[str, Watch]) -> None:
        """Videos that are followed no longer."""
        self._lists = {video: one for video, one in self._lists.items() if video in found}
        places = self._desk.cursor.places
        for key in [one for one in places if one.startswith(PREFIX) and one.removeprefix(PREFIX) not in found]:
            del places[key]


def _is_found(native: str, watch: Watch) -> bool:
    return bool(watch.monitor) and watch.origin == "stream" and VIDEO_ID.fullmatch(native) is not None
