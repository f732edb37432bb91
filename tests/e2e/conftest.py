"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.installation import Installation
from tests.services.chromium import chromium_browser
from tests.services.fixtures import required

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Start `shenava up` on a new data folder; it is stopped when the test ends."""
    with ExitStack() as running:

        def start(*allow: str, name: str = "shenava") -> Installation:
            folder = tmp_path / name
            folder.mkdir()
            return running.enter_context(Installation(folder, allow).started())

        yield start


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """A Chromium for one module, because an event loop runs beside it as long as it lives."""
    with required(chromium_browser()) as browser:
        yield browser
