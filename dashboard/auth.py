"""Who is asking: resolves the session or the token of every request on the server, before anything else runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from crm.policies.files import LARGEST
from dashboard import webhook
from dashboard.context import LANGUAGES, Viewer, viewing
from dashboard.requests import SAFE_METHODS, at_most, host_allowed, is_https, preferred_language, same_origin
from dashboard.settings import ConsoleSettings

if TYPE_CHECKING:
    from crm.policies.access import Actor
    from crm.usecases.services import Services

COOKIE = "shenava_session"
LANGUAGE_COOKIE = "shenava_language"
_OPEN = ("/assets/", "/_dash-component-suites/", "/health", "/ready", webhook.PREFIX)
_BEFORE_LOGIN = ("/login", "/setup")
_WITH_ONE_TIME_PASSWORD = ("/password", "/logout", "/session")
_MACHINE = ("/_dash-", "/live", "/session", "/api/")
WAY_BACK, AFTER_SIGN_IN = "/oauth/back", "/settings/accounts"

_STRANGERS_BODY, _FIRST_FILE, _COLLEAGUES_BODY = 1_000_000, 200_000_000, LARGEST + 1_000_000
_FILES = ("/sources/file", "/api/v1/imports")
"""Where somebody who is signed in may hand over a file of any size: it goes to the disk as it comes."""


class SessionMiddleware:
    """Pure ASGI, so that the viewer set here is seen by layouts, callbacks and handlers below.

    Without a session pages lead to the log-in, and everything that scripts call answers 401; with a one-time
    password pages lead to the change of it, and the rest answers 403. An unsafe request must come from our own
    origin unless it carries a token. WebSockets are not used and closed.
    """

    def __init__(
        self, app: ASGIApp, services: Services, settings: ConsoleSettings, now: Callable[[], datetime]
    ) -> None:
        self.app, self.services, self.settings, self.now = app, services, settings, now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        elif not host_allowed(Request(scope).headers.get("host", ""), self.settings):
            await PlainTextResponse("This host name is not ours; set public_url.", 421)(scope, receive, send)
        elif scope["path"].startswith(_OPEN):
            await self.app(scope, receive, send)
        else:
            await self._signed(scope, receive, send)

    async def _signed(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        bearer = _bearer(request)
        if request.method not in SAFE_METHODS and bearer is None and not same_origin(request.headers, self.settings):
            await _refusal(scope, 403, "This request came from another site.")(scope, receive, send)
            return
        viewer = await asyncio.to_thread(self._viewer, request, bearer)
        if viewer.actor is None:
            refused = await asyncio.to_thread(self._refused, scope)
            most = await asyncio.to_thread(self._largest, scope["path"])
            receive = at_most(most, request.headers, receive, "from somebody who is not signed in")
        else:
            if scope["path"] not in _FILES:
                receive = at_most(_COLLEAGUES_BODY, request.headers, receive, "here")
            refused = _held(scope) if viewer.actor.must_change else None
        with viewing(viewer):
            await (refused or self.app)(scope, receive, send)

    def _viewer(self, request: Request, bearer: str | None) -> Viewer:
        chosen = preferred_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))
        viewer = Viewer(self.services, chosen, self._actor(request, bearer), self.now(), base=self._base(request))
        if viewer.actor is None:
            return viewer
        if viewer.actor.language in LANGUAGES:
            viewer.language = viewer.actor.language
        if not request.url.path.startswith(_MACHINE) or request.url.path.startswith("/_dash-layout"):
            preferences = self.services.team.preferences(viewer.actor)
            viewer.color_scheme, viewer.keys_on = preferences.color_scheme, preferences.keys
        return viewer

    def _base(self, request: Request) -> str:
        if self.settings.public_url:
            return self.settings.public_url.rstrip("/")
        scheme = "https" if is_https(request.scope, request.headers, self.settings) else "http"
        return f"{scheme}://{request.headers.get('host', '')}"

    def _actor(self, request: Request, bearer: str | None) -> Actor | None:
        if bearer is not None:
            is_api = request.url.path.startswith("/api/")
            return self.services.accounts.actor_of(bearer, "api") if is_api else None
        token = request.cookies.get(COOKIE)
        return self.services.accounts.actor_of(token) if token else None

    def _largest(self, path: str) -> int:
        """Bytes taken from somebody who is not signed in; the first visit may bring a file."""
        first_visit = path.startswith("/setup") and self.services.accounts.needs_setup()
        return _FIRST_FILE if first_visit else _STRANGERS_BODY

    def _refused(self, scope: Scope) -> Response | None:
        """The answer for somebody who is not signed in; None where none is needed."""
        path = scope["path"]
        if path.startswith(_BEFORE_LOGIN) or path in ("/api/openapi.json", "/api/docs"):
            return None
        if path.startswith(_MACHINE):
            return _refusal(scope, 401, "Nobody is signed in here; sign in, or send a valid token.")
        if self.services.accounts.needs_setup():
            return RedirectResponse("/setup", 303)
        if path == WAY_BACK:
            # with the session the sign-in is gone as well, and what came back must not lie about in addresses
            return RedirectResponse(f"/login?next={AFTER_SIGN_IN}", 303)
        target = path + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        return RedirectResponse("/login" if target == "/" else f"/login?next={quote(target, safe='/')}", 303)


def _held(scope: Scope) -> Response | None:
    """The answer for somebody with a one-time password; None where they may go on."""
    if scope["path"] in _WITH_ONE_TIME_PASSWORD:
        return None
    if scope["path"].startswith(_MACHINE):
        return _refusal(scope, 403, "Your password is a one-time one; choose your own in the console first.")
    return RedirectResponse("/password", 303)


def _bearer(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def _refusal(scope: Scope, status: int, message: str) -> Response:
    if scope["path"].startswith("/api/"):
        return JSONResponse({"error": "unauthorised" if status == 401 else "forbidden", "message": message}, status)
    return PlainTextResponse(message, status)


def remember(response: Response, request: Request, settings: ConsoleSettings, token: str, seconds: int) -> None:
    """Put the session into the browser; scripts can't read it and other sites can't send it."""
    response.set_cookie(
        COOKIE, token, max_age=seconds, httponly=True, samesite="lax", path="/",
        secure=is_https(request.scope, request.headers, settings),
    )  # fmt: skip


def remember_language(response: Response, language: str) -> None:
    """Keep the language chosen before log-in for a year."""
    if language in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=365 * 86400, httponly=True, samesite="lax", path="/")


def local_path(target: str | None) -> str:
    """`target` if it is a path of ours, else the start page: never a redirect to elsewhere."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and "\n" not in target:
        return target
    return "/"
