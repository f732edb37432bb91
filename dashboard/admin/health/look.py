"""What a source would bring, shown before it is set up."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from crm.ports.source import Preview
from crm.words import Post
from dashboard.components import alert, handle
from dashboard.dates import full
from dashboard.errors import rejected
from dashboard.text import t, tn

LOOKED = "looked"
"""The hidden field that says for which options the preview was seen."""


def shown(preview: Preview, looked: str) -> Component:
    """The paths by field, the first posts, and what could not be read."""
    paths = [part for field, path in preview.paths.items()
             for part in (html.Dt(t(f"health.field_{field}")), html.Dd(handle(path, "wrap-any")))]  # fmt: skip
    posts = [html.Li(_post(post)) for post in preview.posts]
    inside = [
        alert(tn("health.preview_found", preview.items), "", "info-circle"),
        html.Dl(paths, className="facts wide-dt"),
        html.Ul([*posts, *(html.Li(rejected(one)) for one in preview.rejected)], className="rejects"),
        html.P(t("health.preview_again"), className="t12 c3"),
        dcc.Input(type="hidden", name=LOOKED, value=looked),
    ]
    return html.Div(inside, className="col g3")


def _post(post: Post) -> list[Component]:
    who = post.author.name or post.author.handle or "–"
    text = post.text if len(post.text) <= 160 else f"{post.text[:160]}…"
    return [html.Small([html.Bdi(who), " · ", full(post.posted_at)], className="c3"), html.Div(html.Bdi(text))]
