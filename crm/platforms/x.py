"""X signed in to as an account of ours, by tweepy over our transport: what collecting and answering share.

A credential is one token (OAuth 2.0, of the app or of a user), what a sign-in left (JSON), or four words: API key, its
secret, access token, its secret (OAuth 1.0a), parted by spaces. Source: docs.x.com/x-api, and tweepy's client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crm.errors import AuthorisationError
from crm.policies.tokens import access_token
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.transport import Transport

if TYPE_CHECKING:
    import requests
    import tweepy

HOME = "https://api.x.com"


class Refusal(Struct, frozen=True):
    """What X says when it refuses."""

    title: str = ""
    detail: str = ""
    type: str = ""

    @property
    def sentence(self) -> str:
        """Its words, without a full stop."""
        return (self.detail or self.title).strip().rstrip(".")[:300] or "without a word"


class Road:
    """Takes the place of tweepy's session: goes through ours, to another address if the account has one."""

    def __init__(self, session: requests.Session, base: str) -> None:
        self._session, self._base = session, base.rstrip("/")
        self.url = self._base
        self.answer: requests.Response | None = None

    def request(self, method: str, url: str, **more: Any) -> requests.Response:
        """See :meth:`requests.Session.request`; the answer stays, to be looked into."""
        self.url, self.answer = f"{self._base}/{url.split('/', 3)[3]}", None
        self.answer = self._session.request(method, self.url, **more)
        return self.answer


@contextmanager
def opened(account: Account | None, transport: Transport) -> Iterator[tuple[tweepy.Client, Road]]:
    """tweepy's client and the road that it takes. Raises: AuthorisationError where there is no usable secret."""
    if account is None or not access_token(account.secret):
        raise AuthorisationError("The X account has no token; connect it again.")
    words = credentials(account)
    import requests
    import tweepy

    client = tweepy.Client(*words, return_type=requests.Response)
    client.session.close()
    with transport.session() as session:
        road = Road(session, account.base_url or HOME)
        client.session, client.user_agent = road, str(session.headers["User-Agent"])
        yield client, road


def refusal(answer: requests.Response) -> Refusal:
    """What X says in an answer, as far as it can be read."""
    try:
        return msgspec.json.decode(answer.content, type=Refusal)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Refusal()


def until_reset(answer: requests.Response, clock: Clock) -> float | None:
    """Seconds until we may ask again, by the answer's header; None where it says nothing."""
    at = limit_of(answer, "reset")
    return None if at is None else max(0.0, at - clock.now().timestamp())


def limit_of(answer: requests.Response, name: str) -> int | None:
    """A number of the answer's ``x-rate-limit-`` headers: limit, remaining, or reset in seconds since 1970."""
    text = answer.headers.get(f"x-rate-limit-{name}", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def credentials(account: Account) -> tuple[str | None, ...]:
    """What tweepy signs in with, by the number of words in the secret. Raises: AuthorisationError."""
    words = access_token(account.secret).split()
    if len(words) == 1:
        return (words[0],)
    if len(words) == 4:
        return (None, *words)
    raise AuthorisationError(
        f"The secret of the X account {account.handle} is neither one token nor API key, its secret, access token "
        "and its secret, parted by spaces; connect it again."
    )
