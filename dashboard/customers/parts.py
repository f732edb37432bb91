"""Small parts of the pages of customers."""

from __future__ import annotations

from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from crm.records.customers import Customer
from dashboard.components import badge, made_up
from dashboard.text import t

DOTS = "•••"
EVIDENCE = {"account": "user-check", "link": "link", "email": "mail", "phone": "phone", "person": "user",
            "list": "database", "likeness": "wand"}  # fmt: skip
"""The icon of each kind of evidence."""


def address(customer_id: str, after: str = "") -> str:
    """Where a customer's card is; `after` is the cursor of older posts."""
    more = f"?{urlencode({'after': after})}" if after else ""
    return f"/customers/{customer_id}{more}"


def author_address(author_key: str, after: str = "") -> str:
    """Where the card of an author is."""
    return f"/customers/author?{urlencode({'key': author_key, **({'after': after} if after else {})})}"


def masked_email(email: str) -> str:
    """First and last letter of the name, and where it is: ``m•••r@mail.example``."""
    name, _, host = email.partition("@")
    return f"{name[:1]}{DOTS}{name[-1:] if len(name) > 2 else ''}@{host}"


def masked_phone(phone: str) -> str:
    """Country and the last two digits: ``98•••89``."""
    return f"{phone[:2]}{DOTS}{phone[-2:]}" if len(phone) > 6 else DOTS


def marks(customer: Customer) -> list[Component]:
    """What marks a customer: a star, and whether they are made up."""
    star = [badge(t("customers.vip"), "", "star")] if customer.vip else []
    return [*star, *([made_up()] if customer.made_up else [])]


def section(title: str, *inside: object, beside: object = None) -> Component:
    """A part of the profile with a small title; `beside` stands after it."""
    head = html.Div([html.H3(title, className="sec"), html.Span(beside, className="c3 t12 num")], className="row g2")
    return html.Section([head, *inside], className="cust-part")
