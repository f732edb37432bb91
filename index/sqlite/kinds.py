"""Kinds of posts: each combination of labels and monitors that occurs, numbered once.

There are at most a few thousand, so a question about labels and monitors is answered once
per kind and then only looked up for each post.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import apsw
from msgspec import Struct

from crm.words import EnrichedPost
from index.sqlite.facets import kind_facets, scope_facet


class Kind(Struct, frozen=True):
    """One combination; an abstained label is the empty string, `monitors` are sorted."""

    workspace: int
    platform: str
    language: str
    sentiment: str
    urgency: str
    private: bool
    monitors: tuple[str, ...]

    @property
    def facets(self) -> str:
        """The tokens that every post of this kind has."""
        scope = scope_facet(self.workspace, self.private)
        return kind_facets(scope, self.platform, self.language, self.sentiment, self.urgency, self.monitors)


def workspace_id(db: apsw.Connection, name: str) -> int | None:
    """The number of a workspace in this file, None while it has no posts."""
    row = db.execute("SELECT id FROM workspace WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def kinds_of(db: apsw.Connection, workspace: int, after: int = 0) -> Iterator[tuple[int, Kind]]:
    """The kinds of a workspace with their numbers, those above `after`."""
    for row in db.execute(
        "SELECT id, platform, language, sentiment, urgency, private, monitors FROM kind WHERE id > ? AND workspace = ?",
        (after, workspace),
    ):
        number, platform, language, sentiment, urgency, private, monitors = row
        found = tuple(json.loads(monitors))
        yield number, Kind(workspace, platform, language, sentiment, urgency, bool(private), found)


class Numbers:
    """Gives workspaces and kinds their numbers inside of a write transaction.

    What was numbered in a transaction that is undone must be forgotten: call `forget`.
    """

    def __init__(self) -> None:
        self._workspaces: dict[str, int] = {}
        self._kinds: dict[tuple[object, ...], tuple[int, str]] = {}
        self._loaded: set[int] = set()

    def forget(self) -> None:
        """Forget everything; it is read again when needed."""
        self._workspaces.clear()
        self._kinds.clear()
        self._loaded.clear()

    def workspace(self, db: apsw.Connection, name: str) -> int:
        """The number of a workspace, made where it has none."""
        number = self._workspaces.get(name)
        if number is None:
            db.execute("INSERT INTO workspace (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
            number = self._workspaces[name] = workspace_id(db, name) or 0
        if number not in self._loaded:
            self._loaded.add(number)
            for kind_number, kind in kinds_of(db, number):
                self._kinds[_identity(kind)] = kind_number, kind.facets
        return number

    def kind(self, db: apsw.Connection, workspace: int, document: EnrichedPost) -> tuple[int, str]:
        """The number of the document's kind and the facets of the kind."""
        identity = (
            workspace,
            document.post.platform,
            document.language.value or "",
            document.sentiment.value or "",
            document.urgency.value or "",
            document.post.private,
            document.monitors,
        )
        found = self._kinds.get(identity)
        if found is None:
            kind = Kind(*identity[:-1], tuple(sorted(set(document.monitors))))
            found = self._kinds.get(_identity(kind)) or _make(db, kind)
            self._kinds[identity] = self._kinds[_identity(kind)] = found
        return found


def _identity(kind: Kind) -> tuple[object, ...]:
    return (
        kind.workspace, kind.platform, kind.language, kind.sentiment, kind.urgency, kind.private, kind.monitors
    )  # fmt: skip


def _make(db: apsw.Connection, kind: Kind) -> tuple[int, str]:
    db.execute(
        "INSERT INTO kind (workspace, platform, language, sentiment, urgency, private, monitors)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*_identity(kind)[:-1], json.dumps(kind.monitors)),
    )
    return db.last_insert_rowid(), kind.facets
