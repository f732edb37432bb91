"""What each platform can't be asked for, what that means, and what it costs."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.ports.source import CantBeAskedError, Rejected, Searching, account_option
from crm.query import QueryError
from crm.records.sources import SourceRow
from crm.usecases.monitors import MonitorDraft
from dashboard.components import card, link, platform_icon, table
from dashboard.components.words import name
from dashboard.context import actor, services
from dashboard.errors import rejected
from dashboard.monitors.names import platform_name, platform_of, sources
from dashboard.text import t

KINDS = frozenset({"jetstream", "mastodon", "feed", "file"})


def reach(draft: MonitorDraft) -> Component:
    """A row for each source, and for each chosen platform that no source collects."""
    platforms = draft.platforms
    mine = [one for one in sources() if one.enabled and (not platforms or platform_of(one) in platforms)]
    there = {platform_of(one) for one in mine}
    rows = [_row(one, draft) for one in mine] + [_missing(one) for one in platforms if one not in there]
    if not rows:
        rows = [[html.Span(t("monitors.no_sources"), className="c2"), _add(), None]]
    heads = [t("monitors.platform"), t("monitors.not_sent"), t("monitors.meaning")]
    shown = table(heads, rows, caption=t("monitors.reach"), class_="mon-reach")
    counted = any(account_option(kind) for one in mine if (kind := services().sources.kinds.get(one.kind)))
    free = html.P(t("monitors.reads_counted" if counted else "monitors.free"), className="t12 c3 mon-free")
    return card(shown, free, title=t("monitors.reach"), beside=html.Span(t("monitors.reach_how"), className="t12 c3"))


def _row(one: SourceRow, draft: MonitorDraft) -> list[object]:
    tagged = one.kind == "mastodon" and bool(one.options.get("tags", "").strip())
    kind = f"{one.kind}_tag" if tagged else one.kind if one.kind in KINDS else "other"
    platform = platform_of(one)
    known = (platform_name(platform).casefold(), platform, one.kind)
    called = name(one.name, "c3 cut t12") if one.name.casefold() not in known else None
    mark = html.Span([platform_icon(platform, 14), platform_name(platform), called], className="row")
    asked = _asked(one.kind, draft)
    return [mark, *(asked or (html.Span(t(f"monitors.sent_{kind}"), className="c2"), t(f"monitors.means_{kind}")))]


def _asked(kind: str, draft: MonitorDraft) -> tuple[Component, object] | None:
    """What of a query a platform that searches is not asked, and how it is asked; None for one that doesn't."""
    source = services().sources.kinds.get(kind)
    if not isinstance(source, Searching):
        return None
    try:
        asked = services().monitors.asked(actor(), draft, source) if draft.query.strip() else None
    except QueryError:
        asked = None
    except CantBeAskedError as error:
        return html.Span(t("monitors.sent_nothing"), className="c2"), rejected(
            Rejected("", str(error), error.code, error.params)
        )
    if asked is None:
        return html.Span(t("monitors.sent_search"), className="c2"), t("monitors.means_search")
    left = [html.Code(part, dir="auto") for part in asked.left] or t("monitors.all_sent")
    texts = [html.Code(text, dir="auto") for text in asked.texts]
    return html.Span(left, className="row wraps c2"), html.Span(
        [t("monitors.asked_for"), *texts], className="row wraps"
    )


def _missing(platform: str) -> list[object]:
    mark = html.Span([platform_icon(platform, 14), platform_name(platform)], className="row")
    return [mark, html.Span(t("monitors.not_collected"), className="soon"), [t("monitors.only_imported"), " ", _add()]]


def _add() -> Component | None:
    return link(t("monitors.add_source"), "/settings") if may(actor(), "edit_sources") else None
