"""The audit trail as people read it, and its sealer."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs
from sqlalchemy import Connection

from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.vault import Vault
from crm.records import audit, cases, customers, desk, monitors, rules, sources, users
from crm.records.audit import AuditRow, Verification
from crm.records.database import Records
from crm.usecases import casebook

PAGE = 100


class Thing(Struct, frozen=True):
    """What something in the trail is called today; `number` is a case's. A title that is not for the actor is empty."""

    name: str
    number: int = 0


class TrailPage(Struct, frozen=True):
    """Rows newest first, and where the next page begins (None at the end).

    `people` names everybody, by id; `things` what the rows are about, by id, as far as it is still there.
    """

    rows: tuple[AuditRow, ...]
    people: dict[str, str]
    before: int | None
    things: dict[str, Thing] = {}


class Trail:
    """Reading, verifying and sealing the audit trail."""

    def __init__(self, records: Records, vault: Vault, clock: Clock) -> None:
        self._records, self._clock = records, clock
        self._key = vault.key("audit")

    def rows(self, actor: Actor, before: int | None = None, action: str = "") -> TrailPage:
        """A page of what was done in the workspace."""
        require(actor, "read_audit")
        with self._records.read() as tx:
            rows = _readable(tx, actor, audit.newest(tx, actor.workspace, before, PAGE, action))
            people = {user.id: user.name for user in users.of_workspace(tx, actor.workspace)}
            things = _things(tx, actor, rows)
        return TrailPage(tuple(rows), people, rows[-1].id if len(rows) == PAGE else None, things)

    def actions(self, actor: Actor) -> list[str]:
        """Every kind of thing that was done, to choose from."""
        require(actor, "read_audit")
        with self._records.read() as tx:
            return audit.actions(tx, actor.workspace)

    def export(self, actor: Actor, action: str = "") -> Iterator[TrailPage]:
        """The whole trail, page by page, newest first, with the asking for it. Raises ForbiddenError at once."""
        require(actor, "export")
        require(actor, "read_audit")
        with self._records.write() as tx:
            audit.append(tx, actor.workspace, actor.user_id, "export", "audit", self._clock.now(), only=action)
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


def _readable(tx: Connection, actor: Actor, rows: list[AuditRow]) -> list[AuditRow]:
    """The rows, without the words of answers in cases that are not for the actor.

    Of a case that is gone nobody can tell: its words are for those from whom nothing is kept.
    """
    asked = {str(row.detail["case"]) for row in rows if row.detail and "case" in row.detail}
    there = cases.by_ids(tx, actor.workspace, asked)
    sees_all = actor.monitors is None and actor.private

    def one(row: AuditRow) -> AuditRow:
        if row.detail is None or "case" not in row.detail or "text" not in row.detail:
            return row
        case = there.get(str(row.detail["case"]))
        if sees_all if case is None else casebook.visible(actor, case):
            return row
        return structs.replace(row, detail={key: value for key, value in row.detail.items() if key != "text"})

    return [one(row) for row in rows]


def _things(tx: Connection, actor: Actor, rows: list[AuditRow]) -> dict[str, Thing]:
    home = actor.workspace
    cases_of_replies = {str(row.detail["case"]) for row in rows if row.detail and "case" in row.detail}
    asked = {row.subject for row in rows} | cases_of_replies
    named = [(one.id, one.name) for one in monitors.of_workspace(tx, home)]
    named += [(one.id, one.name) for one in sources.of_workspace(tx, home)]
    named += [(one.id, one.name) for one in rules.of_workspace(tx, home)]
    named += [(one.id, one.name) for one in desk.views_for(tx, home, actor.user_id)]
    named += [(one.id, f"/{one.shortcut}") for one in desk.all_templates(tx, home)]
    named += [(one.id, one.handle) for one in sources.accounts_of(tx, home)]
    named += [(one.id, one.name) for one in customers.by_ids(tx, home, asked).values()]
    found = {key: Thing(name) for key, name in named if key in asked}
    for case in cases.by_ids(tx, home, asked).values():
        found[case.id] = Thing(case.title if casebook.visible(actor, case) else "", case.number)
    return found
