"""Steps on replies."""

from __future__ import annotations

import re
from collections.abc import Callable

from crm.policies.files import MOST
from crm.records.replies import Reply
from dashboard.context import actor, services, viewer
from dashboard.dates import full
from dashboard.inbox.commands import Command, Effect
from dashboard.text import t

_PERSIAN = re.compile("[\u0600-\u06ff]")


def language_of(text: str) -> str:
    """The language that the platform is told for what was written here."""
    return "fa" if _PERSIAN.search(text) else "en" if text.strip() else ""


def _send(command: Command) -> Effect:
    not_before = command.moment if command.value or command.day else None
    reply = services().replies.approve_and_send(
        actor(), command.case, command.way, command.text, language_of(command.text), not_before, force=command.force,
        as_thread=command.as_thread,
    )  # fmt: skip
    if command.then == "resolve":
        services().inbox.set_status(actor(), command.case, "resolved")
    effect = _leaving(command, reply, full(not_before) if not_before and not_before > viewer().now else "")
    if command.then != "resolve":
        return effect
    return Effect(
        case=command.case,
        text="",
        settle=True,
        dropped=(command.case,),
        open=command.next,
        close=True,
        said=effect.said,
        undo=effect.undo,
    )


def _leaving(command: Command, reply: Reply, later: str) -> Effect:
    """The reply leaves in eight seconds, later, or by a person's hand; until then it can be taken back."""
    if reply.way == "open":
        said = t("inbox.done_by_hand")
    else:
        said = t("inbox.done_scheduled", time=later) if later else t("inbox.done_sending")
    undo: dict[str, object] = {"do": "take-back", "case": command.case, "reply": reply.id}
    return Effect(case=command.case, text="", again=True, settle=True, close=True, said=said, undo=undo)


def _ask(command: Command) -> Effect:
    draft = services().replies.draft(
        actor(), command.case, command.way, command.text, language_of(command.text), as_thread=command.as_thread
    )
    services().replies.request_approval(actor(), draft.id)
    return Effect(case=command.case, again=True, full=True, settle=True, said=t("inbox.done_asked"))


def _approve(command: Command) -> Effect:
    reply = services().replies.approve(actor(), command.reply, command.reply_version, force=command.force)
    return _leaving(command, reply, "")


def _hand_back(command: Command) -> Effect:
    services().replies.hand_back(actor(), command.reply)
    return Effect(case=command.case, again=True, said=t("inbox.done_handed_back"))


def _take_back(command: Command) -> Effect:
    """Call a reply back; what it said is a draft again."""
    _, left_out = services().replies.take_back(actor(), command.reply)
    said = t("inbox.done_taken_back")
    if left_out:
        said = t("inbox.done_taken_back_without", names=t("inbox.list_comma").join(left_out), most=MOST)
    return Effect(case=command.case, again=True, full=True, settle=True, said=said)


def _sent(command: Command) -> Effect:
    services().replies.mark_sent(actor(), command.reply, command.value)
    return Effect(case=command.case, again=True, settle=True, said=t("inbox.done_sent"))


def _was_sent(command: Command) -> Effect:
    services().replies.decide_unknown(actor(), command.reply, was_sent=True, url=command.value)
    return Effect(case=command.case, again=True, settle=True, said=t("inbox.done_sent"))


def _not_sent(command: Command) -> Effect:
    services().replies.decide_unknown(actor(), command.reply, was_sent=False)
    return Effect(case=command.case, again=True, said=t("inbox.done_not_sent"))


STEPS: dict[str, Callable[[Command], Effect]] = {
    "send": _send,
    "ask": _ask,
    "approve": _approve,
    "hand-back": _hand_back,
    "take-back": _take_back,
    "sent": _sent,
    "was-sent": _was_sent,
    "not-sent": _not_sent,
}
