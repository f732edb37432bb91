"""What was written and is not yet searchable."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from index.elasticsearch.server import Server

MOST = 100_000
"""So many rows are remembered; then a refresh makes them searchable."""


class Unseen:
    """Remembers where rows were written until searches find them, and refreshes before the first read after a write."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._months: dict[str, str] = {}
        self._dirty = False

    def placed(self, ids: Iterable[str]) -> dict[str, str]:
        """The index of each of these rows that was written since the last refresh."""
        with self._lock:
            return {one: self._months[one] for one in ids if one in self._months}

    def written(self, months: Mapping[str, str]) -> None:
        """These rows are about to be written to these indices, or just were: each write says it twice.

        Before, so that others know the place; and afterwards, for a refresh in between has not seen the rows.
        """
        with self._lock:
            # What comes now is no part of the refresh that makes room for it: it may not have been sent.
            if len(self._months) + sum(one not in self._months for one in months) > MOST:
                self._refresh()
            self._months.update(months)
            self._dirty = True

    def refresh(self) -> None:
        """Make everything searchable that was written through us."""
        # Others who read wait for the one that refreshes, for they too may ask for what was just written.
        with self._lock:
            if self._dirty:
                self._refresh()

    def forget(self, ids: Iterable[str]) -> None:
        """These rows are deleted."""
        with self._lock:
            for one in ids:
                self._months.pop(one, None)
            self._dirty = True

    def _refresh(self) -> None:
        refresh(self._server)
        self._months.clear()
        self._dirty = False


def refresh(server: Server) -> None:
    """Make everything searchable that anybody wrote."""
    server.ask(object, "POST", f"/{server.prefix}/_refresh", ignore_unavailable="true")
