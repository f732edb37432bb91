"""Signing in on a platform with an app of ours, so that nobody has to copy tokens (OAuth 2.0, RFC 6749 and 7636)."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from crm.errors import AuthorisationError
from crm.ports.responder import Account


class App(Struct, frozen=True):
    """An app of ours as the platform knows it.

    `redirect_uri` is set where a server registered it for that address, `config_id` where the app asks for a set of
    permissions that is kept on the platform (Facebook Login for Business).
    """

    client_id: str
    client_secret: str = ""
    redirect_uri: str = ""
    config_id: str = ""

    def __repr__(self) -> str:
        return f"App(client_id={self.client_id!r}, client_secret=...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("client_id", self.client_id)]


class Begun(Struct, frozen=True):
    """A sign-in under way: the page to send the person to, and what to keep until they come back."""

    url: str
    verifier: str
    app: App

    def __repr__(self) -> str:
        return "Begun(...)"


class SignInRefusedError(AuthorisationError):
    """A sign-in did not come about, or a token is not renewed.

    `problem` is a code for the message catalogue: denied (by the person), stale (unknown, used or too late), stranger
    (somebody else began it), refused (by the platform), app (the app's id or secret is wrong), no_refresh (the token
    could not be renewed), nothing (no account of ours was shared).
    """

    def __init__(self, platform: str, problem: str, reason: str = "") -> None:
        self.platform, self.problem = platform, problem
        super().__init__(f"The sign-in at {platform} failed ({problem}){': ' if reason else ''}{reason}.")


class SignIn(Protocol):
    """One platform where one can sign in. Safe to share between threads; opens no connection when made.

    What asks the platform raises: SignInRefusedError; RetryableError, also where it is not known whether a code or a
    refresh token was spent; PermanentError for an address where no such platform is.
    """

    platform: str
    registers: bool
    """Whether its servers make an app by themselves, so that nobody has to."""

    def begin(self, app: App | None, base_url: str, redirect_uri: str, state: str) -> Begun:
        """The page that asks the person. Only where it `registers` may there be no `app`, and only then is it asked."""
        ...

    def finish(self, app: App, base_url: str, redirect_uri: str, code: str, verifier: str) -> tuple[str, ...]:
        """Spend the code for the secret of each account that the person shared, never none."""
        ...

    def refresh(self, account: Account) -> str:
        """Spend the refresh token in the account's secret for a new secret. The old one may be worth nothing then."""
        ...
