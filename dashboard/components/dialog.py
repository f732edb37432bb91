"""Dialogs."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.buttons import button
from dashboard.text import t


def dialog(id: str, title: object, *children: object, size: str = "md", opened: bool = False) -> Component:
    """A modal dialog; open it by its prop ``opened``."""
    return dmc.Modal(
        id=id, title=title, children=list(children), size=size, opened=opened, centered=True, radius=12,
        transitionProps={"duration": 120}, closeButtonProps={"aria-label": t("common.close")},
    )  # fmt: skip


def confirm(id: str, title: str, text: str, do: str, *, bad: bool = True) -> Component:
    """Asks before something that can't be undone. The deed's button has the id ``<id>-do``, the other ``<id>-no``."""
    buttons = [
        button(t("common.cancel"), f"{id}-no"),
        button(do, f"{id}-do", kind="bad" if bad else "pri"),
    ]
    return dialog(id, title, html.P(text, className="c2"), html.Div(buttons, className="row", style={
        "justifyContent": "flex-end", "marginBlockStart": 20}), size="sm")  # fmt: skip
