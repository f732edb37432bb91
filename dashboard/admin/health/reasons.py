"""Why a source fails, in the viewer's language: by the error's class, which the records keep beside its sentence."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.records.sources import SourceRow
from dashboard.admin.health.state import place
from dashboard.text import t

_KNOWN = {
    "AuthorisationError": "no_entry",
    "BrokenConnectionError": "broke",
    "BrokenFeedError": "broken_feed",
    "BusyServerError": "busy",
    "ForbiddenAddressError": "forbidden",
    "NotAFeedError": "no_feed",
    "NothingSaidError": "nothing_said",
    "OtherServerError": "other_server",
    "RateLimitedError": "limit",
    "StoreError": "store",
    "UnreachableError": "unreachable",
    "UnreadableAnswerError": "unreadable",
    "WrongAddressError": "wrong_address",
}


def reason(row: SourceRow) -> Component:
    """One sentence; where the error has none here, the program's own, which is English whatever the page's language."""
    known = _KNOWN.get(row.error_kind or "")
    if known is None:
        return program_said(row.error or "")
    return html.Span(t(f"health.why_{known}", where=place(row) or row.name))


def program_said(sentence: str) -> Component:
    """A sentence of the program itself."""
    return html.Bdi(sentence, dir="ltr")


def in_full(row: SourceRow) -> Component | None:
    """The program's own words behind a disclosure, for whoever has to find the fault; None where they stand already."""
    if row.error_kind not in _KNOWN:
        return None
    return html.Details(
        [html.Summary(t("health.exact_words")), html.P(program_said(row.error or ""), className="t12 c2 wrap-any")],
        className="exact",
    )
