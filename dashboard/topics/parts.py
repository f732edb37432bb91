"""Topics as cards, the themes that are looked for, and what became of topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from crm.records.jobs import Work
from crm.records.monitors import Monitor
from crm.records.topics import Theme, TopicEvent
from crm.usecases.topics import TopicView
from crm.words import EnrichedPost
from dashboard.components import alert, bar, button, card, chip, chips, dialog, empty, icon, icon_button, link, said
from dashboard.components.marks import sentiment_of
from dashboard.context import viewer
from dashboard.dates import full, relative
from dashboard.mentions.cards import language_of
from dashboard.numbers import number, signed
from dashboard.text import t, tn

WORDS = 8
NEW_DAYS = 7


def choice(monitors: Sequence[Monitor], chosen: Monitor) -> Component:
    """The monitors to choose from."""
    every = [
        chip(one.name, href=f"/topics?{urlencode({'monitor': one.id})}", on=one.id == chosen.id) for one in monitors
    ]
    return chips(*every, label=t("topics.monitor"))


def progress(work: Work | None) -> Component:
    """How far the search for topics is, when it was done last, or why it failed."""
    if work is None or work.state == "cancelled":
        return html.Div()
    if work.state == "failed":
        return alert([html.B(t("topics.failed")), ": ", work.error or ""], "neg", "alert-circle")
    if work.state == "done":
        return html.P(
            t("topics.found_at", when=relative(work.updated_at)), className="t12 c3", title=full(work.updated_at)
        )
    words = tn("topics.reading", work.total) if work.total else t("topics.waiting")
    return html.P([html.Span(className="spin"), words], className="row g2 t13 c2", role="status")


def listing(found: Sequence[TopicView], hidden: Sequence[TopicView], work: Work | None, able: bool) -> Component:
    """The topics, largest first, and those that people hid."""
    if not found and not hidden:
        if work is None:
            return empty(t("topics.none"), t("topics.none_why"), None, "hash")
        return empty(t("topics.none_found"), t("topics.none_found_why"), None, "hash")
    most = max((view.posts for view in found), default=0) or 1
    cards = [_card(view, most, able) for view in found]
    put_away = (
        html.Details([html.Summary(tn("topics.hidden_ones", len(hidden))), *(_hidden(view) for view in hidden)],
                     className="card t13")
        if hidden
        else None
    )  # fmt: skip
    return html.Div([*cards, put_away], className="col g3", role="feed", **{"aria-label": t("topics.title")})


def address(topic_id: str) -> str:
    """The posts of a topic."""
    return f"/search?{urlencode({'q': f'topic:{topic_id}'})}"


def _card(view: TopicView, most: int, able: bool) -> Component:
    topic = view.topic
    fresh = (viewer().now - topic.found_at).days < NEW_DAYS
    marks = [html.Span(t("topics.new"), className="bd acc")] if fresh else []
    if topic.theme_id:
        marks.append(html.Span([icon("flag", 12), t("topics.sought")], className="bd"))
    acts = (
        [icon_button("pencil", t("topics.rename"), **_does("rename", topic.id)),
         icon_button("eye-off", t("topics.hide"), **_does("hide", topic.id))]
        if able
        else []
    )  # fmt: skip
    head = html.Div([html.H2(link(html.Bdi(view.label), address(topic.id), "plain"), className="t16 cut"), *marks,
                     html.Span(acts, className="end row")], className="row g2")  # fmt: skip
    words = html.P(" · ".join(topic.words[:WORDS]), className="t12 c3", dir="auto")
    inside = [head, words, _figures(view), bar(view.posts / most, label=tn("topics.posts", view.posts))]
    if view.examples:
        inside.append(html.Ul([_example(one) for one in view.examples], className="topic-says"))
    return html.Article(inside, className="card topic", **{"data-id": topic.id})


def _figures(view: TopicView) -> Component:
    parts: list[object] = [link(html.B(tn("topics.posts", view.posts)), address(view.topic.id), "num-link")]
    if view.before:
        change = 100 * (view.posts - view.before) / view.before
        moved = html.Bdi(t("topics.percent", n=signed(round(change))), dir="ltr")
        parts += [" · ", moved, " ", t("topics.than_before", n=number(view.before))]
    if view.net is not None:
        parts += [" · ", t("topics.net"), " ", html.Bdi(signed(round(view.net)), dir="ltr",
                                                        className="pos" if view.net > 0 else "neg")]  # fmt: skip
    return html.P(parts, className="t13")


def _example(one: EnrichedPost) -> Component:
    return html.Li([sentiment_of(one.sentiment), said(one.post.text[:280], language_of(one))], className="row g2")


def _hidden(view: TopicView) -> Component:
    back = button(t("topics.show"), kind="sm", **_does("show", view.topic.id))
    return html.Div([html.Bdi(view.label), html.Span(back, className="end")], className="row g2")


def themes(found: Sequence[Theme], able: bool) -> Component:
    """What people look for, and a field for more."""
    rows = [
        html.Li(
            [html.Bdi(f"{t('common.comma')} ".join(one.words), className="cut"),
             html.Span(icon_button("x", t("topics.remove_theme"), **_does("unseek", one.id))
                       if able else None, className="end")],
            className="row g2",
        )
        for one in found
    ]  # fmt: skip
    field = (
        html.Div(
            [dmc.TextInput(id="topics-theme", placeholder=t("topics.theme_hint"), autoComplete="off", className="grow",
                           **{"aria-label": t("topics.theme_add")}),
             button(t("topics.add"), kind="sm", **_does("theme"))],
            className="row g2",
        )
        if able
        else None
    )  # fmt: skip
    why = html.P(t("topics.themes_why"), className="t12 c3")
    return card(why, html.Ul(rows, className="col g1") if rows else None, field, title=t("topics.themes"))


def story(found: Sequence[tuple[TopicEvent, str]]) -> Component | None:
    """What became of topics, newest first."""
    if not found:
        return None
    rows = [
        html.Li([html.Span(t(f"topics.event_{event.kind}", label=label)), _when(event)], className="row g2")
        for event, label in found
    ]
    return card(html.Ul(rows, className="col g1 t13"), title=t("topics.story"))


def _when(event: TopicEvent) -> Component:
    return html.Span(relative(event.at), className="t12 c3 nowrap end", title=full(event.at))


def _does(kind: str, value: str = "") -> dict[str, Any]:
    """The attributes of what is pressed; p-topics.js hands them on."""
    return {"data-topic": kind, "data-value": value}


def name_dialog() -> Component:
    """Asks for the name of a topic."""
    field = dmc.TextInput(id="topics-name", label=t("topics.name"), autoComplete="off",
                          description=t("topics.name_hint"), **{"data-autofocus": True})  # fmt: skip
    save = html.Div(button(t("common.save"), "topics-name-save", kind="pri"), className="row",
                    style={"justifyContent": "flex-end", "marginBlockStart": 16})  # fmt: skip
    return dialog("topics-name-dialog", t("topics.rename"), field, save, size="sm")
