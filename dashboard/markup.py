"""Dash components as plain HTML, for the pages that need no scripts: before log-in, and the first paint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Any

from dash.development.base_component import Component

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
_NAMES = {
    "className": "class",
    "htmlFor": "for",
    "tabIndex": "tabindex",
    "autoFocus": "autofocus",
    "encType": "enctype",
    "formAction": "formaction",
    "formNoValidate": "formnovalidate",
    "n_clicks": "",
}


@dataclass
class Element:
    """An HTML element that Dash has no component for, such as ``input``."""

    name: str
    children: Any = None
    attributes: dict[str, object] = field(default_factory=dict)


def element(name: str, /, *children: object, **attributes: object) -> Element:
    """An :class:`Element`; a trailing underscore is dropped and others become hyphens (``class_``, ``aria_label``)."""
    return Element(name, list(children), {key.rstrip("_").replace("_", "-"): v for key, v in attributes.items()})


def render(node: object) -> str:
    """`node` and all below it as HTML; text is escaped. Only components of ``dash.html`` are understood."""
    if node is None or isinstance(node, bool):
        return ""
    if isinstance(node, Element):
        return _tag(node.name, node.attributes, node.children)
    if isinstance(node, Component):
        shape = node.to_plotly_json()
        properties = dict(shape["props"])
        children = properties.pop("children", None)
        return _tag(shape["type"].lower(), properties, children)
    if isinstance(node, Iterable) and not isinstance(node, str):
        return "".join(map(render, node))
    return escape(str(node))


def _tag(name: str, attributes: dict[str, object], children: object) -> str:
    shown = "".join(_attribute(_NAMES.get(key, key), value) for key, value in attributes.items())
    return f"<{name}{shown}>" if name in _VOID else f"<{name}{shown}>{render(children)}</{name}>"


def _attribute(name: str, value: object) -> str:
    if not name or value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    if isinstance(value, dict):
        value = ";".join(f"{_css(key)}:{_length(key, part)}" for key, part in value.items())
    return f' {name}="{escape(str(value))}"'


def _css(name: str) -> str:
    if name.startswith("--"):
        return name
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in name)


def _length(name: str, value: object) -> str:
    # As React does: a bare number is a length in pixels.
    return f"{value}px" if isinstance(value, int) and value and not name.startswith("--") else str(value)
