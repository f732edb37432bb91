"""The dialog that asks for a day and an hour, in the calendar of the viewer."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import button, dialog
from dashboard.inbox.parts import does
from dashboard.inbox.snooze import days, hours
from dashboard.text import t


def time_dialog() -> Component:
    """Days and hours as buttons; p-inbox.js keeps the choice and hands it to what asked for it."""
    on = [
        html.Button(
            [html.Span(name, className="w5"), html.Small(date, className="num")],
            type="button",
            className="day",
            **{"aria-pressed": "false", "data-day": iso},
        )
        for iso, name, date in days()
    ]
    at = [
        html.Button(shown, type="button", className="chip line num", **{"aria-pressed": "false", "data-time": value})
        for value, shown in hours()
    ]
    return dialog(
        "inbox-time",
        t("inbox.time_title"),
        html.Div(
            [
                html.H3(t("inbox.time_day"), className="sec"),
                html.Div(on, className="days"),
                html.H3(t("inbox.time_hour"), className="sec"),
                html.Div(at, className="row g1 wraps"),
                html.Div(id="inbox-time-trouble"),
                html.Div(button(t("inbox.time_do"), kind="pri", **does("time-chosen")), className="row form-end"),
            ],
            className="col g3 times",
        ),
    )
