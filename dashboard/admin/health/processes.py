"""What runs on this machine, and its disk."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.usecases.health import ROLES, HealthView
from dashboard.components import bar, card, icon
from dashboard.dates import duration
from dashboard.errors import program_said
from dashboard.numbers import number, percent
from dashboard.text import t, tn

_UNITS = ("B", "kB", "MB", "GB", "TB")


def processes_card(view: HealthView) -> Component:
    """Each role's last word, then the disk."""
    return card(
        html.Ul([*(_role(view, name) for name in ROLES), _disk(view)], className="qu"), title=t("health.processes")
    )


def _role(view: HealthView, name: str) -> Component:
    role = view.role(name)
    title = html.Span(t(f"health.role_{name}"), className="w5")
    if role is None:
        return html.Li([title, html.Span([icon("circle-dashed", 14), t("health.role_missing")], className="row g1 c3")])
    ago = max(0.0, (view.at - role.at).total_seconds())
    if name in view.silent:
        said = [icon("alert-circle", 14), t("health.role_silent", span=duration(ago))]
        return html.Li([title, html.Span(said, className="row g1 neg w5")])
    if error := role.stats.get("error"):
        said = [icon("clock-pause", 14), t("health.role_retries")]
        return html.Li([title, html.Span(said, className="row g1 soon w5"), html.Small(program_said(str(error)))])
    notes = [tn("health.role_failed", int(role.stats["failed"]))] if role.stats.get("failed") else []
    said = [icon("circle-check", 14), t("health.role_alive")]
    return html.Li([title, html.Span(said, className="row g1 ok"), html.Small(notes[0]) if notes else None])


def _disk(view: HealthView) -> Component:
    whole = (view.disk_used + view.disk_free) or 1
    share = view.disk_used / whole
    short = view.disk_free < 0.05 * whole
    return html.Li(
        [
            html.Span(t("health.disk"), className="w5"),
            html.Span(t("health.disk_used", used=size(view.disk_used)), className="num c2"),
            bar(share, tone="bad" if short else "ink", label=percent(share)),
            html.Small(t("health.disk_free", free=size(view.disk_free))),
        ],
        className="disk",
    )


def size(count: int) -> str:
    """Bytes in the largest unit that leaves a number above one, ``18.2 GB``."""
    at, value = 0, float(count)
    while value >= 1000 and at < len(_UNITS) - 1:
        at, value = at + 1, value / 1000
    return f"{number(value, places=0 if at < 2 else 1)} {t(f'health.unit_{_UNITS[at]}')}"
