"""Somebody at the console of a real installation: opens pages and takes steps, as p-admin.js does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.dashboard.bureau import Bureau
from tests.dashboard.client import Browser

ROUTE = "..page.children...page-title.data.."


@dataclass
class Answer:
    """What a step changed: `panel` texts of drawer and dialog, the toast, and whether the sections are drawn again."""

    status: int
    said: dict[str, Any]
    aside: dict[str, Any]

    @property
    def text(self) -> str:
        """Everything that came back."""
        return json.dumps([self.said, self.aside], ensure_ascii=False)

    @property
    def toast(self) -> str:
        """The toast's text."""
        return str(self.aside.get("toast", {}).get("data", {}).get("text", ""))

    def opened(self, panel: str) -> bool | None:
        """Whether the drawer or the dialog was opened; None where it was left as it is."""
        found = next((props for name, props in self.said.items() if name.endswith(f"-{panel}")), {})
        return found.get("opened")


class Desk:
    """One person's browser."""

    def __init__(self, bureau: Bureau, who: str, language: str = "en") -> None:
        email = f"{who}@example.org"
        session = bureau.accounts.log_in(email, once := bureau.accounts.reset_password(email))
        newcomer, self.password = bureau.accounts.actor_of(session.token), f"{once} of my own"
        assert newcomer is not None
        bureau.accounts.change_password(newcomer, once, self.password)
        self.bureau, self.browser = bureau, Browser(bureau.browser.app, session.token)
        actor = bureau.accounts.actor_of(session.token)
        assert actor is not None
        self.actor = actor
        team = bureau.services.team
        team.set_preferences(actor, type(team.preferences(actor))(language=language))

    def open(self, path: str, search: str = "") -> str:
        """The page at `path` as JSON text."""
        answer = self.browser.call(ROUTE, {"url.pathname": path, "url.search": search})
        return json.dumps(answer.json(), ensure_ascii=False)

    def take(self, page: str, what: str, of: str = "", **fields: str | Sequence[str]) -> Answer:
        """Press a button or send a form."""
        given = {name: [value] if isinstance(value, str) else list(value) for name, value in fields.items()}
        panels = "...".join(
            f"{page}-{one}.{prop}" for one in ("drawer", "dialog") for prop in ("opened", "title", "children")
        )
        data = {"what": what, "of": of, "fields": given, "at": 1}
        answer = self.browser.call(f"..{panels}...{page}-again.data..", {f"{page}-step.data": data})
        body = answer.json() if answer.status_code == 200 else {}
        return Answer(answer.status_code, body.get("response", {}), body.get("sideUpdate", {}))
