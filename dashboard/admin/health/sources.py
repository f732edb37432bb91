"""The table of sources."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.records.sources import SourceRow
from crm.usecases.health import HealthView
from dashboard.admin.health.activity import bars, posts_today
from dashboard.admin.health.quota import quota_mark
from dashboard.admin.health.state import lag, last_success, place, state_mark, state_of
from dashboard.admin.step import act, icon_act
from dashboard.components import card, empty, name, platform_icon, table
from dashboard.context import actor, services
from dashboard.monitors.names import COLLECTS
from dashboard.numbers import number
from dashboard.text import t

_ORDER = ("stopped", "waiting", "running", "paused", "finished")


def sources_card(view: HealthView) -> Component:
    """Every source with its state, what needs a person first."""
    if not view.sources:
        add = (
            act(t("health.add"), "health", "add", kind="pri", icon_name="plus")
            if may(actor(), "edit_sources")
            else None
        )
        why = t("health.no_sources_why")
        if services().setup.demo_loaded(actor()):
            why = f"{t('health.demo_only')} {why}"
        return card(empty(t("health.no_sources"), why, add, icon_name="plug"))
    rows = sorted(view.sources, key=lambda row: _ORDER.index(state_of(row).group))
    heads = [t("health.source"), t("health.state"), t("health.last_success"), t("health.lag"), t("health.in_24h_short"),
             t("health.activity"), t("health.quota"), t("health.rejected"), ""]  # fmt: skip
    shown = table(heads, [_row(view, row) for row in rows], caption=t("health.sources"), end=frozenset({3, 4, 7, 8}),
                  class_="stack srct")  # fmt: skip
    head = html.Div(
        [html.H2(t("health.sources"), className="w6"), html.Span(number(len(rows)), className="c3 num"),
         html.Span(t("health.bars"), className="end t12 c3 wide")], className="row",
    )  # fmt: skip
    return card(head, shown)


def _row(view: HealthView, row: SourceRow) -> list[object]:
    activity = view.activity.get(row.id, [])
    where = html.Bdi(place(row), className="h t12 c3 cut where") if place(row) else None
    called = html.Div([name(row.name, "w5 cut"), where], className="col")
    mark = platform_icon(COLLECTS.get(row.kind, row.options.get("platform") or row.kind))
    rejected = (
        act(number(row.rejected), "health", "open", row.id, kind="ghost sm soon num")
        if row.rejected
        else html.Span(number(0), className="c3")
    )
    return [
        html.Span([mark, called], className="row"),
        state_mark(state_of(row)),
        html.Span(last_success(row), className="num nowrap"),
        lag(row),
        html.Span(
            [number(posts_today(activity, view.at)), html.Span(t("health.in_24h_short"), className="narrow c3 t12")],
            className="num row g1",
        ),
        bars(activity, view.at),
        quota_mark(row),
        rejected,
        _actions(row),
    ]


def _actions(row: SourceRow) -> Component:
    more = icon_act("dots", t("health.details"), "health", "open", row.id)
    group = state_of(row).group
    if not may(actor(), "edit_sources") or group in {"running", "finished"}:
        return html.Span(more, className="row ends g1")
    what, text = ("retry", t("common.retry")) if group in {"stopped", "waiting"} else ("resume", t("health.resume"))
    return html.Span([act(text, "health", what, row.id), more], className="row ends g1")
