"""A source's state as a person says it."""

from __future__ import annotations

from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from crm.records.sources import SourceRow
from dashboard.components import icon
from dashboard.context import viewer
from dashboard.dates import clock, duration, relative
from dashboard.text import t

REFUSED = frozenset({"AuthorisationError", "AccountRefusedError"})


class State(NamedTuple):
    """`group` is what it counts as: running, waiting, stopped, paused or finished."""

    group: str
    icon: str
    tone: str
    text: str


def state_of(row: SourceRow) -> State:
    """What the table, the head and the drawer say about a source."""
    if row.state == "finished":
        return State("finished", "checks", "c2", t("health.finished"))
    if not row.enabled:
        return State("paused", "player-pause", "c3", t("health.paused"))
    if row.state == "failed":
        return State(
            "stopped", "alert-circle", "neg", t("health.refused" if row.error_kind in REFUSED else "health.stopped")
        )
    if row.state == "waiting":
        return State("waiting", "clock-pause", "soon", _waiting(row))
    if row.state == "running":
        return State("running", "circle-check", "ok", t("health.running"))
    return State("running", "loader-2", "c2", t("health.starting"))


def _waiting(row: SourceRow) -> str:
    key = "health.waiting_limit" if row.error_kind == "RateLimitedError" else "health.waiting"
    left = (row.retry_at - viewer().now).total_seconds() if row.retry_at else 0.0
    return t(key, span=duration(max(1.0, left)))


def state_mark(state: State) -> Component:
    """The state with its sign."""
    return html.Span([icon(state.icon), html.Span(state.text, className="cut")], className=f"stt {state.tone}")


def last_success(row: SourceRow) -> str:
    """When it last worked, at the clock and counted from now."""
    if row.last_success is None:
        return t("health.never")
    return f"{clock(row.last_success)}{t('common.comma')} {relative(row.last_success)}"


def lag(row: SourceRow) -> Component:
    """How long ago it last worked; in red or amber while it does not."""
    if row.last_success is None or not row.enabled or row.state == "finished":
        return html.Span("–", className="c3")
    late = (viewer().now - row.last_success).total_seconds()
    tone = {"failed": "neg w5", "waiting": "soon w5"}.get(row.state, "")
    return html.Span(duration(max(0.0, late)), className=tone or None)


def place(row: SourceRow) -> str:
    """Where it listens, in few words: an address or a file without its path."""
    said = row.options.get("server") or row.options.get("url") or ""
    tags = row.options.get("tags", "").split()
    short = said.partition("://")[2].partition("?")[0].rstrip("/") or said
    return f"{short} #{' #'.join(tag.lstrip('#') for tag in tags)}" if tags else short
