"""The audit trail as people read it, and its sealer."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.vault import Vault
from crm.records import audit, users
from crm.records.audit import AuditRow, Verification
from crm.records.database import Records

PAGE = 100


class TrailPage(Struct, frozen=True):
    """Rows newest first, names of the people in them, and where the next page begins (None at the end)."""

    rows: tuple[AuditRow, ...]
    people: dict[str, str]
    before: int | None


class Trail:
    """Reading, verifying and sealing the audit trail."""

    def __init__(self, records: Records, vault: Vault, clock: Clock) -> None:
        self._records, self._clock = records, clock
        self._key = vault.key("audit")

    def rows(self, actor: Actor, before: int | None = None, action: str = "") -> TrailPage:
        """A page of what was done in the workspace."""
        require(actor, "read_audit")
        with self._records.read() as tx:
            rows = audit.newest(tx, actor.workspace, before, PAGE, action)
            people = {user.id: user.name for user in users.of_workspace(tx, actor.workspace)}
        return TrailPage(tuple(rows), people, rows[-1].id if len(rows) == PAGE else None)

    def actions(self, actor: Actor) -> list[str]:
        """Every kind of thing that was done, to choose from."""
        require(actor, "read_audit")
        with self._records.read() as tx:
            return audit.actions(tx, actor.workspace)

    def export(self, actor: Actor, action: str = "") -> Iterator[TrailPage]:
        """The whole trail, page by page, newest first. Raises ForbiddenError at once."""
        require(actor, "export")
        require(actor, "read_audit")
        return self._pages(actor, action)

    def _pages(self, actor: Actor, action: str) -> Iterator[TrailPage]:
        before: int | None = None
        while True:
            page = self.rows(actor, before, action)
            yield page
            before = page.before
            if before is None:
                return

    def verify(self, actor: Actor) -> Verification:
        """Check the whole chain."""
        require(actor, "read_audit")
        with self._records.read() as tx:
            return audit.verify(tx, self._key)

    def seal(self) -> int:
        """Chain what was done since the last call; run each second by one process."""
        with self._records.read() as tx:  # nearly always there is nothing new, and then no write lock is taken
            if not audit.is_unsealed(tx):
                return 0
        with self._records.write() as tx:
            return audit.seal(tx, self._key)
