"""The form of a customer: what a person fills in, and what of it can't be used."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from unicodedata import decimal

import dash_mantine_components as dmc
import jdatetime
from dash import State, html
from dash.development.base_component import Component

from crm.policies.ties import normal_phone
from crm.query.dates import moment
from crm.records.customers import Customer
from crm.usecases.customers import CustomerDraft
from crm.usecases.views import Contact
from dashboard.components import button, dialog
from dashboard.context import language, viewer
from dashboard.customers.profile import LINK
from dashboard.dates import local
from dashboard.text import t

PREFIX = "customers-form"
PROPERTIES = {"name": "value", "email": "value", "phone": "value", "value": "value", "since": "value", "link": "value",
              "vip": "checked"}  # fmt: skip


class Filled(TypedDict):
    """The form as the browser has it; an emptied field may be None."""

    name: str
    email: str
    phone: str
    value: float | str | None
    since: str
    link: str
    vip: bool


def states() -> dict[str, State]:
    """The form as state of a callback."""
    return {field: State(f"{PREFIX}-{field}", prop) for field, prop in PROPERTIES.items()}


def form_dialog(title: str) -> Component:
    """The dialog, empty until it is opened: what is masked on the page must not stand in its source."""
    return dialog(f"{PREFIX}-dialog", title, html.Div(id=f"{PREFIX}-box"))


def fields(customer: Customer | None = None, contact: Contact | None = None, name: str = "") -> Component:
    """The inputs with what is known."""
    since = _written(customer.since) if customer and customer.since else ""
    shown = {
        "name": customer.name if customer else name, "email": contact.email if contact else "",
        "phone": f"+{contact.phone}" if contact and contact.phone else "", "since": since,
        "link": customer.fields.get(LINK, "") if customer else "",
    }  # fmt: skip
    hints = {"email": "name@example.com", "phone": "+98 912 …", "since": t("customers.since_example"),
             "link": "https://"}  # fmt: skip

    def text(field: str) -> Component:
        ltr = {} if field == "name" else {"styles": {"input": {"direction": "ltr", "textAlign": "start"}}}
        about = t("customers.link_about") if field == "link" else None
        return dmc.TextInput(id=f"{PREFIX}-{field}", label=t(f"customers.{field}"), value=shown[field],
                             placeholder=hints.get(field, ""), description=about, **ltr)  # fmt: skip

    value = dmc.NumberInput(
        id=f"{PREFIX}-value", label=t("customers.value"), value=customer.value if customer else None,
        thousandSeparator=",", min=0, hideControls=True,
    )  # fmt: skip
    vip = dmc.Switch(id=f"{PREFIX}-vip", checked=bool(customer and customer.vip), label=t("customers.vip_about"))
    save = button(t("common.save"), f"{PREFIX}-save", kind="pri")
    return html.Div(
        [text("name"), html.Div([text("email"), text("phone")], className="fields"),
         html.Div([value, text("since")], className="fields"), text("link"), vip,
         html.Div(save, className="row end")],
        className="cust-form",
    )  # fmt: skip


def problems(form: Filled) -> dict[str, str]:
    """What is wrong, by field, in the viewer's language."""
    wrong: dict[str, str] = {}
    phone = (form["phone"] or "").strip()
    if not (form["name"] or "").strip():
        wrong["name"] = t("customers.name_missing")
    if form["email"] and "@" not in form["email"]:
        wrong["email"] = t("customers.email_wrong")
    if phone and not 7 <= len(normal_phone(phone)) <= 15:
        wrong["phone"] = t("customers.phone_wrong")
    if (form["since"] or "").strip() and _moment(form["since"]) is None:
        wrong["since"] = t("customers.since_wrong")
    return wrong


def draft(form: Filled, old: Customer | None = None) -> CustomerDraft:
    """What a person wants to save; the business's other columns stay as they are."""
    kept = {key: value for key, value in (old.fields if old else {}).items() if key != LINK}
    link = (form["link"] or "").strip()
    value = form["value"]
    return CustomerDraft(
        name=form["name"] or "", email=form["email"] or "", phone=form["phone"] or "",
        value=float(value) if isinstance(value, int | float) else None, since=_moment(form["since"] or ""),
        vip=bool(form["vip"]), fields=kept | ({LINK: link} if link else {}),
    )  # fmt: skip


def _moment(text: str) -> datetime | None:
    plain = "".join(str(decimal(char, char)) for char in text.strip())
    found = moment(plain, str(viewer().zone), viewer().now)
    return datetime.fromisoformat(found) if found else None


def _written(since: datetime) -> str:
    day = local(since).date()
    return jdatetime.date.fromgregorian(date=day).isoformat() if language() == "fa" else day.isoformat()
