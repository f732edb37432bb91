"""The inbox: what waits for an answer, the thread, and who is speaking."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.records.queue import QueueFilter
from dashboard.components import panes
from dashboard.context import actor, services
from dashboard.inbox import callbacks, filters, queue, ties, times
from dashboard.inbox import case as cases
from dashboard.page import page
from dashboard.text import t

STORES = (
    "do", "told", "undone", "draw", "queue-html", "settle", "fresh", "again", "case-html", "here", "draft", "kept",
    "find", "found-html", "heard",
)  # fmt: skip
KEYS = (
    ("J", "inbox.help_next"), ("K", "inbox.help_before"), ("Enter", "inbox.help_open"), ("X", "inbox.help_pick"),
    ("R", "inbox.help_answer"), ("N", "inbox.help_note"), ("E", "inbox.help_resolve"), ("S", "inbox.help_snooze"),
    ("A", "inbox.help_take"), ("U", "inbox.help_unread"), ("/", "inbox.help_search"), ("Ctrl+Enter", "inbox.help_send"),
)  # fmt: skip

__all__ = ["callbacks", "layout", "waiting"]


def waiting() -> int:
    """How many cases wait for an answer, for the rail."""
    return services().inbox.queue(actor(), QueueFilter(), None, 1).total


@page("/inbox", "inbox.title", icon="inbox", order=10, phone=True, action="read_cases", keys=KEYS, badge=waiting)
def layout(case: str = "", **query: str) -> Component:
    """The queue of the address and the case in it, drawn at once so that a link shows everything."""
    return build(case, filters.read(query))


def build(case_id: str, asked: filters.Asked) -> Component:
    """All three panes and what p-inbox.js needs to begin."""
    start = {
        "asked": filters.stored(asked),
        "case": case_id,
        "me": actor().user_id,
        "works": may(actor(), "work_cases"),
        "copied": t("inbox.copied"),
        "places": {**queue.draw(asked), **cases.draw(case_id)},
    }
    parts = panes(queue.queue_pane(asked), cases.thread_pane(), cases.customer_pane())
    stores = [dcc.Store(id=f"inbox-{name}") for name in STORES]
    begun = dcc.Store(id="inbox-start", data=start)
    return html.Div(
        [parts, *stores, begun, times.time_dialog(), ties.new_dialog()],
        id="inbox",
        className="inbox",
        **{"data-pane": "thread" if case_id else "queue", "data-works": "1" if start["works"] else ""},
        **{"data-resolve": t("inbox.resolve"), "data-snooze": t("inbox.snooze")},
    )
