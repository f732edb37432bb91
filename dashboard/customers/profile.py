"""Who a customer or an author is: the near side of the card."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.records.customers import Customer, Identity
from crm.usecases.views import Contact, CustomerCard, Suggestion
from crm.words import Author
from dashboard.components import avatar, button, handle, icon, name, platform_icon, tag
from dashboard.context import actor
from dashboard.customers.parts import EVIDENCE, masked_email, masked_phone, section
from dashboard.customers.suggested import offers, told
from dashboard.dates import full_day, month, stamp
from dashboard.monitors.names import platform_name
from dashboard.numbers import compact, number, percent
from dashboard.text import t

LINK = "link"
"""The business's own column with the customer's web address; a link to it is evidence."""


def profile(card: CustomerCard, accounts: Sequence[Suggestion] = ()) -> Component:
    """Everything that is known of who they are; `accounts` are suggested to be theirs too."""
    able = may(actor(), "edit_customers")
    parts = [
        _head(card),
        _tiles(card),
        html.Div(contact(card.customer), id="customers-contact") if card.customer else None,
        _identities(card, able) if card.customer else _account(card),
        offers(card.could_be, _presses if able else None) if card.customer is None else None,
        offers(accounts, _presses if able else None, accounts=True) if card.customer else None,
        _suggest() if card.customer is None and able else None,
        section(t("customers.tags"), html.Div(list(map(tag, card.tags)), className="row g1 wraps"))
        if card.tags
        else None,
        _about(card),
    ]
    return html.Aside([part for part in parts if part is not None], className="cust-side",
                      **{"aria-label": t("customers.profile")})  # fmt: skip


def _presses(what: str, one: Suggestion) -> dict[str, str]:
    return {f"data-{what}": one.author.key, "data-customer": one.customer.id}


def _head(card: CustomerCard) -> Component:
    under = t("customers.not_tied")
    if card.customer is not None:
        since = card.customer.since
        under = t("customers.customer_since", month=month(since)) if since else t("customers.is_customer")
    row = name(card.name, "t16 w6 wrap-any")
    return html.Div(
        [avatar(card.name, 48), html.Div([row, html.Span(under, className="t12 c3")], className="col grow")],
        className="row g3",
    )


def _tiles(card: CustomerCard) -> Component:
    followers = card.author.followers if card.author else None
    value = card.customer.value if card.customer else None
    last = max((case.last_post_at for case in card.cases), default=None)
    tiles = [
        (compact(value), t("customers.value_12")) if value is not None else
        (compact(followers) if followers is not None else "–", t("customers.followers")),
        (number(card.posts), t("customers.posts_12")),
        (stamp(last), t("customers.last_case")) if last else (number(len(card.cases)), t("customers.cases")),
    ]  # fmt: skip
    return html.Div([html.Div([html.B(shown, className="cut"), html.Small(label)])
                     for shown, label in tiles], className="kv num")  # fmt: skip


def contact(customer: Customer, shown: Contact | None = None) -> Component | None:
    """E-mail and phone, masked until `shown`; who asks to see them stands in the audit trail."""
    email, phone = customer.email or "", customer.phone or ""
    if not (email or phone):
        return None
    written = (shown.email, f"+{shown.phone}") if shown else (masked_email(email), masked_phone(phone))
    rows = [
        html.Li([icon(mark), handle(text, "cut")])
        for mark, there, text in (("mail", email, written[0]), ("phone", phone, written[1]))
        if there
    ]
    able = may(actor(), "edit_customers") and shown is None
    reveal = button(t("customers.reveal"), "customers-reveal", kind="ghost sm", icon_name="eye") if able else None
    return section(t("customers.contact"), html.Ul(rows, className="idl"), reveal)


def _identities(card: CustomerCard, able: bool) -> Component:
    rows = [_identity(one, able) for one in card.identities]
    tie = button(t("customers.tie"), "customers-tie-open", kind="sm", icon_name="link") if able else None
    none = html.P(t("customers.no_identities"), className="t12 c3") if not rows else None
    return section(t("customers.identities"), html.Ul(rows, className="idl cust-ids"), none, tie,
                   beside=number(len(rows)))  # fmt: skip


def _identity(one: Identity, able: bool) -> Component:
    platform = one.author_key.partition(":")[0]
    why = t(f"customers.evidence_{one.evidence}")
    sure = f"{t('common.comma')} {percent(one.confidence)}" if one.confidence < 1 else ""
    shown = told(one.detail) if one.evidence == "likeness" else one.detail or one.handle
    long = t(f"customers.evidence_{one.evidence}_why", detail=shown, day=full_day(one.at))
    off = (
        html.Button(
            icon("unlink", 14),
            type="button",
            className="untie",
            title=t("customers.untie"),
            **{"aria-label": t("customers.untie_named", handle=one.handle), "data-untie": one.id},
        )
        if able
        else None
    )
    evidence = html.Details(
        [html.Summary([icon(EVIDENCE.get(one.evidence, "link"), 14), f"{why}{sure}"], title=t("customers.why")),
         html.P(long, className="t12 c2")]
    )  # fmt: skip
    head = html.Div([platform_icon(platform), handle(f"@{one.handle.lstrip('@')}", "cut grow"), off], className="row")
    return html.Li([head, evidence])


def _account(card: CustomerCard) -> Component:
    author = card.author
    if author is None:
        return section(t("customers.account"))
    at = [platform_icon(author.platform), handle(f"@{author.handle.lstrip('@')}", "cut")] if author.handle else [
        platform_icon(author.platform), name(author.name, "cut")
    ]  # fmt: skip
    platform = html.Span(platform_name(author.platform), className="ok")
    return section(t("customers.account"), html.Ul(html.Li([*at, platform]), className="idl"), _open(author))


def _open(author: Author) -> Component | None:
    if not author.url.startswith(("https://", "http://")):
        return None
    return html.A([icon("external-link", 14), t("common.open_on_platform")], href=author.url, target="_blank",
                  rel="noopener noreferrer", className="row g1 t12")  # fmt: skip


def _suggest() -> Component:
    """What can be done about an author who is nobody's yet."""
    buttons = [button(t("customers.tie_to"), "customers-own-open", kind="pri sm"),
               button(t("customers.make"), "customers-make", kind="sm")]  # fmt: skip
    return html.Div(
        [html.H3(t("customers.who_is"), className="sec ca"), html.P(t("customers.who_is_why"), className="t12 c2"),
         html.Div(buttons, className="row wraps"), html.P(t("customers.undoable"), className="t12 c3")],
        className="tie col g2",
    )  # fmt: skip


def _about(card: CustomerCard) -> Component | None:
    rows: list[Component] = []
    author = card.author
    if author is not None and author.bio:
        rows.append(html.P(author.bio, dir="auto", className="t12 c2 say"))
    if author is not None and author.place:
        rows.append(html.P([icon("map-pin", 14), name(author.place)], className="t12 c2 row g1"))
    for key, value in (card.customer.fields if card.customer else {}).items():
        label = t("customers.link") if key == LINK else key
        rows.append(html.Div([html.Span(label, className="c3"), name(value, "end cut")], className="row t12"))
    return section(t("customers.about"), *rows) if rows else None
