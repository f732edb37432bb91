"""What a pane shows when it has nothing, has failed, or waits."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.errors import ShenavaError
from dashboard.components.buttons import button
from dashboard.components.icon import icon
from dashboard.context import viewer
from dashboard.dates import clock
from dashboard.errors import sentence_part
from dashboard.text import t


def empty(title: str, why: str = "", action: Component | None = None, icon_name: str = "inbox") -> Component:
    """One sentence why there is nothing, and one thing to do about it."""
    inside = [html.Span(icon(icon_name, 24), className="ico"), html.H2(title), html.P(why) if why else None, action]
    return html.Div(inside, className="empty")


def failed(error: Exception | str, retry: str | dict[str, str] | None = None) -> Component:
    """What went wrong, when, and a button with the id `retry` that tries again; for the pane that failed only."""
    again = button(t("common.retry"), retry, icon_name="refresh") if retry is not None else None
    detail = _detail(error)
    at = t("common.failed_at", time=clock(viewer().now))
    inside = [
        html.Span(icon("alert-triangle", 24), className="ico"),
        html.H2(t("common.failed_title")),
        html.P(detail),
        html.P(at, className="t12 c3"),
        again,
    ]
    return html.Div(inside, className="empty failed", role="alert")


def _detail(error: Exception | str) -> Component:
    if isinstance(error, ShenavaError):
        return sentence_part(error)
    return html.Bdi(error if isinstance(error, str) else t("common.failed_unknown"))


def alert(text: object, tone: str = "", icon_name: str = "info-circle", action: Component | None = None) -> Component:
    """A line across the page. `tone`: "", "neg", "soon" or "acc"."""
    inside = [icon(icon_name, 18), html.Div(text, className="grow"), action]
    return html.Div(inside, className=f"alert {tone}".strip(), role="alert" if tone == "neg" else "status")


def bone(width: str | int = "100%", height: int = 12, round: bool = False) -> Component:
    """One grey bar of a skeleton."""
    style = {"width": width, "height": height, **({"borderRadius": "50%"} if round else {})}
    return html.Span(className="sk", style=style)


def skeleton_rows(count: int = 6) -> Component:
    """A list of rows that are on their way; shows itself after 150 ms."""
    row = html.Div(
        [bone(36, 36, round=True), html.Div([bone("44%"), bone("92%"), bone("30%")], className="col g2 grow")],
        className="row top g3",
        style={"padding": "10px 16px"},
    )
    return html.Div([row] * count, className="sk-wait", **{"aria-busy": "true"})


def skeleton_cards(count: int = 4, height: int = 160) -> Component:
    """Cards that are on their way."""
    cards = [html.Div([bone("40%"), bone("100%", height - 60)], className="card", style={"gap": 14})] * count
    return html.Div(cards, className="cards sk-wait", **{"aria-busy": "true"})
