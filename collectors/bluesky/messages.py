"""The direct messages of our account: first the conversations as they are, then what happens in them.

The log of what happens can't be asked for in pages of our size, so what is beyond the allowance is left for later: its
place is that of the last entry that was handed over.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from threading import Event

import msgspec

from collectors.bluesky.api import Api, Entry
from collectors.bluesky.normalise import MessageView, message_id, read, said_at, to_message
from collectors.errors import NormaliseError
from collectors.rounds.desk import Desk
from collectors.rounds.found import Found, Page, Strand
from crm.errors import PermanentError
from crm.ports.clock import Clock
from crm.ports.source import Batch, Rejected
from crm.words import CollectedEvent

LOG = "log"
SIZE = 100
FIRST_LOOK = timedelta(days=1)
REST = 3_600.0
"""Seconds in which an app password that may not read messages is not tried again: each refusal renews our session."""
CREATED, DELETED = "chat.bsky.convo.defs#logCreateMessage", "chat.bsky.convo.defs#logDeleteMessage"


class Messages:
    """Looks at our conversations. `since` is where the very first look begins; None: a day ago."""

    def __init__(self, desk: Desk, api: Api, clock: Clock, since: datetime | None) -> None:
        self._desk, self._api, self._clock, self._since = desk, api, clock, since
        self._strand = Strand("messages", _never, origin="addressed")
        self._rests_until = float("-inf")

    @property
    def resting(self) -> bool:
        """Whether they are left alone for now."""
        return self._clock.monotonic() < self._rests_until

    def rest(self) -> None:
        """Leave them alone for an hour."""
        self._rests_until = self._clock.monotonic() + REST

    def look(self, stop: Event) -> Iterator[Batch]:
        """A batch a page."""
        if self._desk.cursor.marks.get(LOG):
            yield from self._follow(stop)
        else:
            yield from self._begin(stop)

    def _begin(self, stop: Event) -> Iterator[Batch]:
        """Every conversation back to the first look's beginning; only then is the log followed from where it stood."""
        floor, newest, token = self._since or self._clock.now() - FIRST_LOOK, "", ""
        while not stop.is_set():
            page = self._api.convos(token)
            # of the first page alone: what happens while we read on is still to be followed
            newest = newest or max((convo.rev for convo in page.convos), default="")
            for convo in page.convos:
                try:
                    finished = yield from self._read(convo.id, floor, stop)
                except PermanentError as error:
                    self._refused(f"conversation {convo.id}", error)
                    continue
                if not finished:
                    return
            if not page.cursor or not page.convos or page.cursor == token:
                # An account without a conversation is looked at in the same way again.
                self._desk.cursor.marks[LOG] = newest
                return
            token = page.cursor

    def _read(self, convo: str, floor: datetime, stop: Event) -> Generator[Batch, None, bool]:
        """A conversation back to `floor`; returns whether it was read to the end."""
        token = ""
        while not stop.is_set():
            room = self._desk.room("")
            if room <= 0:
                return False
            page = self._api.messages(convo, min(SIZE, room), token)
            found, reached = self._messages([(convo, raw) for raw in page.messages], floor)
            self._desk.charge("", len(page.messages))
            yield self._desk.batch(self._desk.posts(found, self._strand))
            if reached or not page.cursor or not page.messages or page.cursor == token:
                return True
            token = page.cursor
        return False

    def _follow(self, stop: Event) -> Iterator[Batch]:
        """What happened since the last look."""
        marks = self._desk.cursor.marks
        while not stop.is_set() and (room := self._desk.room("")) > 0:
            try:
                page = self._api.log(marks[LOG])
            except PermanentError as error:
                self._refused("log", error)
                del marks[LOG]  # the next look begins with the conversations
                return
            # an entry that comes again is known by its version
            entries = [entry for entry in page.logs if entry.rev > marks[LOG]]
            taken = _first(entries, room)
            new = [(entry.convo_id, entry.message) for entry in taken if entry.kind == CREATED]
            found, _ = self._messages(new, None)
            self._desk.charge("", len(new))
            events: list[CollectedEvent] = self._desk.posts(found, self._strand)
            events += [gone for entry in taken if entry.kind == DELETED for gone in self._gone(entry)]
            marks[LOG] = max([marks[LOG], *(entry.rev for entry in taken)])
            if len(taken) == len(entries) and page.cursor and page.cursor > marks[LOG]:
                marks[LOG] = page.cursor
            if not entries:
                return
            yield self._desk.batch(events)

    def _refused(self, where: str, error: PermanentError) -> None:
        """What the service does not understand holds up nothing else."""
        if type(error) is not PermanentError:
            raise error
        self._desk.reject(Rejected(where, str(error)))

    def _gone(self, entry: Entry) -> Iterator[CollectedEvent]:
        try:
            deleted = read(entry.message, MessageView)
            yield from self._desk.removed(message_id(entry.convo_id, deleted.id), for_good=True)
        except NormaliseError as error:
            self._desk.reject(error.at("messages"))

    def _messages(self, raws: list[tuple[str, msgspec.Raw]], floor: datetime | None) -> tuple[Page, bool]:
        """The messages as posts, and whether some were said before `floor`; those are left out."""
        views: list[tuple[str, MessageView]] = []
        rejected: list[Rejected] = []
        for convo, raw in raws:
            try:
                view = read(raw, MessageView)
            except NormaliseError as error:
                rejected.append(error.at("messages"))
                continue
            if view.text is not None:
                views.append((convo, view))
        profiles = self._api.profiles([view.sender.did for _, view in views])
        found: list[Found] = []
        reached = False
        for convo, view in views:
            try:
                at = said_at(view.sent_at)
                if floor is not None and at < floor:
                    reached = True
                    continue
                post = to_message(view, convo, profiles.get(view.sender.did))
            except NormaliseError as error:
                rejected.append(error.at("messages"))
                continue
            own = view.sender.did == self._api.me
            found.append(Found(post, view.rev, at.timestamp(), "own" if own else "addressed"))
        return Page(tuple(found), "", len(raws), tuple(rejected)), reached


def _first(entries: list[Entry], most: int) -> list[Entry]:
    """The first entries, with at most so many messages among them."""
    taken: list[Entry] = []
    for entry in sorted(entries, key=lambda one: one.rev):
        most -= entry.kind == CREATED
        if most < 0:
            break
        taken.append(entry)
    return taken


def _never(size: int, since: float, until: float, token: str) -> Page:
    """Conversations are no list of this kind."""
    del size, since, until, token
    return Page()
