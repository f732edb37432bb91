"""What is drawn anew, as HTML for the places of the page.

A full queue and a long thread are thousands of elements. As components of Dash each of them would look at the whole
store at every change, which takes a second and more; as HTML they cost the browser nothing. p-inbox.js writes them in,
and leaves alone what did not change. Text and attributes are escaped by :mod:`dashboard.markup`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dash import html
from dash.development.base_component import Component

from dashboard.markup import Element, element, render

Places = dict[str, list[str]]
"""The HTML of the children of each place, by its id."""


def written(children: Iterable[object]) -> list[str]:
    """Each child as HTML; None is left out."""
    return [render(one) for one in children if one is not None]


def places(drawn: Mapping[str, Iterable[object]]) -> Places:
    """The children of each place as HTML."""
    return {name: written(children) for name, children in drawn.items()}


def place(name: str, class_: str = "", **properties: object) -> Component:
    """An empty place that p-inbox.js fills."""
    return html.Div(id=name, className=class_ or None, **properties)


def text_input(name: str, hint: str, *, longest: int = 200, **attributes: object) -> Element:
    """A line to write in; `hint` is its placeholder and its name."""
    return element(
        "input", class_="in", name=name, placeholder=hint, maxlength=longest, autocomplete="off", aria_label=hint,
        **attributes,
    )  # fmt: skip


def tick_box(name: str, label: str) -> Component:
    """A box to tick in a form."""
    return html.Label(
        [element("input", type="checkbox", class_="cb", name=name, value="1"), label], className="row t12"
    )
