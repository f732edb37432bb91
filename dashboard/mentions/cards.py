"""A hit of a search, and a post of a conversation: what was said, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.usecases.monitors import Hit
from crm.words import EnrichedPost
from dashboard.components import (
    avatar,
    badge,
    handle,
    icon,
    labels,
    link,
    made_up,
    name,
    platform_icon,
    post_foot,
    said,
)
from dashboard.components.marks import sentiment, sentiment_of
from dashboard.context import Language, actor, language
from dashboard.dates import full, relative
from dashboard.numbers import compact
from dashboard.text import t

FEELINGS = ("negative", "neutral", "positive")


def hit_card(hit: Hit, group: Component | None = None) -> Component:
    """A hit with its matched words marked; `group` says how many more there are like it."""
    one, post = hit.post, hit.post.post
    title = html.B(post.title, dir="auto", className="say w6") if post.title else None
    words = said(post.text, language_of(one), hit.spans)
    inside = [by_line(one), title, words, labels(one), group, post_foot(one, _actions(one))]
    return html.Article(inside, className="post hit", tabIndex="-1", **{"data-post": post.key})


def thread_post(hit: Hit, *, linked: bool) -> Component:
    """A post of a conversation; `linked` draws the line to the next one."""
    one, author = hit.post, hit.post.post.author
    who = avatar(author.name or author.handle, platform=one.post.platform, me=one.own)
    body = html.Div([by_line(one), said(one.post.text, language_of(one)), labels(one), post_foot(one)])
    classes = f"m{' link' if linked else ''}{' our' if one.own else ''}"
    return html.Article([who, body], className=classes, tabIndex="-1", **{"data-post": one.post.key})


def thread_href(thread_key: str) -> str:
    """The address of a conversation."""
    return f"/thread?{urlencode({'key': thread_key})}"


def by_line(one: EnrichedPost) -> Component:
    """Who said it, when, and what we know of both."""
    post, author = one.post, one.post.author
    who: list[Component] = [name(author.name, "w6 cut nm")] if author.name else []
    if author.handle:
        who.append(handle(f"@{author.handle.lstrip('@')}", "cut"))
    when = html.Time(
        relative(post.posted_at), dateTime=post.posted_at.isoformat(), title=full(post.posted_at), className="nowrap"
    )
    reach = (
        html.Span([icon("users", 12), compact(author.followers)], className="row g1 wide", title=t("search.followers"))
        if author.followers
        else None
    )
    marks = [badge(t("search.ours"), "acc") if one.own else None, made_up() if one.made_up else None, feeling(one)]
    return html.Div([platform_icon(post.platform, 14), *who, when, reach, html.Span(marks, className="end row")],
                    className="by")  # fmt: skip


def feeling(one: EnrichedPost) -> Component:
    """The mark of sentiment; pressed, it asks for the right one from those who may correct."""
    mark = sentiment_of(one.sentiment)
    if not may(actor(), "correct"):
        return mark
    label = t("search.correct")
    return html.Details(
        [html.Summary(mark, title=label, **{"aria-label": label}), _choices(language())], className="fix"
    )


@cache
def _choices(lang: Language) -> Component:
    """The menu of feelings, the same for every post: a quarter of the time of a page if drawn for each."""
    choices = [
        html.Button([sentiment(value), t(f"common.sentiment_{value}", lang)], type="button",
                    className="btn ghost sm", **{"data-act": "correct", "data-value": value})
        for value in FEELINGS
    ]  # fmt: skip
    return html.Div([html.P(t("search.correct", lang), className="t12 c3"), *choices], className="fix-menu")


def _actions(one: EnrichedPost) -> Component:
    conversation: Sequence[object] = [icon("messages", 14), t("search.conversation")]
    case = (
        html.Button([icon("inbox", 14), t("search.open_case")], type="button", className="row g1",
                    **{"data-act": "case"})
        if may(actor(), "work_cases")
        else None
    )  # fmt: skip
    return html.Span([link(conversation, thread_href(one.thread_key), "row g1 plain"), case], className="row g3")


def language_of(one: EnrichedPost) -> str:
    """The language that its text is set in."""
    # Persian in Latin letters is set as the Latin text it is.
    return "en" if one.language.value == "fa-Latn" else one.language.value or ""
