"""The first pane: which cases wait, in pages of fifty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from crm.errors import ShenavaError
from crm.policies.access import may
from crm.query import QueryError
from crm.records.desk import SavedView
from crm.records.queue import QUEUE_VIEWS
from crm.usecases.views import QueuePage
from dashboard.components import alert, empty, failed, icon, icon_button, kbd, pane, skeleton_rows
from dashboard.context import actor, services, viewer
from dashboard.inbox import bulk, filterbar
from dashboard.inbox.filters import STATUSES, Asked, of_view, stored
from dashboard.inbox.parts import does, item, menu
from dashboard.inbox.places import Places, place, places
from dashboard.inbox.problems import fault_in
from dashboard.inbox.rows import row
from dashboard.listening import no_source
from dashboard.numbers import number
from dashboard.text import t

SIZE = 50


def draw(asked: Asked) -> Places:
    """The queue as it is now; what is wrong with a search is said above the rows."""
    try:
        page = services().inbox.queue(actor(), asked.wanted(viewer().now), asked.cursor, SIZE)
    except QueryError as error:
        return _drawn(head(asked, None), [fault_in(error, asked.query)])
    except ShenavaError as error:
        return _drawn(head(asked, None), [failed(error)])
    bounded = [alert(t("inbox.bounded"), "soon", "info-circle")] if page.bounded else []
    above = bounded if page.rows else [nothing(asked)]
    drawn = _drawn(head(asked, page), above, _pager(asked, page))
    return drawn | {"inbox-list": [row(one, asked) for one in page.rows]}


def _drawn(head_: Sequence[object], above: Sequence[object], below: Sequence[object] = ()) -> Places:
    return places(
        {
            "inbox-queue-head": head_, "inbox-above": above, "inbox-list": (), "inbox-below": below,
            "inbox-queue-trouble": (),
        }
    )  # fmt: skip


class Settled(Struct, frozen=True):
    """A queue that was open while things changed: fresh rows in their places, and how many new ones wait above."""

    places: Places
    rows: dict[str, str]
    newer: int


def settle(asked: Asked, shown: Sequence[str]) -> Settled:
    """Look again without moving anything: `shown` are the ids of the rows that stand there.

    New are cases that would stand before one of them; those that slid in from the next page are not.
    """
    page = services().inbox.queue(actor(), asked.wanted(viewer().now), asked.cursor, SIZE)
    there = {one.case.id: row(one, asked) for one in page.rows if one.case.id in shown}
    order = [one.case.id for one in page.rows]
    last = max((at for at, case_id in enumerate(order) if case_id in there), default=-1)
    reach = order if page.cursor is None or last < 0 else order[:last]
    new = sum(case_id not in there for case_id in reach)
    return Settled(places({"inbox-queue-head": head(asked, page)}), there, new)


def queue_pane(asked: Asked) -> Component:
    """The pane with the places that the callbacks fill."""
    rows = [
        place("inbox-above"),
        html.Ul(id="inbox-list", **{"aria-label": t("inbox.queue")}),
        place("inbox-below"),
        html.Div(skeleton_rows(9), id="inbox-first"),
    ]
    return pane(
        html.Header(id="inbox-queue-head"),
        filterbar.search_row(asked),
        bulk.bar(),
        place("inbox-queue-trouble", "trouble"),
        html.Button(id="inbox-newer", type="button", className="newer", hidden=True, **does("refresh")),
        html.Div(rows, id="inbox-rows", className="scroll"),
        _keys_foot(),
        label=t("inbox.queue"),
        class_="queue",
    )


def head(asked: Asked, page: QueuePage | None) -> list[Component]:
    """Title with its number, views, filters; without numbers where the search can't be answered."""
    total = html.Span(number(page.total), className="c3 num") if page else None
    return [
        html.Div([_title(asked), total, _tools()], className="qh row"),
        _views(asked, page),
        filterbar.line(asked),
    ]


def _title(asked: Asked) -> Component:
    target = html.Button([t(f"inbox.queue_{asked.status}"), icon("chevron-down")], type="button", className="title")
    lines = [
        item(t(f"inbox.queue_{one}"), does("filter", name="status", value=one), on=one == asked.status)
        for one in STATUSES
    ]
    return html.H1(menu(target, lines), className="t16 w6")


def _tools() -> Component:
    works = may(actor(), "work_cases")
    return html.Span(
        [
            icon_button("search", t("inbox.search"), kind="ghost sm touch", **does("search")),
            icon_button("list-check", t("inbox.pick"), kind="ghost sm touch", **does("picking")) if works else None,
        ],
        className="end row g1",
    )


def _views(asked: Asked, page: QueuePage | None) -> Component:
    saved = services().toolbox.views(actor())
    same = next((one.id for one in saved if of_view(one.filter) == _unpaged(asked)), "")
    own = [
        _chip(
            t(f"inbox.view_{view}"),
            page.counts[view] if page else None,
            not same and view == asked.view,
            does("filter", name="view", value=view),
        )
        for view in QUEUE_VIEWS
        if view != "approvals" or may(actor(), "approve_reply")
    ]
    kept = [_kept(one, on=one.id == same) for one in saved]
    return html.Nav([*own, *kept], className="views", **{"aria-label": t("inbox.views")})


def _kept(view: SavedView, *, on: bool) -> Component:
    return _chip(view.name, _count(view), on, does("view", asked=_json(of_view(view.filter))))


def _json(asked: Asked) -> str:
    return msgspec.json.encode(stored(asked)).decode()


def _count(view: SavedView) -> int | None:
    """How many cases a saved view holds; not for a search, which would be asked anew at every change."""
    asked = of_view(view.filter)
    if asked.query:
        return None
    return services().inbox.queue(actor(), asked.wanted(viewer().now), None, 1).total


def _chip(label: str, count: int | None, on: bool, what: Mapping[str, str]) -> Component:
    inside = [html.Bdi(label)] + ([html.Span(number(count), className="n num")] if count is not None else [])
    return html.Button(
        inside, type="button", className="chip on" if on else "chip", **{"aria-pressed": str(on).lower()}, **what
    )


def _pager(asked: Asked, page: QueuePage) -> list[Component]:
    newer = html.Button(t("inbox.newer_page"), type="button", className="btn sm", **does("page", cursor=""))
    older = html.Button(
        t("inbox.older_page"), type="button", className="btn sm", **does("page", cursor=page.cursor or "")
    )
    parts = [newer if asked.pages else None, older if page.cursor else None]
    return [html.Div(parts, className="pager")] if any(parts) else []


def nothing(asked: Asked) -> Component:
    """Why the queue is empty, and one thing to do about it."""
    if asked.narrowed:
        clear = html.Button(t("inbox.clear"), type="button", className="btn", **does("clear"))
        return empty(t("inbox.nothing_matches"), t("inbox.nothing_matches_why"), clear, "filter")
    if (quiet := no_source()) is not None:
        return quiet
    if asked.view != "all":
        everything = html.Button(
            t("inbox.show_all"), type="button", className="btn", **does("filter", name="view", value="all")
        )
        return empty(t(f"inbox.nothing_{asked.view}"), "", everything)
    if asked.status == "answer":
        waiting = html.Button(
            t("inbox.show_waiting"), type="button", className="btn", **does("filter", name="status", value="waiting")
        )
        return empty(t("inbox.nothing_waits"), t("inbox.nothing_waits_why"), waiting, "circle-check")
    return empty(t("inbox.nothing_here"), "", None)


def _unpaged(asked: Asked) -> Asked:
    return Asked(*(getattr(asked, name) for name in Asked.__struct_fields__ if name != "pages"))


def _keys_foot() -> Component:
    works = may(actor(), "work_cases")
    parts = [
        html.Span([kbd("J"), kbd("K"), t("inbox.key_move")]),
        html.Span([kbd("X"), t("inbox.key_pick")]) if works else None,
        html.Span([kbd("?"), t("inbox.key_all")], className="end"),
    ]
    return html.Footer(parts, className="qf tip-keys")
