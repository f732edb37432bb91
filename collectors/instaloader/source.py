"""Posts of public profiles on Instagram, looked at slowly. Not an official interface."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError, NothingSaidError
from collectors.instaloader.normalise import PLATFORM, to_post
from collectors.instaloader.raw import raw_of
from collectors.moments import DateError, moment
from collectors.pace import Pace, every_problem
from collectors.seen import Seen
from crm.errors import ShenavaError
from crm.ports.clock import Clock
from crm.ports.source import Batch, Job, Option, Problem, Rejected
from crm.ports.transport import Transport
from crm.words import Collected

if TYPE_CHECKING:
    from instaloader import Post

    from collectors.instaloader.api import Visitor

EVERY_MINUTES = 120
MOST_PROFILES, MOST_POSTS = 20, 60
REMEMBERED = 4000
TOGETHER = 12
"""Posts that are handed over at once, and known ones in a row after which nothing new is expected."""
ON = frozenset(("yes", "true", "on", "1"))
_ADDRESS = re.compile(r"^(?:https?://)?(?:www\.)?instagram\.com/")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._]{0,28}[A-Za-z0-9_])?")


class Cursor(Struct, frozen=True, omit_defaults=True):
    """Shortcodes of posts that were handed over, profiles that were read to their end, and when to look next."""

    seen: dict[str, str] = {}
    whole: tuple[str, ...] = ()
    next: float = 0.0


class InstagramPublicSource:
    """See :class:`crm.ports.source.Source`. `random` spreads the looks and the requests."""

    kind = "instagram_public"
    platform = PLATFORM
    options: tuple[Option, ...] = (
        Option("unofficial", "switch", required=True),
        Option("profiles", "list", required=True),
        Option("since", "date"),
        Option("every", "number", default=str(EVERY_MINUTES)),
    )

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems, names = [], names_of(options.get("profiles", ""))
        if options.get("unofficial", "").lower() not in ON:
            message = "This is no official interface and may cost the account or the address; tick the box to go on."
            problems.append(Problem("unofficial", "not_insisted", message))
        if not names:
            problems.append(Problem("profiles", "required", "profiles is missing."))
        if len(names) > MOST_PROFILES:
            message = f"At most {MOST_PROFILES} profiles can be named."
            problems.append(Problem("profiles", "too_many", message, {"limit": str(MOST_PROFILES)}))
        if wrong := next((name for name in names if not _NAME.fullmatch(name)), ""):
            problems.append(Problem("profiles", "bad_profile", f"{wrong!r} is no name of a profile.", {"value": wrong}))
        if (since := options.get("since", "").strip()) and _date(since) is None:
            message = f"{since!r} is no date; write it as 2026-03-21 or 1405/01/01."
            problems.append(Problem("since", "bad_date", message, {"value": since}))
        return problems + every_problem(options.get("every", ""))

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        from collectors.instaloader.api import StopAskedError

        pace = Pace(60.0 * int(job.options.get("every", "").strip() or EVERY_MINUTES), self._random)
        cursor = msgspec.json.decode(job.cursor, type=Cursor) if job.cursor else Cursor()
        while not stop.is_set():
            if clock.sleep(max(0.0, cursor.next - clock.now().timestamp()), stop):
                return
            due = (clock.now() + timedelta(seconds=pace.next())).timestamp()
            look = _Look(job, cursor, transport, clock, stop, self._random)
            try:
                yield from look.run()
            except StopAskedError:
                return
            cursor = msgspec.structs.replace(look.cursor(), next=due)
            yield Batch((), msgspec.json.encode(cursor).decode(), idle=True)


class _Look:
    """One look at every profile; what is new comes twelve posts at a time."""

    def __init__(
        self, job: Job, cursor: Cursor, transport: Transport, clock: Clock, stop: Event, random: Random
    ) -> None:
        self._job, self._clock, self._stop = job, clock, stop
        self._transport, self._random = transport, random
        self._names = names_of(job.options["profiles"])
        self._since = _date(job.options.get("since", "").strip())
        self._seen, self._before = Seen(REMEMBERED, cursor.seen), cursor
        self._whole = dict.fromkeys(one for one in cursor.whole if one in self._names)

    def cursor(self) -> Cursor:
        """Where the look stands. `next` stays as it was, so that a restart goes on at once."""
        return Cursor(self._seen.saved(), tuple(self._whole), self._before.next)

    def run(self) -> Iterator[Batch]:
        """Raises what the source raises, and StopAskedError."""
        from collectors.instaloader.api import NoProfileError, Visitor

        for name in self._names:
            visitor = Visitor(self._transport, self._clock, self._stop, self._random, self._seen.__contains__)
            try:
                yield from self._profile(visitor, name)
            except NoProfileError as error:
                if visitor.breaks_off:
                    raise NothingSaidError(f"Instagram's page of {name} breaks off.") from error
                yield self._batch([], [Rejected(name, str(error), error.code, {"profile": name})])
            finally:
                visitor.leave()

    def _profile(self, visitor: Visitor, name: str) -> Iterator[Batch]:
        from instaloader import Profile

        from collectors.instaloader.api import translated

        with translated(name):
            profile = Profile.from_username(visitor, name)
            followers = profile.followers
        events: list[Collected] = []
        rejected: list[Rejected] = []
        given = 0
        try:
            for post in self._new(profile, name):
                given += 1
                try:
                    found = to_post(raw_of(post), followers)
                    events.append(Collected(self._job.source, found, self._clock.now(), workspace=self._job.workspace))
                except NormaliseError as error:
                    rejected.append(error.at(post.shortcode))
                self._seen.take(post.shortcode, "")
                if len(events) + len(rejected) >= TOGETHER:
                    self._whole.pop(name, None)  # a look that breaks off here leaves a hole below these
                    yield self._batch(events, rejected)
                    events, rejected = [], []
        except ShenavaError:
            # what was fetched is not asked for again: a look at many posts would never get through bad weather
            if events or rejected:
                self._whole.pop(name, None)
                yield self._batch(events, rejected)
            raise
        if given < MOST_POSTS:
            self._whole[name] = None
        else:
            self._whole.pop(name, None)  # the rest has its turn in the next look
        if events or rejected:
            yield self._batch(events, rejected)

    def _new(self, profile: object, name: str) -> Iterator[Post]:
        """Posts that were not handed over, the newest first, back to the date that was named, sixty a look."""
        from collectors.instaloader.api import KnownPostError, translated

        with translated(name):
            posts = profile.get_posts()  # type: ignore[attr-defined]
        known, given = 0, 0
        while given < MOST_POSTS:
            try:
                with translated(name):
                    post = next(posts, None)
            except KnownPostError:
                known += 1
                # pinned posts come first; a profile that was never read to its end may have gaps between
                if name in self._whole and known >= TOGETHER:
                    return
                continue
            if post is None or (self._since and post.date_utc.replace(tzinfo=UTC) < self._since and given + known >= 3):
                return
            known, given = 0, given + 1
            yield post

    def _batch(self, events: list[Collected], rejected: list[Rejected]) -> Batch:
        saved = msgspec.json.encode(self.cursor()).decode()
        return Batch(tuple(events), saved, tuple(rejected), idle=not events and not rejected)


def names_of(text: str) -> list[str]:
    """Names of profiles out of a list, without at signs and addresses around them, each once."""
    found = (
        re.sub(r"^(?:https?://)?(?:www\.)?instagram\.com/", "", one).strip("/@") for one in re.split(r"[\s,،]+", text)
    )
    return list(dict.fromkeys(one.lower() for one in found if one))


def _date(text: str) -> datetime | None:
    try:
        return moment(text) if text else None
    except DateError:
        return None
