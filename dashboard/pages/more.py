"""What the phone's bar has no room for."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import card, icon, link, main, page_header
from dashboard.context import viewer
from dashboard.page import page
from dashboard.shell import allowed_pages, preferences
from dashboard.text import t


@page("/more", "shell.more")
def layout(**_query: str) -> Component:
    """The other pages, preferences and log-out."""
    links = [
        html.Li(link([icon(one.icon, 18), html.Span(t(one.title), className="grow"),
                          icon("chevron-right", 14, flip=True)], one.path, "row plain grow"))
        for one in allowed_pages() if not one.phone
    ]  # fmt: skip
    others = card(html.Ul(links, className="rows")) if links else None
    return main(html.Div([page_header(t("shell.more")), others, card(preferences(viewer()))], className="slim col g3"))
