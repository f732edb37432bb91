"""What a customer said and how they felt: the far side of the card."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from crm.usecases.views import CaseLine, CustomerCard, PersonPosts, SentimentWeek
from crm.words import EnrichedPost
from dashboard.components import badge, card, handle, icon, link, link_button, post_card, sentiment
from dashboard.dates import day, stamp
from dashboard.text import t, tn

TURNS = {"worse": ("neg", "negative"), "better": ("pos", "positive")}
TALL = 44
"""Pixels of the busiest week's bars, above and below the line together."""
TONES = {"new": "acc", "open": "acc", "waiting": "", "resolved": ""}


def story(person: CustomerCard, posts: PersonPosts, older: Callable[[str], str], first: str) -> Component:
    """Feelings, cases and posts.

    `older` makes the address of the page after a cursor; `first` is that of the newest posts, empty where they show.
    """
    parts = [_weeks(person), _cases(person), _posts(posts, older, first)]
    return html.Div(parts, className="cust-story")


def _weeks(person: CustomerCard) -> Component:
    turn = None
    if person.turning in TURNS:
        tone, mood = TURNS[person.turning]
        turn = html.Span([sentiment(mood), t(f"customers.turning_{person.turning}")], className=f"row g1 t12 {tone}")
    if not person.posts:
        return card(html.P(t("customers.silent"), className="c3"), title=t("customers.weeks"))
    most = max(max(_up(week), _down(week)) for week in person.weeks) or 1
    bars = html.Ol([_week(week, most) for week in person.weeks], className="cust-weeks", role="list")
    legend = html.Div(
        [html.Span([html.I(className=f"sq {tone}"), t(f"common.sentiment_{mood}")])
         for tone, mood in (("p", "positive"), ("u", "neutral"), ("n", "negative"))],
        className="lg",
    )  # fmt: skip
    return card(bars, legend, title=t("customers.weeks"), beside=turn)


def _up(week: SentimentWeek) -> float:
    return week.positive + (week.neutral + week.unsure) / 2


def _down(week: SentimentWeek) -> float:
    return week.negative + (week.neutral + week.unsure) / 2


def _week(week: SentimentWeek, most: float) -> Component:
    middle = week.neutral + week.unsure
    total = week.negative + middle + week.positive
    said = t("customers.week_said", day=day(week.start), positive=week.positive, neutral=middle, negative=week.negative)
    unit = TALL / most

    def piece(tone: str, posts: float) -> Component | None:
        return html.I(className=tone, style={"height": f"{posts * unit:.1f}px"}) if posts else None

    stack = html.Span(
        [html.Span([piece("p", week.positive), piece("u", middle / 2)], className="up"),
         html.Span([piece("u", middle / 2), piece("n", week.negative)], className="down")],
        className="stack" if total else "stack none",
    )  # fmt: skip
    return html.Li([stack, html.Small(day(week.start), **{"aria-hidden": "true"})], title=said, **{"aria-label": said})


def _cases(person: CustomerCard) -> Component:
    if not person.cases:
        return card(html.P(t("customers.no_cases"), className="c3"), title=t("customers.cases"))
    waiting = len(person.open_cases)
    beside = html.Span(tn("customers.open_of", waiting, all=len(person.cases)), className="t12 c3")
    rows = [html.Li(_case(one)) for one in person.cases]
    return card(html.Ul(rows, className="cust-cases"), title=t("customers.cases"), beside=beside)


def _case(one: CaseLine) -> Component:
    inside = [
        sentiment(one.sentiment or None),
        html.Span(one.title or t("customers.untitled"), dir="auto", className="cut grow preview"),
        badge(t(f"customers.status_{one.status}"), TONES.get(one.status, "")),
        html.Time(stamp(one.last_post_at), dateTime=one.last_post_at.isoformat(), className="t12 c3 num wide"),
        html.Span(f"#{one.number}", className="c3 t12 num h"),
    ]
    return link(inside, f"/inbox?case={one.id}", "row plain")


def _posts(posts: PersonPosts, older: Callable[[str], str], first: str) -> Component:
    if not posts.posts:
        return card(html.P(t("customers.no_posts"), className="c3"), title=t("customers.posts"))
    rows = [html.Li(_post(one, posts.cases.get(one.thread_key))) for one in posts.posts]
    newest = link_button(t("customers.newest"), first, kind="sm") if first else None
    more = link_button(t("customers.older"), older(posts.cursor), kind="sm") if posts.cursor else None
    pager = html.Nav([newest, more], className="row cust-pager", **{"aria-label": t("customers.pages")})
    return card(html.Ul(rows, className="cust-posts"), pager if newest or more else None, title=t("customers.posts"))


def _post(one: EnrichedPost, case: CaseLine | None) -> Component:
    if case is not None:
        inside = [icon("inbox", 14), t("customers.in_case"), handle(f"#{case.number}")]
        return post_card(one, actions=link(inside, f"/inbox?case={case.id}", "row g1"), class_="tight")
    thread = f"/thread?{urlencode({'key': one.thread_key})}"
    return post_card(one, actions=link([icon("messages", 14), t("customers.thread")], thread, "row g1"), class_="tight")
