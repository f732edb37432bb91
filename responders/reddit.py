"""Answering on Reddit: a comment below a submission or a comment, or a private message.

Reddit recognises no repetition. So our own comments and messages are looked through, before a reply is sent and when
its outcome is unknown, for the same words below the same post since the order was made. Each order is sent in one
request that nobody repeats; whatever is not clearly a refusal leaves the outcome unknown. Sources:
reddit.com/dev/api, reddit's validators (10,000 characters), recorded answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.platforms.reddit import BusyRedditError, Reddit, RedditAnswerError
from crm.ports.clock import Clock
from crm.ports.responder import (
    Account,
    AccountCheck,
    AnsweredPostGoneError,
    Length,
    SendOrder,
    Sent,
    UnknownOutcomeError,
    Way,
    WayRule,
    Ways,
    account_problem,
)
from crm.ports.transport import BrokenConnectionError, ForbiddenAddressError, Transport, UnreadableAnswerError
from crm.words import Post, content_id
from responders.files import refuse_files
from responders.text import connected, open_on_platform

LIMIT = 10_000
SUBJECT_LIMIT = 100
WEB = "https://www.reddit.com"
ME, INFO, COMMENT, COMPOSE, SENT = "api/v1/me", "api/info/", "api/comment/", "api/compose/", "message/sent/"
PAGES, PER_PAGE = 10, 100
CLOCKS_APART = timedelta(minutes=5)
LATEST = 2.0**33
DELETED = frozenset({"[deleted]", "[removed]"})
GONE = frozenset({"DELETED_COMMENT", "DELETED_LINK", "DELETED_THING", "NO_THING_ID", "USER_DOESNT_EXIST"})
CLOSED = frozenset({"private", "banned", "quarantined", "gated", "gold_only", "subreddit_notallowed", "thread_locked"})
"""Refusals with 403 that are about one community or thread, and no other token would change."""
_FULLNAME = re.compile(r"t[134]_[a-z0-9]{1,13}")
_PAUSE = re.compile(r"(\d{1,5}) (millisecond|second|minute|hour)")
_UNITS = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0}


class _Data(Struct):
    """A submission, a comment or a message of ours or of somebody else."""

    id: str = ""
    name: str = ""
    author: str | None = None
    title: str | None = None
    link_title: str | None = None
    subject: str | None = None
    body: str | None = None
    selftext: str | None = None
    dest: str | None = None
    parent_id: str | None = None
    link_id: str | None = None
    permalink: str | None = None
    first_message_name: str | None = None
    created_utc: float = 0.0
    locked: bool = False
    archived: bool = False


class _Thing(Struct):
    kind: str = ""
    data: _Data = msgspec.field(default_factory=_Data)


class _Things(Struct):
    children: list[_Thing] = []
    after: str | None = None


class _Listing(Struct):
    data: _Things


class _Published(Struct):
    things: list[_Thing] = []


class _Result(Struct):
    errors: list[list[str | None]] = []
    ratelimit: float | None = None
    data: _Published = msgspec.field(default_factory=_Published)


class _Answer(Struct):
    json: _Result


class _Me(Struct):
    name: str
    id: str


class RedditResponder:
    """See :class:`crm.ports.responder.Responder`."""

    platform = "reddit"

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        here = open_on_platform(answer_to)
        if not _FULLNAME.fullmatch(answer_to.native_id):
            return Ways((here,))  # imported under another id
        ways: tuple[tuple[Way, str], ...] = (("dm", "private_message"),)
        if not answer_to.private:
            ways = (("reply", "community_reply"), ("dm", "unasked_message"))
        if not connected(account):
            return Ways((here, *(WayRule(way, "not_connected", allowed=False, limit=LIMIT) for way, _ in ways)))
        return Ways((*(WayRule(way, rule, limit=LIMIT) for way, rule in ways), here))

    def count(self, text: str, way: Way = "reply") -> Length:
        """Code points, as Reddit's validator counts them; a community may allow fewer and doesn't say how many."""
        return Length(len(text), LIMIT)

    def send(self, order: SendOrder) -> Sent:
        if order.way not in ("reply", "dm"):
            raise PermanentError(f"Reddit knows no way {order.way!r} of answering; choose reply.")
        refuse_files("Reddit", order, None)
        name = _name(order)
        with self._signed_in(order.account) as reddit:
            answered = _Data() if name.startswith("t4_") else self._answered(reddit, order, name)
            # Nobody but us keeps an order from being sent twice: what is there already is not sent again.
            if found := self._find(reddit, order, name, answered.author or ""):
                return found
            with _reading():
                reddit.sign_in()
            if name.startswith("t4_") or order.way == "reply":
                return self._comment(reddit, order, name)
            return self._compose(reddit, order, answered)

    def find(self, order: SendOrder) -> Sent | None:
        name = _name(order)
        with self._signed_in(order.account) as reddit:
            written_to = order.way == "dm" and not name.startswith("t4_")
            author = self._answered(reddit, order, name).author if written_to else ""
            return self._find(reddit, order, name, author or "")

    def check(self, account: Account) -> AccountCheck:
        if not connected(account):
            return AccountCheck(account.handle, ok=False, problem="secret_missing")
        try:
            with self._signed_in(account) as reddit, _reading():
                me = msgspec.convert(reddit.get(ME, {}), _Me)
                return AccountCheck(me.name, ok=True, native_id=f"t2_{me.id}")
        except (ForbiddenAddressError, RedditAnswerError):
            return AccountCheck(account.handle, ok=False, problem="wrong_address")
        except ShenavaError as error:
            return AccountCheck(account.handle, ok=False, problem=account_problem(error))

    @contextmanager
    def _signed_in(self, account: Account) -> Iterator[Reddit]:
        with self._transport.session() as session:
            yield Reddit(account, session, self._clock)

    def _answered(self, reddit: Reddit, order: SendOrder, name: str) -> _Data:
        """The post as Reddit shows it now: one that is gone, locked or archived can't be answered."""
        with _reading():
            found = _listing(reddit.get(INFO, {"id": name})).children
        data = found[0].data if found else _Data()
        if not data.author or data.author in DELETED or (data.body or data.selftext or "") in DELETED:
            raise AnsweredPostGoneError(order.answer_to)
        if order.way == "reply" and (data.locked or data.archived):
            why = "locked by its moderators" if data.locked else "too old, so Reddit archived it"
            raise PermanentError(f"The post {order.answer_to} can't be answered because it is {why}.")
        return data

    def _find(self, reddit: Reddit, order: SendOrder, name: str, author: str) -> Sent | None:
        """What we sent since the order was made, in its words: below the same post, or to the same author."""
        with _reading():
            if name.startswith("t4_"):
                return self._first(reddit, SENT, order, lambda one: name in (one.parent_id, one.first_message_name))
            if order.way == "dm":
                return self._first(reddit, SENT, order, lambda one: (one.dest or "").casefold() == author.casefold())
            me = msgspec.convert(reddit.get(ME, {}), _Me)
            return self._first(reddit, f"user/{me.name}/comments", order, lambda one: one.parent_id == name)

    def _comment(self, reddit: Reddit, order: SendOrder, name: str) -> Sent:
        with self._writing(order):
            result = _result(reddit.post(COMMENT, {"thing_id": name, "text": order.text}), order)
        if not result.data.things:
            raise UnknownOutcomeError("Reddit", "it accepted the reply and shows none")
        return _sent(result.data.things[0].data)

    def _compose(self, reddit: Reddit, order: SendOrder, answered: _Data) -> Sent:
        """A new message to the author. Reddit gives it no id, so it is looked for among those we sent."""
        author = answered.author or ""
        title = answered.title or answered.link_title
        subject = (f"Re: {title}" if title else "Hello")[:SUBJECT_LIMIT]
        with self._writing(order):
            _result(reddit.post(COMPOSE, {"to": author, "subject": subject, "text": order.text}), order)
        with suppress(ShenavaError):
            if found := self._find(reddit, order, "", author):
                return found
        return Sent(f"t4_{content_id(order.key)}", f"{WEB}/message/sent/", self._clock.now())

    def _first(self, reddit: Reddit, path: str, order: SendOrder, fits: Callable[[_Data], bool]) -> Sent | None:
        """The newest of ours since the order was made that fits and has its words."""
        earliest, after = (order.created_at - CLOCKS_APART).timestamp(), ""
        for _ in range(PAGES):
            params: dict[str, str | int] = {"limit": PER_PAGE, **({"after": after} if after else {})}
            page = _listing(reddit.get(path, {"sort": "new", **params} if path != SENT else params))
            for thing in page.children:
                if thing.data.created_utc >= earliest and fits(thing.data) and _same(thing.data.body, order.text):
                    return _sent(thing.data)
            if not page.after or not page.children or page.children[-1].data.created_utc < earliest:
                return None
            after = page.after
        return None

    @contextmanager
    def _writing(self, order: SendOrder) -> Iterator[None]:
        """Errors of the call that publishes: whatever is not clearly a refusal leaves the outcome unknown."""
        try:
            yield
        except RedditAnswerError as error:
            if error.status == 404 or error.reason in GONE:
                raise AnsweredPostGoneError(order.answer_to) from error
            raise _refusal(error) from error
        except (BusyRedditError, BrokenConnectionError, UnreadableAnswerError) as error:
            raise UnknownOutcomeError("Reddit", str(error)) from error
        except msgspec.ValidationError as error:
            raise UnknownOutcomeError("Reddit", f"its answer can't be understood ({error})") from error


@contextmanager
def _reading() -> Iterator[None]:
    """Errors of a call that publishes nothing."""
    try:
        yield
    except RedditAnswerError as error:
        raise _refusal(error) from error
    except msgspec.ValidationError as error:
        raise RetryableError(f"Reddit's answer can't be understood: {error}.") from error


def _refusal(error: RedditAnswerError) -> ShenavaError:
    if error.status == 403 and error.reason.lower() not in CLOSED:
        return AuthorisationError(f"Reddit does not let our account do this: {error}")
    return error


def _result(answer: object, order: SendOrder) -> _Result:
    """What was published, where Reddit names no error."""
    result = msgspec.convert(answer, _Answer).json
    if not result.errors:
        return result
    code, words = ([*(part or "" for part in result.errors[0]), "", ""])[:2]
    if code == "RATELIMIT":
        raise RateLimitedError("Reddit", result.ratelimit if result.ratelimit is not None else _pause(words))
    if code in GONE:
        raise AnsweredPostGoneError(order.answer_to)
    if code == "USER_REQUIRED":
        raise AuthorisationError("Reddit asks our account to sign in again.")
    raise PermanentError(f"Reddit refused: {code} {words}.")


def _pause(words: str) -> float | None:
    """Seconds out of «Take a break for 9 minutes before trying again.»"""
    found = _PAUSE.search(words)
    return int(found[1]) * _UNITS[found[2]] if found else None


def _listing(answer: object) -> _Things:
    return msgspec.convert(answer, _Listing).data


def _name(order: SendOrder) -> str:
    """The full name on Reddit of the post that is answered."""
    name = order.answer_to.partition(":")[2]
    if not _FULLNAME.fullmatch(name):
        raise PermanentError(f"The post {order.answer_to} has no name of Reddit's, so it can only be answered there.")
    return name


def _same(theirs: str | None, ours: str) -> bool:
    """Whether a text on Reddit is ours; it trims the ends and the line breaks."""
    return (theirs or "").replace("\r\n", "\n").strip() == ours.replace("\r\n", "\n").strip()


def _sent(thing: _Data) -> Sent:
    """What collectors know by the same name."""
    kind = "t4" if thing.dest else "t1"
    name = thing.name or f"{kind}_{thing.id}"
    if name.startswith("t4_"):
        first = thing.first_message_name or thing.parent_id or name
        url = f"{WEB}/message/messages/{first.rpartition('_')[2]}"
    else:
        link = (thing.link_id or "").rpartition("_")[2]
        url = f"{WEB}{thing.permalink}" if thing.permalink else f"{WEB}/comments/{link}/_/{thing.id}"
    return Sent(name, url, datetime.fromtimestamp(min(max(0.0, thing.created_utc), LATEST), UTC))
