"""The cards of Trends: over time, share of voice, platforms, authors, hours, languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from dash import html
from dash.development.base_component import Component

from crm.ports.index import Span
from crm.usecases.trendview import Row, Share, TrendsView
from dashboard.components import bar, handle, link, name, platform_icon, sentiment, table
from dashboard.dates import day, weekday
from dashboard.numbers import compact, digits, number, percent, signed
from dashboard.text import t, tn
from dashboard.trends.bar import language_name, platform_name
from dashboard.trends.chosen import Chosen
from dashboard.trends.parts import count_link, mentions, mood_bar, small_table, trend_card
from dashboard.trends.volume import step_name, volume_chart

STEPS = ("hour", "day", "week")
LEVELS = 5
A_SATURDAY = date(2024, 1, 6)


def over_time(view: TrendsView, chosen: Chosen, scheme: str) -> Component:
    """How much was said, when, and how it felt."""
    steps = [
        html.Button(t(f"trends.step_{one}"), type="button", className="on" if one == view.step else None,
                    **{"data-step": one, "aria-pressed": str(one == view.step).lower()})
        for one in STEPS
    ]  # fmt: skip
    marks = [html.Span([sentiment(one), t(f"common.sentiment_{one}")]) for one in ("negative", "neutral", "positive")]
    if view.totals.unsure:
        marks.append(html.Span([html.I(className="sq unsure"), t("trends.unsure")]))
    marks.append(html.Span([html.I(className="dotted"), t("trends.before")]))
    if view.gaps:
        marks.append(html.Span([html.I(className="sq hatched"), t("trends.gap")]))
    beside = html.Div(steps, className="seg", role="group", **{"aria-label": t("trends.step")})
    legend = html.Div(marks, className="lg")
    return trend_card(
        "volume", t(f"trends.volume_{view.step}"), chosen, legend, volume_chart(view, scheme), says=_volume_says(view),
        beside=beside, tabled=_volume_table(view), class_="volume",
    )  # fmt: skip


def _volume_says(view: TrendsView) -> str:
    peak = max(view.series, key=lambda row: row.sentiments.total)
    mean = view.totals.total / len(view.series)
    return t(
        "trends.volume_says", peak=step_name(view, peak.key), n=peak.sentiments.total, mean=number(mean),
        negative=percent(view.totals.negative / view.totals.total),
    )  # fmt: skip


def _volume_table(view: TrendsView) -> Component:
    heads = [t("trends.when"), *(t(f"common.sentiment_{one}") for one in ("negative", "neutral", "positive")),
             t("trends.unsure"), t("trends.all"), t("trends.before")]  # fmt: skip
    past = [*view.series_before, *([0] * len(view.series))]
    rows = [
        [step_name(view, row.key), *(link(number(count), mentions(row.query, value), "num-link")
                                     for count, value in _moods(row)),
         count_link(row.sentiments.total, row.query), number(past[at])]
        for at, row in enumerate(view.series)
    ]  # fmt: skip
    return small_table(heads, rows, t("trends.volume_day"))


def _moods(row: Row) -> list[tuple[int, str]]:
    one = row.sentiments
    return [(one.negative, "negative"), (one.neutral, "neutral"), (one.positive, "positive"), (one.unsure, "unknown")]


def voice(view: TrendsView, chosen: Chosen) -> Component:
    """The brands side by side."""
    widest = max((share.percent for share in view.shares), default=0) or 1
    rows = [_share(share, widest) for share in view.shares]
    heads = [t("trends.brand"), t("trends.posts"), t("trends.share"), t("trends.change"), t("trends.net")]
    tabled = [
        [
            name(one.brand),
            count_link(one.posts, one.query),
            percent(one.percent / 100),
            _points(one.change),
            _net(one.net),
        ]
        for one in view.shares
    ]
    return trend_card(
        "voice", t("trends.voice"), chosen, html.Ul(rows, className="sov"), says=tn("trends.voice_says", len(rows)),
        tabled=small_table(heads, tabled, t("trends.voice")),
    )  # fmt: skip


def _share(share: Share, widest: float) -> Component:
    label = f"{share.brand}: {percent(share.percent / 100)}"
    inside = [
        html.Span(name(share.brand), className="w6 cut" if share.own else "cut"),
        html.Span(percent(share.percent / 100), className="w5"),
        html.Span(_points(share.change), className="t12 c3 ends"),
        bar(share.percent / widest, tone="" if share.own else "ink", label=label),
        html.Small([tn("trends.posts_of", share.posts), " · ", t("trends.net"), " ", _net(share.net)]),
    ]
    return html.Li(link(inside, mentions(share.query), "plain share", title=label))


def _points(change: float | None) -> object:
    return "" if change is None or not round(change) else html.Bdi(signed(round(change)), dir="ltr")


def _net(net: float | None) -> object:
    return "–" if net is None else html.Bdi(signed(round(net)), dir="ltr")


def platforms(view: TrendsView, chosen: Chosen) -> Component:
    """Where it was said."""
    total = view.totals.total or 1
    rows = [
        [html.Span([platform_icon(row.key, 14), platform_name(row.key)], className="row"),
         count_link(row.sentiments.total, row.query), percent(row.sentiments.total / total),
         mood_bar(row.sentiments, row.query)]
        for row in view.platforms
    ]  # fmt: skip
    heads = [t("trends.platform"), t("trends.posts"), t("trends.share"), t("trends.sentiment")]
    shown = table(heads, rows, caption=t("trends.platforms"), end=frozenset({1, 2}), class_="tight")
    return trend_card("platforms", t("trends.platforms"), chosen, shown, languages(view), class_="tables")


def languages(view: TrendsView) -> Component:
    """In which languages, as one bar."""
    total = view.totals.total or 1
    parts = [
        link([language_name(row.key), html.B(_part(row.sentiments.total / total), className="w5")],
             mentions(row.query), "lang-part plain", title=tn("trends.posts_of", row.sentiments.total),
             style={"--part": f"{100 * row.sentiments.total / total:.1f}%"})
        for row in view.languages
    ]  # fmt: skip
    return html.Div([html.H3(t("trends.languages"), className="sec"), html.Div(parts, className="langs")],
                    className="lang-split")  # fmt: skip


def _part(share: float) -> str:
    return percent(share, places=0 if share >= 0.01 else 1)


def authors(view: TrendsView, chosen: Chosen) -> Component:
    """Who said most, our own accounts left out."""
    rows = [
        [link([platform_icon(row.platform, 14), handle(f"@{row.handle}") if row.handle else name(row.name or row.key)],
              mentions(row.query), "row plain author", title=row.name),
         count_link(row.sentiments.total, row.query), compact(row.followers) if row.followers is not None else "–",
         mood_bar(row.sentiments, row.query)]
        for row in view.authors
    ]  # fmt: skip
    heads = [t("trends.author"), t("trends.posts"), t("trends.followers"), t("trends.sentiment")]
    shown = table(heads, rows, caption=t("trends.authors"), end=frozenset({1, 2}), class_="tight")
    return trend_card("authors", t("trends.authors"), chosen, shown, class_="tables")


def hours(view: TrendsView, chosen: Chosen) -> Component:
    """Which hours of the week are busy, Saturday first."""
    counts = {(one.day, one.hour): one.posts for one in view.hours}
    top = max(counts.values(), default=0)
    rows = [html.Div([html.Span(_weekday(at), className="cut"), _cells(at, counts, top)], className="heat-row")
            for at in range(7)]  # fmt: skip
    scale = html.Span([html.I(className=f"cell l{level}") for level in range(LEVELS + 1)], className="row g0 scale")
    axis = html.Div([html.Span(digits(str(hour))) for hour in (0, 6, 12, 18, 23)], className="heat-axis")
    clock = html.Span(t("trends.zone", zone=view.zone), className="end")
    foot = html.Div([t("trends.few"), scale, t("trends.many"), clock], className="row t12 c3 wraps")
    return trend_card("hours", t("trends.hours"), chosen, html.Div([*rows, axis], className="heat"), foot,
                      says=_hours_says(view), tabled=_hours_table(counts))  # fmt: skip


def _cells(at: int, counts: dict[tuple[int, int], int], top: int) -> Component:
    cells = []
    for hour in range(24):
        posts = counts.get((at, hour), 0)
        label = f"{_weekday(at)} {digits(str(hour))}: {number(posts)}"
        level = -(-posts * LEVELS // top) if top else 0
        press = {"data-cell": f"{at}-{hour}"} if posts else {"disabled": True}
        cells.append(html.Button(type="button", className=f"cell l{level}", title=label,
                                 **{"aria-label": label, **press}))  # fmt: skip
    return html.Div(cells, className="heat-cells")


def _hours_says(view: TrendsView) -> str:
    if not view.hours:
        return ""
    busiest = max(view.hours, key=lambda one: one.posts)
    return t("trends.hours_says", day=_weekday(busiest.day), hour=busiest.hour, n=busiest.posts)


def _hours_table(counts: dict[tuple[int, int], int]) -> Component:
    heads = ["", *(digits(str(hour)) for hour in range(24))]
    rows = [[_weekday(at), *(number(counts.get((at, hour), 0)) for hour in range(24))] for at in range(7)]
    return small_table(heads, rows, t("trends.hours"))


def _weekday(at: int) -> str:
    return weekday(A_SATURDAY + timedelta(days=at))


def periods_compared(view: TrendsView) -> str:
    """Which days are shown and which they are compared with."""
    return t("trends.compared", now=_days(view.filter.span), before=_days(view.before_span))


def _days(span: Span) -> str:
    first, last = day(span.since), day(span.until - timedelta(microseconds=1))
    return first if first == last else t("trends.days", first=first, last=last)


def row_sections(sections: Sequence[Component], class_: str) -> Component:
    """Cards beside each other."""
    return html.Div(list(sections), className=f"trend-row {class_}")
