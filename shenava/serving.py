"""The console's web server."""

from __future__ import annotations

import secrets
import socket
from threading import Event, Thread
from typing import TYPE_CHECKING

import uvicorn

from dashboard.app import create_app
from dashboard.settings import ConsoleSettings
from shenava.settings import Settings
from shenava.wiring import House

if TYPE_CHECKING:
    from dashboard.live import Hub

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
GRACE_SECONDS = 2


class _Server(uvicorn.Server):
    """Ends live updates first: browsers hold them open, and they come again by themselves."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See :meth:`uvicorn.Server.shutdown`."""
        await self._hub.close()
        await super().shutdown(sockets)


def is_reached_by_others(settings: Settings) -> bool:
    """Whether somebody beside this machine's own people may be the first visitor."""
    return settings.host not in LOCAL or settings.behind_proxy or bool(settings.public_url)


def serve(house: House, stop: Event) -> None:
    """Serve until `stop` is set. Where others can reach it, set-up needs the printed one-time token."""
    settings = house.settings
    token = None
    if is_reached_by_others(settings) and house.accounts.needs_setup():
        token = secrets.token_urlsafe(24)
        print(f"Set-up token, valid until this process ends: {token}", flush=True)
    app = create_app(
        house.services,
        ConsoleSettings(
            host=settings.host,
            port=settings.port,
            public_url=settings.public_url,
            behind_proxy=settings.behind_proxy,
            setup_token=token,
            uploads=house.data / "uploads",
        ),
    )
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # ours is set already
        log_level="warning",
        proxy_headers=settings.behind_proxy,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config, app.state.hub)

    def end() -> None:
        stop.wait()
        server.should_exit = True

    Thread(target=end, daemon=True).start()
    server.run()
    stop.set()
