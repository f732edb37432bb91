"""A console over real use cases: pages looked at as functions, callbacks pressed over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from msgspec.structs import replace
from plotly.utils import PlotlyJSONEncoder

from crm.policies.access import Role
from dashboard.app import create_app
from dashboard.context import Language, Viewer, viewing
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.client import Browser
from tests.dashboard.fakes import an_actor, fake_services

REAL = ("monitors", "customers", "suggestions", "privacy", "disclosure", "sources", "budgets", "setup", "inbox", "live",
        "topics", "quality", "corrections", "learning")  # fmt: skip


class Desk:
    """One person at the console."""

    def __init__(self, folder: Path) -> None:
        self.bureau: Bureau = open_bureau(folder)
        self.language: Language = "en"
        self.role: Role = "administrator"

    @property
    def actor(self) -> Any:
        return replace(an_actor(self.language, self.role), user_id="administrator")

    def services(self) -> Any:
        """The bundle; who is signed in is known without a password."""
        return fake_services(self.actor, **{name: getattr(self.bureau.services, name) for name in REAL})

    @contextmanager
    def seen(self, language: Language = "en", role: Role = "administrator") -> Iterator[None]:
        """Look at pages as functions."""
        self.language, self.role = language, role
        with viewing(Viewer(self.services(), language, self.actor, self.bureau.clock.now())):
            yield

    @cached_property
    def browser(self) -> Browser:
        return Browser(create_app(self.services(), now=self.bureau.clock.now), "session-1")

    @cached_property
    def _callbacks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.browser.get("/_dash-dependencies").json()
        return [one for one in found if not one["clientside_function"]]

    def press(self, pressed: str, value: object = 1, /, **state: object) -> httpx.Response:
        """Run the callback whose first input is ``id.prop``; `state` is by the last part of the component's id.

        That of the address is by its property: ``pathname`` and ``search``.
        """
        found = next(one for one in self._callbacks if one["inputs"] and _name(one["inputs"][0]) == pressed)
        given = {_name(one): state.get(_last(one)) for one in found["state"]}
        more = {_name(one): None for one in found["inputs"][1:]}
        return self.browser.call(found["output"], {pressed: value, **more}, given)


def drawn(component: Any) -> str:
    """The whole tree as JSON, as a browser gets it."""
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def _name(place: dict[str, str]) -> str:
    return f"{place['id']}.{place['property']}"


def _last(place: dict[str, str]) -> str:
    return place["property"] if place["id"] == "url" else place["id"].rpartition("-")[2]
