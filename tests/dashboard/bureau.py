"""An installation in a temporary folder, with real stores and use cases, two workspaces, and tokens for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from crm.policies.access import ROLES
from crm.ports.responder import Responder
from crm.records import monitors, users, workspaces
from crm.records.monitors import Monitor
from crm.records.users import User
from crm.records.workspaces import Workspace
from crm.usecases.accounts import Accounts, actor_for
from crm.usecases.casework import CaseSink
from crm.words import EnrichedPost
from dashboard.app import create_app
from dashboard.settings import ConsoleSettings
from shenava.settings import Settings
from shenava.wiring import House
from tests.conformance.doubles import ManualClock
from tests.dashboard.client import Browser
from tests.doubles.office import MONITOR, START, WORKSPACE
from tests.doubles.platform import MemoryPlatform

ELSEWHERE = "w2"


class Bureau(House):
    """The installation that answers on a platform in memory; passwords are hashed as cheaply as can be."""

    def __init__(self, folder: Path, **urls: str) -> None:
        super().__init__(Settings(data=folder, **urls), ManualClock(START))
        self.platform = MemoryPlatform(START + timedelta(minutes=30))
        self.tokens: dict[str, str] = {}

    @cached_property
    def responders(self) -> Mapping[str, Responder]:
        return {"bluesky": self.platform}

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.records, self.vault, self.clock, PasswordHasher(1, 8, 1))

    @cached_property
    def browser(self) -> Browser:
        return Browser(create_app(self.services, ConsoleSettings(uploads=self.data / "uploads"), self.clock.now))

    def hear(self, *posts: EnrichedPost) -> None:
        """Put posts into the index and before the team."""
        self.index.write(posts)
        CaseSink(self.records, self.clock).write(posts)

    def as_(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the API with somebody's token; `who` is a role, or ``stranger``, who works elsewhere."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return self.browser.send(method, f"/api/v1{path}", headers=headers, **options)


def open_bureau(folder: Path, **urls: str) -> Bureau:
    """One person of each role in one workspace, and a stranger who administers another.

    `urls` name stores that are servers: `stream_url`, `index_url`, `records_url`.
    """
    bureau = Bureau(folder, **urls)
    with bureau.records.write() as tx:
        for workspace in (WORKSPACE, ELSEWHERE):
            hours = {"from": "00:00", "until": "00:00"}
            workspaces.add(
                tx, Workspace(workspace, "Nanmah", "Asia/Tehran", "en", START, weekend=(), business_hours=hours)
            )  # fmt: skip
        monitors.put(tx, Monitor(MONITOR, WORKSPACE, "Nanmah", "nanmah OR card", "Nanmah", True, START, START))
        for name in (*ROLES, "stranger"):
            home, role = (ELSEWHERE, "administrator") if name == "stranger" else (WORKSPACE, name)
            user = User(name, home, f"{name}@example.org", name.title(), role, False, True, {}, None, True, START)  # type: ignore[arg-type]
            users.add(tx, user, "")
    for name in (*ROLES, "stranger"):
        with bureau.records.read() as tx:
            found = users.by_id(tx, name)
        assert found is not None
        bureau.tokens[name] = bureau.accounts.create_api_token(actor_for(found), "tests")
    return bureau
