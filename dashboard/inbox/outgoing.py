"""Answers that the platform does not show yet: waiting for approval, leaving, failed, in doubt, or by hand."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.records.replies import Reply
from crm.usecases.views import CaseView, ThreadItem
from dashboard.components import avatar, badge, icon, name, said
from dashboard.context import actor, viewer
from dashboard.dates import stamp
from dashboard.errors import in_full, kept
from dashboard.inbox.parts import can_work, does, platform_name, said_at
from dashboard.inbox.pictures import sent_with
from dashboard.inbox.places import text_input
from dashboard.text import t

TONES = {"failed": "neg", "unknown": "soon", "draft": "acc"}
ICONS = {
    "draft": "user-check",
    "approved": "clock",
    "sending": "send-2",
    "sent": "checks",
    "failed": "alert-circle",
    "unknown": "help-circle",
}


def outgoing(one: ThreadItem, reply: Reply, view: CaseView) -> Component:
    """A reply with its state, and what a person can do about it."""
    writer = one.writer.name if one.writer else t("inbox.somebody")
    when = said_at(one.at)
    who = html.Div([html.B(name(writer), className="cut"), _state(one, reply), when], className="who")
    open_ones = reply.status not in ("sent", "sending") and can_work(view.case)
    body = html.Div(
        [
            who,
            said(reply.text, reply.language),
            sent_with(view.files.get(reply.id, ())),
            *_error(reply, view),
            _steps(reply, view) if open_ones else None,
            _where(reply),
        ],
        className="col grow",
    )
    return html.Article(
        [avatar(writer, me=True), body],
        className="m our",
        key=one.id,
        **{"data-reply": reply.id, "data-state": reply.status},
    )


def _error(reply: Reply, view: CaseView) -> list[Component | None]:
    if not reply.error:
        return []
    why = kept("reply", reply.error_kind, reply.error, platform_name(view.case.platform))
    said = html.P([icon("alert-circle", 14), why], className="row g1 neg t12")
    return [said, in_full("reply", reply.error_kind, reply.error)]


def _state(one: ThreadItem, reply: Reply) -> Component:
    text = t(f"inbox.reply_{reply.status}")
    if reply.status == "draft":
        text = t("inbox.reply_asked")
    elif reply.status == "approved" and reply.way == "open":
        text = t("inbox.reply_by_hand")
    elif reply.status == "approved" and reply.follows and one.not_before is None:
        text = t("inbox.reply_follows")
    elif one.not_before and one.not_before > viewer().now:
        text = t("inbox.reply_leaves", time=stamp(one.not_before))
    return badge(text, TONES.get(reply.status, ""), ICONS.get(reply.status, ""))


def _where(reply: Reply) -> Component | None:
    if not (reply.url or "").startswith(("https://", "http://")):
        return None
    return html.A(
        [icon("external-link", 14), t("inbox.see_answer")],
        href=reply.url,
        target="_blank",
        rel="noopener noreferrer",
        className="row g1 t12",
    )


def _steps(reply: Reply, view: CaseView) -> Component | None:
    parts: list[Component] = []
    if reply.status == "draft":
        parts = _approval(reply)
    elif reply.status == "approved" and reply.way == "open":
        parts = [_publish(reply, view), _sent_form("sent", t("inbox.mark_sent"), reply), _withdraw(reply)]
    elif reply.status == "approved":
        parts = [_withdraw(reply)]
    elif reply.status == "failed":
        parts = [_step("approve", t("inbox.send_again"), reply, "pri sm"), _withdraw(reply)]
    elif reply.status == "unknown":
        parts = _doubt(reply, view)
    return html.Div(parts, className="row wraps steps") if parts else None


def _approval(reply: Reply) -> list[Component]:
    """Waiting for somebody's approval: the writer may take it back, others decide."""
    if reply.author_id == actor().user_id or not may(actor(), "approve_reply"):
        return [html.Span(t("inbox.waits_for_approval"), className="c3 t12")]
    return [
        _step("approve", t("inbox.approve"), reply, "pri sm"),
        _step("hand-back", t("inbox.hand_back"), reply, "sm"),
    ]


def _doubt(reply: Reply, view: CaseView) -> list[Component]:
    """Nobody knows whether it was sent: a person looks and decides."""
    return [
        html.P(t("inbox.unknown_why", platform=platform_name(view.case.platform)), className="t12 c2"),
        _sent_form("was-sent", t("inbox.was_sent"), reply),
        _step("not-sent", t("inbox.not_sent"), reply, "sm"),
    ]


def _publish(reply: Reply, view: CaseView) -> Component:
    url = next((rule.url for rule in view.ways.rules if rule.url), "")
    words = [icon("external-link", 14), t("inbox.copy_and_open", platform=platform_name(view.case.platform))]
    return html.A(
        words,
        href=url or None,
        target="_blank",
        rel="noopener noreferrer",
        className="btn sm pri",
        **{"data-clip": reply.text},
    )


def _sent_form(what: str, label: str, reply: Reply) -> Component:
    field = text_input("value", t("inbox.answer_url"), longest=2000, type="url")
    return html.Form(
        [field, html.Button(label, type="submit", className="btn sm")],
        className="row g1",
        **{"data-form": what, "data-reply": reply.id},
    )


def _withdraw(reply: Reply) -> Component:
    return _step("take-back", t("inbox.take_back"), reply, "sm ghost")


def _step(what: str, label: str, reply: Reply, kind: str, **more: str) -> Component:
    return html.Button(
        label, type="button", className=f"btn {kind}", **does(what, reply=reply.id, reply_version=reply.version, **more)
    )
