"""The few calls of the Bot API that reading needs: three small ones, so httpx alone and no client library.

Source: core.telegram.org/bots/api. The token is part of every address there, so it is handed to the connection apart
from the address: no error, log or traceback that shows the address of a request can show it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from collectors.errors import BusyServerError, OtherServerError, WrongAddressError
from collectors.pace import retry_after
from collectors.telegram.normalise import Platform
from collectors.telegram.raw import UPDATES, RawUser
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.transport import BrokenConnectionError, Limits, Transport

Result = TypeVar("Result")

WAIT_SECONDS = 10
"""How long the server may hold a question for news: as long as a stop may take."""
LIMITS = Limits(read=WAIT_SECONDS + 20.0, total=120.0)
TOKEN = re.compile(r"\d{1,20}:[\w-]{5,100}", re.ASCII)
HIDDEN = "[hidden]"
_BUSY = ("bot limit exceed", "local_rate_limited")
"""How Bale says that it limits a rate, without the status of it."""


class TokenSharedError(RetryableError):
    """Somebody else asks for the updates of the same bot."""

    def __init__(self, title: str, handle: str) -> None:
        super().__init__(
            f"Another program reads the messages of {handle}, and {title} gives them to one owner of a token "
            "alone; stop the other one, or make a bot for Shenava alone."
        )


class WebhookSetError(PermanentError):
    """The updates of the bot go to a web address."""

    def __init__(self, title: str, handle: str) -> None:
        super().__init__(
            f"{title} sends the messages of {handle} to a web address (a webhook), so nobody can ask for them; "
            "delete the webhook, or make a bot for Shenava alone."
        )


class _Parameters(Struct):
    retry_after: float | None = None


class _WebhookInfo(Struct):
    url: str = ""


class _Answer(Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    description: str = ""
    error_code: int = 0
    parameters: _Parameters | None = None


class Bot:
    """A bot of ours on its messenger. Raises AuthorisationError at once where there is no token that could be one."""

    def __init__(self, platform: Platform, account: Account | None, transport: Transport, clock: Clock) -> None:
        self.platform, self._transport, self._clock = platform, transport, clock
        if account is None:
            raise AuthorisationError(f"No bot of {platform.title} is chosen; connect one in the settings, choose it.")
        self._handle, self._token = account.handle, account.secret.strip()
        if not TOKEN.fullmatch(self._token):
            raise self._refused()
        self._base = (account.base_url.strip() or platform.base).rstrip("/")
        self._elsewhere = bool(account.base_url.strip())

    def me(self) -> RawUser:
        """The bot itself; also the one harmless call that says whether the token works."""
        return self._decoded(self._call("getMe", {}), RawUser)

    def updates(self, offset: int, limit: int) -> list[msgspec.Raw]:
        """What happened from the number `offset` on (0: all that is kept), the oldest first.

        Waits for news for a while. The server forgets whatever is older than `offset`, for good.
        """
        asked = {"limit": limit, "timeout": WAIT_SECONDS, "allowed_updates": UPDATES}
        return self._decoded(
            self._call("getUpdates", asked | ({"offset": offset} if offset else {})), list[msgspec.Raw]
        )

    def webhook(self) -> str:
        """The address to which the updates go instead of to whoever asks, without what may be secret of it."""
        try:
            found = urlsplit(self._decoded(self._call("getWebhookInfo", {}), _WebhookInfo).url)
        except AuthorisationError:
            return ""  # a messenger that has no such call answers it as it does a wrong token
        return f"{found.scheme}://{found.hostname}" if found.hostname else found.path

    def members(self, chat: int) -> int:
        """How many people read a channel or a group."""
        return self._decoded(self._call(self.platform.members, {"chat_id": chat}), int)

    def _call(self, method: str, asked: Mapping[str, object]) -> msgspec.Raw:
        """One call. Raises as :meth:`crm.ports.source.Source.collect` does."""
        with self._transport.http(LIMITS) as client:
            request = self._request(client, method, asked)
            try:
                answer = client.send(request, follow_redirects=False)
            except httpx.HTTPError as error:
                raise BrokenConnectionError(self._base, type(error).__name__) from error
        said = self._said(answer)
        if said is not None and said.ok and answer.is_success:
            return said.result
        raise self._refusal(answer, said)

    def _request(self, client: httpx.Client, method: str, asked: Mapping[str, object]) -> httpx.Request:
        """What is to be sent; httpcore sends the target in place of the address's own path."""
        try:
            path = f"{urlsplit(self._base).path}/bot{self._token}/{method}"
            return client.build_request("POST", f"{self._base}/{method}", json=asked, extensions={"target": path})
        except (httpx.InvalidURL, ValueError) as error:
            raise PermanentError(f"{self._base} can't be asked: {error}.") from error

    def _said(self, answer: httpx.Response) -> _Answer | None:
        try:
            return msgspec.json.decode(answer.content, type=_Answer, strict=False)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None

    def _refusal(self, answer: httpx.Response, said: _Answer | None) -> ShenavaError:
        """The error that an answer other than a result stands for."""
        status, words = answer.status_code, said.description.replace(self._token, HIDDEN) if said else ""
        if said and answer.is_success:
            status = said.error_code or 400
        low, title = words.lower(), self.platform.title
        if status == httpx.codes.TOO_MANY_REQUESTS or any(busy in low for busy in _BUSY):
            told = said.parameters.retry_after if said and said.parameters else None
            return RateLimitedError(title, told or retry_after(answer.headers.get("retry-after", ""), self._clock))
        unknown = said and status == httpx.codes.NOT_FOUND and low in ("not found", "")
        if (said and status in (401, 403)) or "token not found" in low or unknown:
            return self._refused()
        if said and status == httpx.codes.CONFLICT:
            return (WebhookSetError if "webhook" in low else TokenSharedError)(title, self._handle)
        if status >= 500 or status in (401, 403, 408, 425):
            # without a word of the Bot API's, a refusal is of something on the way
            return BusyServerError(self._base, status)
        if said:
            return PermanentError(f"{title} refused: {words or status}.")
        if answer.is_success:
            return self._unread(answer)
        return WrongAddressError(self._base, status)

    def _unread(self, answer: httpx.Response) -> ShenavaError:
        """What a success without a readable answer means: one that was cut short, or a page of somebody else."""
        if answer.content.lstrip()[:1] in (b"{", b""):
            return BrokenConnectionError(self._base, "its answer was cut short")
        if not self._elsewhere:
            # the messenger's own address is right, so the page is of something on the way
            return BusyServerError(self._base, answer.status_code)
        return OtherServerError(f"{self._base} does not speak the Bot API; check the address.")

    def _decoded(self, result: msgspec.Raw, kind: type[Result]) -> Result:
        try:
            return msgspec.json.decode(result, type=kind, strict=False)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise OtherServerError(f"{self._base} gave an answer that is none of the Bot API: {error}.") from error

    def _refused(self) -> AuthorisationError:
        return AuthorisationError(
            f"{self.platform.title} does not accept the token of {self._handle or 'this bot'}; "
            "get a new one from its BotFather and connect the bot again."
        )
