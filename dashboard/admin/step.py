"""One step of a person on a page, and what the page shows after it.

Buttons carry ``data-take`` (what), ``data-of`` (on which) and ``data-to`` (the page); forms carry the
same and their fields. p-admin.js writes a step into the store ``<page>-step``, so no row needs
an id of its own. What arrives was chosen by a browser: use cases decide whether it is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import dash_mantine_components as dmc
from dash import Input, Output, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from crm.errors import InvalidInputError
from dashboard.callbacks import callback
from dashboard.components import dialog, icon
from dashboard.context import viewer
from dashboard.text import t


@dataclass(frozen=True)
class Step:
    """`what` was done on `of`; `fields` are those of a form, each with all its values."""

    what: str
    of: str = ""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, data: object) -> Step:
        """From the store. Raises InvalidInputError where a browser sent something else."""
        match data:
            case {"what": str(what), "of": str(of), **rest}:
                given = rest.get("fields", {})
                if isinstance(given, dict) and all(_texts(values) for values in given.values()):
                    return cls(what, of, {str(name): tuple(values) for name, values in given.items()})
        raise InvalidInputError("The page sent something that is no step; load it again.")

    def text(self, name: str) -> str:
        """The field's value without spaces around it, empty where it is not filled in."""
        return next(iter(self.many(name)), "").strip()

    def secret(self, name: str) -> str:
        """The field's value as it was typed."""
        return next(iter(self.many(name)), "")

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return self.fields.get(name, ())

    def on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.many(name))

    def texts(self) -> dict[str, str]:
        """Every field with its text."""
        return {name: self.text(name) for name in self.fields}


def _texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


class Panel(NamedTuple):
    """What a drawer or a dialog shows."""

    title: object
    inside: object


class Keep(Enum):
    """Leave a panel as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True)
class Shown:
    """What a page shows after a step: None closes a panel, `again` draws the sections anew."""

    drawer: Panel | Keep | None = KEEP
    dialog: Panel | Keep | None = KEEP
    again: bool = False

    def outputs(self) -> tuple[object, ...]:
        """In the order of :func:`outputs`."""
        again = viewer().now.timestamp() if self.again else no_update
        return (*_panel(self.drawer), *_panel(self.dialog), again)


def _panel(panel: Panel | Keep | None) -> tuple[object, object, object]:
    if isinstance(panel, Keep):
        return no_update, no_update, no_update
    return (False, no_update, None) if panel is None else (True, panel.title, panel.inside)


Steps = Mapping[str, Callable[[Step], Shown]]


def room(page: str) -> list[Component]:
    """What a page that takes steps needs: its stores, its drawer and its dialog."""
    side = dmc.Drawer(
        id=f"{page}-drawer", position="right", size=520,
        transitionProps={"duration": 200}, closeButtonProps={"aria-label": t("common.close")},
    )  # fmt: skip
    return [dcc.Store(id=f"{page}-step"), dcc.Store(id=f"{page}-again"), side, dialog(f"{page}-dialog", "", size="lg")]


def takes(page: str, steps: Steps) -> None:
    """Register the callback that takes the steps of `page`."""
    panels = [
        Output(f"{page}-{panel}", prop) for panel in ("drawer", "dialog") for prop in ("opened", "title", "children")
    ]

    @callback(*panels, Output(f"{page}-again", "data"), Input(f"{page}-step", "data"), prevent_initial_call=True)
    def take(data: object) -> tuple[object, ...]:
        step = Step.read(data)
        if step.what not in steps:
            raise PreventUpdate
        return steps[step.what](step).outputs()


def close(_step: Step) -> Shown:
    """Closes the dialog."""
    return Shown(dialog=None)


def does(page: str, what: str, of: str = "") -> dict[str, object]:
    """The attributes of an element that takes a step when it is pressed, or of a form when it is sent."""
    return {"data-to": page, "data-take": what, "data-of": of}


def act(text: str, page: str, what: str, of: str = "", *, kind: str = "sm", icon_name: str = "") -> Component:
    """A button that takes a step."""
    inside = [icon(icon_name, 14 if "sm" in kind else 16), text] if icon_name else [text]
    return html.Button(inside, type="button", className=f"btn {kind}".strip(), **does(page, what, of))


def icon_act(icon_name: str, label: str, page: str, what: str, of: str = "", kind: str = "ghost sm") -> Component:
    """A square button that takes a step; `label` is its name."""
    return html.Button(icon(icon_name, 16), type="button", className=f"btn ico {kind}", title=label,
                       **{"aria-label": label}, **does(page, what, of))  # fmt: skip


def sure(page: str, what: str, of: str, title: str, text: object, do: str) -> Panel:
    """The dialog that asks before something that can't be undone; going on takes the step `what`."""
    buttons = [act(t("common.cancel"), page, "close", kind=""), act(do, page, what, of, kind="bad")]
    return Panel(title, [html.P(text, className="c2"), html.Div(buttons, className="row ends")])
