"""Saying which account belongs to which customer, from either side."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from crm.usecases.views import CustomerRow, FoundAuthor
from dashboard.components import avatar, badge, dialog, handle, icon, name
from dashboard.context import actor, services
from dashboard.customers.parts import marks, masked_email
from dashboard.monitors.names import platform_name
from dashboard.text import t

OFFERED = 8


def search_dialog(which: str, title: str, about: str, hint: str) -> Component:
    """A dialog with a search; `which` is "author" or "owner", its results come from a callback."""
    field = dmc.TextInput(id=f"customers-{which}-text", placeholder=hint, leftSection=icon("search", 14), debounce=300,
                          autoComplete="off", **{"aria-label": hint, "data-autofocus": True})  # fmt: skip
    found = html.Ul(id=f"customers-{which}-found", className="cust-found", **{"aria-live": "polite"})
    return dialog(f"customers-{which}-dialog", title, html.Div([html.P(about, className="t12 c2"), field, found],
                  className="col g3"))  # fmt: skip


def authors(text: str) -> list[Component]:
    """Accounts to tie to the customer whose card is open."""
    if not text.strip():
        return []
    found = services().customers.find_authors(actor(), text, OFFERED)
    return [_author(one) for one in found] or [html.Li(t("customers.no_author"), className="t12 c3")]


def _author(one: FoundAuthor) -> Component:
    author = one.author
    under = [platform_name(author.platform), " ", handle(f"@{author.handle.lstrip('@')}")]
    taken = badge(html.Span([t("customers.tied_to"), " ", name(one.customer.name)])) if one.customer else None
    inside = [
        avatar(author.name or author.handle, 28, platform=author.platform),
        html.Span([name(author.name or author.handle, "w5 cut"), html.Span(under, className="t12 c3 cut")],
                  className="col grow"),
        taken,
    ]  # fmt: skip
    return html.Li(html.Button(inside, type="button", className="row g3", disabled=one.customer is not None,
                               **{"data-tie": author.key}))  # fmt: skip


def owners(text: str) -> list[Component]:
    """Customers to whom the author whose card is open may belong."""
    if not text.strip():
        return []
    rows = services().customers.list(actor(), text, None, OFFERED).rows
    return [_owner(one) for one in rows] or [html.Li(t("customers.no_match", text=text), className="t12 c3")]


def _owner(one: CustomerRow) -> Component:
    person = one.customer
    under = masked_email(person.email) if person.email else ""
    inside = [
        avatar(person.name, 28),
        html.Span([html.Span([name(person.name, "w5 cut"), *marks(person)], className="row"),
                   handle(under, "t12 c3 cut")], className="col grow"),
    ]  # fmt: skip
    return html.Li(html.Button(inside, type="button", className="row g3", **{"data-own": person.id}))
