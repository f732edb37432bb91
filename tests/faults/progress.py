"""Who of an installation is at work now, as far as can be seen from outside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from crm.records import roles, sources
from crm.records.database import Records

WORKING: Mapping[str, tuple[str, ...]] = {"understand": ("enrich",), "enrich": ("index", "cases")}
"""The groups whose events a role works on."""
SPEAKING = ("respond", "console")
"""Roles without work in these runs; they say every two seconds that they live."""


class Progress:
    """Looks at what waits and what was done. A role that died counts again once it got on with something."""

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace
        self._waiting: Mapping[str, int] = {}
        self._collected, self._unread = 0, False
        self._alive: set[str] = set()
        self._died: dict[str, datetime] = {}

    def look(self, waiting: Mapping[str, int], records: Records) -> None:
        """Compare with the look before. `waiting` is the number of events that wait, by group."""
        before, self._waiting = self._waiting, waiting
        moved = {group for group, count in waiting.items() if count < before.get(group, 0)}
        self._alive |= {role for role, groups in WORKING.items() if moved.intersection(groups)}
        with records.read() as tx:
            files = sources.of_workspace(tx, self._workspace)
            heard = {one.name: one.at for one in roles.every(tx)}
        collected, self._unread = sum(one.collected for one in files), any(one.state != "finished" for one in files)
        if collected > self._collected:
            self._alive.add("collect")
        self._collected = collected
        long_ago = datetime(1970, 1, 1, tzinfo=UTC)
        self._alive |= {name for name in SPEAKING if name in heard and heard[name] > self._died.get(name, long_ago)}

    @property
    def busy(self) -> list[str]:
        """Roles that got on with their work since they last died, and have more of it at hand."""
        busy = [role for role, groups in WORKING.items() if any(self._waiting.get(group, 0) for group in groups)]
        return [role for role in (*busy, *(["collect"] if self._unread else [])) if role in self._alive]

    @property
    def idle(self) -> list[str]:
        """Roles that live and have no work."""
        return [role for role in SPEAKING if role in self._alive]

    @property
    def left(self) -> bool:
        """Whether anything is left to do."""
        return self._unread or any(self._waiting.values())

    def died(self, role: str) -> None:
        """Somebody was killed. The one that understands runs beside the one that files, and ends with it."""
        self._died[role] = datetime.now(UTC)
        self._alive -= {role, "understand"} if role == "enrich" else {role}
        if role == "understand":
            self._alive.discard("enrich")
