"""Small parts that several panes of the inbox share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from crm.policies.access import Resource, may
from crm.records.cases import Case
from dashboard.components import icon, kbd
from dashboard.context import actor, language, viewer
from dashboard.dates import clock, full, local, stamp
from dashboard.text import t


def does(what: str, **more: object) -> dict[str, Any]:
    """The attributes of something that does `what` when it is clicked; p-inbox.js hands them to the server."""
    return {"data-do": what} | {f"data-{name.replace('_', '-')}": str(value) for name, value in more.items()}


def item(
    label: object, what: Mapping[str, Any], *, icon_name: str = "", on: bool = False, note: str = "", key: str = ""
) -> Component:
    """One line of a menu; `on` ticks it, `note` stands at its end."""
    end = [html.Span(note, className="c3 t12") if note else None, kbd(key) if key else None]
    inside = [
        icon(icon_name, 14) if icon_name else None,
        html.Span(label, className="grow"),
        *end,
        icon("check", 14) if on else None,
    ]
    current = {"aria-current": "true"} if on else {}
    return html.Button(inside, type="button", className="menu-item", role="menuitem", tabIndex="-1", **what, **current)


def line() -> Component:
    """A line between parts of a menu."""
    return html.Hr(className="menu-line")


def menu(target: Component, items: Sequence[Component], *, label: str = "", end: bool = False) -> Component:
    """A menu under a button, which p-inbox-menus.js opens; `end` aligns it to the end of the button.

    Mantine's menus are not used here: each of their lines makes the browser look through everything that was ever
    drawn whenever anything is (a second and more with a full queue).
    """
    head = [html.Div(label, className="menu-label")] if label else []
    return _opening(target, html.Div([*head, *items], className="menu", hidden=True, role="menu"), end=end)


def panel(target: Component, inside: object, *, label: str) -> Component:
    """A small surface with a form under a button."""
    return _opening(
        target, html.Div(inside, className="menu panel", hidden=True, role="group", **{"aria-label": label})
    )


def _opening(target: Component, surface: Component, *, end: bool = False) -> Component:
    setattr(target, "data-menu", "end" if end else "start")
    setattr(target, "aria-haspopup", "true")
    setattr(target, "aria-expanded", "false")
    return html.Span([target, surface], className="menu-of")


def choice_button(inside: object, label: str, *, class_: str = "bd line pick-one", **properties: object) -> Component:
    """A small box that opens a menu."""
    return html.Button(
        [inside, icon("chevron-down", 12)],
        type="button",
        className=class_,
        title=label,
        **{"aria-label": label},
        **properties,
    )


def tick(name: str, label: str) -> Component:
    """A box to tick in a form; p-inbox.js adds it to what the form holds, because Mantine's has no name."""
    return html.Span(dmc.Checkbox(label=label, size="xs"), **{"data-name": name})


def said_at(at: datetime) -> Component:
    """The clock, with the day when it was another one."""
    here, today = local(at).date(), local(viewer().now).date()
    shown = clock(at) if here == today else f"{stamp(at)}{t('common.comma')} {clock(at)}"
    return html.Time(shown, dateTime=at.isoformat(), title=full(at), className="t t12 c3 end num nowrap")


def can_work(case: Case) -> bool:
    """Whether the viewer may change this case."""
    return may(actor(), "work_cases", Resource(case.workspace, case.monitors, case.private))


def platform_name(platform: str) -> str:
    """What a platform is called."""
    found = t(f"inbox.platform_{platform}")
    return platform.title() if found.startswith("inbox.") else found


def language_name(code: str) -> str:
    """What a language is called; an empty string where the model abstained."""
    found = t(f"inbox.language_{code}") if code else ""
    return code if found.startswith("inbox.") else found


def foreign(code: str) -> bool:
    """Whether a post's language is worth a mark beside it for this viewer."""
    return (bool(code) and code not in ("fa", "en")) or (code == "fa" and language() == "en")


def clean_language(code: str) -> str:
    """A language as HTML's ``lang``; empty where it is unknown."""
    return "" if code == "other" else code
