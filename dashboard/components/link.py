"""Links within the console."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component


def link(inside: object, href: str, class_: str = "", **properties: object) -> Component:
    """An address of the console; nav.js follows it without loading the page anew.

    Unlike ``dcc.Link`` it takes ``aria-*``, ``data-*`` and ``title``, and works in the pages before log-in.
    """
    return html.A(inside, href=href, className=class_ or None, **{"data-nav": "1"}, **properties)
