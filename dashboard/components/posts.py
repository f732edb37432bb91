"""A post in a list: who, when, where, what."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.words import EnrichedPost
from dashboard.components.icon import icon, platform_icon
from dashboard.components.labels import labels
from dashboard.components.marks import made_up, sentiment_of
from dashboard.components.words import Spans, handle, name, said
from dashboard.dates import full, relative
from dashboard.numbers import compact
from dashboard.text import t


def post_card(hit: EnrichedPost, *, spans: Spans = (), actions: Component | None = None, class_: str = "") -> Component:
    """A post as one workspace understands it, its matched `spans` (in characters of its text) marked."""
    post, author = hit.post, hit.post.author
    who = [name(author.name, "w6 cut")] if author.name else []
    if author.handle:
        who.append(handle(f"@{author.handle.lstrip('@')}", "cut"))
    by = [
        platform_icon(post.platform, 14),
        *who,
        html.Time(
            relative(post.posted_at),
            dateTime=post.posted_at.isoformat(),
            title=full(post.posted_at),
            className="nowrap",
        ),
        html.Span([made_up() if hit.made_up else None, sentiment_of(hit.sentiment)], className="end row"),
    ]
    title = html.B(post.title, dir="auto", className="say w6") if post.title else None
    return html.Article(
        [
            html.Div(by, className="by"),
            title,
            said(post.text, hit.language.value or "", spans),
            labels(hit),
            post_foot(hit, actions),
        ],
        className=f"post {class_}".strip(),
    )


def post_foot(hit: EnrichedPost, actions: Component | None = None) -> Component:
    """Counts of a post, a link to its platform, and `actions` at the end."""
    counts = hit.post.counts
    shown = (
        ("repeat", counts.reposts, "common.reposts"),
        ("heart", counts.likes, "common.likes"),
        ("message-circle", counts.replies, "common.replies"),
    )
    marks = [
        html.Span([icon(mark, 14), compact(count)], className="row g1", title=t(key))
        for mark, count, key in shown
        if count
    ]
    open_it = (
        html.A([icon("external-link", 14), t("common.open_on_platform")], href=hit.post.url, target="_blank",
               rel="noopener noreferrer", className="row g1 plain")
        if hit.post.url.startswith(("https://", "http://"))
        else None
    )  # fmt: skip
    end = html.Span(actions, className="end row") if actions is not None else None
    return html.Div([*marks, open_it, end], className="foot")
