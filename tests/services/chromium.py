"""A real Chromium for the browser tests: the system's, driven by playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.services.process import ServiceUnavailableError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATIENCE_MS = 30_000
"""How long a page may take to show what is expected, as for all other waiting; a busy machine is no fault of it."""

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium_browser() -> Iterator[Browser]:
    """A headless browser; raises ServiceUnavailableError where none is installed."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        raise ServiceUnavailableError("the browser tests need Chromium (Debian: apt install chromium)")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    flags = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        try:
            yield browser
        finally:
            browser.close()
