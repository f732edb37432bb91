"""What stands in the editor: read into a draft, and what of it can't be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import dash_mantine_components as dmc
from dash import State, html
from dash.development.base_component import Component

from crm.records.monitors import Monitor
from crm.usecases.monitors import NAME_LENGTH, MonitorDraft
from dashboard.monitors.names import language_choices, platform_choices
from dashboard.text import t

QUERY = "monitors-query"
FIELDS = {
    "name": ("monitors-name", "value"), "brand": ("monitors-brand", "value"), "own": ("monitors-own", "value"),
    "platforms": ("monitors-platforms", "value"), "languages": ("monitors-languages", "value"),
    "opens_cases": ("monitors-cases", "checked"), "query": (QUERY, "value"),
}  # fmt: skip
"""Where each field of the form stands: its component and property."""


class Filled(TypedDict):
    """The form as the browser has it; ``own`` is "own" or "competitor"."""

    name: str
    brand: str
    own: str
    platforms: list[str]
    languages: list[str]
    opens_cases: bool
    query: str


class Kept(TypedDict):
    """What was saved last, for telling whether something changed: the store ``monitors-kept``."""

    id: str
    version: int
    fields: Filled


def states() -> dict[str, State]:
    """The form as state of a callback; the values are those of :class:`Filled`, or None."""
    return {field: State(*place) for field, place in FIELDS.items()}


def filled(monitor: Monitor) -> Filled:
    """A saved monitor as it stands in the form."""
    return {
        "name": monitor.name, "brand": monitor.brand, "own": "own" if monitor.own else "competitor",
        "platforms": list(monitor.platforms), "languages": list(monitor.languages),
        "opens_cases": monitor.opens_cases, "query": monitor.query,
    }  # fmt: skip


def blank(query: str = "", own_brand: str = "") -> Filled:
    """The form of a new monitor: of the own brand, and opening cases, where that has none yet; else of another."""
    own = bool(own_brand)
    return {"name": "", "brand": own_brand, "own": "own" if own else "competitor", "platforms": [], "languages": [],
            "opens_cases": own, "query": query}  # fmt: skip


def draft(form: Filled, kept: Kept | None, enabled: bool = True) -> MonitorDraft:
    """What a person wants to save; whatever the browser left out is empty."""
    return MonitorDraft(
        name=form["name"] or "", query=form["query"] or "", brand=form["brand"] or "", own=form["own"] != "competitor",
        id=kept["id"] if kept else "", platforms=tuple(form["platforms"] or ()),
        languages=tuple(form["languages"] or ()), enabled=enabled, opens_cases=bool(form["opens_cases"]),
        version=kept["version"] if kept and kept["id"] else None,
    )  # fmt: skip


def name_problem(name: str | None) -> str:
    """What is wrong with a monitor's name; empty where nothing is."""
    if not (name or "").strip():
        return t("monitors.name_missing")
    return t("monitors.name_long", n=NAME_LENGTH) if len((name or "").strip()) > NAME_LENGTH else ""


def who(form: Filled, able: bool) -> Component:
    """Name, brand, and whose brand it is."""
    off = not able
    own = dmc.SegmentedControl(
        id="monitors-own", value=form["own"], disabled=off, size="xs", radius=6,
        data=[{"value": "own", "label": t("monitors.own")}, {"value": "competitor", "label": t("monitors.competitor")}],
    )  # fmt: skip
    return html.Section(
        [
            dmc.TextInput(id="monitors-name", label=t("monitors.name"), value=form["name"], disabled=off,
                          placeholder=t("monitors.name_example")),
            dmc.TextInput(id="monitors-brand", label=t("monitors.brand"), value=form["brand"], disabled=off,
                          placeholder=t("monitors.brand_example")),
            html.Div([html.Span(t("monitors.whose"), className="lab"), own], className="fld"),
            html.P(t("monitors.whose_hint"), className="t12 c3 mon-hint"),
        ],
        className="card mon-form mon-who-form", **{"aria-label": t("monitors.about")},
    )  # fmt: skip


def where(form: Filled, able: bool) -> Component:
    """Platforms and languages; none chosen means all of them."""

    def many(id: str, label: str, value: Sequence[str], data: list[dict[str, str]], all_of: str) -> Component:
        return dmc.MultiSelect(
            id=id, label=label, value=list(value), data=data, placeholder="" if value else all_of, disabled=not able,
            clearable=able, searchable=False, hidePickedOptions=True, checkIconPosition="right",
        )  # fmt: skip

    platforms = many("monitors-platforms", t("monitors.platforms"), form["platforms"],
                     platform_choices(form["platforms"]), t("monitors.all_platforms"))  # fmt: skip
    languages = many("monitors-languages", t("monitors.languages"), form["languages"], language_choices(),
                     t("monitors.all_languages"))  # fmt: skip
    return html.Section([platforms, languages], className="card mon-form", **{"aria-label": t("monitors.where")})


def then(form: Filled, able: bool) -> Component:
    """What happens to a hit."""
    switch = dmc.Switch(id="monitors-cases", checked=form["opens_cases"], disabled=not able, size="sm",
                        **{"aria-label": t("monitors.open_case")})  # fmt: skip
    case = html.Div([html.B(t("monitors.open_case"), className="w5"), " ",
                     html.Span(t("monitors.open_case_when"), className="c3")])  # fmt: skip
    counted = html.Div([html.B(t("monitors.counted"), className="w5"), " ",
                        html.Span(t("monitors.counted_where"), className="c3")])  # fmt: skip
    always = html.Span(t("monitors.always"), className="t12 c3 mon-always")
    return html.Section(
        [
            html.Div(html.H2(t("monitors.then")), className="ch"),
            html.Ul([html.Li([switch, case]), html.Li([always, counted])], className="then"),
        ],
        className="card",
    )
