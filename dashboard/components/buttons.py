"""Buttons with their keys beside them."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.icon import icon
from dashboard.components.link import link
from dashboard.components.marks import kbd


def button(
    text: str,
    id: str | dict[str, str] | None = None,
    *,
    kind: str = "",
    icon_name: str = "",
    key: str = "",
    flip: bool = False,
    **properties: object,
) -> Component:
    """A button. `kind`: "pri" (one per view), "ghost", "bad", with "sm" or "lg"; `key` does the same."""
    inside: list[object] = [text]
    if icon_name:
        inside.insert(0, icon(icon_name, 14 if "sm" in kind else 16, flip=flip))
    if key:
        inside.append(kbd(key))
    properties.setdefault("type", "button")
    if id is not None:
        properties["id"] = id
    return html.Button(inside, className=f"btn {kind}".strip(), **properties)


def icon_button(icon_name: str, label: str, id: str | dict[str, str] | None = None, *, kind: str = "ghost",
                flip: bool = False, **properties: object) -> Component:  # fmt: skip
    """A square button that shows only an icon; `label` is its tooltip and its name."""
    if id is not None:
        properties["id"] = id
    return html.Button(
        icon(icon_name, 18, flip=flip), type="button", className=f"btn ico {kind}", title=label,
        **{"aria-label": label}, **properties,
    )  # fmt: skip


def link_button(text: str, href: str, *, kind: str = "", icon_name: str = "", flip: bool = False) -> Component:
    """A link that looks like a button; it moves within the console."""
    inside = [icon(icon_name, flip=flip), text] if icon_name else [text]
    return link(inside, href, f"btn {kind}".strip())


def split(*buttons: Component) -> Component:
    """A main button with its menu button joined to it."""
    return html.Span(list(buttons), className="split")
