"""Answering on Telegram and on Bale, whose bots speak the same interface at another address.

Source: core.telegram.org/bots/api (sendMessage). The Bot API knows no key by which a server would recognise a
repetition, gives a bot no way to look up what it said, and tells it nothing of its own messages: whether a request
whose answer was lost was carried out can be seen by a person in the chat alone. So `find` never says that nothing is
there, and such a reply stays unknown until somebody decides. Two small calls, so httpx alone and no client library.

The token is part of every address there; it is handed to the connection apart from the address, so that no error, log
or traceback that shows the address of a request can show it.

A picture goes out in one request with the text as its caption (sendPhoto), two to ten as an album (sendMediaGroup): of
10 MB each, with a caption of 1,024. A longer text beside pictures is refused rather than sent in two requests, of which
one could fail. Bale has the same two methods and names no limits of its own (docs.bale.ai), so Telegram's are held.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.responder import (
    Account,
    AccountCheck,
    Act,
    ActRule,
    AnsweredPostGoneError,
    CantLookError,
    Length,
    MediaRule,
    SendOrder,
    Sent,
    UnknownOutcomeError,
    Way,
    WayRule,
    Ways,
)
from crm.ports.transport import BrokenConnectionError, Transport, UnreadableAnswerError
from crm.words import Post
from responders.acting import LIKE, check_offered, offered
from responders.files import refuse_files
from responders.telegram_turns import Turns
from responders.text import connected, open_on_platform

LIMIT = 4096
TOKEN = re.compile(r"\d{1,20}:[\w-]{5,100}", re.ASCII)
HIDDEN = "[hidden]"
PICTURES = MediaRule(10, 10_000_000, ("image/jpeg", "image/png"), limit=1024)
SEND, SEND_PHOTO, SEND_ALBUM = SENDING = ("sendMessage", "sendPhoto", "sendMediaGroup")
REACT = "setMessageReaction"
THUMB = "\N{THUMBS UP SIGN}"
RULES: dict[Way, str] = {"reply": "chat_reply", "dm": "private_message"}
PATIENCE = 1.0
"""Seconds that a reply may wait here for its turn; longer ones wait in the outbox."""
GONE = ("message to be replied not found", "replied message not found", "reply message not found", "chat not found",
        "no such group or user", "message to react not found", "message not found")  # fmt: skip
BUSY = ("bot limit exceed", "local_rate_limited")
"""How Bale says that it limits a rate, without the status of it."""
_PLACE = re.compile(r"(?:([^/]+)/)?(-?\d+)/(\d+)", re.ASCII)
Result = TypeVar("Result")
Files = Mapping[str, tuple[str, bytes, str]]
"""Name, content and media type of files, by the field of the form that holds them."""


class Place(Struct, frozen=True):
    """Where a message stands, as the collector writes it: ``[connection/]chat/number``."""

    chat: int
    number: int
    connection: str = ""

    @classmethod
    def of(cls, native_id: str) -> Place | None:
        """None for what did not come through a bot."""
        found = _PLACE.fullmatch(native_id)
        return cls(int(found[2]), int(found[3]), found[1] or "") if found else None


class _Parameters(Struct):
    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class _Answer(Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    description: str = ""
    error_code: int = 0
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


class _Chat(Struct):
    id: int
    type: str = ""
    username: str | None = None


class _Message(Struct):
    message_id: int
    date: int
    chat: _Chat


class _Me(Struct):
    id: int
    username: str = ""


class BotResponder:
    """See :class:`crm.ports.responder.Responder`. The messengers differ by what is set on the classes below."""

    platform: str
    title: str
    base: str
    site: str
    """Where its messages have pages; empty where that is not known."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock
        self._turns = Turns(clock)

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        here, place = open_on_platform(answer_to), Place.of(answer_to.native_id)
        way: Way = "dm" if answer_to.private else "reply"
        if place is None:
            return Ways((here, WayRule(way, "not_in_chat", allowed=False, limit=LIMIT)))
        if not connected(account):
            return Ways((here, WayRule(way, "not_connected", allowed=False, limit=LIMIT)))
        rule = "business_message" if place.connection else RULES[way]
        return Ways((WayRule(way, rule, limit=LIMIT, media=PICTURES, threads=True), here))

    def count(self, text: str, way: Way = "reply") -> Length:
        """In UTF-16 code units, as the Bot API counts: most emoji are two or more.

        Beside pictures the limit is that of :class:`crm.ports.responder.MediaRule`.
        """
        return Length(len(text.encode("utf-16-le", "surrogatepass")) // 2, LIMIT)

    def send(self, order: SendOrder) -> Sent:
        place = Place.of(order.answer_to.removeprefix(f"{self.platform}:"))
        if order.way not in RULES or place is None:
            raise PermanentError(f"{self.title} knows no way {order.way!r} of answering {order.answer_to}.")
        refuse_files(self.title, order, PICTURES, self.count(order.text).used)
        api = _Api(self, order.account, self._transport)
        self._wait(order, place)
        message = self._published(api, order, place)
        number = f"{message.chat.id}/{message.message_id}"
        return Sent(
            f"{place.connection}/{number}" if place.connection else number,
            self.page(message.chat, message.message_id),
            datetime.fromtimestamp(message.date, UTC),
        )

    def find(self, order: SendOrder) -> Sent | None:
        _Api(self, order.account, self._transport)  # whoever can't sign in hears of that first
        raise CantLookError(self.title)

    def check(self, account: Account) -> AccountCheck:
        if not connected(account):
            return AccountCheck(account.handle, ok=False, problem="secret_missing")
        try:
            me = _Api(self, account, self._transport).call("getMe", {}, _Me)
        except AuthorisationError:
            return AccountCheck(account.handle, ok=False, problem="refused")
        except RetryableError:
            return AccountCheck(account.handle, ok=False, problem="unreachable")
        except PermanentError:
            return AccountCheck(account.handle, ok=False, problem="wrong_address")
        return AccountCheck(me.username or str(me.id), ok=True, native_id=str(me.id))

    def page(self, chat: _Chat, number: int) -> str:
        """Where our message is read, in public or by members of its chat; empty where it has no page."""
        if not self.site or chat.type not in ("supergroup", "channel"):
            return ""
        inner = str(chat.id).removeprefix("-100")
        return f"{self.site}/{chat.username or f'c/{inner}'}/{number}"

    def answering(self, number: int) -> Mapping[str, object]:
        """How a call says which message it answers."""
        return {"reply_parameters": {"message_id": number}}

    def _wait(self, order: SendOrder, place: Place) -> None:
        """Wait for our turn in a chat. Raises RateLimitedError where that takes long."""
        chat = f"{order.account.handle} {place.connection}/{place.chat}"
        while wait := self._turns.take(chat, in_group=order.way == "reply"):
            if wait > PATIENCE:
                raise RateLimitedError(self.title, wait)
            self._clock.sleep(wait)

    def _published(self, api: _Api, order: SendOrder, place: Place) -> _Message:
        said = {"chat_id": place.chat, **self.answering(place.number)}
        if place.connection:
            said["business_connection_id"] = place.connection
        try:
            return _told(api, order, said)
        except _RefusedError as error:
            if error.moved or any(words in error.words.lower() for words in GONE):
                # a group that became a supergroup gave its messages new numbers
                raise AnsweredPostGoneError(order.answer_to) from error
            raise
        except (BrokenConnectionError, UnreadableAnswerError, _SilentError) as error:
            raise UnknownOutcomeError(self.title, str(error).rstrip(".")) from error


def _told(api: _Api, order: SendOrder, said: Mapping[str, object]) -> _Message:
    """What one request published: a message, a picture, or the first of an album."""
    files = {f"file{number}": (one.name, one.content, one.kind) for number, one in enumerate(order.media)}
    if not files:
        return api.call(SEND, {**said, "text": order.text}, _Message)
    if len(files) == 1:
        return api.call(SEND_PHOTO, {**said, "caption": order.text, "photo": "attach://file0"}, _Message, files)
    album = [{"type": "photo", "media": f"attach://{name}"} for name in files]
    album[0]["caption"] = order.text
    told = api.call(SEND_ALBUM, {**said, "media": album}, list[_Message], files)
    if not told:
        raise UnreadableAnswerError(SEND_ALBUM, "it names no message")
    return told[0]


class TelegramResponder(BotResponder):
    """Bots of Telegram."""

    platform, title, base, site = "telegram", "Telegram", "https://api.telegram.org", "https://t.me"

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        """A thumb up, the one reaction that a bot may have on a message; not in the name of a business account.
        Source: core.telegram.org/bots/api#setmessagereaction. Bale documents no such call.
        """
        place = Place.of(post.native_id)
        return offered(account, (LIKE, "reaction")) if place and not place.connection else ()

    def act(self, act: Act, post: Post, account: Account) -> None:
        check_offered(act, post, self.acts(post, account))
        place = Place.of(post.native_id)
        assert place is not None
        reaction = [{"type": "emoji", "emoji": THUMB}] if act == "like" else []
        said = {"chat_id": place.chat, "message_id": place.number, "reaction": reaction}
        try:
            _Api(self, account, self._transport).call(REACT, said, bool)
        except _RefusedError as error:
            if error.moved or any(words in error.words.lower() for words in GONE):
                raise AnsweredPostGoneError(post.key) from error
            raise
        except UnreadableAnswerError as error:
            raise BrokenConnectionError(self.base, str(error)) from error


class BaleResponder(BotResponder):
    """Bots of Bale."""

    platform, title, base, site = "bale", "Bale", "https://tapi.bale.ai", ""

    def answering(self, number: int) -> Mapping[str, object]:
        """Bale knows the older form alone."""
        return {"reply_to_message_id": number}


class _RefusedError(PermanentError):
    """The Bot API said why it did nothing."""

    def __init__(self, title: str, words: str, *, moved: bool) -> None:
        self.words, self.moved = words, moved
        super().__init__(f"{title} refused: {words}.")


class _SilentError(RetryableError):
    """The server failed in a way that does not say what it did."""

    def __init__(self, base: str, status: int) -> None:
        super().__init__(f"{base} answered {status}.")


class _Api:
    """Calls in the name of a bot. Raises AuthorisationError at once where there is no token that could be one."""

    def __init__(self, platform: BotResponder, account: Account, transport: Transport) -> None:
        self._title, self._handle, self._transport = platform.title, account.handle, transport
        self._token = account.secret.strip()
        self._base = (account.base_url.strip() or platform.base).rstrip("/")
        if not TOKEN.fullmatch(self._token):
            raise self._not_ours()

    def call(self, method: str, said: Mapping[str, object], kind: type[Result], files: Files | None = None) -> Result:
        """One call. Raises as the transport does, and by what the answer says."""
        with self._transport.http() as client:
            asked = self._request(client, method, said, files)
            try:
                answer = client.send(asked, follow_redirects=False)
            except httpx.HTTPError as error:
                raise BrokenConnectionError(self._base, type(error).__name__) from error
        return self._read(method, answer, kind)

    def _request(
        self, client: httpx.Client, method: str, said: Mapping[str, object], files: Files | None
    ) -> httpx.Request:
        """What is to be sent; httpcore sends the target in place of the address's own path."""
        body: dict[str, Any] = {"json": said}
        if files:
            form = {name: one if isinstance(one, str) else msgspec.json.encode(one) for name, one in said.items()}
            body = {"data": form, "files": files}
        try:
            path = f"{urlsplit(self._base).path}/bot{self._token}/{method}"
            return client.build_request("POST", f"{self._base}/{method}", extensions={"target": path}, **body)
        except (httpx.InvalidURL, ValueError) as error:
            raise PermanentError(f"{self._base} can't be asked: {error}.") from error

    def _read(self, method: str, answer: httpx.Response, kind: type[Result]) -> Result:
        told = None
        with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
            told = msgspec.json.decode(answer.content, type=_Answer, strict=False)
            if told.ok and answer.is_success:
                return msgspec.json.decode(told.result, type=kind, strict=False)
        if answer.is_success and (told is None or told.ok):
            raise UnreadableAnswerError(self._base, "it is none of the Bot API")
        if answer.status_code in (401, 403) and not answer.content.lstrip().startswith(b"{"):
            # something on the way refuses, and passed nothing on
            raise RetryableError(f"{self._base} answered {answer.status_code} without a word of {self._title}'s.")
        raise self._refusal(method, answer.status_code, told)

    def _refusal(self, method: str, status: int, told: _Answer | None) -> ShenavaError:
        """The error of ours for an answer that is no result."""
        words = told.description.replace(self._token, HIDDEN) if told else ""
        low = words.lower()
        if told and 200 <= status < 300:
            status = told.error_code or 400
        if status == httpx.codes.TOO_MANY_REQUESTS or any(busy in low for busy in BUSY):
            return RateLimitedError(self._title, told.parameters.retry_after if told else None)
        if status >= 500 or status in (408, 425):
            return _SilentError(self._base, status)
        if "token not found" in low or (told and status == httpx.codes.NOT_FOUND and low in ("not found", "")):
            return self._not_ours()
        if status == httpx.codes.FORBIDDEN and method in (*SENDING, REACT) and low.startswith("forbidden"):
            # the chat does not want us: somebody blocked the bot, or it was sent away
            return _RefusedError(self._title, words, moved=False)
        if status in (401, 403):
            return self._not_ours()
        if told is None:
            return PermanentError(f"{self._base} answered {status} and does not speak the Bot API; check the address.")
        return _RefusedError(self._title, words or str(status), moved=told.parameters.migrate_to_chat_id is not None)

    def _not_ours(self) -> AuthorisationError:
        return AuthorisationError(
            f"{self._title} does not accept the token of {self._handle or 'this bot'}; "
            "get a new one from its BotFather and connect the bot again."
        )
