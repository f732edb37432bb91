"""Heads, cards and panes: what pages are made of."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.icon import icon
from dashboard.components.link import link


def page_header(title: object, *right: object, crumb: tuple[str, str] | None = None, beside: object = None,
                bar: bool = False) -> Component:  # fmt: skip
    """The page's one ``h1``, things `beside` it, and actions at the far end.

    `crumb` is (text, address) of the page above; `bar` gives the head its own surface and line.
    """
    above = (
        html.Span([link(crumb[0], crumb[1]), icon("chevron-right", 14, flip=True)], className="crumb")
        if crumb
        else None
    )
    end = html.Div(list(right), className="row end wraps") if right else None
    return html.Header([above, html.H1(title), beside, end], className="head bar-top" if bar else "head")


def main(*children: object, class_: str = "") -> Component:
    """A page that scrolls as a whole."""
    return html.Div(list(children), className=f"main {class_}".strip())


def card(
    *children: object, title: object = None, beside: object = None, class_: str = "", **properties: object
) -> Component:
    """A surface with an optional title and something at the end of its head."""
    head = html.Div([html.H2(title), html.Div(beside, className="end row") if beside else None], className="ch")
    return html.Section([head if title else None, *children], className=f"card {class_}".strip(), **properties)


def cards(*children: Component, columns: str = "") -> Component:
    """Cards in a grid; `columns` is a value of ``grid-template-columns``."""
    return html.Div(list(children), className="cards", style={"--cards": columns} if columns else None)


def panes(*children: Component, columns: str = "", columns_mid: str = "") -> Component:
    """Panes side by side, each scrolling by itself; on a phone only one is shown (hide others with class ``wide``)."""
    style = {"--panes": columns, "--panes-mid": columns_mid}
    return html.Div(list(children), className="panes", style={name: value for name, value in style.items() if value})


def pane(*children: object, label: str, id: str = "", class_: str = "") -> Component:
    """One pane, a landmark named `label`."""
    extra = {"id": id} if id else {}
    return html.Section(list(children), className=f"pane {class_}".strip(), **{"aria-label": label}, **extra)
