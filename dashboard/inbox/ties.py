"""Saying which customer an account belongs to: search and tie, or make a new customer."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from crm.usecases.views import CaseView, CustomerRow
from dashboard.components import avatar, badge, dialog, icon, name
from dashboard.context import actor, services
from dashboard.inbox.parts import does, tick
from dashboard.inbox.places import text_input
from dashboard.text import t

OFFERED = 6


def panel(view: CaseView) -> Component:
    """Offers to tie an unknown author; the results of the search are filled in by a callback."""
    author = view.customer.author
    field = text_input("find", t("inbox.tie_search"), id="inbox-find-text", type="search")
    make = html.Button(
        [icon("user-plus", 14), t("inbox.customer_new")],
        type="button",
        className="btn sm",
        **does(
            "new-customer",
            name=view.case.author_name,
            author=view.case.author_key,
            handle=author.handle if author else "",
        ),
    )
    return html.Div(
        [
            html.H3(t("inbox.tie"), className="sec ca"),
            html.P(t("inbox.tie_why"), className="t12 c2"),
            field,
            html.Ul(id="inbox-found", className="found"),
            make,
            html.P(t("inbox.tie_undo"), className="t12 c3"),
        ],
        className="tie col g2",
        **{"data-author": view.case.author_key},
    )


def found(text: str, author_key: str) -> list[Component]:
    """Customers by name, e-mail, phone or handle."""
    if not text.strip():
        return []
    rows = services().customers.list(actor(), text, None, OFFERED).rows
    if not rows:
        return [html.Li(t("inbox.tie_nobody"), className="t12 c3")]
    return [_found(one, author_key) for one in rows]


def _found(one: CustomerRow, author_key: str) -> Component:
    person = one.customer
    more = person.email or person.phone or ""
    inside = [
        avatar(person.name, 24),
        html.Span([name(person.name, "w5 cut"), html.Bdi(more, className="t12 c3 cut")], className="col grow"),
        badge(t("inbox.vip"), "", "star") if person.vip else None,
    ]
    return html.Li(
        html.Button(
            inside, type="button", className="row", **does("tie", value=person.id, author=author_key, name=person.name)
        )
    )


def new_dialog() -> Component:
    """The form for a new customer; p-inbox.js fills in the name and the account."""
    fields = [
        dmc.TextInput(
            name="name",
            label=t("inbox.customer_name"),
            required=True,
            inputProps={"maxLength": 200},
            attributes={"input": {"data-autofocus": "true"}},
            id="inbox-new-name",
        ),
        dmc.TextInput(name="email", label=t("inbox.customer_email"), inputProps={"maxLength": 200, "type": "email"}),
        dmc.TextInput(name="phone", label=t("inbox.customer_phone"), inputProps={"maxLength": 40, "type": "tel"}),
        tick("vip", t("inbox.customer_vip")),
    ]
    form = html.Form(
        [
            *fields,
            html.Div(id="inbox-new-trouble"),
            html.Div(
                [html.Button(t("inbox.customer_save"), type="submit", className="btn pri")], className="row form-end"
            ),
        ],
        className="col g3",
        id="inbox-new-form",
        **{"data-form": "new-customer"},
    )
    return dialog("inbox-new", t("inbox.customer_new"), form)
