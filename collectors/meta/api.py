"""The few calls of the Graph API that collecting needs.

No client library: the field's ones (python-facebook, facebook-business) wrap few of these calls and go their own way to
the network, so httpx through our transport. The token goes along in a header and never in an address, so no log, error
or traceback that shows one can show it; links to next pages, which hold the token, are taken apart and not followed.

A credential is the access token of the Page, alone or as JSON with the parts ``access_token`` and ``app_secret``; with
the secret every call carries its proof. Source: developers.facebook.com/docs/graph-api (overview/rate-limiting,
guides/error-handling, guides/secure-requests), as of Graph API v24.0.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qsl

import httpx
import msgspec
from msgspec import Struct

from collectors.errors import BusyServerError, NormaliseError, WrongAddressError
from collectors.meta.raw import Listed, RawMe, read
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Quota
from crm.ports.transport import BrokenConnectionError, Transport

T = TypeVar("T")
HOME, VERSION = "https://graph.facebook.com", "v24.0"
LIMITED = frozenset({4, 17, 32, 341, 613, *range(80001, 80015)})
EXPIRED = frozenset({102, 190})
FORBIDDEN = frozenset({3, 10, *range(200, 300)})
MISSING = ("permission", "Public Content Access", "app secret proof")
"""What Meta's words for a missing permission hold where its code (100) does not say so."""
BUSY = frozenset({1, 2})
GONE = frozenset({(100, 33), (803, 0), (24, 2207024)})
FULL = 95.0
"""Per cent of a limit; what is beyond is left to whoever shares it."""
PAUSE = 300.0
"""Seconds to wait where Meta says that a limit is reached and not for how long."""


class GoneError(PermanentError):
    """Meta shows us no such thing, be it deleted, hidden or none of ours."""


class BadQuestionError(PermanentError):
    """Meta does not understand a parameter or a field."""


class StalePageError(PermanentError):
    """Meta no longer knows the page of a list where we were."""


class ForbiddenError(AuthorisationError):
    """Our token is good, and may not read this."""


class Refusal(Struct, frozen=True):
    """What Meta says when it refuses. Source: developers.facebook.com/docs/graph-api/guides/error-handling."""

    message: str = ""
    code: int = 0
    error_subcode: int = 0
    is_transient: bool = False

    @property
    def forbids(self) -> bool:
        """Whether a permission, a feature or the app's proof is missing."""
        unclear = self.code == 100 and not self.error_subcode
        return self.code in FORBIDDEN or (unclear and any(one in self.message for one in MISSING))

    @property
    def sentence(self) -> str:
        """Its words, without a full stop."""
        return self.message.strip().rstrip(".")[:300] or "without a word"


class _Refused(Struct, frozen=True):
    error: Refusal = Refusal()


class _Usage(Struct, frozen=True):
    call_count: float = 0.0
    total_time: float = 0.0
    total_cputime: float = 0.0
    estimated_time_to_regain_access: float = 0.0

    @property
    def share(self) -> float:
        return max(self.call_count, self.total_time, self.total_cputime)


class Usage(Struct, frozen=True):
    """Per cent of the fullest limit, and minutes until we may ask again (0: now)."""

    share: float = 0.0
    minutes: float = 0.0


class Credential(Struct, frozen=True):
    """What an account signs in with. Never shown."""

    access_token: str = ""
    app_secret: str = ""

    def __repr__(self) -> str:
        return "Credential(...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return []


class Api:
    """The Graph API, asked as one account. `quota` is what the last answer leaves us, in per cent of a limit."""

    def __init__(self, client: httpx.Client, base: str, credential: Credential, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._base = f"{base.rstrip('/')}/{VERSION}"
        self._headers = {"Authorization": f"Bearer {credential.access_token}"}
        self._proof = {"appsecret_proof": proof(credential)} if credential.app_secret else {}
        self._usage = Usage()
        self.quota: Quota | None = None

    def one(self, path: str, kind: type[T], **params: str) -> T:
        """One thing. Raises as the class says, GoneError among them."""
        return self._read(self._get(path, params), kind)

    def me(self, fields: str) -> RawMe:
        """The Page of the token, by fields that only a Page has. Raises: AuthorisationError for a person's token."""
        try:
            return self.one("me", RawMe, fields=fields)
        except BadQuestionError as error:
            raise AuthorisationError(
                "This is no access token of a Page; connect the account again with the Page's own."
            ) from error

    def page(self, path: str, after: str = "", **params: str) -> Listed:
        """A page of a list; `after` is what :meth:`Listed.after` gave."""
        try:
            return self._read(self._get(path, params | dict(parse_qsl(after))), Listed)
        except BadQuestionError as error:
            # the question is the same on every page, so it is the place that Meta does not understand
            if after:
                raise StalePageError(str(error)) from error
            raise

    def _read(self, answer: bytes, kind: type[T]) -> T:
        try:
            return read(answer, kind, "answer of Meta")
        except NormaliseError as error:
            # cut short on its way, or not Meta at all: the same question may be answered better later
            raise BrokenConnectionError(self._base, str(error)) from error

    def _get(self, path: str, params: Mapping[str, str]) -> bytes:
        url = f"{self._base}/{path}"
        if self._usage.share >= FULL or self._usage.minutes:
            raise RateLimitedError("Meta", 60.0 * self._usage.minutes or PAUSE)
        try:
            answer = self._client.get(
                url, params={**params, **self._proof}, headers=self._headers, follow_redirects=False
            )
        except httpx.HTTPError as error:
            raise BrokenConnectionError(self._base, type(error).__name__) from error
        except httpx.InvalidURL as error:
            raise WrongAddressError(self._base, 0) from error
        self._usage = usage(answer.headers)
        self._note()
        if not answer.is_success or answer.content.lstrip()[:9].startswith(b'{"error"'):
            raise refusal(f"/{path.partition('?')[0]}", answer, self._usage)
        return answer.content

    def _note(self) -> None:
        wait = timedelta(minutes=self._usage.minutes)
        resets = self._clock.now() + wait if wait else None
        self.quota = Quota(max(0, 100 - int(self._usage.share)), 100, resets)


@contextmanager
def signed_in(account: Account | None, transport: Transport, clock: Clock) -> Iterator[Api]:
    """Meta as the account. Raises: AuthorisationError where it has no token, before anything is asked."""
    if account is None:
        raise AuthorisationError("No account is connected; connect one.")
    credential = credentials(account)
    with transport.http() as client:
        yield Api(client, account.base_url.strip() or HOME, credential, clock)


def credentials(account: Account) -> Credential:
    """The parts of the account's secret. Raises: AuthorisationError."""
    secret = account.secret.strip()
    try:
        found = msgspec.json.decode(secret, type=Credential) if secret.startswith("{") else Credential(secret)
    except (msgspec.DecodeError, UnicodeError):
        found = Credential()
    token = found.access_token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        who = f"{account.platform} account {account.handle}".strip()
        raise AuthorisationError(f"The {who} has no access token; connect it again.")
    return Credential(token, found.app_secret.strip())


def proof(credential: Credential) -> str:
    """The app secret's proof of the token (``appsecret_proof``)."""
    return hmac.new(credential.app_secret.encode(), credential.access_token.encode(), hashlib.sha256).hexdigest()


def usage(headers: Mapping[str, str]) -> Usage:
    """How much of the limits is used up, by an answer's headers; what can't be read counts as nothing."""
    parts: list[_Usage] = []
    for name in ("x-app-usage", "x-page-usage"):
        parts += _decoded(headers.get(name, ""), _Usage)
    for business in _decoded(headers.get("x-business-use-case-usage", ""), dict[str, list[_Usage]]):
        parts += [one for cases in business.values() for one in cases]
    share = max((one.share for one in parts), default=0.0)
    minutes = max((one.estimated_time_to_regain_access for one in parts), default=0.0)
    return Usage(share, minutes) if 0 <= minutes < 100_000 else Usage(share)


def _decoded(text: str, kind: type[T]) -> list[T]:
    try:
        return [msgspec.json.decode(text, type=kind)] if text else []
    except (msgspec.DecodeError, UnicodeError):
        return []


def refusal(path: str, answer: httpx.Response, used: Usage) -> ShenavaError:
    """The error of ours for an answer that refuses."""
    try:
        said = msgspec.json.decode(answer.content, type=_Refused).error
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        said = Refusal()
    status = answer.status_code
    if said.code in LIMITED or status == 429:
        return RateLimitedError("Meta", 60.0 * used.minutes or PAUSE)
    if said.code in EXPIRED:
        return AuthorisationError(f"Meta no longer accepts our token: {said.sentence}; connect the account again.")
    if said.forbids:
        return ForbiddenError(
            f"Meta does not let our token read {path}: {said.sentence}; connect the account again with that permission."
        )
    on_the_way = status in (401, 403) and not said.code
    if said.code in BUSY or said.is_transient or status >= 500 or status in (408, 425) or on_the_way:
        return BusyServerError(path, status)
    if (said.code, said.error_subcode) in GONE:
        return GoneError(f"Meta shows us no {path}: {said.sentence}.")
    if not said.code:
        return WrongAddressError(path, status)
    kind = BadQuestionError if said.code == 100 else PermanentError
    return kind(f"Meta refused {path}: {said.code} {said.sentence}.")
