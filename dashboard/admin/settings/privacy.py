"""Erasure of a post or of everything that an author said, with a signed receipt."""

from __future__ import annotations

import msgspec
from dash import html
from dash.development.base_component import Component

from crm.errors import InvalidInputError
from crm.usecases.privacy import Receipt
from dashboard.admin.fields import NOTHING, Wrong, choice, form, text_field
from dashboard.admin.permission import allowed, who_can
from dashboard.admin.step import Panel, Shown, Step, Steps, act, does
from dashboard.components import alert, button, card, handle, icon
from dashboard.context import actor, services
from dashboard.dates import full
from dashboard.numbers import number
from dashboard.text import t

KINDS = ("author", "post")


def section() -> list[Component | None]:
    """What an erasure does, and its form."""
    if not allowed("erase"):
        return [who_can("erase")]
    points = [
        html.Li([icon("check"), t(f"settings.erase_{at}")], className="row top") for at in ("all", "stop", "backups")
    ]
    return [card(html.Ul(points, className="points"), _form({}), title=t("settings.erase"), class_="roomy")]


def _form(given: dict[str, str], wrong: Wrong = NOTHING) -> Component:
    kinds = [(one, t(f"settings.erase_{one}")) for one in KINDS]
    pair = [
        choice("kind", t("settings.erase_what"), kinds, given.get("kind", KINDS[0])),
        text_field("key", t("settings.erase_key"), given.get("key", ""), wrong=wrong, required=True, ltr=True,
                   placeholder="bluesky:did:plc:abc", hint=t("settings.erase_key_hint")),
    ]  # fmt: skip
    return form("settings", "erase", "", html.Div(pair, className="pair"), send=t("settings.erase_go"), wrong=wrong)


def ask(step: Step) -> Shown:
    """Ask once more, naming what goes."""
    kind, key = step.text("kind"), step.text("key")
    if kind not in KINDS or not all(key.partition(":")):
        return Shown(dialog=Panel(t("settings.erase"), _form(step.texts(), {"key": t("settings.erase_bad_key")})))
    hidden = [html.Div(text_field(name, name, value), className="vh") for name, value in (("kind", kind), ("key", key))]
    buttons = [
        act(t("common.cancel"), "settings", "close", kind=""),
        button(t("settings.erase_go"), kind="bad", type="submit"),
    ]
    inside = [
        html.P([t(f"settings.erase_sure_{kind}"), " ", handle(key, "code w5 wrap-any")], className="c2"),
        html.Div(buttons, className="row ends"),
    ]
    return Shown(dialog=Panel(t("settings.erase_title"), html.Form([*hidden, *inside], **does("settings", "erase!"))))


def erase(step: Step) -> Shown:
    """Erase, and show the receipt."""
    privacy, key = services().privacy, step.text("key")
    try:
        receipts = (
            privacy.erase_post(actor(), key) if step.text("kind") == "post" else privacy.erase_author(actor(), key)
        )
    except InvalidInputError:
        return Shown(dialog=Panel(t("settings.erase"), _form(step.texts(), {"key": t("settings.erase_bad_key")})))
    return Shown(dialog=Panel(t("settings.receipt"), [receipt(one) for one in receipts]), again=True)


def receipt(one: Receipt) -> Component:
    """What went, signed; to be kept as a file of one's own."""
    counts = (("posts", one.posts), ("cases", one.cases), ("identities", one.identities), ("events", one.stream_events),
              ("letters", one.dead_letters))  # fmt: skip
    facts = [(t("settings.receipt_at"), full(one.erased_at)),
             *((t(f"settings.receipt_{name}"), number(count)) for name, count in counts)]  # fmt: skip
    terms = [part for term, said in facts for part in (html.Dt(term), html.Dd(said))]
    text = msgspec.json.format(msgspec.json.encode(one), indent=1).decode()
    copy = html.Button([icon("copy"), t("settings.copy")], type="button", className="btn",
                       **{"data-copy": text, "data-shown": "receipt"})  # fmt: skip
    return html.Div(
        [
            alert(t("settings.receipt_about"), "acc", "shield-check"),
            html.Dl(terms, className="facts"),
            html.Pre(text, id="receipt", className="value", dir="ltr"),
            html.Div([copy, act(t("common.close"), "settings", "close", kind="pri")], className="row ends"),
        ],
        className="col g3",
    )


STEPS: Steps = {"erase": ask, "erase!": erase}
