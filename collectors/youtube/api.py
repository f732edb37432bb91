"""The few calls of YouTube's Data API v3 that collecting needs; each is charged before it is made.

Source: developers.google.com/youtube/v3/docs (search, videos, channels, commentThreads, comments).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from collectors.errors import NormaliseError
from collectors.youtube.ledger import Ledger
from collectors.youtube.raw import Listed, read
from crm.platforms.youtube import LIST_COST, SEARCH_COST, BusyYouTubeError, YouTube, YouTubeAnswerError
from crm.ports.transport import BrokenConnectionError

FOUND, SAID, AT_ONCE = 50, 100, 50
"""The largest pages of searches and of comments, and how many ids are asked for at once."""
STALE = frozenset({"invalidPageToken", "processingFailure"})
"""How YouTube says that it does not know a page. The second is said of much else, but usually that the input is bad."""
_PLAIN = {"textFormat": "plainText"}


class StalePageError(YouTubeAnswerError):
    """YouTube no longer knows the page of a list where we were."""


class Api:
    """YouTube, asked as one account. Raises what :class:`crm.platforms.youtube.YouTube` does, and NoRoomError."""

    def __init__(self, youtube: YouTube, ledger: Ledger) -> None:
        self._youtube, self.ledger = youtube, ledger

    @property
    def signs_in(self) -> bool:
        """Whether we are asked as a channel, not only by a key."""
        return self._youtube.signs_in

    def search(self, text: str, since: int, until: int, page: str, monitor: str) -> Listed:
        """Videos of a stretch of seconds, the newest first, at most FOUND."""
        self.ledger.charge(monitor, SEARCH_COST, SEARCH_COST + 2 * LIST_COST)
        params = {"part": "snippet", "type": "video", "order": "date", "safeSearch": "none", "maxResults": str(FOUND)}
        between = {"publishedAfter": _stamp(since), "publishedBefore": _stamp(until)}
        return self._page("search", {"q": text, **params, **between}, page)

    def videos(self, ids: Iterable[str], monitor: str = "") -> Listed:
        """The videos of at most AT_ONCE ids; those that are gone are not among them."""
        return self._by_id("videos", {"part": "snippet,statistics"}, list(ids), monitor)

    def channels(self, ids: Iterable[str], monitor: str = "") -> Listed:
        """The channels of at most AT_ONCE ids."""
        return self._by_id("channels", {"part": "snippet,statistics"}, list(ids), monitor)

    def ours(self, handle: str) -> Listed:
        """The channel that we are signed in as, or else the one of a handle."""
        self.ledger.charge("", LIST_COST)
        whose = {"mine": "true"} if self.signs_in else {"forHandle": f"@{handle}"}
        return self._page("channels", {"part": "snippet", **whose})

    def threads(self, whose: dict[str, str], page: str, monitor: str = "") -> Listed:
        """Comments below a video or a channel's videos, the newest first, with some of their answers."""
        self.ledger.charge(monitor, LIST_COST)
        more = {"part": "snippet,replies", "order": "time", "maxResults": str(SAID), **_PLAIN}
        return self._page("commentThreads", {**whose, **more}, page)

    def replies(self, comment: str, page: str, monitor: str = "") -> Listed:
        """The answers to a comment."""
        self.ledger.charge(monitor, LIST_COST)
        return self._page("comments", {"part": "snippet", "parentId": comment, "maxResults": str(SAID), **_PLAIN}, page)

    def comments(self, ids: Iterable[str]) -> Listed:
        """The comments of at most AT_ONCE ids; those that are gone are not among them."""
        return self._by_id("comments", {"part": "snippet", **_PLAIN}, list(ids), "")

    def _by_id(self, path: str, params: dict[str, str], ids: list[str], monitor: str) -> Listed:
        """By the reference, one id that is gone may spoil the answer for all: then they are asked for in halves."""
        self.ledger.charge(monitor, LIST_COST)
        try:
            return self._page(path, {**params, "id": ",".join(ids)})
        except YouTubeAnswerError as error:
            if error.status != 404 or not error.reason.endswith("NotFound"):
                raise
        if len(ids) == 1:
            return Listed()
        middle = len(ids) // 2
        halves = [self._by_id(path, params, some, monitor) for some in (ids[:middle], ids[middle:])]
        return Listed(items=tuple(raw for half in halves for raw in half.items))

    def _page(self, path: str, params: dict[str, str], page: str = "") -> Listed:
        try:
            answer = self._youtube.get(path, {**params, **({"pageToken": page} if page else {})})
        except (YouTubeAnswerError, BusyYouTubeError) as error:
            if page and error.reason in STALE:
                raise StalePageError(path, error.status, error.reason) from error
            raise
        try:
            found = read(answer, Listed, "answer of YouTube")
        except NormaliseError as error:
            # cut short on its way, or not YouTube at all: the same question may be answered better later
            raise BrokenConnectionError(path, str(error)) from error
        if not found.kind.startswith("youtube#"):
            raise BrokenConnectionError(path, "what arrived is no list of YouTube's")
        return found


def at_once(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids, each once, as many as may be asked for together."""
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), AT_ONCE):
        yield unique[start : start + AT_ONCE]


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
