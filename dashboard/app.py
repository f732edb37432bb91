"""Puts the console together: one FastAPI application with Dash, the API, live updates and the pages before log-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dash import Dash, html
from dash.backends._fastapi import reset_current_request, set_current_request
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.middleware.gzip import GZipMiddleware

from dashboard import api as api_package
from dashboard import callbacks, pages, shell, webhook
from dashboard.api import create_api, docs
from dashboard.auth import COOKIE, SessionMiddleware
from dashboard.context import actor, services
from dashboard.headers import HeadersMiddleware, content_policy
from dashboard.index import index
from dashboard.live import Hub, events
from dashboard.metrics import Requests, RequestsMiddleware
from dashboard.page import discover, find
from dashboard.page import pages as declared
from dashboard.pages import first_run
from dashboard.settings import ConsoleSettings

if TYPE_CHECKING:
    from crm.usecases.services import Services

ASSETS = Path(__file__).parent / "assets"
_VIEWPORT = {"name": "viewport", "content": "width=device-width,initial-scale=1,viewport-fit=cover"}
_LOADED_BY_HAND = r"early\.js|live-worker\.js|out\.js|favicon\.svg|.*\.woff2|.*\.txt"


def create_app(
    services: Services, settings: ConsoleSettings | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> FastAPI:
    """The console over `services`. Serve it with uvicorn; its lifespan must run."""
    settings = settings or ConsoleSettings()
    modules, requests = discover(pages), Requests()
    hub = Hub(services.live)
    server = FastAPI(title="Shenava console", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan(hub))
    server.state.settings, server.state.services, server.state.hub = settings, services, hub
    # Our own routes come before Dash's, which answers every path that is left with its shell.
    server.add_api_route("/", _home, include_in_schema=False)
    for module in modules:
        if hasattr(module, "router"):
            server.include_router(module.router)
    server.include_router(webhook.router)
    _add_machine_routes(server, hub)
    api = create_api(discover(api_package))
    api.state.uploads, api.state.requests = settings.uploads, requests
    server.add_api_route("/api/docs", lambda: docs.show(api), include_in_schema=False)
    server.mount("/api", api)
    dash = _create_dash(server)
    server.add_api_route("/{path:path}", _page(dash), include_in_schema=False)
    server.add_middleware(SessionMiddleware, services=services, settings=settings, now=now)
    server.add_middleware(GZipMiddleware, minimum_size=600, compresslevel=5)
    server.add_middleware(HeadersMiddleware, policy=content_policy(dash.csp_hashes()))
    server.add_middleware(RequestsMiddleware, requests=requests)
    return server


def _create_dash(server: FastAPI) -> Dash:
    dash = Dash(
        "shenava", server=server, assets_folder=str(ASSETS), assets_ignore=_LOADED_BY_HAND, update_title="",
        suppress_callback_exceptions=True, add_log_handler=False, meta_tags=[_VIEWPORT],
    )  # fmt: skip
    # Dash 4.4 opens a WebSocket in every browser even where it is switched off; live.py takes its place.
    dash.backend.websocket_capability = False
    dash.interpolate_index = index
    callbacks.attach(dash)
    _warm_up(dash)
    dash.layout = shell.layout
    return dash


def _warm_up(dash: Dash) -> None:
    # Dash 4.4 completes its set-up (callback map, inline scripts) before the first request to "/" or "/_dash-*" only;
    # a deep link that comes first would miss scripts, and csp_hashes() asked too early would miss a hash.
    # It also draws the layout once, without anybody looking, so the real one is set after this.
    dash.layout = html.Div()
    for function in dash.backend._before_request_funcs:
        function()


def _page(dash: Dash) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        token = set_current_request(request)
        try:
            known = find(request.url.path) is not None
            return Response(dash.index(), 200 if known else 404, media_type="text/html")
        finally:
            reset_current_request(token)

    return page


def _home() -> Response:
    if first_run.unfinished():
        return RedirectResponse("/setup", 303)
    start = next((one for one in declared() if one.icon), None)
    return RedirectResponse(start.path if start else "/more", 303)


def _add_machine_routes(server: FastAPI, hub: Hub) -> None:
    server.add_api_route("/live", _live(hub), include_in_schema=False)
    server.add_api_route("/session", lambda: Response(status_code=204), include_in_schema=False)
    server.add_api_route("/health", lambda: PlainTextResponse("ok"), include_in_schema=False)
    server.add_api_route("/ready", _ready, include_in_schema=False)


def _ready(request: Request) -> Response:
    # Any read will do: it fails where the records can't be opened.
    request.app.state.services.accounts.needs_setup()
    return PlainTextResponse("ready")


def _live(hub: Hub) -> Callable[..., object]:
    async def live(request: Request, after: int | None = None) -> Response:
        token, accounts = request.cookies.get(COOKIE, ""), services().accounts

        async def still() -> bool:
            return await asyncio.to_thread(accounts.actor_of, token) is not None

        last = request.headers.get("last-event-id", "")
        start = after if after is not None else int(last) if last.isdigit() else None
        body = events(hub, actor().workspace, start, still)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(body, media_type="text/event-stream", headers=headers)

    return live


def _lifespan(hub: Hub) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        yield
        await hub.close()

    return lifespan
