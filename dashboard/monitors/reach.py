"""What each platform can't be asked for, what that means, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.records.sources import SourceRow
from dashboard.components import card, link, platform_icon, table
from dashboard.components.words import name
from dashboard.context import actor
from dashboard.monitors.names import platform_name, platform_of, sources
from dashboard.text import t

KINDS = frozenset({"jetstream", "mastodon", "feed", "file"})


def reach(platforms: Sequence[str]) -> Component:
    """A row for each source, and for each chosen platform that no source collects."""
    mine = [one for one in sources() if one.enabled and (not platforms or platform_of(one) in platforms)]
    there = {platform_of(one) for one in mine}
    rows = [_row(one) for one in mine] + [_missing(one) for one in platforms if one not in there]
    if not rows:
        rows = [[html.Span(t("monitors.no_sources"), className="c2"), _add(), None]]
    heads = [t("monitors.platform"), t("monitors.not_sent"), t("monitors.meaning")]
    shown = table(heads, rows, caption=t("monitors.reach"), class_="mon-reach")
    free = html.P(t("monitors.free"), className="t12 c3 mon-free")
    return card(shown, free, title=t("monitors.reach"), beside=html.Span(t("monitors.reach_how"), className="t12 c3"))


def _row(one: SourceRow) -> list[object]:
    tagged = one.kind == "mastodon" and bool(one.options.get("tags", "").strip())
    kind = f"{one.kind}_tag" if tagged else one.kind if one.kind in KINDS else "other"
    platform = platform_of(one)
    known = (platform_name(platform).casefold(), platform, one.kind)
    called = name(one.name, "c3 cut t12") if one.name.casefold() not in known else None
    mark = html.Span([platform_icon(platform, 14), platform_name(platform), called], className="row")
    return [mark, html.Span(t(f"monitors.sent_{kind}"), className="c2"), t(f"monitors.means_{kind}")]


def _missing(platform: str) -> list[object]:
    mark = html.Span([platform_icon(platform, 14), platform_name(platform)], className="row")
    return [mark, html.Span(t("monitors.not_collected"), className="soon"), [t("monitors.only_imported"), " ", _add()]]


def _add() -> Component | None:
    return link(t("monitors.add_source"), "/settings") if may(actor(), "edit_sources") else None
