"""YouTube's Data API v3, asked as an account of ours, and only by our transport.

No client library: Google's own (google-api-python-client) brings a network way, a cache and a discovery document of
its own for the seven calls that are needed, so httpx alone. Key and token go along in headers and never in an address,
so no log, error or traceback that shows one can show them.

A credential is JSON with the parts ``api_key`` (reads what is public) or ``client_id``, ``client_secret`` and
``refresh_token`` (reads and answers), and perhaps ``access_token``; or one of a key and an access token alone.
Source: developers.google.com/youtube/v3/docs/errors, /youtube/v3/determine_quota_cost and
/identity/protocols/oauth2/web-server#offline, as of 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx
import msgspec
from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.transport import BrokenConnectionError, Transport

HOME, TOKENS = "https://www.googleapis.com", "https://oauth2.googleapis.com/token"
PATH, TOKEN_PATH = "/youtube/v3", "/token"
DAILY = 10_000
"""Units of a day that a project has unless Google gave it more."""
LIST_COST, SEARCH_COST, WRITE_COST = 1, 100, 50
"""Units of a call. Since 2026 searches have a quota of their own, 100 calls a day: a search is a hundredth of a day
either way."""
PACIFIC = "America/Los_Angeles"
"""Where the day of the quota begins."""
PAUSE = 60.0
"""Seconds to wait where YouTube says that we ask too often and not for how long."""
EARLY = 60.0
"""Seconds before its end in which a token counts as expired."""
DAY_USED_UP = frozenset({"quotaExceeded", "dailyLimitExceeded"})
TOO_OFTEN = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
BUSY = frozenset({"processingFailure", "backendError", "internalError"})
NOT_OF_THE_ACCOUNT = frozenset({"commentsDisabled", "channelClosed", "channelSuspended"})
"""Refusals with 403 that no other credential would change."""
BAD_KEY = ("API key not valid", "API key expired", "API_KEY_INVALID")


class YouTubeAnswerError(PermanentError):
    """YouTube did not do what it was asked; `reason` is its own code, where it gives one."""

    def __init__(self, path: str, status: int, reason: str = "", message: str = "") -> None:
        self.path, self.status, self.reason = path, status, reason
        said = " ".join(part for part in (reason, message.strip().rstrip(".")) if part)
        super().__init__(f"YouTube answered {status} to {path}{': ' if said else ''}{said[:300]}.")


class BusyYouTubeError(RetryableError):
    """YouTube has trouble of its own; it may have done what it was asked."""

    def __init__(self, path: str, status: int, reason: str = "") -> None:
        self.path, self.status, self.reason = path, status, reason
        super().__init__(f"YouTube answered {status} to {path}; it may be busy.")


class DayUsedUpError(RateLimitedError):
    """The project's quota of the day is used up; there is a new one at midnight in California."""


class NotAllowedError(AuthorisationError):
    """The credential is good and may not do this; `reason` is YouTube's own code."""

    def __init__(self, path: str, reason: str, message: str) -> None:
        self.reason = reason
        said = message.strip().rstrip(".")[:300] or reason or "without a word"
        super().__init__(f"YouTube does not let our account use {path}: {said}.")


class Credentials(Struct, frozen=True):
    """What an account signs in with. Never shown."""

    api_key: str = ""
    access_token: str = ""
    refresh_token: str = ""
    client_id: str = ""
    client_secret: str = ""

    @property
    def refreshable(self) -> bool:
        """Whether a new access token can be had."""
        return bool(self.refresh_token and self.client_id)

    @property
    def signs_in(self) -> bool:
        """Whether it stands for a channel: only such an account can answer."""
        return bool(self.access_token or self.refreshable)

    def __repr__(self) -> str:
        return "Credentials(...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return []


class _Detail(Struct, frozen=True):
    reason: str = ""


class _Error(Struct, frozen=True):
    message: str = ""
    errors: tuple[_Detail, ...] = ()


class _Refused(Struct, frozen=True):
    error: _Error = _Error()


class _Token(Struct, frozen=True):
    access_token: str
    expires_in: float = 3_600.0


class _NoToken(Struct, frozen=True):
    error: str = ""
    error_description: str = ""


def credentials(account: Account | None) -> Credentials:
    """The parts of the account's secret. Raises: AuthorisationError where there is nothing to ask with."""
    secret = account.secret.strip() if account else ""
    try:
        found = msgspec.json.decode(secret, type=Credentials) if secret.startswith("{") else _bare(secret)
    except (msgspec.DecodeError, UnicodeError):
        # without the cause: its words could hold a piece of the secret
        found = Credentials()
    parts = {name: getattr(found, name).strip() for name in found.__struct_fields__}
    found = Credentials(**parts)
    sound = all(part.isascii() and part.isprintable() and " " not in part for part in parts.values())
    if not sound or not (found.api_key or found.signs_in):
        handle = account.handle if account else ""
        raise AuthorisationError(f"The YouTube account {handle} has neither a key nor a token; connect it again.")
    return found


def _bare(secret: str) -> Credentials:
    return Credentials(api_key=secret) if secret.startswith("AIza") else Credentials(access_token=secret)


def midnight(now: datetime) -> datetime:
    """When the quota of the day that `now` is in ends, in UTC."""
    zone = ZoneInfo(PACIFIC)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def day_of(now: datetime) -> str:
    """The day of the quota that `now` is in."""
    return now.astimezone(ZoneInfo(PACIFIC)).date().isoformat()


@contextmanager
def signed_in(account: Account | None, transport: Transport, clock: Clock) -> Iterator[YouTube]:
    """YouTube as the account. Raises: AuthorisationError where it has no credential, before anything is asked."""
    found = credentials(account)
    assert account is not None
    with transport.http() as client:
        yield YouTube(client, account.base_url.strip().rstrip("/"), found, clock)


class YouTube:
    """Calls as one account. A token that is expired, or refused once, is made new where the credential can."""

    def __init__(self, client: httpx.Client, base: str, known: Credentials, clock: Clock) -> None:
        self._client, self._known, self._clock = client, known, clock
        self._base, self._tokens = f"{base or HOME}{PATH}", f"{base}{TOKEN_PATH}" if base else TOKENS
        self._token, self._ends = known.access_token, float("inf")
        self.signs_in = known.signs_in

    def get(self, path: str, params: Mapping[str, str]) -> bytes:
        """The answer. Raises as :meth:`post`."""
        return self._call("GET", path, params, None)

    def post(self, path: str, params: Mapping[str, str], body: object) -> bytes:
        """The answer of a call that changes something; made a second time only when it was refused at the door.

        `sign_in` first: then every fault is one of the call itself.
        Raises: YouTubeAnswerError, BusyYouTubeError, RateLimitedError, AuthorisationError, and what the transport does.
        """
        return self._call("POST", path, params, msgspec.json.encode(body))

    def sign_in(self) -> None:
        """Have a token that is valid by the clock. Raises: RetryableError, AuthorisationError, PermanentError."""
        if self.signs_in and (not self._token or self._clock.monotonic() >= self._ends):
            self._refresh()

    def _call(self, method: str, path: str, params: Mapping[str, str], body: bytes | None) -> bytes:
        self.sign_in()
        answer = self._ask(method, path, params, body)
        if answer.status_code == 401 and self.signs_in and self._known.refreshable:
            self._refresh()
            answer = self._ask(method, path, params, body)
        if not answer.is_success:
            raise self._refusal(path, answer)
        return answer.content

    def _ask(self, method: str, path: str, params: Mapping[str, str], body: bytes | None) -> httpx.Response:
        headers = (
            {"Authorization": f"Bearer {self._token}"} if self.signs_in else {"X-Goog-Api-Key": self._known.api_key}
        )
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._request(method, f"{self._base}/{path}", params=dict(params), content=body, headers=headers)

    def _request(self, method: str, url: str, **asked: object) -> httpx.Response:
        try:
            return self._client.request(method, url, follow_redirects=False, **asked)  # type: ignore[arg-type]
        except httpx.HTTPError as error:
            raise BrokenConnectionError(url, type(error).__name__) from error
        except httpx.InvalidURL as error:
            raise PermanentError(f"{url} can't be asked: {error}.") from error

    def _refresh(self) -> None:
        known = self._known
        if not known.refreshable:
            raise AuthorisationError("YouTube's access token is expired; connect the account again.")
        said = {"client_id": known.client_id, "client_secret": known.client_secret, "grant_type": "refresh_token"}
        answer = self._request("POST", self._tokens, data={**said, "refresh_token": known.refresh_token})
        status = answer.status_code
        if status == 429:
            raise RateLimitedError("YouTube", _retry_after(answer))
        if status >= 500:
            raise BusyYouTubeError(TOKEN_PATH, status)
        if not answer.is_success:
            raise _no_token(answer)
        try:
            token = msgspec.json.decode(answer.content, type=_Token)
        except (msgspec.DecodeError, UnicodeError):
            raise BrokenConnectionError(self._tokens, "what arrived is no token") from None
        self._token, self._ends = token.access_token, self._clock.monotonic() + max(0.0, token.expires_in - EARLY)
        if not (self._token.isascii() and self._token.isprintable() and self._token.strip()):
            self._token = ""
            raise BrokenConnectionError(self._tokens, "what arrived is no token")

    def _refusal(self, path: str, answer: httpx.Response) -> ShenavaError:
        """The error of ours for an answer that refuses."""
        status = answer.status_code
        try:
            said = msgspec.json.decode(answer.content, type=_Refused).error
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            said = _Error()
        reason = said.errors[0].reason if said.errors else ""
        limited = status == 429 or reason in TOO_OFTEN
        if reason in DAY_USED_UP or (limited and "per day" in said.message.lower()):
            now = self._clock.now()
            return DayUsedUpError("YouTube", (midnight(now) - now).total_seconds())
        if limited:
            return RateLimitedError("YouTube", _retry_after(answer))
        if status == 401 or any(one in said.message for one in BAD_KEY):
            words = said.message.strip().rstrip(".")[:300] or "without a word"
            return AuthorisationError(f"YouTube does not accept our key or token: {words}; connect the account again.")
        if status >= 500 or status in (408, 425) or reason in BUSY:
            return BusyYouTubeError(path, status, reason)
        if status == 403 and reason not in NOT_OF_THE_ACCOUNT:
            return NotAllowedError(path, reason, said.message)
        return YouTubeAnswerError(path, status, reason, said.message)


def _retry_after(answer: httpx.Response) -> float:
    said = answer.headers.get("retry-after", "")
    return max(PAUSE, float(said[:6])) if said.isascii() and said.isdigit() else PAUSE


def _no_token(answer: httpx.Response) -> AuthorisationError:
    try:
        said = msgspec.json.decode(answer.content, type=_NoToken)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        said = _NoToken()
    words = f"{said.error} {said.error_description}".strip().rstrip(".") or f"it answered {answer.status_code}"
    return AuthorisationError(f"Google gives no new access token: {words[:300]}; connect the account again.")
