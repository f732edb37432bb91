"""Searching Instagram by hashtag, at most 30 of them in 7 days.

Source: developers.facebook.com/docs/instagram-platform (instagram-api-with-facebook-login/hashtag-search). A hashtag
counts from its first question on for 7 days, whoever asks for the account; only media of the last 24 hours are found.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError
from collectors.meta.api import Api, GoneError
from collectors.meta.cursor import Place
from collectors.meta.desk import Desk, Listing
from collectors.meta.instagram import MEDIA
from collectors.meta.lists import Reader
from collectors.meta.normalise import of_media
from collectors.meta.raw import RawMedia, read
from collectors.meta.search import asked
from crm.errors import PermanentError
from crm.ports.source import Batch, CantBeAskedError, Rejected, Search
from crm.words import Post

MOST, WEEK, DAY = 30, 7 * 86_400, 86_400


class Hashtag(Struct, frozen=True):
    """A hashtag, known by an id that never changes."""

    id: str
    name: str | None = None


class Hashtags:
    """What monitors look for, hashtag by hashtag; one that several look for is read once, for the first of them."""

    def __init__(self, desk: Desk, api: Api, reader: Reader, searches: tuple[Search, ...]) -> None:
        self._desk, self._api, self._reader = desk, api, reader
        self._wanted: dict[str, str] = {}
        self._refused, self._waiting = set[str](), set[str]()
        self._asked_before = False
        for search in searches:
            try:
                for tag in asked(search.query).texts:
                    self._wanted.setdefault(tag, search.monitor)
            except CantBeAskedError as error:
                desk.reject(Rejected(f"monitor {search.monitor}", str(error), error.code, error.params))

    def look(self, stop: Event) -> Iterator[Batch]:
        """What is new below each hashtag."""
        if self._wanted and not self._asked_before:
            self._learn()
        for tag, monitor in self._wanted.items():
            if stop.is_set():
                return
            if tag in self._refused or self._desk.room(monitor) < 1:
                continue
            if not self._may(tag):
                yield from self._wait(tag)
                continue
            try:
                yield from self._read(tag, monitor, stop)
            except PermanentError as error:
                self._refused.add(tag)
                self._desk.reject(Rejected(f"hashtag {tag}", str(error), "hashtag_refused", self._named(tag)))
                yield self._desk.batch()

    def _read(self, tag: str, monitor: str, stop: Event) -> Iterator[Batch]:
        number, us = self._number(tag), self._desk.us
        key = f"hashtag:{tag}"
        place = self._desk.cursor.places.setdefault(key, Place())
        edge = self._desk.now() - DAY
        self._desk.gap(place.done or self._desk.cursor.start, edge, "too_old")
        if place.after and 0 < place.done < edge:
            place.after, place.deep = "", True  # what the broken sweep read is known, and is passed
        listing = Listing(
            key, f"{number}/recent_media", {"user_id": us.number, "fields": MEDIA}, _media, monitor, found=True
        )
        yield from self._reader.sweep(listing, place, stop)

    def _number(self, tag: str) -> str:
        """The id of a hashtag, which never changes. Raises: GoneError where nobody uses it."""
        numbers = self._desk.cursor.numbers
        if tag not in numbers:
            listed = self._api.page("ig_hashtag_search", user_id=self._desk.us.number, q=tag)
            if not listed.data:
                raise GoneError(f"Instagram knows no hashtag {tag}.")
            numbers[tag] = read(listed.data[0], Hashtag, "hashtag").id
        return numbers[tag]

    def _may(self, tag: str) -> bool:
        """Whether a hashtag is among the 30 of the week; if there is room, it is from now on."""
        now, ledger = self._desk.now(), self._desk.cursor.hashtags
        for old in [one for one, at in ledger.items() if now - at >= WEEK]:
            del ledger[old]
        if tag in ledger:
            return True
        if len(ledger) >= MOST:
            return False
        ledger[tag] = now
        return True

    def _wait(self, tag: str) -> Iterator[Batch]:
        """Say once in a run that a hashtag has no room."""
        if tag not in self._waiting:
            self._waiting.add(tag)
            message = f"Instagram lets an account ask for {MOST} hashtags in 7 days, so #{tag} has to wait."
            self._desk.reject(Rejected(f"hashtag {tag}", message, "hashtags_used_up", self._named(tag)))
            yield self._desk.batch()

    def _learn(self) -> None:
        """The hashtags that were asked for in the account's name, by other programs too; those count from now on."""
        listed = self._api.page(f"{self._desk.us.number}/recently_searched_hashtags", limit="30", fields="id,name")
        self._asked_before = True
        for raw in listed.data:
            try:
                found = read(raw, Hashtag, "hashtag")
            except NormaliseError as error:
                self._desk.reject(error.at("hashtags"))
                continue
            name = found.name or found.id
            self._desk.cursor.hashtags.setdefault(name, self._desk.now())
            self._desk.cursor.numbers.setdefault(name, found.id)

    def _named(self, tag: str) -> dict[str, str]:
        return {"tag": tag, "most": str(MOST)}


def _media(raw: msgspec.Raw) -> list[Post]:
    return [of_media(read(raw, RawMedia, "media"))]
