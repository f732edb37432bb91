"""A secret that is shown once."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.admin.step import act
from dashboard.components import alert, icon
from dashboard.text import t


def once(secret: str, why: str, page: str) -> Component:
    """The secret with a button to copy it, and why it must be kept now."""
    copy = html.Button([icon("copy"), t("settings.copy")], type="button", className="btn",
                       **{"data-copy": secret, "data-shown": "once"})  # fmt: skip
    return html.Div(
        [
            html.Div([html.Code(secret, id="once"), copy], className="once"),
            alert(why, "soon", "alert-triangle"),
            html.Div(act(t("settings.kept_it"), page, "close", kind="pri"), className="row ends"),
        ],
        className="col g3",
    )
