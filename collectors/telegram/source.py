"""What is said to a bot of ours, in groups and channels it belongs to, and to business accounts it is connected to.

The Bot API has no search and gives out nothing of the past: a source of this kind is neither Searching, nor can it
fill in from a date. The server keeps what happened for 24 hours, and forgets it once we ask for what comes after, so
that is done when the batch is stored. Deletions are told of business chats alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError, OtherServerError
from collectors.pace import Pace
from collectors.seen import Seen
from collectors.telegram.api import Bot
from collectors.telegram.events import Reader
from collectors.telegram.normalise import BALE, TELEGRAM, Platform, album_of
from collectors.telegram.raw import PRIVATE, RawChat, RawUpdate, number_of, read
from crm.errors import ShenavaError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Batch, Gap, Hindrance, Job, Option, Problem, Rejected
from crm.ports.transport import Transport
from crm.words import Collected, CollectedEvent

PAGE = 100
KEPT = timedelta(hours=24)
"""How long the server keeps what nobody asked for."""
PAUSE_SECONDS = 1.5
"""The wait after an answer without news, since not every server holds a question until there are some."""
ALBUM_SECONDS = 2.0
COUNTED_SECONDS = 6 * 3600.0
REMEMBERED = 2000
CHANNELS = 100
_CHAT = re.compile(r"-?\d{1,20}|@?[A-Za-z]\w{3,63}", re.ASCII)
_SITE = re.compile(r"(https?://)?(t\.me|ble\.ir)/(?=\w)")


ON = frozenset({"yes", "true", "on", "1"})


class Cursor(Struct, frozen=True, omit_defaults=True):
    """Which update comes next, and when the source began, last heard news and last looked (seconds since 1970).

    `moved` are numbers that chats of the options got later, `ours` the channels that the bot manages.
    """

    next: int = 0
    began: float = 0.0
    heard: float = 0.0
    looked: float = 0.0
    moved: tuple[str, ...] = ()
    ours: tuple[int, ...] = ()


class BotSource:
    """See :class:`crm.ports.source.Source`; the messengers differ by `about` alone."""

    about: Platform
    kind: str
    platform: str
    options: tuple[Option, ...] = (
        Option("account", "account", required=True),
        Option("chats", "list"),
        Option("skip_private", "switch"),
    )

    def __init__(self, random: Random) -> None:
        self._random = random

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        problems = []
        if not options.get("account", "").strip():
            problems.append(Problem("account", "required", "account is missing: choose a connected bot."))
        for chat in chats_of(options):
            if not _CHAT.fullmatch(chat):
                message = f"{chat!r} is no chat; write its @name, or its number such as -1001234567890."
                problems.append(Problem("chats", "bad_chat", message, {"value": chat, "example": "@name"}))
        return problems

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        run = _Run(self.about, job, Bot(self.about, job.account, transport, clock), clock)
        pace = Pace(PAUSE_SECONDS, self._random)
        while not stop.is_set():
            yield (batch := run.look())
            if run.is_holding:
                clock.sleep(ALBUM_SECONDS, stop)
            elif batch.idle:
                clock.sleep(pace.next(), stop)

    def probe(self, account: Account, transport: Transport, clock: Clock) -> Hindrance | None:
        """See :class:`crm.ports.source.Probing`: a bot with a webhook can't be asked for its messages."""
        if not (where := Bot(self.about, account, transport, clock).webhook()):
            return None
        return Hindrance(
            f"{self.about.title} sends its messages to {where} (a webhook), so they can't be read",
            "call deleteWebhook of the Bot API with the bot's token, or make a bot for Shenava alone",
        )


class TelegramSource(BotSource):
    """Bots of Telegram."""

    about = TELEGRAM
    kind = platform = TELEGRAM.name


class BaleSource(BotSource):
    """Bots of Bale."""

    about = BALE
    kind = platform = BALE.name


class _Run:
    """What a run knows: where it stands, and which updates were handed over."""

    def __init__(self, platform: Platform, job: Job, bot: Bot, clock: Clock) -> None:
        self._job, self._bot, self._clock = job, bot, clock
        cursor = msgspec.json.decode(job.cursor, type=Cursor) if job.cursor else Cursor(began=clock.now().timestamp())
        self._cursor = cursor
        self._moved = set(cursor.moved)
        self._private = job.options.get("skip_private", "").strip().lower() not in ON
        self._wanted = {chat.removeprefix("@").casefold() for chat in chats_of(job.options)}
        self._seen = Seen(REMEMBERED)
        self._counted: dict[int, tuple[float, int | None]] = {}
        self._capped = False
        self._reader = Reader(platform, job, bot.me(), cursor.began, self._members)
        self._reader.ours |= set(cursor.ours)

    @property
    def is_holding(self) -> bool:
        """Whether an album was held back because more of it may come in a moment."""
        return bool(self._reader.albums.held)

    def look(self) -> Batch:
        """Ask once and hand over what came, the oldest first; the cursor passes nothing that is held back."""
        limit, now = min(PAGE, self._job.allowance("")), self._clock.now()
        if limit <= 0:
            self._capped = True
            return Batch((), self._saved(), idle=True)
        gaps = self._gaps(now)
        # After a week of silence numbers begin anew anywhere; what was asked for before is forgotten by then.
        quiet = now.timestamp() - self._cursor.heard > KEPT.total_seconds()
        if quiet:
            self._seen = Seen(REMEMBERED)
        page, rejected = _numbered(self._bot.updates(0 if quiet else self._cursor.next, limit))
        known = [_read(raw) for raw in page.values()]
        whole = self._reader.albums.cut([one if isinstance(one, RawUpdate) else None for one in known])
        events = self._events(dict(list(zip(page, known, strict=True))[:whole]), rejected)
        self._moves(tuple(page), whole)
        posts = sum(isinstance(one, Collected) and one.origin != "context" for one in events)
        idle = not events and not rejected
        return Batch(tuple(events), self._saved(), tuple(rejected), idle, {"": posts} if posts else {}, gaps=gaps)

    def _events(
        self, updates: Mapping[int, RawUpdate | NormaliseError], rejected: list[Rejected]
    ) -> list[CollectedEvent]:
        """What the updates tell that were not told before; an album once, with all that is known of it."""
        fresh = {number: one for number, one in updates.items() if self._seen.take(str(number), "")}
        for one in fresh.values():
            if isinstance(one, RawUpdate) and one.said:
                self._reader.albums.add(one.said)
        events: list[CollectedEvent] = []
        albums: set[str] = set()
        for number, one in fresh.items():
            album = album_of(one.said) if isinstance(one, RawUpdate) and one.said else ""
            if album in albums:
                continue
            try:
                events += self._told(one)
            except NormaliseError as error:
                rejected.append(error.at(f"update {number}"))
            if album:
                albums.add(album)
        return events

    def _told(self, update: RawUpdate | NormaliseError) -> Iterator[CollectedEvent]:
        if isinstance(update, NormaliseError):
            raise update
        said, gone = update.said, update.deleted_business_messages
        chat = said.chat if said else gone.chat if gone else None
        if chat is None or not self._is_wanted(chat):
            return
        if said and said.migrate_to_chat_id:
            # a group that became a supergroup goes on under another number
            self._moved.add(str(said.migrate_to_chat_id))
        yield from self._reader.events(update, self._clock.now())

    def _is_wanted(self, chat: RawChat) -> bool:
        if chat.type == PRIVATE:
            return self._private
        names = {str(chat.id), (chat.username or "").casefold()}
        return not self._wanted or bool(names & (self._wanted | self._moved))

    def _moves(self, page: Sequence[int], whole: int) -> None:
        """Go on after what is handed over, at the first update that is held back."""
        if page:
            following = page[whole] if whole < len(page) else page[-1] + 1
            heard = self._clock.now().timestamp()
            self._cursor = msgspec.structs.replace(self._cursor, next=following, heard=heard)
        self._cursor = msgspec.structs.replace(self._cursor, looked=self._clock.now().timestamp())

    def _saved(self) -> str:
        """The cursor as it is stored; no word that anybody said is in it."""
        ours = tuple(sorted(self._reader.ours)[:CHANNELS])
        self._cursor = msgspec.structs.replace(self._cursor, moved=tuple(sorted(self._moved)), ours=ours)
        return msgspec.json.encode(self._cursor).decode()

    def _gaps(self, now: datetime) -> tuple[Gap, ...]:
        """What the server forgot before anybody asked."""
        reason, self._capped = ("budget" if self._capped else "too_old"), False
        looked = datetime.fromtimestamp(self._cursor.looked, UTC) if self._cursor.looked else now
        return (Gap(looked, now - KEPT, reason),) if now - looked > KEPT else ()

    def _members(self, chat: int) -> int | None:
        """How many read a channel, counted a few times a day; None where the messenger does not say."""
        now = self._clock.monotonic()
        counted, members = self._counted.get(chat, (-COUNTED_SECONDS, None))
        if now - counted >= COUNTED_SECONDS:
            members = None
            with suppress(ShenavaError):
                members = self._bot.members(chat)
            self._counted[chat] = (now, members)
        return members


def chats_of(options: Mapping[str, str]) -> list[str]:
    """The chats of an option's list: names or numbers, also out of the addresses of their pages."""
    said = re.split(r"[,،\s]+", options.get("chats", ""))
    return [_SITE.sub("", chat).rstrip("/") for chat in said if chat]


def _numbered(page: list[msgspec.Raw]) -> tuple[dict[int, msgspec.Raw], list[Rejected]]:
    """Updates by their numbers, in order, each once; and those without a number. Raises: OtherServerError."""
    found: dict[int, msgspec.Raw] = {}
    rejected: list[Rejected] = []
    for raw in page:
        number = number_of(raw)
        if number is None:
            rejected.append(Rejected("an update", "It has no number.", "bad_item"))
        else:
            found[number] = raw
    if page and not found:
        raise OtherServerError("The updates of the bot have no numbers, so nobody could go on after them.")
    return dict(sorted(found.items())), rejected


def _read(raw: msgspec.Raw) -> RawUpdate | NormaliseError:
    try:
        return read(raw)
    except NormaliseError as error:
        return error
