"""X signed in to as our account, by tweepy over our transport, and what its refusals mean for a reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.platforms.x import Road, opened, refusal, until_reset
from crm.ports.clock import Clock
from crm.ports.responder import Account, AnsweredPostGoneError, SendOrder, UnknownOutcomeError
from crm.ports.transport import BrokenConnectionError, Transport, UnreadableAnswerError

if TYPE_CHECKING:
    import requests
    import tweepy

_GONE = "deleted or not visible"
_TWICE = "duplicate content"
_UNINVITED = ("not been mentioned", "only reply to or quote")
_THEM_ALONE = ("to this user", "to one or more of the users", "to the participant", "have been blocked")
"""How X's refusals with 403 say that they are about one recipient, and not about our token."""
_Found = TypeVar("_Found")
Call = Callable[["tweepy.Client"], "requests.Response"]


class UninvitedError(PermanentError):
    """X lets an app answer only posts that name or quote its account."""

    def __init__(self) -> None:
        super().__init__("X lets an app answer only posts that name or quote the account; answer on X itself.")


class NoCreditError(PermanentError):
    """X is paid beforehand, and nothing is left."""

    def __init__(self) -> None:
        super().__init__("X refuses because the app's credits are used up; add some at console.x.com.")


class XApi:
    """The calls of one run of the responder."""

    def __init__(self, client: tweepy.Client, road: Road, clock: Clock) -> None:
        self._client, self._road, self._clock = client, road, clock
        self.as_user = client.bearer_token is None

    def read(self, call: Call, kind: type[_Found]) -> _Found:
        """The answer to a question. Raises: RetryableError, AuthorisationError, PermanentError."""
        try:
            return msgspec.json.decode(self._made(call).content, type=kind)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise RetryableError(f"X gave an answer that can't be read: {error}.") from error
        except Unsaid as error:
            raise RetryableError(f"X failed to answer: {error}.") from error

    def write(self, call: Call, kind: type[_Found], order: SendOrder) -> _Found:
        """The answer to what publishes. Raises besides: AnsweredPostGoneError, UnknownOutcomeError.

        Whatever is not clearly a refusal leaves the outcome unknown.
        """
        try:
            return msgspec.json.decode(self._made(call, order).content, type=kind)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise UnknownOutcomeError("X", f"its answer can't be read: {error}") from error
        except (Unsaid, BrokenConnectionError, UnreadableAnswerError) as error:
            raise UnknownOutcomeError("X", str(error).rstrip(".")) from error

    def _made(self, call: Call, order: SendOrder | None = None) -> requests.Response:
        import requests
        import tweepy

        try:
            return call(self._client)
        except ShenavaError:
            raise
        except (tweepy.TweepyException, requests.RequestException, ValueError, TypeError, AttributeError) as error:
            # tweepy itself stumbles over refusals that are not written as it expects, so the status decides
            raise self._refusal(error, order) from error

    def _refusal(self, error: Exception, order: SendOrder | None) -> Exception:
        answer = self._road.answer
        if answer is None:
            return Unsaid(str(error) or type(error).__name__)
        words, status = refusal(answer).sentence, answer.status_code
        if status == 429:
            return RateLimitedError("X", until_reset(answer, self._clock))
        if status == 402:
            return NoCreditError()
        if status >= 500 or status in (408, 409) or status < 300:
            return Unsaid(f"{status} {words}".strip())
        if order is not None and (known := _known(words, order)):
            return known
        about_them = status == 403 and any(one in words.lower() for one in _THEM_ALONE)
        if status in (401, 403) and not about_them:
            return AuthorisationError(f"X does not accept our token for this: {words}.")
        return PermanentError(f"X refused: {status} {words}.")


class Unsaid(Exception):
    """An answer, or none, that does not say whether anything was done."""


@contextmanager
def signed_in(account: Account, transport: Transport, clock: Clock) -> Iterator[XApi]:
    """X as the account. Raises: AuthorisationError where it has no usable secret, before anything is asked."""
    with opened(account, transport) as (client, road):
        yield XApi(client, road, clock)


def _known(words: str, order: SendOrder) -> ShenavaError | None:
    """The refusals that X names in words only."""
    if _GONE in words:
        return AnsweredPostGoneError(order.answer_to)
    if _TWICE in words:
        # the first attempt may have been heard after all: whoever sends must look
        return UnknownOutcomeError("X", "it says that the same words were published before")
    return UninvitedError() if any(one in words for one in _UNINVITED) else None
