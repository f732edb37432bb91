"""Erasing a customer: what goes, and the signed receipt of what went."""

from __future__ import annotations

import msgspec
from dash import dcc, html
from dash.development.base_component import Component

from crm.usecases.privacy import Receipt
from dashboard.components import button, card, confirm, icon, link_button
from dashboard.dates import full
from dashboard.numbers import number
from dashboard.text import t

COUNTED = ("posts", "cases", "identities", "stream_events", "dead_letters")


def ask(name: str) -> Component:
    """Asks before everything of a customer goes."""
    return confirm("customers-erase", t("customers.erase_sure"), t("customers.erase_why", name=name),
                   t("customers.erase_do"))  # fmt: skip


def receipt_card(receipt: Receipt) -> Component:
    """What was erased, with the receipt to keep; it names nobody."""
    rows: list[Component] = []
    for field in COUNTED:
        rows += [html.Dt(t(f"customers.erased_{field}")), html.Dd(number(getattr(receipt, field)), className="num")]
    signature = html.Code(receipt.signature, className="wrap-any")
    rows += [html.Dt(t("customers.erased_at")), html.Dd(full(receipt.erased_at))]
    rows += [html.Dt(t("customers.erased_signature")), html.Dd(signature)]
    data = msgspec.json.format(msgspec.json.encode(receipt), indent=2).decode()
    buttons = [button(t("customers.receipt_save"), "customers-receipt-save", kind="pri", icon_name="download"),
               link_button(t("customers.back"), "/customers")]  # fmt: skip
    head = html.Div([icon("shield-check", 20), html.H1(t("customers.erased"), className="t20")], className="row pos")
    return card(
        head, html.P(t("customers.erased_about"), className="c2"), html.Dl(rows, className="cust-receipt"),
        html.Div(buttons, className="row wraps"), dcc.Store(id="customers-receipt", data=data),
        dcc.Download(id="customers-download"), class_="cust-erased",
    )  # fmt: skip
