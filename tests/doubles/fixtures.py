"""Doubles that every test may ask for by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.office import Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    one = open_office(tmp_path)
    yield one
    one.records.close()
