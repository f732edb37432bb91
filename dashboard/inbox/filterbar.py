"""What the queue is narrowed to: pills, the panel they come from, the order, and the search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from dashboard.components import icon
from dashboard.context import actor, services
from dashboard.inbox.filters import LANGUAGES, PLATFORMS, SORTS, SPANS, Asked
from dashboard.inbox.names import able, called, members
from dashboard.inbox.parts import does, item, language_name, menu, panel, platform_name
from dashboard.inbox.places import text_input, tick_box
from dashboard.text import t, tn

MOST_TAGS = 24

Options = Sequence[tuple[str, str]]


def line(asked: Asked) -> Component:
    """The line below the views."""
    pills = [_pill(field, label) for field, label in said(asked)]
    return html.Div([_panel(asked), *pills, _order(asked)], className="filt")


def said(asked: Asked) -> Iterator[tuple[str, str]]:
    """Each field that narrows the queue, with its value as people call it."""
    if asked.monitor:
        names = {one.id: one.name for one in services().monitors.all(actor())}
        yield "monitor", t("inbox.of_monitor", name=names.get(asked.monitor, asked.monitor))
    if asked.platform:
        yield "platform", platform_name(asked.platform)
    if asked.language:
        yield "language", language_name(asked.language)
    if asked.assignee:
        yield "assignee", called(members(), asked.assignee)
    if asked.tag:
        yield "tag", asked.tag
    if asked.days:
        yield "days", tn("inbox.days", asked.days)


def _pill(field: str, label: str) -> Component:
    off = html.Button(
        icon("x", 12),
        type="button",
        title=t("inbox.filter_off"),
        **{"aria-label": t("inbox.filter_off_named", name=label)},
        **does("filter", name=field, value=""),
    )
    return html.Span([html.Bdi(label, className="cut"), off], className="pill")


def _order(asked: Asked) -> Component:
    target = html.Button(
        [icon("arrows-sort", 14), t(f"inbox.sort_{asked.sort}")], type="button", className="row g1 order"
    )
    lines = [
        item(t(f"inbox.sort_{one}"), does("filter", name="sort", value=one), on=one == asked.sort) for one in SORTS
    ]
    return html.Span(menu(target, lines, end=True), className="end")


def _panel(asked: Asked) -> Component:
    """Opens the panel of filters; its content stands in the page so that it opens at once."""
    target = html.Button(
        icon("filter", 14),
        type="button",
        className="btn ghost ico sm",
        title=t("inbox.filters"),
        **{"aria-label": t("inbox.filters")},
    )
    many = html.Div([_group(one) for one in groups(asked)], className="many")
    inside = html.Div([many, _keep()], className="fpanel")
    return panel(target, inside, label=t("inbox.filters"))


def groups(asked: Asked) -> list[tuple[str, str, Options]]:
    """Field, its value, and the values to choose from."""
    people = members() if may(actor(), "read_team") else []
    return [
        ("monitor", asked.monitor, [(one.id, one.name) for one in services().monitors.all(actor())]),
        ("platform", asked.platform, [(one, platform_name(one)) for one in PLATFORMS]),
        ("language", asked.language, [(one, language_name(one)) for one in LANGUAGES]),
        ("assignee", asked.assignee, [(one.id, one.name) for one in able(people)]),
        ("tag", asked.tag, _tags()),
        ("days", str(asked.days or ""), [(str(one), tn("inbox.days", one)) for one in SPANS]),
    ]


def _tags() -> Options:
    busiest = sorted(services().inbox.tags(actor()), key=lambda one: -one.cases)[:MOST_TAGS]
    return [(one.name, one.name) for one in sorted(busiest, key=lambda one: one.name)]


def _group(group: tuple[str, str, Options]) -> Component | None:
    field, chosen, options = group
    if not options:
        return None
    choices = [
        html.Button(
            html.Bdi(label),
            type="button",
            className="chip on" if value == chosen else "chip line",
            **{"aria-pressed": str(value == chosen).lower()},
            **does("filter", name=field, value="" if value == chosen else value),
        )
        for value, label in options
    ]
    return html.Div([html.H3(t(f"inbox.by_{field}"), className="sec"), html.Div(choices, className="row g1 wraps")])


def _keep() -> Component:
    """Saving the present filter as a view, and taking saved ones away."""
    form = html.Form(
        [
            text_input("name", t("inbox.view_name"), longest=60, required=True),
            _shared() if may(actor(), "edit_templates") else None,
            html.Button(t("common.save"), type="submit", className="btn"),
        ],
        className="row",
        **{"data-form": "save-view"},
    )
    kept = [
        html.Span(
            [
                html.Bdi(one.name),
                html.Button(
                    icon("x", 12),
                    type="button",
                    **{"aria-label": t("inbox.view_delete", name=one.name)},
                    **does("delete-view", value=one.id),
                ),
            ],
            className="pill",
        )
        for one in services().toolbox.views(actor())
        if one.user_id or may(actor(), "edit_templates")
    ]
    head = html.H3(t("inbox.view_keep"), className="sec")
    return html.Div([head, form, html.Div(kept, className="row g1 wraps") if kept else None], className="keep")


def _shared() -> Component:
    return tick_box("shared", t("inbox.view_shared"))


def search_row(asked: Asked) -> Component:
    """The search field; hidden until it is asked for."""
    field = dmc.TextInput(
        id="inbox-search",
        name="query",
        value=asked.query,
        placeholder=t("inbox.search_hint"),
        className="grow",
        leftSection=icon("search", 14),
        inputProps={"maxLength": 2000},
        spellCheck=False,
        **{"aria-label": t("inbox.search")},
    )
    clear = html.Button(
        icon("x", 14),
        type="button",
        className="btn ghost ico sm",
        title=t("inbox.search_clear"),
        **{"aria-label": t("inbox.search_clear")},
        **does("search-clear"),
    )
    return html.Form(
        [field, clear], className="qsearch row", hidden=not asked.query, role="search", **{"data-form": "search"}
    )
