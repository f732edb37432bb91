"""The chart of mentions over time: bars by sentiment, the period before as a dotted line, gaps hatched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from dash import dcc
from dash.development.base_component import Component

from crm.ports.index import Span
from crm.usecases.trendlinks import step_span
from crm.usecases.trendview import Row, TrendsView
from dashboard.context import language
from dashboard.dates import day, full_day, weekday
from dashboard.numbers import compact, digits, number
from dashboard.text import t
from dashboard.theme import NEGATIVE, NEUTRAL, POSITIVE, plotly_template

MOODS = (("negative", NEGATIVE), ("neutral", NEUTRAL), ("positive", POSITIVE))
TICKS = 6
_UNSURE = {"light": "#D5D2CA", "dark": "#3B3E47"}
_EVER = Span(datetime(1970, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
_SURFACE = {"light": "#FFFFFF", "dark": "#17181C"}
_NEUTRAL = {"light": NEUTRAL, "dark": "#5B5E69"}
_INK = {"light": "#1E1D1B", "dark": "#ECECEF"}


def volume_chart(view: TrendsView, scheme: str) -> Component:
    """A press on a bar opens its mentions: the query is its ``customdata``."""
    figure = {"data": _traces(view, scheme), "layout": _layout(view, scheme)}
    config = {"displayModeBar": False, "responsive": True, "scrollZoom": False, "doubleClick": False}
    return dcc.Graph(id="trends-volume", figure=figure, config=config, className="chart", style={"height": 268})


def step_name(view: TrendsView, key: str) -> str:
    """What a step of the series is called in full."""
    if view.step == "hour":
        return f"{full_day(_day(key))}{t('common.comma')} {digits(key[11:])}:{digits('00')}"
    if view.step == "week":
        return t("trends.week_of", day=full_day(_day(key)))
    return f"{weekday(_day(key))} {full_day(_day(key))}"


def _traces(view: TrendsView, scheme: str) -> list[dict[str, Any]]:
    places = list(range(len(view.series)))
    names = [_isolated(step_name(view, row.key)) for row in view.series]
    colours = {NEUTRAL: _NEUTRAL[scheme]}
    moods = [
        *((mood, colours.get(colour, colour)) for mood, colour in MOODS),
        *([("unsure", _UNSURE[scheme])] if view.totals.unsure else []),
    ]
    bars = [_bars(view, mood, colour, names) for mood, colour in moods]
    before = {
        "type": "scatter", "mode": "lines", "x": places, "y": list(view.series_before[: len(places)]),
        "line": {"dash": "dot", "width": 1.6, "color": _INK[scheme]}, "hoverinfo": "skip", "cliponaxis": False,
    }  # fmt: skip
    return [*bars, before, *([_gaps(view, scheme)] if view.gaps else [])]


def _bars(view: TrendsView, mood: str, colour: str, names: Sequence[str]) -> dict[str, Any]:
    word = t(f"common.sentiment_{mood}") if mood != "unsure" else t("trends.unsure")
    value = mood if mood != "unsure" else "unknown"
    return {
        "type": "bar", "name": word, "x": list(range(len(view.series))),
        "y": [getattr(row.sentiments, mood) for row in view.series],
        "customdata": [f"{row.query} AND sentiment:{value}" for row in view.series],
        "hovertext": [_hover(view, at, name, word, mood) for at, name in enumerate(names)],
        "hovertemplate": "%{hovertext}<extra></extra>", "marker": {"color": colour},
    }  # fmt: skip


def _hover(view: TrendsView, at: int, name: str, word: str, mood: str) -> str:
    row = view.series[at]
    count, total = number(getattr(row.sentiments, mood)), number(row.sentiments.total)
    lines = [t("trends.hover", mood=word, count=count, total=total)]
    if at < len(view.series_before):
        lines.append(t("trends.hover_before", count=number(view.series_before[at])))
    return "<br>".join([f"<b>{name}</b>", *map(_isolated, lines)])


def _gaps(view: TrendsView, scheme: str) -> dict[str, Any]:
    spots = [(_place(view, gap.since), _place(view, gap.until)) for gap in view.gaps]
    line = {"light": "#D5D2CA", "dark": "#3B3E47"}[scheme]
    return {
        "type": "bar", "x": [(start + end) / 2 for start, end in spots], "y": [1] * len(spots), "yaxis": "y2",
        "width": [max(0.08, end - start) for start, end in spots],
        "marker": {"color": "rgba(0,0,0,0)", "pattern": {"shape": "/", "fgcolor": line, "size": 6, "solidity": 0.3}},
        "hovertext": [_isolated(t("trends.gap_hover"))] * len(spots), "hovertemplate": "%{hovertext}<extra></extra>",
    }  # fmt: skip


def _place(view: TrendsView, when: datetime) -> float:
    """Where a moment stands between the places of the series; a bar reaches half a place to both sides."""
    for at, row in enumerate(view.series):
        span = _whole_span(view, row)
        if when < span.until:
            return at - 0.5 + max(0.0, (when - span.since) / (span.until - span.since))
    return len(view.series) - 0.5


def _whole_span(view: TrendsView, row: Row) -> Span:
    return step_span(row.key, view.step, view.zone, _EVER)


def _layout(view: TrendsView, scheme: str) -> dict[str, Any]:
    template = plotly_template(language(), scheme == "dark")
    top = max([row.sentiments.total for row in view.series] + list(view.series_before), default=0)
    values = nice_ticks(top)
    places = tick_places([row.key for row in view.series], view.step)
    value_side = "r" if language() == "fa" else "l"
    return {
        "template": template, "margin": {"t": 14, "b": 24, "l": 8, "r": 8} | {value_side: 44},
        "hoverlabel": {"bgcolor": _SURFACE[scheme], "bordercolor": _UNSURE[scheme], "font": {"color": _INK[scheme]}},
        "barmode": "stack", "hovermode": "closest", "dragmode": False, "clickmode": "event",
        "xaxis": {
            "tickvals": places, "ticktext": [_isolated(_tick(view, view.series[at].key)) for at in places],
            "fixedrange": True, "range": [-0.6, len(view.series) - 0.4], "ticks": "",
        },
        "yaxis": {
            "tickvals": values, "ticktext": [_isolated(compact(value)) for value in values], "fixedrange": True,
            "range": [0, 1.02 * max(values[-1], top)], "zeroline": True,
        },
        "yaxis2": {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
    }  # fmt: skip


def nice_ticks(top: int) -> list[int]:
    """Whole numbers from 0 to at least `top` in three to five equal steps of 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if 5 * step >= top:
                return [step * at for at in range(max(2, -(-top // step) + 1))]
        power *= 10


def tick_places(keys: Sequence[str], step: str, most: int = TICKS) -> list[int]:
    """At most `most` of the keys of a series, evenly apart; hours at round hours, else at midnight."""
    if step != "hour":
        return list(range(0, len(keys), max(1, -(-len(keys) // most))))
    hours = next((one for one in (1, 2, 3, 4, 6, 8, 12) if len(keys) <= one * most), 24)
    round_ones = [at for at, key in enumerate(keys) if int(key[11:]) % hours == 0]
    return round_ones[:: max(1, -(-len(round_ones) // most))]


def _tick(view: TrendsView, key: str) -> str:
    if view.step == "hour" and key[11:] != "00":
        return digits(f"{int(key[11:])}:00")
    return day(_day(key))


def _day(key: str) -> date:
    return date.fromisoformat(key[:10])


def _isolated(text: str) -> str:
    # SVG text runs left to right at heart; these marks turn a Persian line round.
    return f"\u202b{text}\u202c" if language() == "fa" else text
