"""What a query would have found: counts, shares and a sample."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.ports.index import Bucket
from crm.usecases.monitors import Hit, Preview
from dashboard.components import bar, handle, platform_icon, said, sentiment, sentiment_of, sparkline
from dashboard.components.words import name
from dashboard.dates import full, relative
from dashboard.monitors.names import language_name, platform_name
from dashboard.numbers import compact, number, percent
from dashboard.text import t, tn

FEW = 20
"""Below this many posts shares mean little, and the preview says so."""
PLATFORMS = 7
MOODS = ("negative", "neutral", "positive")


def preview(found: Preview) -> Component:
    """All of the preview's pane below its title."""
    inside: list[Component | None] = [_total(found)]
    if found.total:
        inside += [_platforms(found.by_platform), _shares(found)]
    inside.append(_sample(found))
    return html.Div(inside, className="mon-preview")


def _total(found: Preview) -> Component:
    a_day = t("monitors.a_day", n=round(found.total / found.days, 1) if found.total < 70 else found.total // found.days)
    words = f"{tn('monitors.posts_in_week', found.total)}{t('common.comma')} {a_day}"
    days = [bucket.posts for bucket in found.by_day]
    line = sparkline(days, words, width=88, height=26) if len(days) > 2 else None
    shown = number(found.total) if found.total < 100_000 else compact(found.total)
    return html.Div(
        [html.B(shown, className="t28 w6 num"), html.Span(words, className="c2 grow"), line],
        className="row mon-total",
    )


def _platforms(buckets: Sequence[Bucket]) -> Component:
    largest = max(bucket.posts for bucket in buckets)
    return html.Ul(
        [
            html.Li([platform_icon(key, 14), html.Span(platform_name(key), className="cut"),
                     bar(bucket.posts / largest, tone="ink", label=percent(bucket.posts / largest)),
                     html.Span(number(bucket.posts), className="num", style={"textAlign": "end"})])
            for bucket in buckets[:PLATFORMS]
            for key in bucket.keys
        ],
        className="pl",
    )  # fmt: skip


def _shares(found: Preview) -> Component:
    tongues = [
        t("monitors.share_of", share=percent(bucket.posts / found.total), language=language_name(bucket.keys[0]))
        for bucket in found.by_language[:3]
    ]
    moods = {bucket.keys[0]: bucket.posts / found.total for bucket in found.by_sentiment}
    marks = [
        html.Span([sentiment(one or None), percent(moods[one])], className="row g1")
        for one in (*MOODS, "")
        if moods.get(one)
    ]
    few = html.Div(t("monitors.few"), className="c3") if found.total < FEW else None
    rows = html.Div(
        [html.Span(t("common.comma").join(f" {one}" for one in tongues).strip()),
         html.Span(marks, className="end row g3 num")],
        className="row wraps",
    )  # fmt: skip
    return html.Div([rows, few], className="t12 c2 mon-shares")


def _sample(found: Preview) -> Component:
    switch = html.Div(
        [
            html.Button(t("monitors.newest"), type="button", className="on", **{"data-sample": "newest"}),
            html.Button(t("monitors.edge"), type="button", title=t("monitors.edge_why"), **{"data-sample": "unsure"}),
        ],
        className="seg end",
    )
    return html.Div(
        [
            html.Div([html.H3(t("monitors.sample"), className="sec"), switch], className="row"),
            _hits(found.hits, t("monitors.no_hits"), "newest"),
            _hits(found.unsure, t("monitors.no_edge"), "unsure", hidden=True),
        ]
    )


def _hits(hits: Sequence[Hit], none: str, which: str, *, hidden: bool = False) -> Component:
    rows = [html.Li(_hit(one)) for one in hits] or [html.Li(none, className="c3 mon-none")]
    return html.Ul(rows, className="mon-hits", hidden=hidden, **{"data-of": which})


def _hit(one: Hit) -> Component:
    post = one.post.post
    who = handle(f"@{post.author.handle.lstrip('@')}", "cut") if post.author.handle else name(post.author.name, "cut")
    when = html.Time(relative(post.posted_at), dateTime=post.posted_at.isoformat(), title=full(post.posted_at),
                     className="nowrap")  # fmt: skip
    by = [platform_icon(post.platform, 14), who, when, html.Span(sentiment_of(one.post.sentiment), className="end row")]
    return html.Div(
        [
            html.Div(by, className="by"),
            said(post.text, one.post.language.value or "", _signed(post.text, one.spans), "cut4"),
        ]
    )


def _signed(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans with the at sign or the hash before them, which must not be torn from its word."""
    return [(start - 1 if text[start - 1 : start] in ("@", "#") else start, end) for start, end in spans]
