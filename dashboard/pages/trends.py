"""Trends: how much is said about us, how it feels, where, by whom, and beside which competitor."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from fastapi import APIRouter, Request
from fastapi.responses import Response

from crm.errors import NotFoundError, ShenavaError
from crm.usecases.periods import PeriodError
from crm.usecases.trendview import TrendsView
from dashboard.callbacks import callback, clientside
from dashboard.components import alert, bone, button, empty, icon, link_button, main, page_header
from dashboard.context import actor, services, viewer
from dashboard.csvfile import csv_file, refused
from dashboard.listening import no_source
from dashboard.page import page
from dashboard.page import query as query_of
from dashboard.text import t, tn
from dashboard.trends import sections
from dashboard.trends.bar import filter_bar, language_name, picked_text, platform_name
from dashboard.trends.chosen import CUSTOM, Chosen
from dashboard.trends.files import TABLES
from dashboard.trends.parts import mentions
from dashboard.trends.tiles import tiles

LISTS = ("monitors", "platforms", "languages")
SCHEMES = ("light", "dark")
router = APIRouter(include_in_schema=False)


@page("/trends", "trends.title", icon="chart-line", order=13, phone=True, action="read_trends",
      keys=(("R", "trends.key_refresh"),))  # fmt: skip
def layout(**query: str) -> Component:
    """The bar, and the shape of what :func:`fill` puts below it."""
    chosen = Chosen.of(query)
    stores = [dcc.Store(id=f"trends-{name}") for name in ("scheme", "stale", "shown", "cell", "opened")]
    newer = button("", "trends-refresh", kind="ghost sm newer", icon_name="refresh", hidden=True)
    return main(
        page_header(t("trends.title"), html.Span(id="trends-compared", className="t12 c3"), newer,
                    beside=filter_bar(chosen, services().trends.choices(actor()))),
        html.Div(skeleton(), id="trends-body", className="trends-body"),
        dcc.Store(id="trends-step", data=chosen.step), *stores, class_="trends",
    )  # fmt: skip


def skeleton() -> Component:
    """The page's shape while its figures are counted."""
    card = [html.Div([bone("30%"), bone("100%", 200)], className="card", style={"gap": 14})]
    tile = html.Div([bone("50%"), bone("40%", 24), bone("60%")], className="kpi col g2")
    return html.Div(
        [html.Div([tile] * 4, className="kpis"), html.Div(card * 2, className="trend-row first"),
         html.Div(card * 3, className="trend-row second")],
        className="sk-wait trends-body", **{"aria-busy": "true"},
    )  # fmt: skip


_FILTER = [
    Input("trends-period", "value"), Input("trends-since", "value"), Input("trends-until", "value"),
    *(Input(f"trends-{name}", "value") for name in LISTS), Input("trends-step", "data"),
]  # fmt: skip


@callback(
    Output("trends-body", "children"), Output("trends-compared", "children"), Output("trends-shown", "data"),
    Output("address", "data"), Output("trends-dates", "hidden"),
    *(Output(f"trends-{name}-label", "children") for name in LISTS), Output("trends-refresh", "hidden"),
    *_FILTER, Input("trends-scheme", "data"), Input("trends-refresh", "n_clicks"),
)  # fmt: skip
def fill(
    period: str, since: str | None, until: str | None, monitors: list[str], platforms: list[str],
    languages: list[str], step: str | None, scheme: str | None, _clicks: int | None,
) -> tuple[Any, ...]:  # fmt: skip
    """Count and draw everything for what is chosen."""
    lists = {"monitors": monitors, "platforms": platforms, "languages": languages}
    texts = {"period": period, "since": since or "", "until": until or "", "step": step or ""}
    chosen = Chosen.of(texts | {name: ",".join(map(str, values or [])) for name, values in lists.items()})
    labels = picked_labels(chosen)
    dates_hidden = chosen.period != CUSTOM
    try:
        wanted = chosen.wanted(viewer().now, viewer().zone.key)
    except PeriodError as error:
        problem = alert(t(f"trends.period_{error.code}", found=error.found), "soon", "calendar-off")
        if chosen.period == CUSTOM and not chosen.since:
            problem = alert(t("trends.choose_days"), "", "calendar")
        return problem, "", None, no_update, dates_hidden, *labels, True
    view = services().trends.overview(actor(), wanted, chosen.in_steps)
    shown = {"chosen": chosen.address(), "total": view.totals.total}
    body = drawn(view, chosen, scheme if scheme in SCHEMES else "light")
    return body, sections.periods_compared(view), shown, chosen.address(), dates_hidden, *labels, True


def drawn(view: TrendsView, chosen: Chosen, scheme: str) -> Component:
    """All figures and charts, or why there are none."""
    if not view.totals.total:
        return nothing(view, chosen)
    notice = alert(tn("trends.few_posts", view.totals.total), "soon", "filter-exclamation") if view.few else None
    first = [sections.over_time(view, chosen, scheme), sections.voice(view, chosen)]
    second = [sections.platforms(view, chosen), sections.authors(view, chosen), sections.hours(view, chosen)]
    return html.Div(
        [notice, tiles(view), sections.row_sections(first, "first"), sections.row_sections(second, "second")],
        className="trends-body",
    )


def nothing(view: TrendsView, chosen: Chosen) -> Component:
    """Why there is nothing, and one thing to do about it."""
    if not view.shares:
        new = link_button(t("trends.new_monitor"), "/monitors/new", kind="pri", icon_name="plus")
        return empty(t("trends.no_monitors"), t("trends.no_monitors_why"), new, "radar-2")
    if view.excluded:
        clear = link_button(t("trends.clear"), chosen.cleared().address(), icon_name="x")
        return empty(t("trends.none"), tn("trends.excluded", view.excluded), clear, "filter")
    if (quiet := no_source()) is not None:
        return quiet
    longer = link_button(t("trends.longer"), Chosen(period="nowruz").address(), icon_name="calendar")
    return empty(t("trends.none"), t("trends.none_why"), longer, "calendar-off")


def picked_labels(chosen: Chosen) -> list[str]:
    """What the buttons of the pickers say."""
    names = {
        "monitors": {one.id: one.name for one in services().monitors.all(actor())} if chosen.monitors else {},
        "platforms": {one: platform_name(one) for one in chosen.platforms},
        "languages": {one: language_name(one) for one in chosen.languages},
    }
    return [picked_text(name, getattr(chosen, name), names[name]) for name in LISTS]


@callback(
    Output("trends-refresh", "children"),
    Output("trends-refresh", "hidden", allow_duplicate=True),
    Input("trends-stale", "data"),
    State("trends-shown", "data"),
    prevent_initial_call=True,
)
def newer(_stale: object, shown: object) -> tuple[object, object]:
    """Say how many mentions came since; nothing is redrawn under anybody's eyes."""
    if not isinstance(shown, dict):
        return no_update, no_update
    wanted = _shown(shown).wanted(viewer().now, viewer().zone.key)
    count = services().trends.newer(actor(), wanted, int(shown.get("total", 0)))
    return [icon("refresh", 14), tn("trends.newer", count)], not count


@callback(
    Output("url", "href", allow_duplicate=True),
    Input("trends-cell", "data"),
    State("trends-shown", "data"),
    prevent_initial_call=True,
)
def open_hour(cell: object, shown: object) -> str:
    """Open the mentions of one hour of the week."""
    day, _, hour = str(cell.get("cell", "") if isinstance(cell, dict) else "").partition("-")
    if not (day.isdecimal() and hour.isdecimal()):
        raise NotFoundError("hour", cell)
    wanted = _shown(shown if isinstance(shown, dict) else {}).wanted(viewer().now, viewer().zone.key)
    return mentions(services().trends.hour_query(actor(), wanted, int(day), int(hour)))


clientside("trends", "scheme", Output("trends-scheme", "data"), Input("trends-refresh", "id"))
clientside("trends", "stale", Input("live-post", "data"), prevent_initial_call=True)
clientside("trends", "open", Output("trends-opened", "data"), Input("trends-volume", "clickData"),
           prevent_initial_call=True)  # fmt: skip
clientside("trends", "key", Input("key", "data"), prevent_initial_call=True)


@router.get("/trends.csv")
def export(request: Request) -> Response:
    """One table of the page as a file."""
    query = dict(request.query_params)
    part, chosen = query.get("part", ""), Chosen.of(query)
    try:
        if part not in TABLES:
            raise NotFoundError("table", part)
        wanted = chosen.wanted(viewer().now, viewer().zone.key)
        view = services().trends.export(actor(), wanted, chosen.in_steps)
    except ShenavaError as error:
        return refused(error)
    return csv_file(f"trends-{part}", *TABLES[part](view))


def _shown(shown: dict[str, object]) -> Chosen:
    """What the page was filled for; it went through the browser, so it is read like an address."""
    return Chosen.of(query_of(str(shown.get("chosen", "")).partition("?")[2]))
