"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["tests.services.fixtures", "tests.doubles.fixtures"]

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
