"""Videos and comments of the last days once more: YouTube tells nobody who only asks what was edited or deleted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from threading import Event

from collectors.errors import NormaliseError
from collectors.youtube.api import Api, at_once
from collectors.youtube.cursor import Watch
from collectors.youtube.desk import Desk, Told
from collectors.youtube.normalise import VIDEO_ID, of_comment
from collectors.youtube.raw import RawComment
from crm.ports.source import Batch
from crm.words import CollectedEvent, Post

CALLS = 10
"""Of one look; the rest has its turn in the next one."""


class Again:
    """Looks at what was handed over: an hour after it came, and then every 20 hours."""

    def __init__(self, desk: Desk, api: Api) -> None:
        self._desk, self._api = desk, api

    def look(self, stop: Event) -> Iterator[Batch]:
        """What changed or is gone, a batch a call."""
        due = self._desk.due()
        videos = [one for one in due if VIDEO_ID.fullmatch(one)]
        comments = [one for one in due if not VIDEO_ID.fullmatch(one)]
        for ids in islice((*at_once(videos), *at_once(comments)), CALLS):
            if stop.is_set():
                return
            found = self._desk.videos(ids) if VIDEO_ID.fullmatch(ids[0]) else self._comments(ids, due)
            yield self._desk.batch(self._judged(ids, found, due))

    def _comments(self, ids: list[str], due: dict[str, Watch]) -> list[Post]:
        found: list[Post] = []
        for raw in self._desk.read(self._api.comments(ids), RawComment, "again"):
            try:
                found.append(of_comment(raw, due[raw.id].video if raw.id in due else ""))
            except NormaliseError as error:
                self._desk.reject(error.at("again"))
        return found

    def _judged(self, ids: list[str], found: list[Post], due: dict[str, Watch]) -> list[CollectedEvent]:
        there = {post.native_id: post for post in found}
        told = [Told(post, due[one].origin) for one, post in there.items() if one in due]
        events = self._desk.told(told)
        for one in ids:
            if one in there:
                self._desk.looked(one)
            else:
                events += self._desk.missed(one)
        return events
