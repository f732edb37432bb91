"""Settings: one's own and the workspace's, a section at a time."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from crm.policies.access import Action
from dashboard.admin.permission import allowed
from dashboard.admin.settings import accounts, budget, demo, me, rules, templates, tokens, workspace
from dashboard.admin.settings.signing import came_back
from dashboard.admin.step import Steps, close, room, takes
from dashboard.callbacks import callback
from dashboard.components import icon, link, main, page_header
from dashboard.page import page
from dashboard.text import t


class Draws(Protocol):
    """Draws a section."""

    def __call__(self) -> list[Component | None]:
        """Its cards from the top."""
        ...


class Section(NamedTuple):
    """One section; `action` hides it from roles that have no use for it."""

    name: str
    icon: str
    draw: Draws
    action: Action | None = None


SECTIONS = (
    Section("me", "user-circle", me.section),
    Section("tokens", "key", tokens.section),
    Section("workspace", "building-store", workspace.section),
    Section("accounts", "plug", accounts.section, "read_health"),
    Section("budget", "coins", budget.section, "read_health"),
    Section("templates", "template", templates.section),
    Section("rules", "bolt", rules.section),
    Section("demo", "flask", demo.section, "import"),
)

STEPS: Steps = {
    "close": close, **me.STEPS, **workspace.STEPS, **accounts.STEPS, **budget.STEPS, **templates.STEPS, **rules.STEPS,
    **tokens.STEPS, **demo.STEPS,
}  # fmt: skip

DEMO_MS = 2_000


@page("/settings", "settings.title", icon="settings", order=61)
def layout(**_query: str) -> Component:
    """The first section."""
    return one(SECTIONS[0].name)


@page("/settings/{section}", "settings.title")
def one(section: str, signed: str = "", **_query: str) -> Component:
    """One section beside the list of all; `signed` is what became of a sign-in."""
    chosen = _section(section)
    news = came_back(signed) if signed else None
    ticks = dcc.Interval(id="settings-tick", interval=DEMO_MS, disabled=chosen.name != "demo")
    return main(
        page_header(t("settings.title")),
        html.Div(
            [_menu(chosen), html.Div([news, *chosen.draw()], id="settings-body", className="col g3 grow")],
            className="setts",
        ),
        dcc.Store(id="settings-section", data=chosen.name),
        ticks,
        *room("settings"),
    )


def _section(name: str) -> Section:
    return next((one for one in SECTIONS if one.name == name), SECTIONS[0])


def _menu(chosen: Section) -> Component:
    links = [_item(one, on=one == chosen) for one in SECTIONS if one.action is None or allowed(one.action)]
    return html.Nav(links, className="smenu", **{"aria-label": t("settings.title")})


def _item(one: Section, *, on: bool) -> Component:
    current = {"aria-current": "page"} if on else {}
    inside = [icon(one.icon), t(f"settings.{one.name}")]
    return link(inside, f"/settings/{one.name}", "plain on" if on else "plain", **current)


@callback(
    Output("settings-body", "children"),
    Input("settings-again", "data"), Input("settings-tick", "n_intervals"),
    State("settings-section", "data"), prevent_initial_call=True,
)  # fmt: skip
def redraw(_again: object, _tick: object, section: str | None) -> list[Component | None]:
    """The section as it is now."""
    return _section(section or "").draw()


takes("settings", STEPS)
