"""Forms: labelled fields whose values p-admin.js collects by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.admin.step import act, does
from dashboard.components import alert, button
from dashboard.text import t

Wrong = Mapping[str, str]
NOTHING: Wrong = {}


def form(page: str, what: str, of: str, *fields: object, send: str = "", wrong: Wrong = NOTHING,
         cancel: bool = False, class_: str = "") -> Component:  # fmt: skip
    """Fields with a button that sends them; ``wrong[""]`` is what is wrong with all of them."""
    fault = alert(html.Bdi(wrong[""]), "neg", "alert-circle") if wrong.get("") else None
    ends = [
        act(t("common.cancel"), page, "close", kind="") if cancel else None,
        button(send or t("common.save"), kind="pri", type="submit"),
    ]
    inside = [fault, *fields, html.Div(ends, className="row ends")]
    # The browser's own complaints are in its language, not in the reader's; the server says what is missing.
    return html.Form(inside, className=f"aform {class_}".strip(), noValidate=True, **does(page, what, of))


def text_field(name: str, label: str, value: str = "", *, wrong: Wrong = NOTHING, hint: object = None,
               kind: str = "text", required: bool = False, ltr: bool = False, placeholder: str = "",
               auto: str = "off") -> Component:  # fmt: skip
    """One line of text; `kind` is the input's type, `ltr` for addresses and codes, `auto` is its autocomplete."""
    properties = {"type": kind, "dir": "ltr" if ltr else "auto"}
    return dmc.TextInput(
        name=name, label=label, value=value, description=hint, error=wrong.get(name), required=required,
        placeholder=placeholder, autoComplete=auto, inputProps=properties, inputWrapperOrder=_ORDER,
        attributes={"input": properties},
    )  # fmt: skip


def secret_field(name: str, label: str, *, wrong: Wrong = NOTHING, hint: object = None, auto: str = "off",
                 required: bool = True) -> Component:  # fmt: skip
    """A password or a token, never filled in by us."""
    return dmc.PasswordInput(
        name=name, label=label, description=hint, error=wrong.get(name), required=required, autoComplete=auto,
        inputWrapperOrder=_ORDER,
    )  # fmt: skip


def area(name: str, label: str, value: str = "", *, wrong: Wrong = NOTHING, hint: object = None, rows: int = 3,
         required: bool = False, placeholder: str = "", ltr: bool = False) -> Component:  # fmt: skip
    """Several lines of text."""
    return dmc.Textarea(
        name=name, label=label, value=value, description=hint, error=wrong.get(name), required=required, minRows=rows,
        autosize=True, maxRows=14, placeholder=placeholder, inputWrapperOrder=_ORDER,
        attributes={"input": {"dir": "ltr" if ltr else "auto"}},
    )  # fmt: skip


def choice(name: str, label: str, options: Sequence[tuple[str, str]], value: str, *, wrong: Wrong = NOTHING,
           hint: object = None, searchable: bool = False) -> Component:  # fmt: skip
    """One of several; `options` are pairs of a value and its text."""
    return dmc.Select(
        name=name, label=label, data=[{"value": one, "label": text} for one, text in options], value=value,
        description=hint, error=wrong.get(name), searchable=searchable, allowDeselect=False, inputWrapperOrder=_ORDER,
        limit=60 if searchable else None,
    )  # fmt: skip


def tick(name: str, label: object, *, value: str = "on", on: bool = False, hint: object = None) -> Component:
    """A box to tick; several boxes may share a name."""
    return dmc.Checkbox(
        label=label, checked=on, description=hint, size="xs", attributes={"input": {"name": name, "value": value}}
    )


def ticks(label: str, boxes: Sequence[Component], *, wrong: str = "", hint: object = None) -> Component:
    """A group of boxes under one label."""
    fault = html.Span(wrong, className="wrong t12", role="alert") if wrong else None
    note = html.Span(hint, className="t12 c3") if hint else None
    return html.Fieldset([html.Legend(label), html.Div(list(boxes), className="ticks"), note, fault], className="tset")


_ORDER = ["label", "input", "description", "error"]
