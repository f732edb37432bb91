"""The console's web server."""

from __future__ import annotations

import secrets
from threading import Event, Thread

import uvicorn

from shenava.wiring import House

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
GRACE_SECONDS = 2


def serve(house: House, stop: Event) -> None:
    """Serve until `stop` is set. Any address but this machine's own needs the printed one-time token at set-up."""
    from dashboard.app import create_app
    from dashboard.settings import ConsoleSettings

    settings = house.settings
    token = None
    if settings.host not in LOCAL and house.accounts.needs_setup():
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
        log_level="warning",
        proxy_headers=settings.behind_proxy,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)

    def end() -> None:
        stop.wait()
        server.should_exit = True

    Thread(target=end, daemon=True).start()
    server.run()
    stop.set()
