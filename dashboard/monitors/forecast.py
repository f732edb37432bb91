"""What a monitor would bring from platforms that count or sell what is read, before it is saved."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.errors import ShenavaError
from crm.policies.access import may
from crm.ports.source import CantBeAskedError
from crm.query import QueryError
from crm.records.sources import SourceRow
from crm.usecases.budgets import Forecast
from crm.usecases.monitors import MonitorDraft
from dashboard.components import icon, platform_icon
from dashboard.context import actor, services
from dashboard.errors import sentence_part
from dashboard.monitors.names import platform_name, platform_of, sources
from dashboard.numbers import number
from dashboard.text import t

WEEKS = 30.4 / 7
"""Of a month."""


def forecast(draft: MonitorDraft) -> list[Component]:
    """A line for each source whose platform says beforehand what the query would bring."""
    if not draft.query.strip() or not may(actor(), "edit_monitors"):
        return []
    asked = [one for one in sources() if one.enabled and services().budgets.foretells(one)]
    return [line for one in asked if (line := _line(one, draft)) is not None]


def _line(row: SourceRow, draft: MonitorDraft) -> Component | None:
    try:
        found = services().budgets.forecast(actor(), draft, row)
    except (QueryError, CantBeAskedError):
        return None  # said where the query is written, and in the platform's row
    except ShenavaError as error:
        platform = platform_of(row)
        said: list[object] = [t("monitors.no_forecast", platform=platform_name(platform)), " ", sentence_part(error)]
        return html.P([icon("alert-circle", 14), html.Span(said)], className="row t12 soon")
    return None if found is None else _said(found)


def _said(found: Forecast) -> Component:
    month = round(found.posts * WEEKS)
    said = "monitors.forecast" if found.unit == "posts" else "monitors.forecast_units"
    words = t(said, platform=platform_name(found.platform), week=number(found.posts), month=number(month))
    parts: list[object] = [html.Span(words)]
    if found.left is None:
        parts.append(html.Span(t("monitors.forecast_uncapped"), className="c3"))
    elif month > found.left:
        parts.append(html.Span(t("monitors.forecast_over", left=number(found.left)), className="soon w5"))
    else:
        parts.append(html.Span(t("monitors.forecast_left", left=number(found.left)), className="c3"))
    return html.P([platform_icon(found.platform, 14), *parts], className="row wraps t12 mon-forecast")
