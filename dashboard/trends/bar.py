"""The bar above Trends: period, monitors, platforms, languages."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from crm.usecases.trendview import Choices
from dashboard.components import icon
from dashboard.text import t
from dashboard.trends.chosen import CUSTOM, PERIODS, Chosen

ICONS = {"monitors": "radar-2", "platforms": "world", "languages": "language"}
LANGUAGES = ("fa", "en", "fa-Latn", "ar", "ur", "other")


def filter_bar(chosen: Chosen, choices: Choices) -> Component:
    """Everything that narrows what the page shows."""
    lists = (
        ("monitors", chosen.monitors, [(one.id, one.name) for one in choices.monitors]),
        ("platforms", chosen.platforms, [(one, platform_name(one)) for one in choices.platforms]),
        ("languages", chosen.languages, [(one, language_name(one)) for one in choices.languages]),
    )
    periods = [{"value": one, "label": t(f"trends.period_{one}")} for one in PERIODS]
    period = dmc.Select(
        id="trends-period", data=periods, value=chosen.period, allowDeselect=False, checkIconPosition="right",
        leftSection=icon("calendar"), w=184, comboboxProps={"shadow": "md"},
        **{"aria-label": t("trends.period")},
    )  # fmt: skip
    pickers = [picker(name, picked, options) for name, picked, options in lists]
    return html.Div([period, own_dates(chosen), *pickers], className="row wraps trends-bar")


def own_dates(chosen: Chosen) -> Component:
    """The two days of a period of one's own; shown where that is chosen."""
    days = [
        dcc.Input(id=f"trends-{name}", value=value, debounce=True, className="in", type="text",
                  placeholder=t(f"trends.{name}_example"))
        for name, value in (("since", chosen.since), ("until", chosen.until))
    ]  # fmt: skip
    labelled = [
        html.Label([html.Span(t(f"trends.{name}"), className="t12 c3"), day])
        for name, day in zip(("since", "until"), days, strict=True)
    ]
    return html.Div(labelled, id="trends-dates", className="row own-dates", hidden=chosen.period != CUSTOM)


def picker(name: str, picked: Sequence[str], options: Sequence[tuple[str, str]]) -> Component:
    """A button that names what is picked and opens a list of choices."""
    label = html.Span(picked_text(name, picked, dict(options)), id=f"trends-{name}-label", className="cut")
    target = html.Button([icon(ICONS[name]), label, icon("chevron-down", 14)], type="button", className="btn pick-btn")
    boxes = [dmc.Checkbox(value=value, label=text) for value, text in options]
    group = dmc.CheckboxGroup(
        html.Div(boxes or t("trends.nothing_to_pick"), className="col g3"), id=f"trends-{name}", value=list(picked)
    )
    inside = [dmc.PopoverTarget(target), dmc.PopoverDropdown(group)]
    return html.Div(dmc.Popover(inside, position="bottom-start", shadow="md", radius=12))


def picked_text(name: str, picked: Sequence[str], names: dict[str, str]) -> str:
    """What a picker's button says."""
    shown = [names.get(one, one) for one in picked]
    if not shown:
        return t(f"trends.all_{name}")
    return shown[0] if len(shown) == 1 else t(f"trends.some_{name}", n=len(shown))


def platform_name(platform: str) -> str:
    """How people call a platform; one without a message is called as it is."""
    named = t(f"trends.platform_{platform}")
    return platform if named.startswith("trends.") else named


def language_name(code: str) -> str:
    """How people call a language."""
    return t(f"trends.language_{code}") if code in LANGUAGES else t("trends.language_unknown")
