"""What a source has handed over lately, so that unchanged items are not handed over again."""

from __future__ import annotations

from collections.abc import Mapping


class Seen:
    """The versions of the last `limit` items, oldest forgotten first."""

    def __init__(self, limit: int, known: Mapping[str, str] | None = None) -> None:
        self._limit, self._versions = limit, dict(known or {})

    def __contains__(self, item: str) -> bool:
        return item in self._versions

    def version(self, item: str) -> str:
        """The version that is remembered; empty where none is."""
        return self._versions.get(item, "")

    def take(self, item: str, version: str) -> bool:
        """Remember `version` of `item`; whether that is news."""
        news = self._versions.pop(item, None) != version
        self._versions[item] = version
        while len(self._versions) > self._limit:
            del self._versions[next(iter(self._versions))]
        return news

    def saved(self) -> dict[str, str]:
        """Versions by item, oldest first, to go into a cursor."""
        return dict(self._versions)
