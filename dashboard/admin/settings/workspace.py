"""The workspace: its name, its zone, its working week and how fast it answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

import jdatetime
from dash import html, set_props
from dash.development.base_component import Component
from msgspec import convert

from crm.errors import InvalidInputError
from crm.policies.clock import DEFAULT_MINUTES, PRIORITIES, BusinessHours
from crm.records.workspaces import SATURDAY
from dashboard.admin.fields import NOTHING, Wrong, area, choice, form, text_field, tick, ticks
from dashboard.admin.permission import allowed, who_can
from dashboard.admin.step import Shown, Step, Steps
from dashboard.components import card, show, toast
from dashboard.context import actor, language, services
from dashboard.dates import weekday
from dashboard.errors import plain_sentence
from dashboard.numbers import digits
from dashboard.text import t

Given = Mapping[str, tuple[str, ...]]

A_MONDAY = date(2024, 1, 1)
DAYS = [(SATURDAY + at) % 7 for at in range(7)]
"""Days as :meth:`datetime.weekday` counts them, from Saturday on."""
FIRST_GREGORIAN = 1700
"""A year below this is a Jalali one."""


def section(given: Given | None = None, wrong: Wrong = NOTHING) -> list[Component | None]:
    """The form, filled in with what is stored or was `given`; people who may not change it see who can."""
    fields = _stored() if given is None else given
    body = _form(fields, wrong) if allowed("edit_workspace") else _facts(fields)
    return [who_can("edit_workspace"), card(body, title=t("settings.workspace"))]


def _stored() -> dict[str, tuple[str, ...]]:
    found = services().setup.workspace(actor())
    hours = convert(dict(found.business_hours), BusinessHours)
    minutes = {**DEFAULT_MINUTES, **hours.minutes}
    return {
        "name": (found.name,),
        "zone": (found.zone,),
        "week_start": (str(found.week_start),),
        "weekend": tuple(map(str, found.weekend)),
        "from": (hours.opens,),
        "until": (hours.closes,),
        "holidays": ("\n".join(_shown(day) for day in hours.holidays),),
        **{priority: (str(minutes[priority]),) for priority in PRIORITIES},
    }


def _form(given: Given, wrong: Wrong) -> Component:
    def value(name: str) -> str:
        return next(iter(given.get(name, ())), "")

    days = [(str(day), weekday(date.fromordinal(A_MONDAY.toordinal() + day))) for day in DAYS]
    zones = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]
    off = [tick("weekend", name, value=day, on=day in given.get("weekend", ())) for day, name in days]
    targets = [
        text_field(one, t(f"settings.priority_{one}"), value(one), wrong=wrong, kind="number", ltr=True, required=True)
        for one in reversed(PRIORITIES)
    ]
    return form(
        "settings", "workspace", "",
        text_field("name", t("settings.workspace_name"), value("name"), wrong=wrong, required=True),
        html.Div(
            [choice("zone", t("settings.zone"), zones, value("zone"), wrong=wrong, searchable=True,
                    hint=t("settings.zone_hint")),
             choice("week_start", t("settings.week_start"), days, value("week_start"), wrong=wrong)], className="pair"),
        ticks(t("settings.weekend"), off, wrong=wrong.get("weekend", "")),
        html.Div(
            [text_field("from", t("settings.opens"), value("from"), wrong=wrong, kind="time", ltr=True, required=True),
             text_field("until", t("settings.closes"), value("until"), wrong=wrong, kind="time", ltr=True,
                        required=True)], className="pair"),
        area("holidays", t("settings.holidays"), value("holidays"), wrong=wrong, ltr=True, rows=2,
             hint=t("settings.holidays_hint", example=_shown(date(2026, 3, 21)))),
        html.Fieldset([html.Legend(t("settings.targets")), html.Div(targets, className="quad"),
                       html.Span(t("settings.targets_hint"), className="t12 c3")], className="tset"),
        wrong=wrong,
    )  # fmt: skip


def _facts(given: Given) -> Component:
    labels = {"name": "workspace_name", "zone": "zone", "from": "opens", "until": "closes"}
    parts = [part for name, label in labels.items()
             for part in (html.Dt(t(f"settings.{label}")), html.Dd(digits(given[name][0])))]  # fmt: skip
    return html.Dl(parts, className="facts")


def save(step: Step) -> Shown:
    """Keep the workspace's settings, or say what is wrong beside its field."""
    wrong: dict[str, str] = {}
    holidays = _holidays(step.text("holidays"), wrong)
    minutes = {one: _minutes(step.text(one), one, wrong) for one in PRIORITIES}
    if len(step.many("weekend")) == len(DAYS):
        wrong["weekend"] = t("settings.weekend_all")
    if not step.text("from") < step.text("until"):
        wrong["until"] = t("settings.hours_wrong")
    if wrong:
        return _again(step, wrong)
    hours: dict[str, Any] = {
        "from": step.text("from"), "until": step.text("until"), "minutes": minutes,
        "holidays": [day.isoformat() for day in holidays],
    }  # fmt: skip
    weekend = [int(day) for day in step.many("weekend") if day.isdigit()]
    start = step.text("week_start")
    try:
        services().setup.change_workspace(
            actor(), step.text("name"), step.text("zone"), int(start) if start.isdigit() else SATURDAY, weekend, hours
        )
    except InvalidInputError as error:
        return _again(step, {"": plain_sentence(error)})
    show(toast(t("common.saved")))
    return Shown(again=True)


def _again(step: Step, wrong: Wrong) -> Shown:
    set_props("settings-body", {"children": section(step.fields, wrong)})
    return Shown()


def _minutes(text: str, name: str, wrong: dict[str, str]) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 100_000:
        return int(text)
    wrong[name] = t("settings.minutes_wrong")
    return 0


def _holidays(text: str, wrong: dict[str, str]) -> list[date]:
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        day = read_day(line)
        if day is None:
            wrong["holidays"] = t("settings.holiday_wrong", value=line)
        else:
            found.append(day)
    return sorted(set(found))


def read_day(text: str) -> date | None:
    """``2026-03-21`` or ``1405/01/01``, in either calendar and with either digits; None where it is no day."""
    parts = text.replace("-", "/").split("/")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return None
    year, month, day = map(int, parts)
    try:
        jalali = jdatetime.date(year, month, day).togregorian() if year < FIRST_GREGORIAN else None
        return date(year, month, day) if jalali is None else date(jalali.year, jalali.month, jalali.day)
    except ValueError:
        return None


def _shown(day: date) -> str:
    if language() == "fa":
        jalali = jdatetime.date.fromgregorian(date=day)
        return f"{jalali.year}/{jalali.month:02}/{jalali.day:02}"
    return day.isoformat()


STEPS: Steps = {"workspace": save}
