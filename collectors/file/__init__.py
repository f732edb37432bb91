"""Importing posts from files."""

from __future__ import annotations

from collectors.file.columns import Mapping, guess_mapping
from collectors.file.source import FileSource

__all__ = ["FileSource", "Mapping", "guess_mapping"]
