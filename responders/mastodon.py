"""Answering on Mastodon and servers that speak its interface.

The outbox's key goes along as Idempotency-Key, by which a server recognises a repetition for an
hour. Later, or when the outcome is unknown, our own statuses are looked through for one that
answers the same post with the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.policies.tokens import access_token
from crm.ports.clock import Clock
from crm.ports.responder import (
    Account,
    AccountCheck,
    Act,
    ActRule,
    AnsweredPostGoneError,
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
from responders.text import connected, graphemes, open_on_platform

if TYPE_CHECKING:
    from mastodon import Mastodon

LIMIT = 500
RULES: dict[Way, str] = {"reply": "public_reply", "quote": "public_quote", "dm": "private_message"}
LINK = re.compile(r"https?://\S+")
REMOTE = re.compile(r"(?<![\w/])@([a-z0-9_]+)@[a-z0-9.-]+[a-z0-9]+", re.IGNORECASE)
PICTURES = MediaRule(4, 16_000_000, ("image/jpeg", "image/png", "image/webp"), alt=1500)
"""What servers take unless they are set otherwise, without GIFs, which they make videos of, later.

Source: docs.joinmastodon.org/user/posting (attachments), /entities/Instance (configuration.media_attachments).
"""
QUOTING = 7
"""The interface's number from which on statuses can be quoted (Mastodon 4.5)."""
PAGES, PER_PAGE = 10, 40
CLOCKS_APART = timedelta(minutes=5)


class MastodonResponder:
    """See :class:`crm.ports.responder.Responder`."""

    platform = "mastodon"

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        here = open_on_platform(answer_to)
        way: Way = "dm" if answer_to.private else "reply"
        if not connected(account):
            return Ways((here, WayRule(way, "not_connected", allowed=False, limit=LIMIT)))
        prefix = f"@{answer_to.author.handle} " if answer_to.author.handle else ""
        ways: tuple[Way, ...] = ("dm",) if answer_to.private else ("reply", "quote", "dm")
        rules = [
            WayRule(
                one, RULES[one], limit=LIMIT, prefix="" if one == "quote" else prefix,
                media=None if one == "quote" else PICTURES, threads=one == "reply",
            )
            for one in ways
        ]  # fmt: skip
        return Ways((*rules, here))

    def count(self, text: str, way: Way = "reply") -> Length:
        """A link counts as 23 characters, a handle without its server. Source: docs.joinmastodon.org/user/posting."""
        return Length(graphemes(REMOTE.sub(r"@\1", LINK.sub("x" * 23, text))), LIMIT)

    def send(self, order: SendOrder) -> Sent:
        if order.way not in RULES:
            raise PermanentError(f"Mastodon knows no way {order.way!r} of answering; choose reply, quote or dm.")
        refuse_files("Mastodon", order, None if order.way == "quote" else PICTURES)
        with self._api(order.account) as api:
            answered = self._local_id(api, order)
            if order.way == "quote":
                self._check_quoting(api, order)
            pictures = self._uploaded(api, order)
            with self._writing(api, order):
                status = api.status_post(
                    order.text,
                    in_reply_to_id=None if order.way == "quote" else answered,
                    quoted_status_id=answered if order.way == "quote" else None,
                    visibility="direct" if order.way == "dm" else None,
                    media_ids=pictures or None,
                    language=order.language or None,
                    idempotency_key=order.key,
                )
                return _sent(status)

    def find(self, order: SendOrder) -> Sent | None:
        with self._api(order.account) as api:
            answered = self._local_id(api, order)
            with self._reading(api):
                for status in self._own_since(api, order):
                    if _answers(status, answered, order.way) and _same(api.status_source(status.id).text, order.text):
                        return _sent(status)
        return None

    def check(self, account: Account) -> AccountCheck:
        if not connected(account):
            return AccountCheck(account.handle, ok=False, problem="secret_missing")
        try:
            with self._api(account) as api, self._reading(api):
                found = api.account_verify_credentials()
                return AccountCheck(str(found.acct), ok=True, native_id=str(found.get("uri") or found.url))
        except AuthorisationError:
            return AccountCheck(account.handle, ok=False, problem="refused")
        except RetryableError:
            return AccountCheck(account.handle, ok=False, problem="unreachable")
        except PermanentError:
            return AccountCheck(account.handle, ok=False, problem="wrong_address")

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        """Favourites; who hides a status hides it from themselves alone. Source: docs.joinmastodon.org/methods/statuses
        (favourite, unfavourite).
        """
        return offered(account, (LIKE, "favourite"))

    def act(self, act: Act, post: Post, account: Account) -> None:
        from mastodon import MastodonNotFoundError

        check_offered(act, post, self.acts(post, account))
        aim = SendOrder("", account, "reply", "", post.key, post.url, post.posted_at)
        with self._api(account) as api:
            number = self._local_id(api, aim)
            with self._reading(api):
                try:
                    (api.status_favourite if act == "like" else api.status_unfavourite)(number)
                except MastodonNotFoundError as error:
                    raise AnsweredPostGoneError(post.key) from error

    @contextmanager
    def _api(self, account: Account) -> Iterator[Mastodon]:
        if not connected(account):
            raise AuthorisationError(f"The Mastodon account {account.handle} has no token; connect it again.")
        from mastodon import Mastodon

        with self._transport.session() as session:
            api = Mastodon(
                api_base_url=account.base_url,
                session=session,
                user_agent=session.headers["User-Agent"],
                ratelimit_method="throw",
                version_check_mode="none",
                mastodon_version="4.0.0",  # else it asks, and without an answer asks itself without end
            )
            # not through the constructor, which would read a file of that name and send what is in it
            api.access_token = access_token(account.secret)
            api.request_timeout = None
            yield api

    def _check_quoting(self, api: Mastodon, order: SendOrder) -> None:
        """A server that knows no quotations would publish the text alone."""
        with self._reading(api):
            found = api.instance_v2().get("api_versions") or {}
        if not int(found.get("mastodon") or 0) >= QUOTING:
            raise PermanentError(
                f"{urlsplit(order.account.base_url).netloc} can't quote: that needs Mastodon 4.5; choose reply."
            )

    def _uploaded(self, api: Mastodon, order: SendOrder) -> list[Any]:
        """The files as the server has them, which shows them to nobody before they are published."""
        if not order.media:
            return []
        with self._reading(api):
            api.retrieve_mastodon_version(fail_hard=True)  # else uploading asks for it, without end where it fails
            return [
                api.media_post(one.content, one.kind, one.alt or None, file_name=one.name) for one in order.media
            ]  # fmt: skip

    def _local_id(self, api: Mastodon, order: SendOrder) -> str:
        """The id that our server gives the answered post; one of another server is fetched by its page."""
        page = urlsplit(order.answer_to_url)
        last = page.path.rpartition("/")[2]
        if page.netloc == urlsplit(order.account.base_url).netloc and last.isdigit():
            return last
        with self._reading(api):
            found = api.search_v2(order.answer_to_url, resolve=True, result_type="statuses").statuses
        if not found:
            raise AnsweredPostGoneError(order.answer_to)
        return str(found[0].id)

    def _own_since(self, api: Mastodon, order: SendOrder) -> Iterator[Any]:
        """Our statuses from now back to when the order was made."""
        mine, last = api.account_verify_credentials().id, None
        for _ in range(PAGES):
            page = api.account_statuses(mine, exclude_reblogs=True, limit=PER_PAGE, max_id=last)
            for status in page:
                if status.created_at < order.created_at - CLOCKS_APART:
                    return
                yield status
            if not page:
                return
            last = page[-1].id

    @contextmanager
    def _reading(self, api: Mastodon) -> Iterator[None]:
        """Errors of a call that publishes nothing."""
        from mastodon import MastodonError

        try:
            yield
        except MastodonError as error:
            raise self._refusal(api, error) or RetryableError(f"Mastodon failed to answer: {error}.") from error

    @contextmanager
    def _writing(self, api: Mastodon, order: SendOrder) -> Iterator[None]:
        """Errors of the call that publishes: whatever is not clearly a refusal leaves the outcome unknown."""
        from mastodon import MastodonError, MastodonNotFoundError

        try:
            yield
        except MastodonNotFoundError as error:
            raise AnsweredPostGoneError(order.answer_to) from error
        except MastodonError as error:
            refusal = self._refusal(api, error)
            if refusal is None or isinstance(refusal, BrokenConnectionError | UnreadableAnswerError):
                raise UnknownOutcomeError("Mastodon", str(refusal or error)) from error
            raise refusal from error

    def _refusal(self, api: Mastodon, error: Exception) -> ShenavaError | None:
        """The error of ours for an answer by which the server certainly did nothing, or that the transport raised."""
        from mastodon import MastodonRatelimitError

        if isinstance(error.__context__, ShenavaError):
            return error.__context__
        if isinstance(error, MastodonRatelimitError):
            reset = api.ratelimit_reset
            return RateLimitedError("Mastodon", max(0.0, reset - self._clock.now().timestamp()) if reset else None)
        status = error.args[1] if len(error.args) == 4 and isinstance(error.args[1], int) else 0
        if status in (401, 403) and not error.args[3]:
            return None  # not in Mastodon's words: something on the way refuses
        if status in (401, 403):
            return AuthorisationError(f"Mastodon does not accept our token for this: {error.args[3]}.")
        if 400 <= status < 500 and status not in (408, 409):
            return PermanentError(f"Mastodon refused: {status} {error.args[3] or error.args[2]}.")
        return None


def _answers(status: Any, answered: str, way: Way) -> bool:
    """Whether a status answers, or quotes, the one with this id."""
    if way != "quote":
        return str(status.in_reply_to_id) == answered
    quote = status.get("quote") or {}
    quoted = quote.get("quoted_status") or {}
    return answered in (str(quoted.get("id")), str(quote.get("quoted_status_id")))


def _same(theirs: str, ours: str) -> bool:
    """Whether a server's text is ours; it trims the ends and the line breaks."""
    return theirs.replace("\r\n", "\n").strip() == ours.replace("\r\n", "\n").strip()


def _sent(status: Any) -> Sent:
    return Sent(str(status.uri), str(status.url or status.uri), status.created_at)
