"""Erasing: a word has to be typed first; afterwards the receipt."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.errors import ShenavaError
from crm.usecases.disclosure import Kind, kind_of
from crm.usecases.privacy import Receipt
from dashboard.admin.fields import NOTHING, Wrong, text_field
from dashboard.admin.privacy.receipt import download, facts
from dashboard.admin.step import Panel, Shown, Step, act, does
from dashboard.components import alert, button, failed, handle, name
from dashboard.context import actor, services
from dashboard.numbers import number
from dashboard.text import t


def ask(step: Step) -> Shown:
    """The dialog that names what goes and wants the word."""
    kind, _, key = step.of.partition(":")
    return Shown(dialog=_panel(kind_of(kind), key))


def _panel(kind: Kind, key: str, wrong: Wrong = NOTHING) -> Panel:
    held = services().disclosure.holdings(actor(), kind, key)
    called = name(held.subject.name or held.subject.handle or key, "w6")
    counts = t("privacy.sure_counts", posts=number(held.posts), cases=number(len(held.cases)))
    buttons = [
        act(t("common.cancel"), "privacy", "close", kind=""),
        button(t("privacy.erase"), kind="bad", type="submit"),
    ]
    inside = [
        html.P([t(f"privacy.sure_{kind}"), " ", called, " ", handle(key, "code c3 wrap-any")]),
        html.P(counts, className="c2"),
        html.P(t("privacy.sure_why"), className="c2"),
        text_field("word", t("privacy.type_word", word=t("privacy.word")), wrong=wrong, required=True),
        html.Div(html.I(), className="progress wait"),
        html.Div(buttons, className="row ends"),
    ]
    waits = {**does("privacy", "erase", f"{kind}:{key}"), "data-wait": "yes"}
    return Panel(t("privacy.sure"), html.Form(inside, className="aform", **waits))


def erase(step: Step) -> Shown:
    """Erase, and show the receipt; with another word than the one asked for, ask again."""
    text, _, key = step.of.partition(":")
    kind = kind_of(text)
    if step.text("word").casefold() != t("privacy.word").casefold():
        return Shown(dialog=_panel(kind, key, {"word": t("privacy.wrong_word", word=t("privacy.word"))}))
    privacy = services().privacy
    try:
        receipts = privacy.erase(actor(), **{f"{kind}s": [key]})
    except ShenavaError as error:
        return Shown(dialog=Panel(t("privacy.sure"), failed(error)), again=True)
    shown: list[Component] = [_done(one) for one in receipts]
    return Shown(drawer=None, dialog=Panel(t("privacy.receipt"), shown), again=True)


def _done(one: Receipt) -> Component:
    ends = [download(one.id, "btn"), act(t("common.close"), "privacy", "close", kind="pri")]
    return html.Div(
        [alert(t("privacy.receipt_about"), "acc", "shield-check"), facts(one), html.Div(ends, className="row ends")],
        className="col g3",
    )
