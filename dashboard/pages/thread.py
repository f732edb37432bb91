"""A whole conversation, as it was on the platform."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from crm.policies.access import may
from dashboard.components import card, empty, icon, link_button, main, page_header
from dashboard.context import actor, services
from dashboard.mentions.cards import thread_post
from dashboard.page import page
from dashboard.text import t, tn

CRUMB = "/search"


@page("/thread", "search.thread_title", action="read_posts")
def layout(key: str = "", **_query: str) -> Component:
    """Every post of the thread `key` within reach, oldest first."""
    posts = services().search.thread(actor(), key) if key else []
    head = page_header(t("search.thread_title"), *_case(posts[0].post.post.key if posts else ""),
                       crumb=(t("search.title"), CRUMB))  # fmt: skip
    if not posts:
        back = link_button(t("search.title"), CRUMB)
        return main(head, empty(t("search.thread_none"), t("search.thread_none_why"), back, "messages"))
    said = [thread_post(post, linked=at < len(posts) - 1) for at, post in enumerate(posts)]
    count = html.P(tn("search.thread_posts", len(posts)), className="t12 c3")
    stores = [dcc.Store(id="search-act"), dcc.Store(id="search-corrected")]
    return main(head, count, card(*said, class_="conversation"), *stores, class_="narrow-page")


def _case(post_key: str) -> list[Component]:
    if not post_key or not may(actor(), "work_cases"):
        return []
    inside = [icon("inbox"), t("search.open_case")]
    press = html.Button(inside, type="button", className="btn", **{"data-act": "case"})
    return [html.Span(press, **{"data-post": post_key})]
