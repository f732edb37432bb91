"""Monitors: what is listened for, and how much it hears."""

from __future__ import annotations

from dash import Input, Output, html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.records.monitors import Monitor
from dashboard.callbacks import callback, clientside
from dashboard.components import empty, kbd, link, main, page_header
from dashboard.components.icon import icon
from dashboard.context import actor, services
from dashboard.monitors.listing import listing
from dashboard.page import page
from dashboard.text import t, tn


@page("/monitors", "monitors.title", icon="radar-2", order=14, phone=True, action="read_posts",
      keys=(("N", "monitors.key_new"),))  # fmt: skip
def layout(**_query: str) -> Component:
    """Every monitor with its last week."""
    rows = services().monitors.all(actor())
    count = html.Span(tn("monitors.count", len(rows)), className="c3") if rows else None
    new = _new_button() if may(actor(), "edit_monitors") else None
    return main(
        page_header(t("monitors.title"), new, beside=count), html.Div(_body(rows), id="monitors-list", className="fill")
    )


def _new_button() -> Component:
    return link([icon("plus"), t("monitors.new"), kbd("N")], "/monitors/new", "btn pri", id="monitors-new")


def _body(rows: list[Monitor]) -> Component:
    if rows:
        return listing(rows)
    able = may(actor(), "edit_monitors")
    action = link(t("monitors.new"), "/monitors/new", "btn pri") if able else None
    why = t("monitors.none_why") if able else t("monitors.none_may")
    return empty(t("monitors.none"), why, action, icon_name="radar-2")


@callback(Output("monitors-list", "children"), Input("live-monitor", "data"), prevent_initial_call=True)
def redraw(_signal: object) -> Component:
    """Show what changed: a monitor, or how far a background run is."""
    return _body(services().monitors.all(actor()))


clientside("monitors", "key", Output("monitors-list", "data-key"), Input("key", "data"), prevent_initial_call=True)
