"""The list of monitors."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.records.jobs import Work
from crm.records.monitors import Monitor
from crm.usecases.monitors import Mentions
from dashboard.components import badge, icon, link, made_up, moods, name, sparkline
from dashboard.components.query_text import spans_of
from dashboard.context import actor, services
from dashboard.numbers import compact, number, percent
from dashboard.text import t

NOTHING = Mentions(days=(0, 0, 0, 0, 0, 0, 0))


def listing(rows: list[Monitor]) -> Component:
    """Our own brand's monitors, then those of competitors."""
    heard, runs = services().monitors.mentions(actor()), services().monitors.runs(actor())
    heads = ("monitors.name", "monitors.query", "monitors.week", "monitors.sentiment", "monitors.state")
    head = html.Div([html.Span(t(key)) for key in heads], className="mon-row mon-head wide", **{"aria-hidden": "true"})
    items = [html.Li(_row(one, heard.get(one.id, NOTHING), runs.get(one.id)), key=one.id) for one in rows]
    return html.Section([head, html.Ul(items)], className="card flat mon-list", **{"aria-label": t("monitors.title")})


def _row(one: Monitor, heard: Mentions, run: Work | None) -> Component:
    inside = [
        html.Div([_called(one), query_line(one.query)], className="mon-who"),
        _week(one, heard), _feelings(heard), _state(one, run),
    ]  # fmt: skip
    return link(inside, f"/monitors/{one.id}", "mon-row plain")


def _called(one: Monitor) -> Component:
    other = name(one.brand, "c3 cut t12") if one.brand != one.name else None
    rival = None if one.own else badge(t("monitors.competitor"), "line")
    return html.Div([name(one.name, "w6 cut"), other, rival, made_up() if one.made_up else None], className="mon-name")


def query_line(text: str, class_: str = "") -> Component:
    """A query in its colours. One that is Persian throughout reads from the right; with a Latin word it is code."""
    persian = not any(char.isascii() and char.isalpha() for char in text) and any(char.isalpha() for char in text)
    return html.Code(painted(text), className=f"mon-q {class_}".strip(), dir="rtl" if persian else "ltr")


def painted(text: str) -> list[str | Component]:
    """The text of a query in the colours of its editor."""
    parts: list[str | Component] = []
    at = 0
    for start, end, kind in spans_of(text):
        assert isinstance(start, int)
        assert isinstance(end, int)
        parts += [text[at:start], html.Span(text[start:end], className=str(kind))]
        at = end
    return [*parts, text[at:]]


def _week(one: Monitor, heard: Mentions) -> Component:
    label = t("monitors.week_said", name=one.name, n=heard.total)
    line = sparkline(heard.days, label) if heard.total else None
    count = html.B(compact(heard.total), className="num", title=number(heard.total))
    return html.Span([count, html.Span(t("monitors.mentions"), className="narrow c3"), line], className="mon-week")


def _feelings(heard: Mentions) -> Component:
    judged = heard.negative + heard.neutral + heard.positive
    if not judged:
        return html.Span("–", className="c3 mon-moods")
    negative, positive = heard.negative / judged, heard.positive / judged
    said = t("monitors.moods_said", negative=percent(negative), positive=percent(positive))
    marks = html.Span(
        [html.Span([html.I(className="mood n"), percent(negative)], className="row g1"),
         html.Span([html.I(className="mood p"), percent(positive)], className="row g1")],
        className="row g3 t12 c2 num", **{"aria-hidden": "true"},
    )  # fmt: skip
    return html.Span([moods(heard.positive, heard.neutral, heard.negative, said), marks], className="mon-moods")


def _state(one: Monitor, run: Work | None) -> Component:
    if not one.enabled:
        return badge(t("monitors.paused"), "", "player-pause")
    if broken(one):
        return badge(t("monitors.broken"), "neg", "alert-circle")
    return running(run) or html.Span([html.I(className="live-dot"), t("monitors.live")], className="row g2 mon-live")


def broken(one: Monitor) -> bool:
    """Whether the stored query can't be read (any more)."""
    return services().monitors.check(actor(), one.query) is not None


def running(run: Work | None) -> Component | None:
    """How far the background run over what was collected before is; None where none is under way."""
    if run is None or run.state not in ("waiting", "running"):
        return None
    if not run.total:
        return html.Span([icon("loader-2", 14), t("monitors.run_waits")], className="mon-run", role="status")
    share = min(1.0, run.done / run.total)
    done = t("monitors.run_done", share=percent(share))
    title = t("monitors.run_posts", done=run.done, total=run.total)
    bar = html.Span(html.I(style={"width": f"{100 * share:.0f}%"}), className="bar")
    return html.Span([html.Span([icon("loader-2", 14), done], className="row g1"), bar], className="mon-run",
                     role="status", title=title)  # fmt: skip
