"""Measurements by name: each module has ``run(folder)`` and returns name, what, figures, reference and ratio."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from crm.errors import InvalidInputError

NAMES = ("log", "index", "pipeline", "enrich", "duplicates", "scale", "console", "elasticsearch", "kafka", "match")


def run(name: str, folder: Path) -> dict[str, object]:
    """Run one benchmark in an empty folder. Raises InvalidInputError for an unknown name."""
    if name not in NAMES:
        raise InvalidInputError(f"There is no benchmark {name!r}; there are {', '.join(NAMES)}.")
    found: dict[str, object] = import_module(f"benchmarks.{name}").run(folder)
    return found
