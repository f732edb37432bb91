"""A receipt of an erasure as the console shows it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.usecases.privacy import Receipt
from dashboard.components import icon
from dashboard.dates import full
from dashboard.numbers import number
from dashboard.text import t

COUNTED = ("posts", "cases", "identities", "stream_events", "dead_letters")


def facts(receipt: Receipt) -> Component:
    """What went and when; it names nobody."""
    said = [(t("privacy.erased_at"), full(receipt.erased_at))]
    said += [(t(f"privacy.gone_{field}"), number(getattr(receipt, field))) for field in COUNTED]
    if receipt.stream_until is not None:
        said.append((t("privacy.stream_until"), full(receipt.stream_until)))
    parts = [part for term, value in said for part in (html.Dt(term), html.Dd(value, className="num"))]
    signature = [
        html.Dt(t("privacy.signature")),
        html.Dd(html.Code(receipt.signature, className="wrap-any", dir="ltr")),
    ]
    return html.Dl([*parts, *signature], className="facts")


def download(erasure_id: str, class_: str = "btn sm") -> Component:
    """The link that saves the receipt."""
    inside = [icon("download", 14), t("privacy.receipt_save")]
    return html.A(inside, href=f"/privacy/receipts/{erasure_id}", className=class_, **{"download": ""})
