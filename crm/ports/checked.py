"""Stores whose every byte can be looked at here: those that are files of ours."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Checkable(Protocol):
    """A store in a file. A server checks its own files."""

    def check(self) -> None:
        """Read all of it; takes seconds for a million posts. Raises StoreError where it is damaged."""
        ...
