"""The composer: what is written, in which way, and what happens to it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.policies.access import Resource, may
from crm.records.cases import Case
from crm.usecases.views import CaseView
from dashboard.components import alert, avatar, badge, icon, kbd, said
from dashboard.context import actor
from dashboard.dates import full
from dashboard.inbox import pictures
from dashboard.inbox.parts import does, item, line, menu
from dashboard.inbox.snooze import presets
from dashboard.inbox.templates import listbox
from dashboard.inbox.ways import chosen, rules_of, ways_row
from dashboard.markup import element
from dashboard.text import t


def composer(view: CaseView) -> list[Component]:
    """The form for an answer or a note; for those who may only read, who may answer."""
    case = view.case
    if not may(actor(), "write_reply", Resource(case.workspace, case.monitors, case.private)):
        return [html.Div(alert(t("inbox.read_only"), "", "eye"), className="read-only")]
    way = chosen(view)
    draft = view.draft.text if view.draft else ""
    text = element(
        "textarea", draft, id="inbox-text", class_="write", rows=2, dir="auto", placeholder=t("inbox.write_here"),
        aria_label=t("inbox.answer"),
    )  # fmt: skip
    form = html.Section(
        [
            ways_row(view, way),
            *rules_of(view, way),
            html.P([icon("lock", 14), t("inbox.note_rule")], className="rule note-rule"),
            html.Div(
                [html.Div(text, className="writing"), pictures.strip(view), pictures.parts(view)], className="inner"
            ),
            listbox(view),
            _foot(view),
        ],
        className="comp",
        id="inbox-comp",
        **{
            "aria-label": t("inbox.write"),
            "data-case": case.id,
            "data-way": way,
            "data-draft": view.draft.id if view.draft else "",
            "data-long": "1" if view.draft and view.draft.as_thread else "",
            "data-note-hint": t("inbox.note_here"),
            "data-hint": t("inbox.write_here"),
            "data-open-label": t("inbox.approve_open"),
            "data-send-label": t("inbox.approve_send"),
        },
    )
    return [form]


def presence(view: CaseView) -> list[Component]:
    """Who else is writing to the same person, and what they have so far."""
    writing = [one.person.name for one in view.viewers if one.typing]
    line = html.Div(
        [
            *(avatar(one, 20) for one in writing),
            html.Span([html.I(), html.I(), html.I()], className="dots", **{"aria-hidden": "true"}),
            typing_text(writing),
        ],
        className="typing",
        role="status",
    )
    drafts = [
        html.Details(
            [
                html.Summary(t("inbox.see_draft", name=one.writer.name)),
                said(one.reply.text, one.reply.language, class_="c2"),
            ],
            className="others",
        )
        for one in view.other_drafts
        if one.reply.text.strip() and one.reply.asked_at is None
    ]
    return [*([line] if writing else []), *drafts]


def typing_text(names: list[str]) -> str:
    """Who writes, as a sentence."""
    return t("inbox.typing" if len(names) == 1 else "inbox.typing_many", names=t("inbox.list_comma").join(names))


def _foot(view: CaseView) -> Component:
    template = html.Button(
        [icon("template", 16), html.Span(t("inbox.template"), className="wide"), kbd("/")],
        type="button",
        className="btn ghost sm for-answer",
        title=t("inbox.template"),
        **does("templates"),
    )
    counter = html.Span(
        [html.Span(className="ring"), html.Span(className="n num")],
        className="sla counter for-answer",
        hidden=True,
        id="inbox-counter",
        **{"data-text": t("inbox.length")},
    )
    saved = html.Span(_draft_state(view), id="inbox-saved", className="t12 c3 cut", role="status")
    add = pictures.add_button(view.ways.rules)
    return html.Div(
        [template, add, saved, html.Span([counter, *_sending(view.case)], className="end row")], className="cf"
    )


def _draft_state(view: CaseView) -> object:
    if view.draft is not None and view.draft.asked_at is not None:
        return badge(t("inbox.waits_for_approval"), "acc", "user-check")
    return t("inbox.draft_kept") if view.draft is not None and view.draft.text else None


def _sending(case: Case) -> list[Component]:
    keep = html.Button(
        [t("inbox.note_save"), kbd("Ctrl"), kbd("Enter")], type="button", className="btn pri for-note", **does("note")
    )
    ask = html.Button(t("inbox.ask"), type="button", className="btn for-answer", **does("ask"))
    if not may(actor(), "approve_reply", Resource(case.workspace, case.monitors, case.private)):
        return [keep, ask]
    send = html.Button(
        [icon("send-2", flip=True), html.Span(t("inbox.approve_send"), id="inbox-send-label")],
        type="button",
        className="btn pri",
        title=t("inbox.send_key"),
        **does("send"),
    )
    return [ask, html.Span([send, _later()], className="split for-answer"), keep]


def _later() -> Component:
    target = html.Button(
        icon("chevron-down"),
        type="button",
        className="btn pri",
        title=t("inbox.send_later"),
        **{"aria-label": t("inbox.send_later")},
    )
    lines = [
        item(label, does("send", value=when.isoformat()), icon_name="clock", note=full(when))
        for _name, label, when in presets()
    ]
    other = item(t("inbox.snooze_pick"), does("pick-time", value="send"), icon_name="calendar")
    resolve = item(t("inbox.send_resolve"), does("send", then="resolve"), icon_name="check")
    return menu(target, [resolve, line(), *lines, other], label=t("inbox.send_later"), end=True)
