"""All mentions: a query in the one language of the house, its hits, and what can be done with them."""

from __future__ import annotations

from itertools import chain
from typing import get_args
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from fastapi import APIRouter
from fastapi.responses import Response

from crm.errors import ShenavaError
from crm.policies.access import may
from crm.ports.index import Order
from crm.query import QueryError
from crm.usecases.search import SearchPage
from dashboard.callbacks import callback, clientside
from dashboard.components import (
    alert,
    button,
    empty,
    icon,
    link,
    link_button,
    main,
    page_header,
    show,
    toast,
)
from dashboard.components.query_editor import coloured, query_editor
from dashboard.components.query_text import explain, legend, query_help
from dashboard.context import actor, services, viewer
from dashboard.csvfile import csv_file, refused
from dashboard.listening import no_source
from dashboard.mentions import campaigns
from dashboard.mentions.cards import FEELINGS, hit_card
from dashboard.mentions.export import HEADS, post_rows
from dashboard.page import page
from dashboard.text import t, tn

PAGE = 25
LONGEST = 4_000
router = APIRouter(include_in_schema=False)


@page("/search", "search.title", icon="search", order=11, action="read_posts",
      keys=(("/", "search.key_query"), ("J", "search.key_next"), ("K", "search.key_previous")))  # fmt: skip
def layout(
    q: str = "", order: str = "newest", after: str = "", at: str = "1", view: str = "", **_query: str
) -> Component:
    """The editor and one page of hits, or the texts that were said most often among them."""
    q, order_ = q.strip(), checked_order(order)
    problem = None
    try:
        if view == campaigns.VIEW:
            results = campaigns.groups(services().campaigns.largest(actor(), q), q)
        else:
            found = services().search.search(actor(), q, order_, after or None, PAGE)
            results = hits(found, q, order_, int(at) if at.isdecimal() else 1)
    except QueryError as error:
        problem, results = explain(error), nothing_searched()
    stores = [dcc.Store(id="search-act"), dcc.Store(id="search-corrected"), dcc.Store(id="search-focus")]
    return main(page_header(t("search.title")), editor(q, problem), results, *stores, class_="narrow-page")


def editor(text: str, problem: Component | None = None) -> Component:
    """Where the query is written, and the help beside it."""
    target = button(t("query.help"), "search-help", kind="ghost sm", icon_name="book-2")
    help_ = dmc.Popover(
        [dmc.PopoverTarget(html.Span(target)), dmc.PopoverDropdown(query_help())],
        position="bottom-end", shadow="md", radius=12, width="min(560px, 92vw)",
    )  # fmt: skip
    go = button(t("search.go"), "search-go", kind="pri sm", icon_name="search", key="Enter")
    return query_editor(
        "search-q", text, t("search.query"), problem, legend(help_, go), placeholder=t("search.placeholder"),
        submit="search-go",
    )  # fmt: skip


def hits(found: SearchPage, text: str, order: Order, at: int) -> Component:
    """What was found, from the hit with the number `at` on."""
    bounded = alert(t("search.bounded"), "soon") if found.bounded else None
    if not found.hits and not text and (quiet := no_source()) is not None:
        return html.Div([bounded, quiet])
    if not found.hits:
        clear = link_button(t("search.clear"), "/search") if text else None
        return html.Div([bounded, empty(t("search.none"), t("search.none_why"), clear, "search")])
    shown = services().campaigns.folded(actor(), text, found.hits)
    cards = [hit_card(one.hit, campaigns.more(one, text)) for one in shown]
    feed = html.Div(cards, className="card hits", role="feed", **{"aria-label": t("search.title")})
    return html.Div([bar(found, text, order, at), bounded, feed, more(found, text, order, at)], className="col g3")


def bar(found: SearchPage, text: str, order: Order, at: int) -> Component:
    """How many there are, in which order they stand, and where they can go."""
    orders = [
        link(t(f"search.order_{one}"), address(text, one), "on" if one == order else "",
             **({"aria-current": "true"} if one == order else {}))
        for one in get_args(Order)
    ]  # fmt: skip
    last = at + len(found.hits) - 1
    place = t("search.place", first=at, last=last) if at > 1 or last < found.total else ""
    save = (
        link_button(t("search.save"), f"/monitors/new?{urlencode({'query': text})}", kind="sm", icon_name="radar-2")
        if text and may(actor(), "edit_monitors")
        else None
    )
    export = (
        html.A([icon("download", 14), t("search.csv")], href=f"/search.csv?{urlencode({'q': text, 'order': order})}",
               className="btn sm", download="", title=t("search.csv_title"))
        if may(actor(), "export")
        else None
    )  # fmt: skip
    repeated = link_button(t("search.repeated"), campaigns.address(text), kind="sm", icon_name="copy")
    total = html.H2([tn("search.total", found.total), " ", html.Span(place, className="t12 c3 w4")], className="t16")
    seg = html.Nav(orders, className="seg", **{"aria-label": t("search.order")})
    return html.Div([total, html.Div([seg, repeated, save, export], className="row end wraps")], className="row wraps")


def more(found: SearchPage, text: str, order: Order, at: int) -> Component | None:
    """The way to the next hits, and back to the first."""
    following = (
        link_button(t("search.more"), address(text, order, found.cursor, at + len(found.hits)), icon_name="arrow-down")
        if found.cursor
        else None
    )
    first = link_button(t("search.first"), address(text, order), kind="ghost", icon_name="arrow-up") if at > 1 else None
    return html.Div([following, first], className="row more") if following or first else None


def nothing_searched() -> Component:
    """What stands below a query that is wrong."""
    return empty(t("search.not_searched"), t("search.not_searched_why"), icon_name="alert-circle")


def address(text: str, order: Order = "newest", after: str | None = None, at: int = 1) -> str:
    """The page for a query, an order, and the hits after a cursor."""
    given = {
        "q": text,
        "order": order if order != "newest" else "",
        "after": after or "",
        "at": str(at) if after else "",
    }
    filled = {name: value for name, value in given.items() if value}
    return f"/search?{urlencode(filled)}" if filled else "/search"


def checked_order(order: str) -> Order:
    """`order` where there is such an order, else the newest first."""
    return next((one for one in get_args(Order) if one == order), "newest")


@callback(
    Output("url", "href", allow_duplicate=True), Input("search-go", "n_clicks"), State("search-q", "value"),
    State("url", "search"), prevent_initial_call=True,
)  # fmt: skip
def go(_clicks: int, text: str | None, search: str | None) -> str:
    """Search for what was written, in the order that was chosen."""
    order = next((one for one in get_args(Order) if f"order={one}" in (search or "")), "newest")
    return address((text or "").strip()[: 2 * LONGEST], checked_order(order))


@callback(
    Output("search-corrected", "data"), Output("url", "href", allow_duplicate=True), Input("search-act", "data"),
    prevent_initial_call=True,
)  # fmt: skip
def act(wanted: object) -> tuple[object, object]:
    """Correct the sentiment of a post, or open its case."""
    given = {name: str(value) for name, value in wanted.items()} if isinstance(wanted, dict) else {}
    post = given.get("post", "")
    if given.get("act") == "case":
        return no_update, f"/inbox?{urlencode({'case': services().inbox.open_case(actor(), post).id})}"
    value = given.get("value", "")
    services().corrections.correct(actor(), post, "sentiment", value)
    if value not in FEELINGS:
        return no_update, no_update
    label = t(f"common.sentiment_{value}")
    show(toast(t("search.corrected", value=label), sub=t("search.corrected_why")))
    return {"post": post, "value": value, "label": label}, no_update


clientside("search", "mark", Input("search-corrected", "data"), prevent_initial_call=True)
clientside("search", "key", Output("search-focus", "data"), Input("key", "data"), prevent_initial_call=True)
coloured("search-q")


@router.get("/search.csv")
def export(q: str = "", order: str = "newest") -> Response:
    """All hits as a file."""
    try:
        found = services().search.export(actor(), q, checked_order(order))
        names = {one.id: one.name for one in services().monitors.all(actor())}
    except ShenavaError as error:
        return refused(error)
    # Whoever opens the file later sees nothing of the page that said so.
    note = [[t("search.bounded")]] if found.bounded else []
    return csv_file("search", HEADS, chain(post_rows(found.posts, viewer().zone, names), note))
