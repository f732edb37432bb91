"""Reddit's interface through praw: signed in as an account of ours, and only by our transport.

praw is given everything that it would else read from praw.ini files and the environment, where a line
can send our tokens elsewhere. Its pauses and repetitions on the wall clock don't come to pass: an
answer that is no success is an error of ours before praw sees it. Source: praw 8.0, prawcore 4.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import ConfigParser
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Quota
from crm.ports.transport import BrokenConnectionError

if TYPE_CHECKING:
    import praw
    import requests

WEB, API = "https://www.reddit.com", "https://oauth.reddit.com"
DEFAULTS: Mapping[str, Any] = {
    "check_for_updates": False, "check_for_async": False, "ratelimit_seconds": 0, "timeout": 16, "window_size": 600,
    "short_url": "https://redd.it", "redirect_uri": None, "comment_kind": "t1", "redditor_kind": "t2",
    "submission_kind": "t3", "message_kind": "t4", "subreddit_kind": "t5", "trophy_kind": "t6",
}  # fmt: skip
TOKEN = "/api/v1/access_token"
LONGEST_WAIT = 86_400.0
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
SUCCESS = (200, 201, 202, 204)


class RedditAnswerError(PermanentError):
    """Reddit did not do what it was asked; `reason` is its own code, where it gives one."""

    def __init__(self, url: str, status: int, headers: Mapping[str, str], reason: str = "", message: str = "") -> None:
        self.url, self.status, self.headers, self.reason = url, status, headers, reason
        said = " ".join(part for part in (reason, message) if part)
        super().__init__(f"{url} answered {status}{': ' if said else ''}{said[:300]}.")


class BusyRedditError(RetryableError):
    """Reddit has trouble of its own; it may have done what it was asked."""

    def __init__(self, url: str, status: int) -> None:
        self.url, self.status = url, status
        super().__init__(f"{url} answered {status}; it may be busy.")


class Credentials(Struct, frozen=True):
    """What an account's secret holds, as JSON: the app, and a refresh token or the password of a script app."""

    client_id: str
    client_secret: str = ""
    refresh_token: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)"


class _Refusal(Struct):
    """An answer that is no success, of the website's or the interface's making."""

    reason: str | None = None
    explanation: str | None = None
    message: str | None = None
    error: str | int | None = None
    error_description: str | None = None


class _Token(Struct):
    access_token: str
    expires_in: int
    scope: str


def credentials(account: Account | None) -> Credentials:
    """What to sign in with. Raises AuthorisationError where there is nothing."""
    handle = account.handle if account else ""
    try:
        found = msgspec.json.decode(account.secret if account else "", type=Credentials)
    except (msgspec.DecodeError, UnicodeError):
        # without the cause: its words could hold a piece of the secret
        raise AuthorisationError(f"The Reddit account {handle} has no token; connect it again.") from None
    signed = found.refresh_token.strip() or (found.password and found.client_secret)
    if not (signed and found.client_id.strip() and (found.client_id + found.client_secret).isascii()):
        raise AuthorisationError(f"The Reddit account {handle} has no token; connect it again.")
    return found


def user_of(handle: str) -> str:
    """The name of an account as people write it: ``u/name``, ``@name``; without what no name of Reddit's has."""
    return _NOT_IN_NAMES.sub("", handle.strip().lstrip("/@").removeprefix("u/"))


class Reddit:
    """Calls as one account. `session` is closed by who opened it; `keep` requests of the quota are left to others."""

    def __init__(self, account: Account | None, session: requests.Session, clock: Clock, keep: int = 0) -> None:
        self._credentials = credentials(account)
        assert account is not None
        self._account, self._line = account, _Line(session, clock, keep, _agent(session, user_of(account.handle)))
        self._praw: praw.Reddit | None = None

    @property
    def quota(self) -> Quota | None:
        """What the last answer said we may still ask."""
        return self._line.quota

    def get(self, path: str, params: Mapping[str, str | int]) -> object:
        """The decoded answer. Raises as :meth:`post`."""
        return self._call("GET", path, dict(params), None)

    def post(self, path: str, data: Mapping[str, str]) -> object:
        """The decoded answer of a call that changes something; never made a second time unless refused at the door.

        `sign_in` first: then every fault is one of the call itself.
        Raises: RedditAnswerError, BusyRedditError, RateLimitedError, AuthorisationError, and what the transport raises.
        BrokenConnectionError also stands for an answer that can't be read.
        """
        return self._call("POST", path, None, dict(data))

    def sign_in(self) -> None:
        """Have a token that is valid by the clock. Raises: RetryableError, AuthorisationError, PermanentError."""
        try:
            self._signed().auth.scopes()
        except RedditAnswerError as error:
            raise _not_signed_in(error) from error

    def _call(self, method: str, path: str, params: dict[str, str | int] | None, data: dict[str, Any] | None) -> object:
        try:
            return self._once(method, path, params, data)
        except RedditAnswerError as error:
            if error.status != 401 or urlsplit(error.url).path == TOKEN:
                raise _not_signed_in(error) from error
        # The token was taken back before its time: one new one is asked for.
        self._praw = None
        try:
            return self._once(method, path, params, data)
        except RedditAnswerError as error:
            raise _not_signed_in(error) from error

    def _once(self, method: str, path: str, params: dict[str, str | int] | None, data: dict[str, Any] | None) -> object:
        from prawcore.exceptions import BadJSON

        try:
            return self._signed().request(method=method, path=path, params=params, data=data)
        except BadJSON as error:
            raise BrokenConnectionError(path, "what arrived is no JSON") from error

    def _signed(self) -> praw.Reddit:
        if self._praw is None:
            self._praw = self._connected()
        return self._praw

    def _connected(self) -> praw.Reddit:
        import praw
        from praw.config import Config

        with Config.LOCK:
            if Config.CONFIG is None:
                Config.CONFIG = ConfigParser(interpolation=None)
        base = self._account.base_url.strip().rstrip("/") or WEB
        base = base if "://" in base else f"https://{base}"
        own = f".{urlsplit(base).hostname}".endswith(".reddit.com")
        known = self._credentials
        return praw.Reddit(
            "DEFAULT",
            requestor_class=self._line.lend,  # type: ignore[arg-type]
            **DEFAULTS,
            reddit_url=WEB if own else base,
            oauth_url=API if own else base,
            user_agent=self._line.agent,
            client_id=known.client_id,
            client_secret=known.client_secret or None,
            refresh_token=known.refresh_token or None,
            username=user_of(self._account.handle) if known.password else None,
            password=known.password or None,
        )


class _Line:
    """What prawcore asks through: our session. Outlives praw's own objects, which a new token replaces."""

    def __init__(self, session: requests.Session, clock: Clock, keep: int, agent: str) -> None:
        self._session, self._clock, self._keep = session, clock, keep
        self.agent, self.oauth_url, self.reddit_url = agent, "", ""
        self.quota: Quota | None = None

    def lend(self, *, oauth_url: str, reddit_url: str, user_agent: str) -> _Line:
        """Stands where praw makes a requestor of its own."""
        self.oauth_url, self.reddit_url = oauth_url, reddit_url
        self._session.headers["User-Agent"] = user_agent
        return self

    def close(self) -> None:
        """The session is closed by who opened it."""

    def request(self, method: str, url: str, **asked: Any) -> requests.Response:
        """See :meth:`prawcore.Requestor.request`; only successes are returned."""
        import requests

        self._wait_for_quota(url)
        asked.pop("timeout", None)  # the transport knows how long to wait
        try:
            answer = self._session.request(method, url, allow_redirects=False, **_without(asked, "allow_redirects"))
        except requests.RequestException as error:
            raise BrokenConnectionError(url, str(error)) from error
        self._note(answer.headers)
        if answer.status_code not in SUCCESS:
            raise self._refusal(url, answer)
        if urlsplit(url).path == TOKEN:
            _check_token(url, answer)
        return answer

    def _wait_for_quota(self, url: str) -> None:
        left = self.quota
        if left is None or left.resets_at is None or left.remaining > self._keep:
            return
        wait = (left.resets_at - self._clock.now()).total_seconds()
        if wait > 0:
            raise RateLimitedError(url, wait)

    def _note(self, headers: Any) -> None:
        """Keep what the headers say, and keep it from prawcore, which would sleep on the wall clock for it."""
        remaining = headers.pop("x-ratelimit-remaining", "")
        with suppress(ValueError, OverflowError):
            left, used = int(float(remaining)), headers.get("x-ratelimit-used")
            wait = _seconds(headers)
            resets = None if wait is None else self._clock.now() + timedelta(seconds=wait)
            self.quota = Quota(left, left + int(float(used)) if used else None, resets)

    def _refusal(self, url: str, answer: requests.Response) -> ShenavaError:
        if answer.status_code == 429:
            return RateLimitedError(url, _seconds(answer.headers))
        if answer.status_code >= 500 or answer.status_code in (408, 425):
            return BusyRedditError(url, answer.status_code)
        try:
            said = msgspec.json.decode(answer.content, type=_Refusal)
        except (msgspec.DecodeError, UnicodeError):
            said = _Refusal()
            if answer.status_code in (401, 403) and "www-authenticate" not in answer.headers:
                # not in Reddit's words: something on the way refuses
                return BusyRedditError(url, answer.status_code)
        reason = said.reason or (said.error if isinstance(said.error, str) else "") or ""
        words = said.explanation or said.error_description or said.message or ""
        return RedditAnswerError(url, answer.status_code, dict(answer.headers), reason, words)


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds until we may ask again; None where nothing says so."""
    said = headers.get("retry-after") or headers.get("x-ratelimit-reset") or ""
    with suppress(ValueError):
        if 0 <= (wait := float(said)) < LONGEST_WAIT:
            return wait
    return None


def _without(asked: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in asked.items() if key != name}


def _check_token(url: str, answer: requests.Response) -> None:
    """prawcore trusts what the token's address answers."""
    try:
        token = msgspec.json.decode(answer.content, type=_Token).access_token
        if not (token.isascii() and token.isprintable()):
            raise BrokenConnectionError(url, "what arrived is no token")
    except (msgspec.DecodeError, UnicodeError):
        with suppress(msgspec.DecodeError, UnicodeError):
            said = msgspec.json.decode(answer.content, type=_Refusal)
            if said.error:
                # a refusal that calls itself a success
                raise RedditAnswerError(url, 401, {}, str(said.error), said.error_description or "") from None
        raise BrokenConnectionError(url, "what arrived is no token") from None


def _not_signed_in(error: RedditAnswerError) -> AuthorisationError | RedditAnswerError:
    """A refusal at the door is about our token, whatever its status."""
    if error.status == 401 or (urlsplit(error.url).path == TOKEN and 400 <= error.status < 404):
        return AuthorisationError(f"Reddit does not accept our token: {error}")
    return error


def _agent(session: requests.Session, handle: str) -> str:
    """As Reddit wants it: platform, app, version, account. Source: its Data API Wiki."""
    name, _, version = str(session.headers["User-Agent"]).partition(" ")[0].lower().partition("/")
    return f"python:{name}:v{version} (by /u/{handle})"
