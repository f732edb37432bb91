"""What was learned from this team's answers, version by version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from crm.policies.heads import LEAST_KEPT
from crm.records.heads import HeadRow
from crm.records.jobs import Work
from dashboard.components import alert, badge, button, card, table
from dashboard.dates import full, relative
from dashboard.numbers import number, percent
from dashboard.text import t

_TONES = {"live": "pos", "pilot": "acc", "refused": "neg", "retired": ""}


def listing(rows: Sequence[HeadRow], work: Work | None, able: bool) -> Component:
    """The versions, newest first, and what may be done with them."""
    busy = work is not None and work.state in ("waiting", "running")
    learn = (
        button(t("quality.learn"), kind="sm pri", icon_name="wand", disabled=busy, **_does("learn")) if able else None
    )
    used = any(row.state in ("live", "pilot") for row in rows)
    back = (
        button(t("quality.take_back"), kind="sm", icon_name="arrow-back-up", **_does("back")) if able and used else None
    )
    heads = [t("quality.version"), t("quality.taught"), t("quality.kept_rows"), t("quality.right"),
             t("quality.right_before"), t("quality.state"), ""]  # fmt: skip
    shown = [
        [html.Span(number(row.number), title=full(row.at)), number(row.judged.taught), number(row.judged.kept),
         _share(row.judged.right, row.judged.kept), _share(row.judged.before, row.judged.kept),
         html.Span([_state(row), html.Span(relative(row.at),
                   className="t12 c3 nowrap")], className="row g2"),
         html.Span(_choices(row) if able else [], className="row g1 ends")]
        for row in rows
    ]  # fmt: skip
    told = [alert([html.B(t("quality.learn_failed")), ": ", work.error], "neg")] if work and work.error else []
    if busy:
        told.append(
            html.P([html.Span(className="spin"), t("quality.learning")], className="row g2 t13 c2", role="status")
        )
    body = table(heads, shown, caption=t("quality.versions"), end=frozenset({0, 1, 2, 3, 4})) if rows else None
    why = html.P(t("quality.versions_why", least=number(LEAST_KEPT)), className="t12 c3")
    return card(*told, body, why, title=t("quality.versions"), beside=html.Span([back, learn], className="row g2"))


def _state(row: HeadRow) -> Component:
    if row.state == "refused" and row.judged.kept < LEAST_KEPT:
        return badge(t("quality.state_untold"))
    return badge(t(f"quality.state_{row.state}"), _TONES[row.state])


def _choices(row: HeadRow) -> list[Component]:
    use = button(t("quality.use"), kind="sm", **_does("use", row.id))
    pilot = button(t("quality.try"), kind="sm", title=t("quality.try_why"), **_does("pilot", row.id))
    return {"live": [], "pilot": [use], "refused": [pilot], "retired": [use, pilot]}[row.state]


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole >= LEAST_KEPT else t("quality.too_little")


def _does(kind: str, value: str = "") -> dict[str, Any]:
    return {"data-head": kind, "data-value": value}
