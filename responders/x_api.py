"""X signed in to as our account, by tweepy over our transport, and what its refusals mean.

A credential is one token (OAuth 2.0, of a user), what a sign-in left (JSON), or four words: API key, its secret, access
token, its secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.policies.tokens import access_token
from crm.ports.clock import Clock
from crm.ports.responder import Account, AnsweredPostGoneError, SendOrder, UnknownOutcomeError
from crm.ports.transport import BrokenConnectionError, Transport, UnreadableAnswerError
from responders.text import connected

if TYPE_CHECKING:
    import requests
    import tweepy

HOME = "https://api.x.com"
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


class Refusal(Struct, frozen=True):
    """What X says when it refuses."""

    title: str = ""
    detail: str = ""


class Road:
    """Takes the place of tweepy's session: goes through ours, to another address if the account has one."""

    def __init__(self, session: requests.Session, base: str) -> None:
        self._session, self._base = session, base.rstrip("/")
        self.answer: requests.Response | None = None

    def request(self, method: str, url: str, **more: Any) -> requests.Response:
        """See :meth:`requests.Session.request`; the answer stays, to be looked into."""
        self.answer = None
        self.answer = self._session.request(method, f"{self._base}/{url.split('/', 3)[3]}", **more)
        return self.answer


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
        said, status = _said(answer), answer.status_code
        words = said.detail or said.title
        if status == 429:
            return RateLimitedError("X", self._until_reset(answer))
        if status == 402:
            return NoCreditError()
        if status >= 500 or status in (408, 409) or status < 300:
            return Unsaid(f"{status} {words}".strip())
        if order is not None and (known := _known(words, order)):
            return known
        about_them = status == 403 and any(one in words.lower() for one in _THEM_ALONE)
        if status in (401, 403) and not about_them:
            return AuthorisationError(f"X does not accept our token for this: {words.rstrip('.') or status}.")
        return PermanentError(f"X refused: {status} {words.rstrip('.')}.")

    def _until_reset(self, answer: requests.Response) -> float | None:
        said = answer.headers.get("x-rate-limit-reset", "")
        if not (said.isascii() and said.isdigit()):
            return None
        return max(0.0, int(said[:12]) - self._clock.now().timestamp())


class Unsaid(Exception):
    """An answer, or none, that does not say whether anything was done."""


@contextmanager
def signed_in(account: Account, transport: Transport, clock: Clock) -> Iterator[XApi]:
    """X as the account. Raises: AuthorisationError where it has no usable secret, before anything is asked."""
    words = access_token(account.secret).split()
    if not connected(account) or len(words) not in (1, 4):
        raise AuthorisationError(
            f"The X account {account.handle} has neither one token nor four keys to sign in with; connect it again."
        )
    import requests
    import tweepy

    client = tweepy.Client(*(words if len(words) == 1 else (None, *words)), return_type=requests.Response)
    client.session.close()
    with transport.session() as session:
        road = Road(session, account.base_url or HOME)
        client.session, client.user_agent = road, str(session.headers["User-Agent"])
        yield XApi(client, road, clock)


def _known(words: str, order: SendOrder) -> ShenavaError | None:
    """The refusals that X names in words only."""
    if _GONE in words:
        return AnsweredPostGoneError(order.answer_to)
    if _TWICE in words:
        # the first attempt may have been heard after all: whoever sends must look
        return UnknownOutcomeError("X", "it says that the same words were published before")
    return UninvitedError() if any(one in words for one in _UNINVITED) else None


def _said(answer: requests.Response) -> Refusal:
    try:
        return msgspec.json.decode(answer.content, type=Refusal)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Refusal()
