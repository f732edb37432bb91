"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.services.fixtures", "tests.doubles.fixtures"]

# No test waits for the clock: a busy machine must not fail a property. CI repeats the same examples each time.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Find a recorded answer or data set by its name below SHENAVA_SHARED; CI requires them all."""
    base = Path(os.environ.get("SHENAVA_SHARED", ROOT.parent / "shared"))

    def find(name: str) -> Path:
        path = base / name
        if not path.exists():
            message = f"not run: {name} is missing below SHENAVA_SHARED ({base})"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
        return path

    return find
