"""Small marks: sentiment, badges, tags, chips, keys, clocks."""

from __future__ import annotations

from datetime import datetime, timedelta

from dash import html
from dash.development.base_component import Component

from crm.words import Label
from dashboard.components.icon import icon
from dashboard.components.link import link
from dashboard.context import viewer
from dashboard.dates import duration, full
from dashboard.numbers import number, percent
from dashboard.text import t

_MOODS = {"positive": "p", "neutral": "u", "negative": "n"}
SOON = 0.35
"""From this share of the allowed time left on, a clock says that it is soon."""


def sentiment(value: str | None, *, words: bool = False, probability: float | None = None) -> Component:
    """▲ ▬ ▼ or a dashed ring where the model abstained; `words` writes it beside, with its probability."""
    label = t(f"common.sentiment_{value}") if value in _MOODS else t("common.sentiment_unsure")
    sure = label if probability is None or value not in _MOODS else f"{label}{t('common.comma')} {percent(probability)}"
    mark = html.Span(className=f"mood {_MOODS.get(value or '', 'a')}", role="img", title=sure, **{"aria-label": sure})
    return html.Span([mark, sure], className="row g1") if words else mark


def sentiment_of(label: Label, *, words: bool = False) -> Component:
    """The mark of a model's answer."""
    return sentiment(label.value, words=words, probability=label.probability)


def badge(text: object, tone: str = "", icon_name: str = "", title: str = "") -> Component:
    """A small square label. `tone`: "", "pos", "neg", "soon", "acc" or "line"."""
    inside = [icon(icon_name, 12), text] if icon_name else [text]
    return html.Span(inside, className=f"bd {tone}".strip(), title=title or None)


def tag(text: str) -> Component:
    """A tag that people gave."""
    return html.Span(html.Bdi(text, className="cut"), className="bd")


def made_up() -> Component:
    """Marks demo data, wherever it shows."""
    words = html.Span(t("common.made_up"), className="cut")
    return html.Span([icon("flask", 12), words], className="bd made-up", title=t("common.made_up_title"))


def kbd(key: str) -> Component:
    """A key to press; hidden where the person turned keys off."""
    return html.Kbd(key)


def chip(text: str, *, href: str = "", count: int | None = None, on: bool = False, **properties: object) -> Component:
    """A rounded choice with a count: a link where it has an address, else a button (give it an ``id``)."""
    inside = [text] if count is None else [text, html.Span(number(count), className="n")]
    classes = "chip on" if on else "chip"
    if href:
        current = {"aria-current": "true"} if on else {}
        return link(inside, href, f"{classes} plain", **(properties | current))
    return html.Button(inside, type="button", className=classes, **{"aria-pressed": str(on).lower()}, **properties)


def chips(*items: Component, label: str) -> Component:
    """A bar of chips that scrolls sideways; `label` names it for screen readers."""
    return html.Nav(list(items), className="views", **{"aria-label": label})


def clock(due: datetime | None, started: datetime | None = None) -> Component:
    """The countdown of a case: time left, or how late; `started` draws how much of the time is left."""
    if due is None:
        return html.Span(t("common.no_clock"), className="sla c3 w4")
    left = due - viewer().now
    share = _left(left, due - started) if started else float(left > timedelta(hours=1))
    tone = "late" if left <= timedelta() else "soon" if share < SOON and left < timedelta(hours=4) else ""
    span = duration(left.total_seconds())
    words = t("common.late", span=span) if tone == "late" else span
    ring = html.Span(className="ring", style={"--part": 1 if tone == "late" else round(share, 2)})
    return html.Span([ring, words], className=f"sla {tone}".strip(), title=full(due))


def _left(left: timedelta, allowed: timedelta) -> float:
    return min(1.0, max(0.0, left / allowed)) if allowed > timedelta() else 0.0
