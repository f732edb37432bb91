"""Real servers for the tests, each started when asked for and stopped by its own process id."""

from __future__ import annotations

from tests.services.bluesky import Bluesky, Member, bluesky_server
from tests.services.chromium import chromium_browser
from tests.services.process import ServiceUnavailableError, free_port, running, wait_until_http

__all__ = [
    "Bluesky",
    "Member",
    "ServiceUnavailableError",
    "bluesky_server",
    "chromium_browser",
    "free_port",
    "running",
    "wait_until_http",
]
