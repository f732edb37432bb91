"""Connecting an account by signing in on its platform (OAuth 2.0), instead of copying a token.

The state that goes to the platform and back is kept as a hash only, for ten minutes; it is good for one return of the
person and the session that began. The app's secret and the verifier (PKCE) are kept encrypted beside it, so that a
browser never has them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from crm.errors import AuthorisationError, InvalidInputError, NotFoundError, RetryableError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.signin import App, SignIn, SignInRefusedError
from crm.ports.vault import Vault
from crm.records import audit, signins
from crm.records.database import Records
from crm.records.signins import SignInRow
from crm.records.sources import AccountRow
from crm.usecases.sources import AccountRefusedError, Sources

LIFE = timedelta(minutes=10)
LONGEST_ADDRESS = 300


class NoAppError(InvalidInputError):
    """Nobody has told us the app by which people sign in on a platform."""

    def __init__(self, platform: str) -> None:
        self.platform = platform
        super().__init__(f"To sign in on {platform} the id and the secret of an app of yours there are needed.")


class _Sealed(Struct, frozen=True):
    app: App
    verifier: str


class Finished(Struct, frozen=True):
    """What a sign-in connected; `missed` is how many accounts more were shared and could not be checked just now."""

    connected: tuple[AccountRow, ...]
    missed: int = 0


class SignIns:
    """Sign-ins of a workspace. `ours` are apps from the environment, for the platforms' official servers alone."""

    def __init__(
        self, records: Records, platforms: Mapping[str, SignIn], sources: Sources, vault: Vault, clock: Clock,
        redirect_uri: str = "", ours: Mapping[str, App] = {},
    ) -> None:  # fmt: skip
        self._records, self._platforms, self._sources, self._vault = records, platforms, sources, vault
        self._clock, self._ours, self.redirect_uri = clock, ours, redirect_uri

    def offered(self, platform: str) -> bool:
        """Whether one can sign in on a platform."""
        return platform in self._platforms

    def needs_app(self, actor: Actor, platform: str, base_url: str = "") -> bool:
        """Whether the id and the secret of an app must be said before anybody can sign in."""
        if platform not in self._platforms or self._platforms[platform].registers:
            return False
        with self._records.read() as tx:
            return self._known(tx, actor.workspace, platform, _address(base_url)) is None

    def begin(self, actor: Actor, platform: str, base_url: str = "", app: App | None = None) -> str:
        """The address on the platform where the person goes on; an `app` is kept for the workspace's next sign-in.

        A server that makes apps by itself makes one for each sign-in.

        Raises: NotFoundError where the platform has no sign-in, NoAppError, InvalidInputError, and what
        :meth:`SignIn.begin` raises.
        """
        require(actor, "edit_sources")
        if platform not in self._platforms:
            raise NotFoundError("platform to sign in on", platform)
        base_url, adapter = _address(base_url), self._platforms[platform]
        if len(base_url) > LONGEST_ADDRESS:
            raise InvalidInputError("The server's address is too long.")
        if app is not None and not _usable(app):
            raise NoAppError(platform)
        used = app
        if used is None and not adapter.registers:
            with self._records.read() as tx:
                used = self._known(tx, actor.workspace, platform, base_url)
        if used is None and not adapter.registers:
            raise NoAppError(platform)
        state, now = secrets.token_urlsafe(32), self._clock.now()
        begun = adapter.begin(used, base_url, self.redirect_uri, state)
        sealed = self._seal(_Sealed(begun.app, begun.verifier))
        with self._records.write() as tx:
            signins.forget_old(tx, now)
            # an app that a server made is not kept: the server may forget it, and then nobody could sign in any more
            if not adapter.registers and begun.app != self._known(tx, actor.workspace, platform, base_url):
                signins.put_app(tx, actor.workspace, platform, base_url, self._seal(begun.app))
                audit.append(
                    tx, actor.workspace, actor.user_id, "set_sign_in_app", platform, now, client_id=begun.app.client_id
                )
            signins.add(tx, SignInRow(
                _hash(state), actor.workspace, actor.user_id, actor.session, platform, base_url, sealed, now + LIFE
            ))  # fmt: skip
        return begun.url

    def finish(self, actor: Actor, state: str, code: str, error: str = "") -> Finished:
        """Connect what the person shared, after they came back with a code, or with an error of the platform's.

        Raises: SignInRefusedError (and a state is spent even so), and what :meth:`Sources.connect` raises where the
        platform accepts none of the accounts, or could be asked about none.
        """
        require(actor, "edit_sources")
        begun = self._take(actor, state)
        if error or not code:
            raise SignInRefusedError(begun.platform, "denied" if error in ("", "access_denied") else "refused")
        if begun.platform not in self._platforms:
            raise NotFoundError("platform to sign in on", begun.platform)
        kept = msgspec.json.decode(self._vault.decrypt(begun.sealed), type=_Sealed)
        shared = self._platforms[begun.platform].finish(
            kept.app, begun.base_url, self.redirect_uri, code, kept.verifier
        )
        return self._connected(actor, begun, shared)

    def _take(self, actor: Actor, state: str) -> SignInRow:
        with self._records.write() as tx:
            begun = signins.take(tx, _hash(state))
        if begun is None or begun.expires_at <= self._clock.now():
            raise SignInRefusedError(begun.platform if begun else "the platform", "stale")
        if (begun.workspace, begun.user_id, begun.session) != (actor.workspace, actor.user_id, actor.session):
            raise SignInRefusedError(begun.platform, "stranger")
        return begun

    def _connected(self, actor: Actor, begun: SignInRow, shared: tuple[str, ...]) -> Finished:
        """Those accounts that the platform lets us use; of several Pages not each has what we look for."""
        found, refused, later = list[AccountRow](), list[AuthorisationError](), list[RetryableError]()
        for secret in shared:
            try:
                found.append(self._sources.connect(actor, begun.platform, begun.base_url, "", secret))
            except AccountRefusedError as error:
                refused.append(error)
            except RetryableError as error:
                later.append(error)  # the code is spent: what else was shared must not be lost with it
        if not found:
            raise later[0] if later else refused[0] if refused else SignInRefusedError(begun.platform, "nothing")
        return Finished(tuple(found), len(later))

    def _known(self, tx: Connection, workspace: str, platform: str, base_url: str) -> App | None:
        """The workspace's own app, else the installation's on the official server; one for another return is no use."""
        sealed = signins.app_of(tx, workspace, platform, base_url)
        if sealed is None:
            return None if base_url else self._ours.get(platform)
        try:
            app = msgspec.json.decode(self._vault.decrypt(sealed), type=App)
        except AuthorisationError:
            return None  # encrypted with another key: it is asked for again
        return app if app.redirect_uri in ("", self.redirect_uri) else None

    def _seal(self, said: Struct) -> bytes:
        return self._vault.encrypt(msgspec.json.encode(said).decode())


def _address(base_url: str) -> str:
    base_url = base_url.strip().rstrip("/")
    return base_url if "://" in base_url or not base_url else f"https://{base_url}"


def _usable(app: App) -> bool:
    words = app.client_id + app.client_secret + app.config_id
    return bool(app.client_id) and words.isascii() and words.isprintable() and " " not in words


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
