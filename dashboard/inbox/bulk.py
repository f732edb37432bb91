"""What can be done with several picked cases at once."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from dashboard.components import icon, icon_button
from dashboard.context import actor
from dashboard.inbox.names import able, members
from dashboard.inbox.parts import does, item, menu, panel
from dashboard.inbox.snooze import presets
from dashboard.text import t


def bar() -> Component:
    """Stands above the rows while any are picked; p-inbox.js shows it and counts."""
    if not may(actor(), "work_cases"):
        return html.Div(id="inbox-bulk", hidden=True)
    count = html.Span(
        className="w6 num", id="inbox-bulk-count", **{"data-text": t("inbox.picked"), "aria-live": "polite"}
    )
    return html.Div(
        [
            count,
            html.Span([_assign(), _tag(), _snooze(), _resolve(), _off()], className="row g0 end"),
        ],
        id="inbox-bulk",
        className="bulk row",
        hidden=True,
        role="toolbar",
        **{"aria-label": t("inbox.bulk")},
    )


def _assign() -> Component:
    target = icon_button("user-check", t("inbox.assign"), kind="ghost sm")
    people = [item(html.Bdi(one.name), does("bulk", action="assign", value=one.id)) for one in able(members())]
    nobody = item(t("common.unassigned"), does("bulk", action="assign", value=""), icon_name="user-off")
    return menu(target, [*people, nobody], label=t("inbox.assign"))


def _tag() -> Component:
    target = icon_button("tag", t("inbox.tag"), kind="ghost sm")
    form = html.Form(
        [
            dmc.TextInput(
                name="value",
                placeholder=t("inbox.tag_name"),
                required=True,
                inputProps={"maxLength": 100},
                **{"aria-label": t("inbox.tag_name")},
            ),
            html.Button(t("inbox.tag_add"), type="submit", className="btn pri"),
        ],
        className="row",
        **{"data-form": "bulk", "data-action": "tag"},
    )
    return panel(target, form, label=t("inbox.tag"))


def _snooze() -> Component:
    target = icon_button("clock-pause", t("inbox.snooze"), kind="ghost sm")
    lines = [item(label, does("bulk", action="snooze", value=when.isoformat())) for _name, label, when in presets()]
    return menu(target, lines, label=t("inbox.snooze"))


def _resolve() -> Component:
    return icon_button("check", t("inbox.resolve"), kind="ghost sm", **does("bulk", action="status", value="resolved"))


def _off() -> Component:
    return html.Button(
        icon("x", 18),
        type="button",
        className="btn ghost ico sm",
        title=t("inbox.pick_none"),
        **{"aria-label": t("inbox.pick_none")},
        **does("pick-none"),
    )
