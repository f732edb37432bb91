"""The drawer of one source, and what can be done with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from dash import html
from dash.development.base_component import Component

from crm.errors import NotFoundError
from crm.policies.access import may
from crm.records.sources import SourceRow
from dashboard.admin.health import webhook
from dashboard.admin.health.quota import quota_said
from dashboard.admin.health.state import last_success, place, state_mark, state_of
from dashboard.admin.step import Panel, Shown, Step, act, sure
from dashboard.components import alert, handle, name, show, toast
from dashboard.context import actor, services, viewer
from dashboard.dates import full
from dashboard.errors import in_full, kept, place_of, rejected
from dashboard.numbers import number
from dashboard.text import has, t, tn

SHOWN = 50
"""Gaps, and rejected rows, that the drawer shows."""
GAP_DAYS = 90


def open_source(step: Step) -> Shown:
    """Show a source's drawer."""
    return Shown(drawer=_panel(_find(step.of)))


def _find(source_id: str) -> SourceRow:
    row = next((one for one in services().sources.all(actor()) if one.id == source_id), None)
    if row is None:
        raise NotFoundError("source", source_id)
    return row


def _panel(row: SourceRow) -> Panel:
    state = state_of(row)
    why = row.error_kind, row.error or ""
    said = [html.B(t("health.error")), " ", kept("source", *why, place(row) or row.name), in_full("source", *why)]
    error = alert(said, state.tone if state.tone != "ok" else "", "alert-circle") if row.error else None
    inside = [
        html.Div(state_mark(state), className="row"),
        error,
        _buttons(row),
        html.Dl(_facts(row), className="facts wide-dt"),
        *_gaps(row),
        *_rejected(row),
    ]
    return Panel(name(row.name), html.Div(inside, className="col g4"))


def _buttons(row: SourceRow) -> Component | None:
    if not may(actor(), "edit_sources"):
        return None
    group = state_of(row).group
    buttons = []
    if group in {"stopped", "waiting"}:
        buttons.append(act(t("common.retry"), "health", "retry", row.id, kind="pri", icon_name="refresh"))
    if group == "paused":
        buttons.append(act(t("health.resume"), "health", "resume", row.id, kind="pri", icon_name="player-play"))
    elif group != "finished":
        buttons.append(act(t("health.pause"), "health", "pause", row.id, kind="", icon_name="player-pause"))
    if row.kind == webhook.KIND:
        buttons.append(webhook.button(row))
    buttons.append(act(t("health.remove"), "health", "remove", row.id, kind="bad", icon_name="trash"))
    return html.Div(buttons, className="row wraps")


def _facts(row: SourceRow) -> list[Component]:
    facts: list[tuple[str, object]] = [
        (t("health.kind"), t(f"source.{row.kind}")),
        *((t(f"source.option_{option}"), _option(option, value)) for option, value in row.options.items() if value),
        *(webhook.facts(row) if row.kind == webhook.KIND else ()),
        (t("health.last_delivery" if row.kind == webhook.KIND else "health.last_success"), last_success(row)),
        (t("health.last_post"), full(row.last_post) if row.last_post else t("health.never")),
        (t("health.collected_all"), number(row.collected)),
        *([(t("health.quota"), quota_said(row))] if quota_said(row) else []),
        (t("health.since"), full(row.created_at)),
    ]
    return [part for term, said in facts for part in (html.Dt(term), html.Dd(said))]


def _option(option: str, value: str) -> Component:
    # The name of a kept file says nothing to anybody; the source's own name is the file's.
    if option == "path":
        return handle(Path(value).suffix.lstrip(".").upper() or "–")
    key = f"inbox.platform_{value}" if option == "platform" else f"source.choice_{value}"
    return name(t(key)) if has(key) else handle(value, "wrap-any")


def _gaps(row: SourceRow) -> list[Component]:
    """Of when posts may be missing, which charts leave out."""
    found = services().budgets.gaps(actor(), row.id, viewer().now - timedelta(days=GAP_DAYS))
    items = [
        html.Li(
            [
                t("health.gap_span", since=full(gap.since), until=full(gap.until)),
                html.Span(t(f"health.gap_{gap.reason}"), className="c2"),
            ]
        )
        for gap in found[:SHOWN]
    ]
    return [html.H3(t("health.gaps"), className="w6"), html.Ul(items, className="rejects")] if items else []


def _rejected(row: SourceRow) -> list[Component]:
    if not row.rejected:
        return []
    found = services().sources.rejected(actor(), row.id)
    items = [html.Li([place_of(one), rejected(one)]) for one in found[:SHOWN]]
    note = html.P(tn("health.rejected_shown", len(items), all=row.rejected), className="t12 c3")
    return [html.H3(t("health.rejected_title"), className="w6"), note, html.Ul(items, className="rejects")]


def pause(step: Step) -> Shown:
    """Stop collecting from a source for now."""
    services().sources.set_enabled(actor(), step.of, enabled=False)
    return Shown(drawer=_panel(_find(step.of)), again=True)


def start(step: Step) -> Shown:
    """Let a source run again, from where it stopped."""
    services().sources.set_enabled(actor(), step.of, enabled=True)
    show(toast(t("health.started")))
    return Shown(drawer=None, again=True)


def ask_remove(step: Step) -> Shown:
    """Ask before a source is forgotten."""
    row = _find(step.of)
    text = t("health.remove_why", name=row.name)
    return Shown(dialog=sure("health", "remove!", row.id, t("health.remove_sure"), text, t("health.remove")))


def remove(step: Step) -> Shown:
    """Forget a source; its posts stay."""
    services().sources.remove(actor(), step.of)
    show(toast(t("health.removed")))
    return Shown(drawer=None, dialog=None, again=True)
