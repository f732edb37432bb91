"""What platforms still let us ask, and what was read of what they count."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component
from msgspec import ValidationError, convert

from crm.ports.source import Quota
from crm.records.sources import SourceRow
from crm.usecases.budgets import Use
from dashboard.admin.settings.budget import line
from dashboard.components import bar, card, link, platform_icon
from dashboard.context import viewer
from dashboard.dates import clock, duration
from dashboard.monitors.names import platform_name
from dashboard.numbers import number, percent
from dashboard.text import t

SHORT = 0.1
"""Below this share of a quota left, its bar warns."""


def quota_of(row: SourceRow) -> Quota | None:
    """What the platform's last answer said, unless that window has passed."""
    try:
        found = convert(dict(row.quota), Quota) if row.quota else None
    except ValidationError:
        return None  # one of an older version
    over = found is not None and found.resets_at is not None and found.resets_at <= viewer().now
    return None if over else found


def quota_mark(row: SourceRow) -> Component | None:
    """How much of the quota is used, as a bar with words."""
    found = quota_of(row)
    if found is None:
        return None
    if not found.limit:
        return html.Span(t("health.quota_left", left=number(found.remaining)), className="t12 c2 nowrap")
    used = 1 - found.remaining / found.limit
    words = t("health.quota_used", used=percent(used), limit=number(found.limit))
    tone = "bad" if found.remaining <= 0 else "soon" if used > 1 - SHORT else "ink"
    return html.Span(
        [bar(used, tone=tone, label=words), html.Span(words, className="t12 c2 nowrap")], className="row quota"
    )


def quota_said(row: SourceRow) -> str:
    """The quota in one sentence, for the drawer; empty where the platform told none."""
    found = quota_of(row)
    if found is None:
        return ""
    left, limit = number(found.remaining), number(found.limit) if found.limit else ""
    said = t("health.quota_of", left=left, limit=limit) if limit else t("health.quota_left", left=left)
    if found.resets_at is None:
        return said
    span = duration((found.resets_at - viewer().now).total_seconds())
    return f"{said}{t('common.comma')} {t('health.quota_resets', time=clock(found.resets_at), span=span)}"


def reads_card(uses: list[Use]) -> Component | None:
    """What was read this month on each platform that counts; None where none does."""
    whole = [use for use in uses if not use.monitor]
    if not whole:
        return None
    rows = [line(use, called=_named(use.platform)) for use in whole]
    more = link(t("health.caps"), "/settings/budget", "t12")
    return card(html.Ul(rows, className="qu"), title=t("health.reads"), beside=more)


def _named(platform: str) -> Component:
    return html.Span([platform_icon(platform, 14), platform_name(platform)], className="row g1")
