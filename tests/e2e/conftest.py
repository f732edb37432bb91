"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Start `shenava up` on a new data folder; it is stopped when the test ends."""
    with ExitStack() as running:

        def start(*allow: str, name: str = "shenava") -> Installation:
            folder = tmp_path / name
            folder.mkdir()
            return running.enter_context(Installation(folder, allow).started())

        yield start
