"""Customers: who the business knows, by name."""

from __future__ import annotations

from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component

from crm.policies.access import may
from dashboard.callbacks import callback, clientside
from dashboard.components import button, icon, main, page_header
from dashboard.context import actor
from dashboard.customers import form
from dashboard.customers.form import PREFIX
from dashboard.customers.listing import listing
from dashboard.page import page
from dashboard.text import t

KEYS = (("/", "customers.key_search"), ("N", "customers.key_new"))


@page("/customers", "customers.title", icon="users", order=12, phone=True, action="read_customers", keys=KEYS)
def layout(text: str = "", after: str = "", **_query: str) -> Component:
    """A search over a page of customers."""
    able = may(actor(), "edit_customers")
    new = button(t("customers.new"), "customers-new", kind="pri", icon_name="plus", key="N") if able else None
    field = dmc.TextInput(
        id="customers-text", value=text, placeholder=t("customers.search"), leftSection=icon("search", 14),
        rightSection=html.Kbd("/"), debounce=250, autoComplete="off", className="cust-search",
        **{"aria-label": t("customers.search")},
    )  # fmt: skip
    return main(
        page_header(t("customers.title"), field, new),
        html.Div(listing(text.strip(), after), id="customers-list", className="fill"),
        form.form_dialog(t("customers.new")),
    )


clientside("customers", "key", Output("customers-list", "data-key"), Input("key", "data"), prevent_initial_call=True)


@callback(Output("customers-list", "children"), Output("address", "data", allow_duplicate=True),
          Input("customers-text", "value"), prevent_initial_call=True)  # fmt: skip
def search(text: str | None) -> tuple[Component, str]:
    """Narrow the list; the address keeps what was looked for."""
    wanted = (text or "").strip()
    return listing(wanted), f"/customers?{urlencode({'text': wanted})}" if wanted else "/customers"


@callback(Output("customers-list", "children", allow_duplicate=True), Input("live-customer", "data"),
          State("customers-text", "value"), State("url", "search"), prevent_initial_call=True)  # fmt: skip
def redraw(_signal: object, text: str | None, asked: str | None) -> object:
    """Show what changed on the first page; later pages stay as they are."""
    return no_update if "after=" in (asked or "") else listing((text or "").strip())


@callback(
    Output(f"{PREFIX}-box", "children"), Output(f"{PREFIX}-dialog", "opened"), Input("customers-new", "n_clicks"),
    prevent_initial_call=True,
)  # fmt: skip
def open_new(_clicks: int) -> tuple[Component, bool]:
    """An empty form."""
    return form.fields(), True
