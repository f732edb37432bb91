"""Rows of the queue."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from dash import html
from dash.development.base_component import Component

from crm.policies.clock import PRIORITIES
from crm.records.cases import Case
from crm.usecases.views import QueueRow
from dashboard.components import avatar, badge, clock, icon, made_up, name, nobody, preview, sentiment, tag
from dashboard.context import actor, viewer
from dashboard.dates import full, stamp
from dashboard.inbox.filters import Asked, address
from dashboard.inbox.parts import clean_language, foreign, language_name
from dashboard.markup import render
from dashboard.text import t

SHOWN_TAGS = 2
WAITS = {"draft": "acc", "failed": "neg", "unknown": "soon"}
"""How a reply stands out that waits for a person."""
DRAWN = 5_000
"""How many rows are kept, some 3 kB each."""


def row(one: QueueRow, asked: Asked) -> str:
    """One case as HTML. Whoever looks at the same queue within a minute sees the same rows, so they are drawn once."""
    who = viewer()
    minute = int(who.now.timestamp()) // 60
    return _written(one, address(asked, one.case.id), who.language, str(who.zone), actor().user_id, minute)


@lru_cache(maxsize=DRAWN)
def _written(one: QueueRow, href: str, *_seen_by: object) -> str:
    return render(_row(one, href))


def _row(one: QueueRow, href: str) -> Component:
    """A link, so that it opens in a new tab too; p-inbox.js marks the open and the picked ones."""
    case = one.case
    picture = html.Span(
        avatar(case.author_name or "?", 36, platform=case.platform),
        className="pickable",
        **{"data-case-mark": case.id, "aria-hidden": "true"},
    )
    inside = html.Div([_who(one), preview(case.preview, clean_language(case.language), class_="tx cut"), _foot(one)])
    inside.className = "col"
    link = html.A(
        [picture, inside],
        href=href,
        className="q un" if one.unread else "q",
        **{"data-case": case.id, "data-version": str(case.version)},
    )
    return html.Li(link, key=case.id)


def _who(one: QueueRow) -> Component:
    case = one.case
    star = icon("star", 12, label=t("inbox.vip"), class_="ca") if one.vip else None
    flag = icon("flag", 12, label=t("inbox.priority_urgent"), class_="neg") if case.priority == PRIORITIES[-1] else None
    when = html.Time(
        stamp(case.last_post_at),
        dateTime=case.last_post_at.isoformat(),
        title=full(case.last_post_at),
        className="tm num",
    )
    return html.Div([name(case.author_name or t("inbox.somebody"), "nm cut"), star, flag, when], className="l1")


def _foot(one: QueueRow) -> Component:
    case = one.case
    mood = sentiment(case.sentiment or None)
    unsure = _mark(t("inbox.you_decide"), "line") if not case.sentiment else None
    waits = _mark(t(f"inbox.waits_{one.reply}"), WAITS[one.reply], "user-check") if one.reply in WAITS else None
    shown = [tag(each) for each in one.tags[:SHOWN_TAGS]]
    more = badge(f"+{len(one.tags) - SHOWN_TAGS}") if len(one.tags) > SHOWN_TAGS else None
    tongue = _mark(language_name(case.language), "line", "language") if foreign(case.language) else None
    demo = made_up() if case.made_up and not one.tags else None
    end = html.Span([_state(case), _holder(one)], className="end")
    marks = html.Span([waits, unsure, *shown, more, tongue, demo], className="tags")
    return html.Div([mood, marks, end], className="l3")


def _mark(text: str, tone: str, icon_name: str = "") -> Component:
    """A label that ends in three dots where it has no room."""
    return badge(html.Span(text, className="cut"), tone, icon_name, title=text)


def _holder(one: QueueRow) -> Component:
    if one.assignee is None:
        return nobody()
    return avatar(one.assignee.name, 20, me=one.assignee.id == actor().user_id)


def _state(case: Case) -> Component:
    """The clock, or why there is none."""
    if asleep(case, viewer().now):
        assert case.snoozed_until is not None
        return html.Span([icon("clock-pause", 14), stamp(case.snoozed_until)], className="sla c3")
    if case.status in ("waiting", "resolved"):
        return html.Span(t(f"inbox.status_{case.status}"), className="sla c3 w4")
    return clock(case.due_at, case.last_post_at)


def asleep(case: Case, now: datetime) -> bool:
    """Whether the case sleeps."""
    return case.snoozed_until is not None and case.snoozed_until > now
