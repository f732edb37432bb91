"""The inbox over real use cases: somebody looks at it and takes steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from crm.policies.access import Actor
from crm.records import sources, users
from crm.records.cases import Case
from crm.records.queue import QueueFilter
from crm.records.sources import AccountRow
from crm.usecases.accounts import actor_for
from crm.usecases.views import CaseView
from dashboard.app import create_app
from dashboard.context import Language, Viewer, viewing
from dashboard.inbox.actions import perform
from dashboard.inbox.commands import Effect, read
from dashboard.inbox.places import Places
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.client import Browser
from tests.doubles.office import START, WORKSPACE


class Room:
    """An installation whose account on Bluesky is connected, unless a test says otherwise."""

    def __init__(self, folder: Path) -> None:
        self.bureau: Bureau = open_bureau(folder)
        self.hear = self.bureau.hear
        self.clock = self.bureau.clock
        self.services = self.bureau.services

    def connect(self) -> None:
        """Connect our own account."""
        row = AccountRow(
            "a1", WORKSPACE, "bluesky", "https://social.example", "nanmah", "did:own", "connected", None, None, START
        )
        with self.bureau.records.write() as tx:
            sources.put_account(tx, row, self.bureau.vault.encrypt("hush"))

    def actor(self, who: str = "agent", language: Language = "en") -> Actor:
        with self.bureau.records.read() as tx:
            user = users.by_id(tx, who)
        assert user is not None
        return msgspec.structs.replace(actor_for(user), language=language)

    @contextmanager
    def seen(self, who: str = "agent", language: Language = "en") -> Iterator[Actor]:
        """Look as one of the roles."""
        actor = self.actor(who, language)
        with viewing(Viewer(self.services, language, actor, self.clock.now())):
            yield actor

    def take(self, do: str, *, who: str = "agent", **given: Any) -> Effect:
        """Take a step as p-inbox.js would ask for it."""
        with self.seen(who):
            return perform(read({"do": do, **given}))

    def undo(self, effect: Effect, who: str = "agent") -> Effect:
        with self.seen(who):
            return perform(read({**effect.undo, "then": "undone"}))

    def cases(self, who: str = "agent", **filter_: Any) -> list[Case]:
        wanted = QueueFilter(**{"status": "any", **filter_})
        return [row.case for row in self.services.inbox.queue(self.actor(who), wanted).rows]

    def view(self, case_id: str, who: str = "agent") -> CaseView:
        return self.services.inbox.case(self.actor(who), case_id)

    @cached_property
    def browser(self) -> Browser:
        """The agent's browser."""
        accounts = self.bureau.accounts
        once = accounts.reset_password("agent@example.org")
        token = accounts.log_in("agent@example.org", once).token
        newcomer = accounts.actor_of(token)
        assert newcomer is not None
        accounts.change_password(newcomer, once, f"{once} of my own")
        return Browser(create_app(self.services, now=self.clock.now), token)

    def ask(self, store: str, asked: str, data: dict[str, Any]) -> Any:
        """The answer of the callback from the store `asked` to the store `store`, with what it showed beside."""
        answer = self.browser.call(f"inbox-{store}.data", {f"inbox-{asked}.data": {**data, "at": 1}})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return body["response"][f"inbox-{store}"]["data"], body.get("sideUpdate", {})


def all_of(places: Places) -> str:
    """Everything in the places as one text."""
    return "\n".join("\n".join(parts) for parts in places.values())
