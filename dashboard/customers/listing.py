"""The list of customers."""

from __future__ import annotations

from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.usecases.views import CustomerPage, CustomerRow
from dashboard.components import avatar, empty, icon, link, link_button, name, platform_icon
from dashboard.context import actor, services, viewer
from dashboard.customers.parts import address, marks
from dashboard.dates import day, full_day, local, month
from dashboard.numbers import compact, number
from dashboard.text import t

SHOWN = 5
HEADS = ("name", "value", "since", "identities", "open_cases", "last_seen")


def listing(text: str, after: str = "") -> Component:
    """A page of customers; `text` narrows it, `after` is the cursor of the page before."""
    page = services().customers.list(actor(), text, after or None)
    if not page.rows:
        return _nobody(text)
    head = html.Div(
        [html.Span(t(f"customers.{one}")) for one in HEADS], className="cust-row cust-head wide",
        **{"aria-hidden": "true"},
    )  # fmt: skip
    rows = html.Ul([html.Li(_row(one), key=one.customer.id) for one in page.rows])
    table = html.Section([head, rows], className="card flat cust-list", **{"aria-label": t("customers.title")})
    return html.Div([table, _pager(page, text, after)], className="col g3")


def _row(one: CustomerRow) -> Component:
    person = one.customer
    who = html.Div(
        [avatar(person.name, 32),
         html.Div([html.Span([name(person.name, "w5 cut"), *marks(person)], className="row"), _handles(one)],
                  className="col grow")],
        className="row g3",
    )  # fmt: skip
    cells = [
        who,
        html.Span(compact(person.value) if person.value is not None else "–", className="num cust-value"),
        html.Span(month(person.since) if person.since else "–", className="c2 wide"),
        html.Span([platform_icon(one.author_key.partition(":")[0]) for one in one.ties[:SHOWN]], className="row wide"),
        _open(one.open_cases),
        _seen(one),
    ]
    return link(cells, address(person.id), "cust-row plain")


def _handles(one: CustomerRow) -> Component | None:
    said = [html.Bdi(f"@{tie.handle.lstrip('@')}", className="h") for tie in one.ties[:2]]
    between: list[object] = []
    for each in said:
        between += [t("customers.and_then"), each] if between else [each]
    return html.Span(between, className="t12 c3 cut") if said else None


def _open(count: int) -> Component:
    if not count:
        return html.Span("–", className="c3 cust-open")
    words = t("customers.open_cases")
    return html.Span(
        [icon("inbox", 14), number(count), html.Span(words, className="vh")],
        className="row g1 w5 cust-open num", title=words,
    )  # fmt: skip


def _seen(one: CustomerRow) -> Component:
    if one.last_seen is None:
        return html.Span("–", className="c3 cust-seen")
    today = local(viewer().now).date()
    ago = (today - one.last_seen).days
    words = t("customers.today") if ago <= 0 else t("customers.yesterday") if ago == 1 else day(one.last_seen)
    return html.Span(words, className="c2 cust-seen num", title=full_day(one.last_seen))


def _pager(page: CustomerPage, text: str, after: str) -> Component | None:
    if not (after or page.cursor):
        return None

    def to(cursor: str) -> str:
        asked = {name_: value for name_, value in (("text", text), ("after", cursor)) if value}
        return f"/customers?{urlencode(asked)}" if asked else "/customers"

    first = link_button(t("customers.first_page"), to(""), kind="sm") if after else None
    following = link_button(t("customers.next_page"), to(page.cursor), kind="sm") if page.cursor else None
    return html.Nav([first, following], className="row end", **{"aria-label": t("customers.pages")})


def _nobody(text: str) -> Component:
    if text:
        return empty(t("customers.no_match", text=text), t("customers.no_match_why"), icon_name="search")
    why = t("customers.none_why") if may(actor(), "edit_customers") else t("customers.none_may")
    return empty(t("customers.none"), why, icon_name="users")
