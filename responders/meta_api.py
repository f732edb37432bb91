"""Calls of the Graph API that answering needs, and what Meta's refusals mean for a reply.

No client library: the field's ones wrap few of these calls, so httpx alone. The token goes along in a header, never in
an address. Source: developers.facebook.com/docs/graph-api (overview/rate-limiting, guides/error-handling,
guides/secure-requests) and /docs/messenger-platform/reference/send-api/error-codes, as of Graph API v24.0.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.ports.responder import Account, AnsweredPostGoneError, Attachment, SendOrder, UnknownOutcomeError
from crm.ports.transport import BrokenConnectionError, Transport, UnreadableAnswerError
from responders.meta_raw import Me

T = TypeVar("T")
HOME, VERSION = "https://graph.facebook.com", "v24.0"
LIMITED = frozenset({4, 17, 32, 341, 613, *range(80001, 80015)})
EXPIRED = frozenset({102, 190})
FORBIDDEN = frozenset({3, 10, *range(200, 300)})
MISSING = ("permission", "Public Content Access", "app secret proof")
"""What Meta's words for a missing permission hold where its code (100) does not say so."""
UNSURE = frozenset({1, 2})
"""Codes by which Meta does not say whether it did anything."""
GONE = frozenset({(100, 33), (803, 0)})
WINDOW = frozenset({2018278, 2534022})
ANSWERED, SECOND = 10900, 2534014
PAUSE = 300.0
"""Seconds to wait where Meta says that a limit is reached and not for how long."""


class GoneError(PermanentError):
    """Meta shows us no such thing."""


class BadQuestionError(PermanentError):
    """Meta does not understand a parameter or a field."""


class SilentError(RetryableError):
    """Meta failed in a way that does not say what it did."""


class Refusal(Struct, frozen=True):
    """What Meta says when it refuses."""

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


class _Business(Struct, frozen=True):
    estimated_time_to_regain_access: float = 0.0


class Credential(Struct, frozen=True):
    """What an account signs in with. Never shown."""

    access_token: str = ""
    app_secret: str = ""

    def __repr__(self) -> str:
        return "Credential(...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return []


class MetaApi:
    """The Graph API, asked as one account."""

    def __init__(self, client: httpx.Client, base: str, token: str, app_secret: str) -> None:
        self._client, self._base = client, f"{base.rstrip('/')}/{VERSION}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._proof = {"appsecret_proof": _proof(token, app_secret)} if app_secret else {}

    def read(self, path: str, kind: type[T], **params: str) -> T:
        """One thing, or a list. Raises RetryableError, AuthorisationError, GoneError, PermanentError."""
        try:
            return self._call("GET", path, kind, params)
        except UnreadableAnswerError as error:
            raise BrokenConnectionError(self._base, str(error)) from error

    def me(self, fields: str) -> Me:
        """The Page of the token, by fields that only a Page has. Raises: AuthorisationError for a person's token."""
        try:
            return self.read("me", Me, fields=fields)
        except BadQuestionError as error:
            raise AuthorisationError(
                "This is no access token of a Page; connect the account again with the Page's own."
            ) from error

    def write(
        self, path: str, kind: type[T], order: SendOrder, source: tuple[Attachment, ...] = (), /, **said: object
    ) -> T:
        """Publish something, with a file: whatever is not clearly a refusal leaves the outcome unknown."""
        try:
            return self._call("POST", path, kind, {}, said, source)
        except GoneError as error:
            raise AnsweredPostGoneError(order.answer_to) from error
        except (SilentError, BrokenConnectionError, UnreadableAnswerError) as error:
            raise UnknownOutcomeError("Meta", str(error)) from error

    def change(self, method: str, path: str, post_key: str, kind: type[T], **said: object) -> T:
        """Something that may be done twice, to a post. Raises as :meth:`read`, and AnsweredPostGoneError."""
        try:
            return self._call(method, path, kind, {}, said or None)
        except GoneError as error:
            raise AnsweredPostGoneError(post_key) from error
        except UnreadableAnswerError as error:
            raise BrokenConnectionError(self._base, str(error)) from error

    def _call(
        self, method: str, path: str, kind: type[T], params: Mapping[str, str],
        said: Mapping[str, object] | None = None, source: tuple[Attachment, ...] = (),
    ) -> T:  # fmt: skip
        body: dict[str, Any] = {"json": said}
        if source:
            body = {"data": said, "files": [("source", (one.name, one.content, one.kind)) for one in source]}
        try:
            answer = self._client.request(
                method, f"{self._base}/{path}", params={**params, **self._proof}, headers=self._headers,
                follow_redirects=False, **body,
            )  # fmt: skip
        except httpx.HTTPError as error:
            raise BrokenConnectionError(self._base, type(error).__name__) from error
        except httpx.InvalidURL as error:
            raise PermanentError(f"{self._base} can't be asked: {error}.") from error
        if not answer.is_success or answer.content.lstrip()[:9].startswith(b'{"error"'):
            raise _refusal(answer)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise UnreadableAnswerError(self._base, "it is none of the Graph API") from error


@contextmanager
def signed_in(account: Account, transport: Transport) -> Iterator[MetaApi]:
    """Meta as the account. Raises: AuthorisationError where it has no token, before anything is asked."""
    found = credential(account)
    with transport.http() as client:
        yield MetaApi(client, account.base_url.strip() or HOME, found.access_token.strip(), found.app_secret.strip())


def credential(account: Account) -> Credential:
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
    return found


def _proof(token: str, app_secret: str) -> str:
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def _refusal(answer: httpx.Response) -> ShenavaError:
    """The error of ours for an answer that refuses."""
    try:
        said = msgspec.json.decode(answer.content, type=_Refused).error
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        said = Refusal()
    status, code = answer.status_code, said.code
    if code in LIMITED or status == 429:
        return RateLimitedError("Meta", _wait(answer))
    if said.error_subcode in WINDOW:
        return PermanentError("Meta sends no message, because the person's last one is older than 24 hours.")
    if code == ANSWERED or said.error_subcode == SECOND:
        return PermanentError("Meta sends no second private reply to one comment.")
    if code in EXPIRED or (status == 401 and not code):
        return AuthorisationError(f"Meta no longer accepts our token: {said.sentence}; connect the account again.")
    if said.forbids or (status == 403 and not code):
        return AuthorisationError(f"Meta does not let our token answer here: {said.sentence}.")
    if code in UNSURE or said.is_transient or status >= 500 or status in (408, 425):
        return SilentError(f"Meta answered {status}: {said.sentence}.")
    if (code, said.error_subcode) in GONE:
        return GoneError(f"Meta shows us no such post: {said.sentence}.")
    kind = BadQuestionError if code == 100 else PermanentError
    return kind(f"Meta refused: {code or status} {said.sentence}.")


def _wait(answer: httpx.Response) -> float:
    """Seconds until we may ask again, by the answer's header."""
    try:
        business = msgspec.json.decode(
            answer.headers.get("x-business-use-case-usage", "{}"), type=dict[str, list[_Business]]
        )
    except (msgspec.DecodeError, UnicodeError):
        business = {}
    minutes = [one.estimated_time_to_regain_access for cases in business.values() for one in cases]
    return 60.0 * max(0.0, *minutes) or PAUSE if minutes else PAUSE
