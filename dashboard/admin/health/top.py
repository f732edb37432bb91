"""The head of Health: what runs, the worst trouble with its mend, and the way of a post in five figures."""

from __future__ import annotations

from collections import Counter

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.usecases.health import HealthView, Trouble, troubles
from dashboard.admin.health.state import place, state_of
from dashboard.admin.step import act
from dashboard.components import alert, badge, icon, link, link_button
from dashboard.context import actor
from dashboard.dates import clock, duration, stamp
from dashboard.errors import account_problem, kept, program_said
from dashboard.numbers import compact, digits, number
from dashboard.text import t, tn

_CHIPS = (
    ("stopped", "neg", "alert-circle"),
    ("waiting", "soon", "clock-pause"),
    ("running", "pos", "circle-check"),
    ("paused", "line", "player-pause"),
)
_RED = {"silent", "missing", "disk", "paused", "failed", "account"}


def top(view: HealthView) -> list[Component | None]:
    """Head, banner and pipeline."""
    return [_head(view), _banner(view), pipeline(view)]


def _head(view: HealthView) -> Component:
    counted = Counter(state_of(row).group for row in view.sources)
    chips = [badge(tn(f"health.n_{group}", counted[group]), f"{tone} tall", mark)
             for group, tone, mark in _CHIPS if counted[group]]  # fmt: skip
    live = html.Span(t("health.live", time=digits(f"{clock(view.at)}")), className="t12 c3")
    add = act(t("health.add"), "health", "add", kind="pri", icon_name="plus") if may(actor(), "edit_sources") else None
    return html.Header(
        [html.H1(t("health.title")), html.Span(chips, className="row"), html.Div([live, add], className="row end g3")],
        className="head",
    )


def _banner(view: HealthView) -> Component | None:
    found = list(troubles(view))
    if not found:
        return None
    worst, more = found[0], len(found) - 1
    said = [html.B(headline(worst), className="w6"), " ", html.Span(t(f"health.mend_{worst.kind}"), className="c2")]
    if worst.reason:
        said[2:2] = [html.Span(_why(worst, view), className="c2"), " "]
    if more:
        said.append(html.Span(f" {tn('health.more_troubles', more)}", className="c3"))
    tone = "neg" if worst.kind in _RED else "soon"
    return alert(said, tone, "alert-circle" if tone == "neg" else "clock-pause", _mend(worst))


def _why(trouble: Trouble, view: HealthView) -> Component | str:
    if trouble.kind == "account":
        return account_problem(trouble.reason)
    source = next((one for one in view.sources if one.id == trouble.id), None)
    if source is None:
        return program_said(trouble.reason)
    return kept("source", source.error_kind, trouble.reason, place(source) or source.name)


def headline(trouble: Trouble) -> str:
    """What is wrong, in one sentence."""
    since = stamp(trouble.since) if trouble.since else ""
    if trouble.kind in {"silent", "missing", "retrying"}:
        return t(f"health.trouble_{trouble.kind}", name=t(f"health.role_{trouble.name}"), time=since)
    if trouble.kind in {"failed", "late"} and not since:
        return t(f"health.trouble_{trouble.kind}_never", name=trouble.name)
    return t(f"health.trouble_{trouble.kind}", name=trouble.name, time=since)


def _mend(trouble: Trouble) -> Component | None:
    if trouble.kind in {"failed", "late"}:
        if may(actor(), "edit_sources"):
            return act(t("common.retry"), "health", "retry", trouble.id, kind="pri sm")
        return act(t("health.details"), "health", "open", trouble.id, kind="sm")
    if trouble.kind == "account":
        return link_button(t("health.to_accounts"), "/settings/accounts", kind="pri sm")
    if trouble.kind == "unknown":
        return link_button(t("health.to_inbox"), "/inbox", kind="sm")
    return None


def pipeline(view: HealthView) -> Component:
    """Five figures from the platforms to our answers."""
    return html.Section(
        [_collected(view), _stream(view), _enrich(view), _index(view), _replies(view)],
        className="pipe", **{"aria-label": t("health.way")},
    )  # fmt: skip


def _figure(title: str, value: object, note: object, *, first: bool = False, tone: str = "") -> Component:
    arrow = None if first else html.Span(icon("chevron-right", 12, flip=True), className="arr")
    inside = [arrow, html.Div(title, className="t12 c2 w5"), html.Div(value, className="v num"),
              html.Div(note, className=f"d {tone}".strip())]  # fmt: skip
    return html.Div(inside)


def _collected(view: HealthView) -> Component:
    return _figure(t("health.collected"), compact(view.collected_today), t("health.in_24h"), first=True)


def _stream(view: HealthView) -> Component:
    behind = view.behind("enrich")
    oldest = t("health.oldest", span=duration(behind.seconds)) if behind.waiting else t("health.nothing_waits")
    return _figure(t("health.stream"), number(behind.waiting), oldest, tone="soon" if behind.seconds > 60 else "")


def _enrich(view: HealthView) -> Component:
    role = view.role("enrich")
    rate = float(role.stats.get("per_second", 0.0)) if role and "enrich" not in view.silent else 0.0
    handled = int(role.stats.get("handled", 0)) if role else 0
    value = [
        number(rate, places=0 if rate >= 10 else 1),
        html.Span(f" {t('health.per_second')}", className="t12 c3 w4"),
    ]
    return _figure(t("health.enrich"), value, tn("health.since_start", handled))


def _index(view: HealthView) -> Component:
    waiting = view.behind("index").waiting
    value = duration(max(1.0, view.to_searchable))
    note = tn("health.to_index", waiting) if waiting else t("health.to_searchable")
    return _figure(t("health.index"), value, note, tone="soon" if view.to_searchable > 60 else "")


def _replies(view: HealthView) -> Component:
    if view.replies_unknown:
        note = link(
            [icon("help-circle", 14), tn("health.replies_unknown", view.replies_unknown)], "/inbox", "plain soon row g1"
        )
        return _figure(t("health.replies"), number(view.replies_waiting), note, tone="soon")
    return _figure(t("health.replies"), number(view.replies_waiting), t("health.replies_waiting"))
