"""Comments below the videos of a channel, or below one video, with the answers to them.

YouTube lists threads by the time of their first comment, so a new answer to an old one brings nothing to the top. So
the whole list of the last days is read again every two hours, and where there are more answers than were read, all of
them are read. The pages of a list come one a batch, and the place is part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError
from collectors.youtube.api import Api, StalePageError
from collectors.youtube.cursor import Place
from collectors.youtube.desk import Desk, Told
from collectors.youtube.ledger import NoRoomError
from collectors.youtube.normalise import of_comment, of_thread
from collectors.youtube.raw import RawComment, RawThread, read
from crm.platforms.youtube import NotAllowedError, YouTubeAnswerError
from crm.ports.source import Batch, Rejected
from crm.words import Origin, Post

WHOLE = 2 * 3_600
"""Seconds after which the list of the last days is read again."""
PAGES = 40
"""Of one list and look; the rest has its turn in the next look."""
KNOWN = 3_000
"""Threads of which we know how many answers were read."""
CLOSED = {
    "commentsDisabled": "comments_disabled", "videoNotFound": "video_gone", "forbidden": "video_closed",
}  # fmt: skip
"""Why comments of a video can't be had, and the code for it; it holds up nothing else."""


class _Thread(Struct, frozen=True):
    """A thread as far as it was read; `count` is None where its answers could not all be read."""

    top: Post
    replies: list[Post]
    channel: str
    count: int | None


class CommentList(Struct, frozen=True):
    """One list: the `key` of its place, the parameter that names it, and the video that it is of, if it is of one.

    What is read is spent for `monitor`, at most `pages` of the list in a look.
    """

    key: str
    whose: dict[str, str]
    video: str = ""
    monitor: str = ""
    pages: int = PAGES


def channel(number: str) -> CommentList:
    """The comments below all videos of a channel."""
    return CommentList("channel", {"allThreadsRelatedToChannelId": number})


def below(video: str) -> CommentList:
    """The comments below one video."""
    return CommentList(f"video:{video}", {"videoId": video}, video)


class Threads:
    """Follows one list."""

    def __init__(self, desk: Desk, api: Api, of: CommentList) -> None:
        self._desk, self._api, self._of = desk, api, of
        self._told_of = ""

    def look(self, stop: Event) -> Iterator[Batch]:
        """What is new, a batch a page; a video without comments is named once in a run."""
        try:
            yield from self._sweep(self._desk.cursor.places.setdefault(self._of.key, Place()), stop)
        except (YouTubeAnswerError, NotAllowedError) as error:
            code = CLOSED.get(error.reason, "") if self._of.video else ""
            if not code:
                raise
            if code != self._told_of:
                self._told_of = code
                reason = f"YouTube shows no comments of the video {self._of.video}: {error.reason}."
                self._desk.reject(Rejected(f"video {self._of.video}", reason, code, {"video": self._of.video}))
                yield self._desk.batch()

    def _sweep(self, place: Place, stop: Event) -> Iterator[Batch]:
        whole = bool(place.after) or self._desk.now() - place.done >= WHOLE
        floor, stale = min(self._desk.edge, self._desk.cursor.start), False
        for _ in range(self._of.pages):
            if stop.is_set():
                return
            try:
                page = self._api.threads(self._of.whose, place.after, self._of.monitor)
            except StalePageError:
                place.after, place.done, whole = "", 0, True
                if stale:
                    return  # the next look begins at the top, and reads all
                stale = True
                continue
            threads = [found for raw in self._desk.read(page, RawThread, self._of.key) if (found := self._read(raw))]
            events = self._desk.told(self._all(threads), self._of.monitor)
            self._note(threads)
            newest = max((thread.top.posted_at.timestamp() for thread in threads), default=floor)
            place.after = page.nextPageToken or ""
            over = not page.items or newest < floor or not (whole or events)
            if over or not place.after:
                place.after, place.done = "", self._desk.now() if whole else place.done
            yield self._desk.batch(events)
            if not place.after:
                return

    def _read(self, raw: RawThread) -> _Thread | None:
        try:
            top = of_thread(raw)
        except NormaliseError as error:
            self._desk.reject(error.at(self._of.key))
            return None
        video, total = (top.root_key or "").partition(":")[2], raw.snippet.totalReplyCount
        inlined = self._comments(raw.replies.comments if raw.replies else (), video)
        channel = raw.snippet.channelId
        if len(inlined) >= total or self._desk.cursor.threads.get(raw.id) == total:
            return _Thread(top, inlined, channel, total)
        replies, complete = self._replies(raw.id, video)
        return _Thread(top, [*inlined, *replies], channel, total if complete else None)

    def _replies(self, comment: str, video: str) -> tuple[list[Post], bool]:
        """The answers to a comment, and whether none is left; what can't be read now is tried again."""
        found, after = list[Post](), ""
        for _ in range(PAGES):
            try:
                page = self._api.replies(comment, after, self._of.monitor)
            except (NoRoomError, StalePageError):
                return found, False
            except YouTubeAnswerError as error:
                if error.status != 404:
                    raise
                return found, False
            found += self._comments(page.items, video)
            after = page.nextPageToken or ""
            if not after or not page.items:
                break
        return found, True

    def _comments(self, items: tuple[msgspec.Raw, ...], video: str) -> list[Post]:
        found: list[Post] = []
        for raw in items:
            try:
                found.append(of_comment(read(raw, RawComment, "comment"), video))
            except NormaliseError as error:
                self._desk.reject(error.at(self._of.key))
        return found

    def _all(self, threads: list[_Thread]) -> list[Told]:
        """What the threads hold, below their videos; a comment from before the time that is wanted is context."""
        found: list[Told] = []
        for thread in threads:
            replies = [Told(post, self._origin(post, thread.channel)) for post in thread.replies]
            if any(not self._desk.is_old(one.post) for one in replies) and self._desk.is_old(thread.top):
                found.append(Told(thread.top, self._as_context(thread.top)))
            found += [Told(thread.top, self._origin(thread.top, thread.channel)), *replies]
        return [*self._videos(found), *_once(found)]

    def _videos(self, found: list[Told]) -> list[Told]:
        """The videos that are not known yet, of comments that are."""
        wanted = [one for one in found if one.video and (one.origin == "context" or not self._desk.is_old(one.post))]
        unknown = [one.video for one in wanted if not self._desk.knows(one.video)]
        try:
            return [Told(post, self._as_context(post)) for post in self._desk.videos(unknown, self._of.monitor)]
        except NoRoomError:
            return []

    def _as_context(self, post: Post) -> Origin:
        return "own" if self._desk.is_ours(post) and not self._desk.is_old(post) else "context"

    def _origin(self, post: Post, channel: str) -> Origin:
        if self._desk.is_ours(post):
            return "own"
        ours = bool(channel) and channel == self._desk.cursor.me
        return "addressed" if ours or self._desk.names_us(post) else "stream"

    def _note(self, threads: list[_Thread]) -> None:
        known = self._desk.cursor.threads
        for thread in threads:
            if thread.count is not None:
                known.pop(thread.top.native_id, None)
                known[thread.top.native_id] = thread.count
        while len(known) > KNOWN:
            del known[next(iter(known))]


def _once(found: list[Told]) -> list[Told]:
    return list({one.post.native_id: one for one in reversed(found)}.values())[::-1]
