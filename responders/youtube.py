"""Answering on YouTube: in the thread of a comment, or with a comment below a video.

YouTube recognises no repetition. So before a reply is published, and in `find`, what stands in the same place is looked
through for our own words since the order was made. Each order is published by one request; whatever is not clearly a
refusal leaves the outcome unknown. A thread has one level: an answer to an answer stands in the same thread, and names
whom it answers. Source: developers.google.com/youtube/v3/docs (comments.insert, commentThreads.insert, errors), 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import msgspec

from crm.errors import AuthorisationError, PermanentError, ShenavaError
from crm.platforms.youtube import (
    BusyYouTubeError,
    YouTube,
    YouTubeAnswerError,
    credentials,
    signed_in,
)
from crm.ports.clock import Clock
from crm.ports.responder import (
    Account,
    AccountCheck,
    Act,
    ActRule,
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
from crm.ports.transport import BrokenConnectionError, Transport, UnreadableAnswerError
from crm.words import Post
from responders import youtube_acts
from responders.acting import check_offered
from responders.files import refuse_files
from responders.text import open_on_platform
from responders.youtube_raw import Channels, Comment, Comments, Published, Threads, Videos

T = TypeVar("T")
LIMIT = 10_000
PAGES, PER_PAGE = 10, 100
CLOCKS_APART = timedelta(minutes=5)
SITE = "https://www.youtube.com"
CHANNELS, VIDEOS, THREADS, COMMENTS = "channels", "videos", "commentThreads", "comments"
GONE = frozenset({
    "commentNotFound", "commentThreadNotFound", "parentCommentNotFound", "parentCommentIsPrivate", "videoNotFound",
})  # fmt: skip
_PLAIN = {"textFormat": "plainText"}
_VIDEO = re.compile(r"[A-Za-z0-9_-]{11}")
_COMMENT = re.compile(r"Ug[A-Za-z0-9_-]{8,100}(\.[A-Za-z0-9_-]{1,100})?")


class YouTubeResponder:
    """See :class:`crm.ports.responder.Responder`."""

    platform = "youtube"

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        here, native = open_on_platform(answer_to), answer_to.native_id
        comment = _COMMENT.fullmatch(native)
        if answer_to.private or not (comment or _VIDEO.fullmatch(native)):
            return Ways((here,))  # imported under another id
        try:
            signs_in = credentials(account).signs_in
        except AuthorisationError:
            return Ways((here, WayRule("reply", "not_connected", allowed=False, limit=LIMIT)))
        if not signs_in:
            return Ways((here, WayRule("reply", "reading_only", allowed=False, limit=LIMIT)))
        if not comment:
            return Ways((WayRule("reply", "video_comment", limit=LIMIT), here))
        handle = answer_to.author.handle
        prefix = f"@{handle} " if comment[1] and handle else ""
        return Ways((WayRule("reply", "thread_reply", limit=LIMIT, prefix=prefix), here))

    def count(self, text: str, way: Way = "reply") -> Length:
        """In units of UTF-16, never fewer than YouTube counts: it does not say how it does."""
        return Length(len(text.encode("utf-16-le", "surrogatepass")) // 2, LIMIT)

    def send(self, order: SendOrder) -> Sent:
        if order.way != "reply":
            raise PermanentError(f"YouTube knows no way {order.way!r} of answering; choose reply.")
        refuse_files("YouTube", order, None)
        native = _native(order)
        with self._as_us(order.account) as youtube:
            with _reading(order):
                me = _me(youtube)
                if _VIDEO.fullmatch(native):
                    channel = _one(
                        _read(youtube, VIDEOS, Videos, part="snippet", id=native).items, order
                    ).snippet.channelId
                    found = _below_video(youtube, order, native, me)
                    body: object = _thread_of(channel, native, order.text)
                else:
                    found = _in_thread(youtube, order, native, me)
                    body = {"snippet": {"parentId": native.partition(".")[0], "textOriginal": order.text}}
                if found:
                    return found
                youtube.sign_in()
            return self._publish(youtube, order, native, body)

    def find(self, order: SendOrder) -> Sent | None:
        native = _native(order)
        with self._as_us(order.account) as youtube, _reading(order):
            me = _me(youtube)
            look = _below_video if _VIDEO.fullmatch(native) else _in_thread
            return look(youtube, order, native, me)

    def check(self, account: Account) -> AccountCheck:
        """One unit: our channel, or with a key alone the channel of the handle."""
        try:
            known = credentials(account)
        except AuthorisationError:
            return AccountCheck(account.handle, ok=False, problem="secret_missing")
        handle = account.handle.strip().removeprefix("@")
        whose = {"mine": "true"} if known.signs_in else {"forHandle": f"@{handle}"}
        try:
            with signed_in(account, self._transport, self._clock) as youtube:
                found = _read(youtube, CHANNELS, Channels, part="snippet", **whose).items
        except PermanentError:
            return AccountCheck(account.handle, ok=False, problem="wrong_address")
        except ShenavaError as error:
            return AccountCheck(account.handle, ok=False, problem=account_problem(error))
        if not found:
            return AccountCheck(account.handle, ok=False, problem="inactive")
        name = found[0].snippet.customUrl.removeprefix("@") or handle or found[0].snippet.title
        return AccountCheck(name, ok=True, native_id=found[0].id)

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        return youtube_acts.rules(account) if _COMMENT.fullmatch(post.native_id) else ()

    def act(self, act: Act, post: Post, account: Account) -> None:
        check_offered(act, post, self.acts(post, account))
        with self._as_us(account) as youtube:
            youtube_acts.carry_out(youtube, act, post)

    @contextmanager
    def _as_us(self, account: Account) -> Iterator[YouTube]:
        with signed_in(account, self._transport, self._clock) as youtube:
            if not youtube.signs_in:
                message = "A key of YouTube's can only read; connect the account by signing in to answer."
                raise AuthorisationError(message)
            yield youtube

    def _publish(self, youtube: YouTube, order: SendOrder, native: str, body: object) -> Sent:
        path = THREADS if _VIDEO.fullmatch(native) else COMMENTS
        with _writing(order):
            made = _decoded(youtube.post(path, {"part": "snippet"}, body), Published)
        said = made.snippet.topLevelComment or made
        if not said.id:
            raise UnknownOutcomeError("YouTube", "it accepted the reply and shows none")
        video = made.snippet.videoId or _video_of(order, native)
        return Sent(said.id, _url(order, video, said.id), said.snippet.at or self._clock.now())


def _in_thread(youtube: YouTube, order: SendOrder, native: str, me: str) -> Sent | None:
    """Our own words in a thread. Raises: AnsweredPostGoneError where the thread or the answer is gone."""
    top = native.partition(".")[0]
    thread = _one(_read(youtube, THREADS, Threads, part="snippet,replies", id=top, **_PLAIN).items, order)
    if top != native:
        _one(_read(youtube, COMMENTS, Comments, part="id", id=native).items, order)
    replies = thread.replies.comments
    if len(replies) < thread.snippet.totalReplyCount:
        replies = tuple(_all(youtube, COMMENTS, Comments, order, part="snippet", parentId=top))
    video = thread.snippet.videoId or _video_of(order, native)
    return next((_sent(one, order, video) for one in replies if _is_it(one, order, me)), None)


def _below_video(youtube: YouTube, order: SendOrder, video: str, me: str) -> Sent | None:
    """Our own words below a video, among what was said since the order was made."""
    page = ""
    for _ in range(PAGES):
        more = {"pageToken": page} if page else {}
        asked = {"part": "snippet", "videoId": video, "order": "time", "maxResults": str(PER_PAGE), **_PLAIN}
        found = _read(youtube, THREADS, Threads, **asked, **more)
        tops = [thread.snippet.topLevelComment for thread in found.items if thread.snippet.topLevelComment]
        for one in tops:
            if _is_it(one, order, me):
                return _sent(one, order, video)
        page = found.nextPageToken or ""
        old = [one for one in tops if one.snippet.at and one.snippet.at < order.created_at - CLOCKS_APART]
        if not page or not tops or len(old) == len(tops):
            return None
    raise _too_many(order)


def _all(youtube: YouTube, path: str, kind: type[Comments], order: SendOrder, **asked: str) -> Iterator[Comment]:
    """Everything in a list."""
    page = ""
    for _ in range(PAGES):
        more = {"pageToken": page} if page else {}
        found = _read(youtube, path, kind, **asked, maxResults=str(PER_PAGE), **_PLAIN, **more)
        yield from found.items
        page = found.nextPageToken or ""
        if not page:
            return
    raise _too_many(order)


def _too_many(order: SendOrder) -> PermanentError:
    return PermanentError(f"YouTube shows more than {PAGES * PER_PAGE} answers to {order.answer_to}; look there.")


def _me(youtube: YouTube) -> str:
    found = _read(youtube, CHANNELS, Channels, part="snippet", mine="true").items
    if not found:
        raise AuthorisationError("Our account has no channel on YouTube; make one there, and connect it again.")
    return found[0].id


def _thread_of(channel: str, video: str, text: str) -> object:
    said = {"snippet": {"textOriginal": text}}
    return {"snippet": {"channelId": channel, "videoId": video, "topLevelComment": said}}


def _one(items: tuple[T, ...], order: SendOrder) -> T:
    if not items:
        raise AnsweredPostGoneError(order.answer_to)
    return items[0]


def _is_it(said: Comment, order: SendOrder, me: str) -> bool:
    """Whether a comment is the one that was ordered, by its author, its words and its time."""
    snippet = said.snippet
    theirs = snippet.textOriginal or snippet.textDisplay
    same = theirs.replace("\r\n", "\n").strip() == order.text.replace("\r\n", "\n").strip()
    ours = bool(me) and snippet.authorChannelId.value == me
    return same and ours and (snippet.at is None or snippet.at >= order.created_at - CLOCKS_APART)


def _sent(said: Comment, order: SendOrder, video: str) -> Sent:
    return Sent(said.id, _url(order, video, said.id), said.snippet.at or order.created_at)


def _url(order: SendOrder, video: str, comment: str) -> str:
    return f"{SITE}/watch?v={video}&lc={comment}" if video else order.answer_to_url


def _video_of(order: SendOrder, native: str) -> str:
    """The video of the answered post, out of its page's address where YouTube does not name it."""
    if _VIDEO.fullmatch(native):
        return native
    found = re.search(r"[?&]v=([A-Za-z0-9_-]{11})(?:&|$)", order.answer_to_url)
    return found[1] if found else ""


def _native(order: SendOrder) -> str:
    native = order.answer_to.partition(":")[2]
    if not (_VIDEO.fullmatch(native) or _COMMENT.fullmatch(native)):
        raise PermanentError(f"The post {order.answer_to} has no id of YouTube's, so it can only be answered there.")
    return native


def _read(youtube: YouTube, path: str, kind: type[T], **params: str) -> T:
    """An answer to a question. Raises BrokenConnectionError where it is none."""
    try:
        return _decoded(youtube.get(path, params), kind)
    except UnreadableAnswerError as error:
        raise BrokenConnectionError(path, str(error)) from error


def _decoded(answer: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UnreadableAnswerError("YouTube", "it is none of the Data API") from error


@contextmanager
def _reading(order: SendOrder) -> Iterator[None]:
    """Errors of calls that publish nothing."""
    try:
        yield
    except YouTubeAnswerError as error:
        raise _refusal(error, order) from error


@contextmanager
def _writing(order: SendOrder) -> Iterator[None]:
    """Errors of the call that publishes: whatever is not clearly a refusal leaves the outcome unknown."""
    try:
        yield
    except YouTubeAnswerError as error:
        raise _refusal(error, order) from error
    except (BusyYouTubeError, BrokenConnectionError, UnreadableAnswerError) as error:
        raise UnknownOutcomeError("YouTube", str(error).rstrip(".")) from error


def _refusal(error: YouTubeAnswerError, order: SendOrder) -> PermanentError:
    if error.reason in GONE:
        return AnsweredPostGoneError(order.answer_to)
    if error.reason == "commentsDisabled":
        return PermanentError(f"The post {order.answer_to} can't be answered: comments are switched off there.")
    return error
