"""Signing in on the platforms that have OAuth 2.0, one row of a table each, with Authlib over our transport.

Sources: docs.x.com/fundamentals/authentication/oauth-2-0, github.com/reddit-archive/reddit/wiki/OAuth2,
docs.joinmastodon.org (client/token, methods/apps, methods/oauth), developers.facebook.com/docs/facebook-login (guides,
access-tokens/get-long-lived, facebook-login-for-business), developers.google.com/identity/protocols/oauth2/web-server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from crm.errors import InvalidInputError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.policies import tokens
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.signin import App, Begun, SignInRefusedError
from crm.ports.transport import BrokenConnectionError, Limits, Transport

if TYPE_CHECKING:
    import requests
    from authlib.oauth2.client import OAuth2Client

LIMITS = Limits(connect=10.0, read=20.0, total=40.0, size=1_000_000)
"""Shorter than the lease of whoever renews a token."""
LONGEST = 4096
LISTS = 10
"""Lists of a hundred Pages that one sign-in reads at most."""
APP_NAME = "Shenava"
_APP_WRONG = frozenset({"invalid_client", "unauthorized_client", "redirect_uri_mismatch"})
_LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
NOTHING: Mapping[str, str] = MappingProxyType({})

Shared = Callable[["requests.Session", str, str, App], tuple[str, ...]]
"""Given a token of a person, the secrets of the accounts that they shared."""


class Row(Struct, frozen=True):
    """How one platform does it.

    `authorize` and `token` are addresses of the official server (a path alone where every server is its own);
    `basic` sends the app's secret as a header instead of in the body. `configured`: an app may name a set of
    permissions instead of the scope. `renews`: each token comes with a refresh token,
    which we spend; else the secret keeps what the platform's client library spends (`by_library`), or the token lives.
    """

    platform: str
    authorize: str
    token: str
    scope: str
    pkce: bool = False
    basic: bool = False
    renews: bool = False
    by_library: bool = False
    configured: bool = False
    more: Mapping[str, str] = NOTHING
    apps: str = ""
    shared: Shared | None = None


class OAuth:
    """See :class:`crm.ports.signin.SignIn`."""

    def __init__(self, row: Row, transport: Transport, clock: Clock) -> None:
        self.platform, self.registers = row.platform, bool(row.apps)
        self._row, self._transport, self._clock = row, transport, clock

    def begin(self, app: App | None, base_url: str, redirect_uri: str, state: str) -> Begun:
        from authlib.common.security import generate_token

        app = app or self._registered(base_url, redirect_uri)
        verifier, more = generate_token(64), dict(self._row.more)
        with self._client(app, redirect_uri) as (client, _):
            if app.config_id and self._row.configured:
                client.scope, more["config_id"] = None, app.config_id
            url, _state = client.create_authorization_url(
                self._at(base_url, self._row.authorize),
                state=state,
                code_verifier=verifier if self._row.pkce else None,
                **more,
            )
        return Begun(url, verifier, app)

    def finish(self, app: App, base_url: str, redirect_uri: str, code: str, verifier: str) -> tuple[str, ...]:
        more = {"code_verifier": verifier} if self._row.pkce else {}
        url = self._at(base_url, self._row.token)
        with self._client(app, redirect_uri) as (client, session), self._asking(url):
            said = client.fetch_token(url, grant_type="authorization_code", code=code, allow_redirects=False, **more)
            token = self._token(url, said.get("access_token"))
            if self._row.shared is not None:
                long = client.fetch_token(
                    url, grant_type="fb_exchange_token", fb_exchange_token=token, allow_redirects=False
                )
                origin = url.removesuffix("/oauth/access_token")
                return self._row.shared(session, origin, self._token(url, long.get("access_token")), app)
        return (self._secret(app, said, ""),)

    def refresh(self, account: Account) -> str:
        old = tokens.read(account.secret)
        if not old.renewable:
            raise SignInRefusedError(self.platform, "no_refresh")
        app, url = App(old.client_id, old.client_secret), self._at(account.base_url, self._row.token)
        with self._client(app, "") as (client, _), self._asking(url):
            # Authlib would name the scope again, which is for asking for less than before
            client.scope = None
            said = client.refresh_token(url, refresh_token=old.refresh_token, allow_redirects=False)
        return self._secret(app, said, old.refresh_token)

    def _registered(self, base_url: str, redirect_uri: str) -> App:
        """An app that the server makes for us."""
        url = self._at(base_url, self._row.apps)
        asked = {"client_name": APP_NAME, "redirect_uris": redirect_uri, "scopes": self._row.scope}
        with self._transport.session(LIMITS) as session, self._asking(url):
            answer = _looked_into(self.platform, session.post(url, data=asked, allow_redirects=False))
            made = msgspec.json.decode(answer.content, type=App)
            if not made.client_id:
                raise BrokenConnectionError(url, "what arrived is no app")
        return App(made.client_id, made.client_secret, redirect_uri)

    def _at(self, base_url: str, address: str) -> str:
        """An address of the platform, on another server where one is named."""
        base = base_url.strip().rstrip("/")
        if not base:
            return address
        base = base if "://" in base else f"https://{base}"
        try:
            usable = urlsplit(base).scheme in ("http", "https") and bool(urlsplit(base).hostname)
        except ValueError:
            usable = False
        if not usable:
            raise InvalidInputError("The server's address is none; it begins with https://.")
        return base + urlsplit(address).path

    @contextmanager
    def _client(self, app: App, redirect_uri: str) -> Iterator[tuple[OAuth2Client, requests.Session]]:
        from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
        from authlib.oauth2.client import OAuth2Client

        method = ("client_secret_basic" if self._row.basic else "client_secret_post") if app.client_secret else "none"
        with self._transport.session(LIMITS) as session:
            client = OAuth2Client(
                session, app.client_id, app.client_secret, method, scope=self._row.scope, redirect_uri=redirect_uri,
                code_challenge_method="S256" if self._row.pkce else None, token={},
            )  # fmt: skip
            client.client_auth_class, client.SESSION_REQUEST_PARAMS = OAuth2ClientAuth, ("allow_redirects",)
            for hook in ("access_token_response", "refresh_token_response"):
                client.compliance_hook[hook].add(lambda answer: _looked_into(self.platform, answer))
            yield client, session

    @contextmanager
    def _asking(self, url: str) -> Iterator[None]:
        """Errors of the libraries as ours. A refusal has been told already, so what is left is no answer of OAuth."""
        import requests
        from authlib.common.errors import AuthlibBaseError

        try:
            yield
        except ShenavaError:
            raise
        except AuthlibBaseError as error:
            raise _refusal(self.platform, str(error.error)) from None
        except requests.RequestException as error:
            raise BrokenConnectionError(url, type(error).__name__) from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # without the cause, whose words could hold a piece of a token
            raise BrokenConnectionError(url, "what arrived is no answer of a sign-in") from None

    def _token(self, url: str, said: object) -> str:
        if isinstance(said, str) and 0 < len(said) <= LONGEST and said.isascii() and said.isprintable():
            return said
        raise BrokenConnectionError(url, "what arrived is no token")

    def _secret(self, app: App, said: Mapping[str, Any], old: str) -> str:
        """What is kept of an answer; `old` is the refresh token, which some platforms do not repeat."""
        row, kept = self._row, {"access_token": self._token(self._row.token, said.get("access_token"))}
        again = said.get("refresh_token") or old
        if row.renews or row.by_library:
            if not again:
                raise SignInRefusedError(self.platform, "no_refresh")
            kept |= {"refresh_token": self._token(row.token, again)}
            kept |= {"client_id": app.client_id, "client_secret": app.client_secret}
        if row.by_library:
            del kept["access_token"]
            return msgspec.json.encode(kept).decode()
        life = said.get("expires_in")
        if isinstance(life, int | str) and str(life).isdecimal() and 0 < int(life) < 10**10:
            kept["expires_at"] = str(int(self._clock.now().timestamp()) + int(life))
        return msgspec.json.encode(kept).decode()


class _Refusal(Struct):
    """A refusal as RFC 6749 writes it, or Meta."""

    error: str | _MetaRefusal | None = None


class _MetaRefusal(Struct):
    code: int = 0
    message: str = ""


class _Page(Struct):
    access_token: str = ""


class _Cursors(Struct):
    after: str = ""


class _Paging(Struct):
    cursors: _Cursors | None = None
    next: str = ""


class _Pages(Struct):
    data: tuple[_Page, ...] = ()
    paging: _Paging | None = None

    @property
    def after(self) -> str:
        """Where the list goes on; empty at its end."""
        paging = self.paging
        return paging.cursors.after if paging is not None and paging.next and paging.cursors is not None else ""


def _looked_into(platform: str, answer: requests.Response) -> requests.Response:
    """An answer that is a success. Raises the error of ours for any other."""
    status = answer.status_code
    if status == 429:
        said = answer.headers.get("retry-after", "")
        raise RateLimitedError(platform, float(said) if said.isascii() and said.isdigit() and len(said) < 7 else None)
    if status >= 500 or status in (408, 425):
        raise RetryableError(f"{platform} answered {status} to a sign-in; it may be busy.")
    if status < 300:
        return answer
    try:
        error = msgspec.json.decode(answer.content, type=_Refusal).error
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        error = None
    if isinstance(error, _MetaRefusal):
        error = "invalid_client" if error.code == 101 else f"code {error.code}"
    if error is None and status not in (400, 401, 403):
        raise PermanentError(f"{platform} answered {status} to a sign-in: is the server's address right?")
    raise _refusal(platform, error or f"status {status}")


def _refusal(platform: str, error: str) -> ShenavaError:
    """The error of ours for a code of OAuth's; only the code is told, since words could repeat what we sent."""
    code = "".join(letter for letter in error[:60] if letter.isascii() and (letter.isalnum() or letter in "_ "))
    if code in _LATER:
        return RetryableError(f"{platform} does not sign anybody in now: {code}.")
    return SignInRefusedError(platform, "app" if code in _APP_WRONG else "refused", code)


def _pages(session: requests.Session, origin: str, token: str, app: App) -> tuple[str, ...]:
    """A token of each Page that the person shared; made from a long-lived token, it does not end by time."""
    found, after = list[str](), ""
    for _ in range(LISTS):
        asked = {"fields": "access_token", "limit": "100", **({"after": after} if after else {})}
        answer = _looked_into("Meta", session.get(
            f"{origin}/me/accounts", params=asked, headers={"Authorization": f"Bearer {token}"}, allow_redirects=False
        ))  # fmt: skip
        listed = msgspec.json.decode(answer.content, type=_Pages)
        found += [one.access_token for one in listed.data if one.access_token]
        after = listed.after
        if not after:
            break
    if not found:
        raise SignInRefusedError("Meta", "nothing")
    return tuple(msgspec.json.encode({"access_token": one, "app_secret": app.client_secret}).decode() for one in found)


_GRAPH = "https://graph.facebook.com/v24.0/oauth/access_token"
_DIALOG = "https://www.facebook.com/v24.0/dialog/oauth"
_PAGE = "pages_show_list pages_read_engagement pages_manage_metadata pages_messaging"
ROWS = (
    Row("x", "https://x.com/i/oauth2/authorize", "https://api.x.com/2/oauth2/token",
        "tweet.read users.read tweet.write tweet.moderate.write like.write dm.read dm.write media.write offline.access",
        pkce=True, basic=True, renews=True),
    Row("reddit", "https://www.reddit.com/api/v1/authorize", "https://www.reddit.com/api/v1/access_token",
        "identity read privatemessages submit history", basic=True, by_library=True, more={"duration": "permanent"}),
    Row("mastodon", "/oauth/authorize", "/oauth/token", "read write", pkce=True, apps="/api/v1/apps"),
    Row("facebook", _DIALOG, _GRAPH,
        f"{_PAGE} pages_read_user_content pages_manage_engagement", configured=True, shared=_pages),
    Row("instagram", _DIALOG, _GRAPH,
        f"{_PAGE} instagram_basic instagram_manage_comments instagram_manage_messages", configured=True, shared=_pages),
    Row("youtube", "https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/auth/youtube.force-ssl", pkce=True, renews=True,
        more={"access_type": "offline", "prompt": "consent"}),
)  # fmt: skip


def all_sign_ins(transport: Transport, clock: Clock) -> dict[str, OAuth]:
    """Every platform where one can sign in."""
    return {row.platform: OAuth(row, transport, clock) for row in ROWS}
