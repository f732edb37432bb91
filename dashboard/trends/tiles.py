"""The four figures above the charts."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.usecases.trendview import Answers, Share, TrendsView
from dashboard.components import figure, figures, sparkline
from dashboard.dates import duration
from dashboard.numbers import compact, number, percent, signed
from dashboard.text import t, tn
from dashboard.trends.parts import mentions, moved

NOTHING = "–"


def tiles(view: TrendsView) -> Component:
    """Mentions, net sentiment, share of voice, first answer; each against the period before."""
    return figures(_mentions(view), _net(view), _voice(view), _answers(view.answers))


def _mentions(view: TrendsView) -> Component:
    now, past = view.totals.total, view.before.total
    note: object = t("trends.nothing_before")
    if past:
        change = moved(percent(abs(now - past) / past), up=now >= past, good=now >= past) if now != past else None
        note = _row(change, t("trends.from", value=number(past)))
    line = sparkline([row.sentiments.total for row in view.series], t("trends.mentions"))
    return figure(t("trends.mentions"), compact(now), note=note, spark=line, href=mentions(view.query))


def _net(view: TrendsView) -> Component:
    now, past = view.totals.net, view.before.net
    note: object = t("trends.nothing_before")
    if now is not None and past is not None:
        note = _row(_points(now - past), t("trends.from", value=signed(round(past))))
    judged = [row.sentiments.net for row in view.series]
    return figure(
        t("trends.net"), NOTHING if now is None else html.Bdi(signed(round(now)), dir="ltr"), note=note,
        spark=_line(judged, t("trends.net")), hint=t("trends.net_hint"), href=mentions(view.query),
    )  # fmt: skip


def _voice(view: TrendsView) -> Component:
    own = [share for share in view.shares if share.own]
    total = sum(share.percent for share in own)
    changes = [share.change for share in own if share.change is not None]
    brands = tn("trends.among", len(view.shares))
    note = _row(_points(sum(changes)), brands) if changes else brands
    return figure(
        t("trends.voice"), percent(total / 100), note=note, spark=_line(view.own_share, t("trends.voice")),
        hint=t("trends.voice_hint"), href=_opens(own, view),
    )  # fmt: skip


def _answers(answers: Answers) -> Component:
    if answers.minutes is None:
        return figure(t("trends.answer"), NOTHING, note=t("trends.no_answers"), hint=t("trends.answer_hint"))
    change = None
    if answers.before is not None and round(answers.before) != round(answers.minutes):
        slower = answers.minutes > answers.before
        change = moved(duration(abs(answers.minutes - answers.before) * 60), up=slower, good=not slower)
    note = _row(change, tn("trends.answered", answers.cases))
    return figure(
        t("trends.answer"), duration(answers.minutes * 60), note=note, spark=_line(answers.series, t("trends.answer")),
        hint=t("trends.answer_hint"), href=mentions(answers.query),
    )  # fmt: skip


def _row(*parts: object) -> Component:
    return html.Span(list(parts), className="row g1")


def _points(change: float) -> Component | None:
    whole = round(change)
    return moved(tn("trends.points", abs(whole)), up=whole > 0, good=whole > 0) if whole else None


def _line(values: Sequence[float | None], label: str) -> Component | None:
    known = [value for value in values if value is not None]
    return sparkline(known, label) if len(known) > 1 else None


def _opens(own: Sequence[Share], view: TrendsView) -> str:
    return mentions(own[0].query if len(own) == 1 else view.query)
