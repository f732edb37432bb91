"""The few pages of Reddit that are looked at, with its refusals as the errors of collectors.

Source: reddit.com/dev/api and praw's ``endpoints.py``. A page has at most 100 things, a listing about 1,000.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import requests

from collectors.errors import BusyServerError, NormaliseError, NothingSaidError, WrongAddressError
from collectors.reddit.normalise import Page, page
from crm.errors import AuthorisationError
from crm.platforms.reddit import BusyRedditError, Reddit, RedditAnswerError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Quota

PAGE = 100
KEPT = 20
"""Requests of the quota that are left to those who answer."""
INBOX, SENT, INFO = "message/inbox/", "message/sent/", "api/info/"


def search_path(communities: Sequence[str]) -> str:
    """Where some communities, or all, are searched."""
    return f"r/{'+'.join(communities) or 'all'}/search/"


def search_params(text: str, communities: Sequence[str]) -> dict[str, str | int]:
    """How submissions are searched, the newest first."""
    restrict = "True" if communities else "False"
    return {"q": text, "sort": "new", "syntax": "lucene", "t": "all", "restrict_sr": restrict, "type": "link"}


def new_paths(communities: Sequence[str]) -> tuple[str, str]:
    """Where the new submissions and the new comments of some communities are."""
    joined = "+".join(communities)
    return f"r/{joined}/new", f"r/{joined}/comments/"


def own_path(user: str) -> str:
    """Where the comments of an account of ours are."""
    return f"user/{user}/comments"


class ClosedError(AuthorisationError):
    """Reddit does not show this to our account."""


class Server:
    """Reddit, signed in as an account of ours. Raises AuthorisationError at once where there is no token."""

    def __init__(self, account: Account | None, session: requests.Session, clock: Clock) -> None:
        self._reddit = Reddit(account, session, clock, KEPT)

    @property
    def quota(self) -> Quota | None:
        """What the last answer said we may still ask."""
        return self._reddit.quota

    def listing(self, path: str, params: Mapping[str, str | int], limit: int, after: str = "") -> Page:
        """A page of at most `limit` things. Raises: RetryableError, AuthorisationError, PermanentError."""
        asked = {**params, "limit": min(limit, PAGE), **({"after": after} if after else {})}
        return self._page(path, asked)

    def info(self, names: Sequence[str]) -> Page:
        """Those of at most 100 submissions and comments that Reddit still knows. Raises as :meth:`listing`."""
        return self._page(INFO, {"id": ",".join(names)})

    def _page(self, path: str, params: Mapping[str, str | int]) -> Page:
        with _refusals():
            answer = self._reddit.get(path, params)
        try:
            return page(answer)
        except NormaliseError as error:
            raise NothingSaidError(f"Reddit's answer for {path} can't be used: {error}") from error


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except BusyRedditError as error:
        raise BusyServerError(error.url, error.status) from error
    except RedditAnswerError as error:
        if error.status == 403:
            kind = AuthorisationError if _lacks_scope(error) else ClosedError
            raise kind(f"Our account may not read this: {error}") from error
        raise WrongAddressError(error.url, error.status) from error


def _lacks_scope(error: RedditAnswerError) -> bool:
    """Whether it is our token that may not do this, wherever it is tried."""
    said = {name.lower(): value for name, value in error.headers.items()}
    return "insufficient_scope" in said.get("www-authenticate", "")
