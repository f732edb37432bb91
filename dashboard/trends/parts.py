"""What the cards of Trends are made of: heads with a table and a file, links to mentions, bars of feeling."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.usecases.trendview import Sentiments
from dashboard.components import card, icon, link, table
from dashboard.context import actor
from dashboard.numbers import number
from dashboard.text import t
from dashboard.trends.chosen import Chosen

MOOD_CLASSES = (("negative", "n", "negative"), ("neutral", "u", "neutral"), ("positive", "p", "positive"))


def mentions(query: str, mood: str = "") -> str:
    """The address of the mentions behind a figure, `mood` only."""
    text = f"{query} AND sentiment:{mood}" if mood else query
    return f"/search?{urlencode({'q': text})}"


def count_link(posts: int, query: str) -> Component:
    """A number that opens its mentions."""
    return link(number(posts), mentions(query), "num-link")


def mood_bar(sentiments: Sentiments, query: str) -> Component:
    """How the mentions feel, each part opening its own."""
    parts = [
        link("", mentions(query, value), tone, title=f"{t(f'common.sentiment_{name}')}: {number(posts)}",
             style={"flex": str(posts)}, **{"aria-label": f"{t(f'common.sentiment_{name}')}: {number(posts)}"})
        for name, tone, value in MOOD_CLASSES
        if (posts := getattr(sentiments, name))
    ]  # fmt: skip
    return html.Span(parts, className="stk")


def trend_card(part: str, title: str, chosen: Chosen, *inside: object, says: str = "", beside: object = None,
               tabled: Component | None = None, class_: str = "") -> Component:  # fmt: skip
    """A card with its sentence, a switch to its table, and its file."""
    switch = (
        html.Button(icon("list-details", 16), type="button", className="btn ghost sm ico", title=t("trends.as_table"),
                    **{"aria-label": t("trends.as_table"), "aria-pressed": "false", "data-as-table": "1"})
        if tabled is not None
        else None
    )  # fmt: skip
    file = (
        html.A(icon("download", 16), href=chosen.address("/trends.csv", part=part), download="",
               className="btn ghost sm ico", title=t("trends.csv"), **{"aria-label": t("trends.csv")})
        if may(actor(), "export")
        else None
    )  # fmt: skip
    sentence = html.P(says, className="says t12 c2") if says else None
    drawn = html.Div(list(inside), className="drawn")
    tables = html.Div(tabled, className="tabled") if tabled is not None else None
    return card(sentence, drawn, tables, title=title, beside=[beside, switch, file], class_=f"trend {class_}".strip())


def small_table(heads: Sequence[object], rows: Sequence[Sequence[object]], caption: str) -> Component:
    """The table behind a chart: a name first, numbers after it."""
    return table(heads, rows, caption=caption, end=frozenset(range(1, len(heads))), class_="tight")


def moved(change: str, *, up: bool, good: bool | None = None) -> Component:
    """A change with an arrow; `good` colours it, None leaves it plain."""
    tone = "" if good is None else "pos" if good else "neg"
    return html.B([icon("arrow-up-right" if up else "arrow-down-right", 12), html.Bdi(change)],
                  className=tone or None)  # fmt: skip
