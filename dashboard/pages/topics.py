"""Topics: what people talk about in the posts of a monitor, found by themselves."""

from __future__ import annotations

from typing import TypedDict

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from crm.policies.access import may
from crm.records.monitors import Monitor
from dashboard.callbacks import callback
from dashboard.components import button, empty, link_button, main, page_header, show, toast
from dashboard.context import actor, services
from dashboard.listening import no_source
from dashboard.page import page
from dashboard.text import t
from dashboard.topics import parts

PERSIAN_COMMA = "\u060c"


class Command(TypedDict):
    """What was pressed: p-topics.js writes it into the store ``topics-command``."""

    kind: str
    value: str


@page("/topics", "topics.title", icon="hash", order=13, action="read_trends")
def layout(monitor: str = "", **_query: str) -> Component:
    """The topics of one monitor; of the first where none is chosen."""
    rows = services().monitors.all(actor())
    chosen = next((one for one in rows if one.id == monitor), rows[0] if rows else None)
    if chosen is None:
        add = link_button(t("monitors.new"), "/monitors/new", kind="pri") if may(actor(), "edit_monitors") else None
        nothing = no_source() or empty(t("monitors.none"), t("topics.no_monitor"), add, "radar-2")
        return main(page_header(t("topics.title")), nothing)
    able = may(actor(), "edit_monitors")
    find = button(t("topics.find"), "topics-find", kind="pri", icon_name="refresh") if able else None
    return main(
        page_header(t("topics.title"), find, beside=html.Span(t("topics.of_days"), className="t12 c3")),
        parts.choice(rows, chosen),
        html.Div(_body(chosen), id="topics-body", className="topics-body"),
        dcc.Store(id="topics-monitor", data=chosen.id), dcc.Store(id="topics-command"), dcc.Store(id="topics-open"),
        *([parts.name_dialog()] if able else []), class_="topics",
    )  # fmt: skip


def _body(monitor: Monitor) -> list[Component]:
    who, topics = actor(), services().topics
    found = topics.all(who, monitor.id)
    work = topics.work_of(who, monitor.id)
    able = may(who, "edit_monitors")
    hidden = topics.all(who, monitor.id, hidden=True) if able else []
    lists = html.Div(
        [parts.themes(topics.themes(who, monitor.id), able), parts.story(topics.story(who, monitor.id))],
        className="col g3",
    )  # fmt: skip
    return [
        parts.progress(work),
        html.Div([parts.listing(found, hidden, work, able), lists], className="topics-cols"),
    ]


def _drawn(monitor_id: str) -> list[Component]:
    return _body(services().monitors.get(actor(), monitor_id))


@callback(Output("topics-body", "children"), Input("live-monitor", "data"), State("topics-monitor", "data"),
          prevent_initial_call=True)  # fmt: skip
def redraw(_signal: object, monitor_id: str) -> list[Component]:
    """Show what changed: topics found, or how far the search for them is."""
    return _drawn(monitor_id)


@callback(Output("topics-body", "children", allow_duplicate=True), Input("topics-find", "n_clicks"),
          State("topics-monitor", "data"), prevent_initial_call=True)  # fmt: skip
def find(_clicks: int, monitor_id: str) -> list[Component]:
    """Look for topics now."""
    services().topics.refresh(actor(), monitor_id)
    return _drawn(monitor_id)


@callback(
    Output("topics-body", "children", allow_duplicate=True), Output("topics-name-dialog", "opened"),
    Output("topics-name", "value"), Output("topics-open", "data"), Input("topics-command", "data"),
    State("topics-monitor", "data"), prevent_initial_call=True,
)  # fmt: skip
def do(command: Command, monitor_id: str) -> tuple[object, object, object, object]:
    """Hide a topic or show it again, add or remove a theme, or ask for a name."""
    kind, value = command["kind"], command["value"]
    if kind == "rename":
        named = {view.topic.id: view.topic.name for view in services().topics.all(actor(), monitor_id)}
        return no_update, True, named.get(value, ""), value
    if kind in ("hide", "show"):
        services().topics.hide(actor(), value, kind == "hide")
    elif kind == "theme":
        words = value.replace(PERSIAN_COMMA, ",").split(",")
        services().topics.add_theme(actor(), monitor_id, words)
        show(toast(t("topics.theme_added")))
    elif kind == "unseek":
        services().topics.remove_theme(actor(), value)
    return _drawn(monitor_id), no_update, no_update, no_update


@callback(
    Output("topics-body", "children", allow_duplicate=True),
    Output("topics-name-dialog", "opened", allow_duplicate=True),
    Input("topics-name-save", "n_clicks"), State("topics-name", "value"), State("topics-open", "data"),
    State("topics-monitor", "data"), prevent_initial_call=True,
)  # fmt: skip
def rename(_clicks: int, name: str | None, topic_id: str, monitor_id: str) -> tuple[list[Component], bool]:
    """Call a topic by a name."""
    services().topics.rename(actor(), topic_id, name or "")
    return _drawn(monitor_id), False
