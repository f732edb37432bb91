"""The card of one customer, or of an author who is nobody's yet."""

from __future__ import annotations

from typing import TypedDict, get_args

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from crm.policies.access import may
from crm.policies.ties import Evidence
from crm.usecases.customers import TiedElsewhereError
from crm.usecases.views import CustomerCard
from dashboard.callbacks import callback, clientside
from dashboard.components import button, empty, main, name, page_header, show, toast
from dashboard.context import actor, services
from dashboard.customers import form
from dashboard.customers.erasing import ask, receipt_card
from dashboard.customers.form import PREFIX, PROPERTIES, Filled
from dashboard.customers.parts import address, author_address, marks
from dashboard.customers.profile import contact, profile
from dashboard.customers.story import story
from dashboard.customers.tying import authors, owners, search_dialog
from dashboard.page import page, query
from dashboard.text import t

CRUMB = "/customers"
AUTHOR = "/customers/author"


class Subject(TypedDict):
    """Whose card is open: the store ``customers-subject``. `id` is empty for an author who is nobody's."""

    id: str
    author: str
    after: str


class Command(TypedDict):
    """What was pressed in a list: p-customers.js writes it into the store ``customers-command``."""

    kind: str
    value: str
    customer: str


@page("/customers/{customer}", "customers.customer", action="read_customers")
def one(customer: str, after: str = "", **_query: str) -> Component:
    """A customer's card."""
    return _page({"id": customer, "author": "", "after": after})


@page("/customers/author", "customers.author", action="read_customers")
def author(key: str = "", after: str = "", **_query: str) -> Component:
    """The card of an author; where they are tied, that of their customer."""
    if ":" not in key:
        return main(empty(t("customers.no_such"), t("customers.no_such_why"), icon_name="user-off"))
    return _page({"id": "", "author": key, "after": after})


def _page(subject: Subject) -> Component:
    card = services().customers.card(actor(), subject["id"] or subject["author"])
    subject["id"] = card.customer.id if card.customer else ""
    return html.Div(
        [
            _head(card), html.Div(_body(card, subject), id="customers-body", className="cust-cols"),
            dcc.Store(id="customers-subject", data=subject), dcc.Store(id="customers-command"), *_dialogs(card),
        ],
        id="customers-card", className="cust-page",
    )  # fmt: skip


def _head(card: CustomerCard) -> Component:
    right = []
    if card.customer and may(actor(), "erase"):
        right.append(button(t("customers.erase"), "customers-erase-open", kind="ghost bad", icon_name="shield-lock"))
    if card.customer and may(actor(), "edit_customers"):
        right.append(button(t("customers.edit"), "customers-edit", icon_name="pencil"))
    beside = html.Span(marks(card.customer), className="row") if card.customer else None
    return page_header(name(card.name), *right, crumb=(t("customers.title"), CRUMB), beside=beside, bar=True)


def _body(card: CustomerCard, subject: Subject) -> list[Component]:
    key = card.customer.id if card.customer else subject["author"]
    posts = services().customers.posts(actor(), key, subject["after"] or None)

    def to(after: str) -> str:
        return address(key, after) if card.customer else author_address(key, after)

    accounts = services().suggestions.accounts(actor(), card.customer.id) if card.customer else ()
    return [profile(card, accounts), story(card, posts, to, to("") if subject["after"] else "")]


def _dialogs(card: CustomerCard) -> list[Component]:
    if not may(actor(), "edit_customers"):
        return []
    title = t("customers.edit_title") if card.customer else t("customers.new")
    tie = (
        search_dialog("author", t("customers.tie"), t("customers.tie_about"), t("customers.tie_search"))
        if card.customer
        else search_dialog("owner", t("customers.tie_to"), t("customers.tie_to_about"), t("customers.search"))
    )
    erase = [ask(card.name)] if card.customer and may(actor(), "erase") else []
    return [form.form_dialog(title), tie, *erase]


@callback(Output("customers-body", "children"), Input("live-customer", "data"), State("customers-subject", "data"),
          prevent_initial_call=True)  # fmt: skip
def redraw(_signal: object, subject: Subject) -> list[Component]:
    """Draw the card anew when a customer changed."""
    card = services().customers.card(actor(), subject["id"] or subject["author"])
    return _body(card, subject)


@callback(Output("customers-contact", "children"), Input("customers-reveal", "n_clicks"),
          State("customers-subject", "data"), prevent_initial_call=True)  # fmt: skip
def reveal(_clicks: int, subject: Subject) -> Component | None:
    """Show e-mail and phone in full."""
    card = services().customers.card(actor(), subject["id"])
    assert card.customer is not None
    return contact(card.customer, services().customers.reveal(actor(), subject["id"]))


@callback(
    Output(f"{PREFIX}-box", "children", allow_duplicate=True),
    Output(f"{PREFIX}-dialog", "opened", allow_duplicate=True), Input("customers-edit", "n_clicks"),
    State("customers-subject", "data"), prevent_initial_call=True,
)  # fmt: skip
def edit(_clicks: int, subject: Subject) -> tuple[Component, bool]:
    """The form with what is known; opening it shows e-mail and phone."""
    customer = services().customers.card(actor(), subject["id"]).customer
    return form.fields(customer, services().customers.reveal(actor(), subject["id"])), True


@callback(
    Output(f"{PREFIX}-box", "children", allow_duplicate=True),
    Output(f"{PREFIX}-dialog", "opened", allow_duplicate=True), Input("customers-make", "n_clicks"),
    State("customers-subject", "data"), prevent_initial_call=True,
)  # fmt: skip
def make(_clicks: int, subject: Subject) -> tuple[Component, bool]:
    """A form for a new customer with the author's name."""
    return form.fields(name=services().customers.card(actor(), subject["author"]).name), True


@callback(
    output={
        "page": Output("page", "children", allow_duplicate=True),
        "href": Output("url", "href", allow_duplicate=True),
        "errors": {field: Output(f"{PREFIX}-{field}", "error") for field in PROPERTIES},
    },
    inputs={"_clicks": Input(f"{PREFIX}-save", "n_clicks")},
    state={"filled": form.states(), "path": State("url", "pathname"), "search": State("url", "search")},
    prevent_initial_call=True,
)
def save(_clicks: int, filled: Filled, path: str, search: str | None) -> dict[str, object]:
    """Store the customer whose card is open, or a new one; the author whose card is open is tied to a new one."""
    wrong = form.problems(filled)
    errors = {field: wrong.get(field, "") for field in PROPERTIES}
    if wrong:
        return {"page": no_update, "href": no_update, "errors": errors}
    known, use = _open_customer(path), services().customers
    old = use.card(actor(), known).customer if known else None
    saved = use.save(actor(), form.draft(filled, old), old.id if old else None)
    if path == AUTHOR and (key := query(search).get("key")):
        use.tie(actor(), key, saved.id)
    show(toast(t("common.saved")))
    drawn = _page({"id": saved.id, "author": "", "after": ""}) if old else no_update
    return {"page": drawn, "href": no_update if old else address(saved.id), "errors": errors}


def _open_customer(path: str) -> str:
    """The id of the customer whose card this address shows; empty elsewhere."""
    rest = path.removeprefix(f"{CRUMB}/").strip("/")
    return "" if path == AUTHOR or not path.startswith(f"{CRUMB}/") else rest


for _which, _button in (("author", "customers-tie-open"), ("owner", "customers-own-open"),
                        ("erase", "customers-erase-open")):  # fmt: skip
    _id = "customers-erase" if _which == "erase" else f"customers-{_which}-dialog"
    clientside("customers", "open", Output(_id, "opened"), Input(_button, "n_clicks"), prevent_initial_call=True)
clientside("customers", "close", Output("customers-erase", "opened", allow_duplicate=True),
           Input("customers-erase-no", "n_clicks"), prevent_initial_call=True)  # fmt: skip


@callback(Output("customers-author-found", "children"), Input("customers-author-text", "value"),
          prevent_initial_call=True)  # fmt: skip
def find_authors(text: str | None) -> list[Component]:
    """Accounts by handle or name."""
    return authors(text or "")


@callback(Output("customers-owner-found", "children"), Input("customers-owner-text", "value"),
          prevent_initial_call=True)  # fmt: skip
def find_owners(text: str | None) -> list[Component]:
    """Customers by name, handle, e-mail or phone."""
    return owners(text or "")


@callback(
    Output("page", "children", allow_duplicate=True), Output("url", "href", allow_duplicate=True),
    Input("customers-command", "data"), State("customers-subject", "data"), prevent_initial_call=True,
)  # fmt: skip
def do(command: Command, subject: Subject) -> tuple[object, object]:
    """Tie an account to this customer, this account to a customer, or undo a tie; confirm or dismiss a suggestion."""
    kind, value = command["kind"], command["value"]
    if kind == "untie":
        return _untie(value, subject), no_update
    if kind == "dismiss":
        return _dismiss(value, command["customer"], subject), no_update
    try:
        if kind == "tie":
            services().customers.tie(actor(), value, subject["id"])
        elif kind == "own":
            services().customers.tie(actor(), subject["author"], value)
        elif kind == "confirm":
            services().suggestions.confirm(actor(), value, command["customer"])
    except TiedElsewhereError as error:
        show(toast(t("common.failed_title"), sub=t("customers.tied_elsewhere", name=error.customer), bad=True))
        raise PreventUpdate from error
    show(toast(t("customers.tied")))
    if subject["id"]:
        return _page(subject), no_update
    return no_update, address(command["customer"] if kind == "confirm" else value)


def _dismiss(author_key: str, customer_id: str, subject: Subject) -> Component:
    services().suggestions.dismiss(actor(), author_key, customer_id)
    back = {"kind": "customers-dismissed", "author": author_key, "customer": customer_id}
    show(toast(t("customers.dismissed"), undo=back, seconds=10))
    return _page(subject)


def _untie(identity_id: str, subject: Subject) -> Component:
    ties = services().customers.card(actor(), subject["id"]).identities
    gone = next((tie for tie in ties if tie.id == identity_id), None)
    if gone is None:
        raise PreventUpdate
    services().customers.untie(actor(), identity_id)
    back = {"kind": "customers-tie", "author": gone.author_key, "customer": gone.customer_id, "handle": gone.handle,
            "evidence": gone.evidence, "detail": gone.detail}  # fmt: skip
    show(toast(t("customers.untied", handle=f"@{gone.handle.lstrip('@')}"), undo=back, seconds=10))
    return _page(subject)


@callback(Output("page", "children", allow_duplicate=True), Input("undo", "data"), State("url", "pathname"),
          prevent_initial_call=True)  # fmt: skip
def undo(back: dict[str, str] | None, path: str) -> object:
    """Tie again what was untied just now, or suggest again what was dismissed."""
    if back and back.get("kind") == "customers-dismissed":
        services().suggestions.take_back(actor(), back["author"], back["customer"])
        show(toast(t("customers.suggested_again")))
        return no_update  # the change that is signalled draws the card anew
    if not back or back.get("kind") != "customers-tie":
        raise PreventUpdate
    evidence: Evidence = next((one for one in get_args(Evidence) if one == back["evidence"]), "person")
    services().customers.tie(actor(), back["author"], back["customer"], evidence, back["detail"], back["handle"])
    show(toast(t("customers.tied")))
    here = _open_customer(path) == back["customer"]
    return _page({"id": back["customer"], "author": "", "after": ""}) if here else no_update


@callback(Output("page", "children", allow_duplicate=True), Input("customers-erase-do", "n_clicks"),
          State("customers-subject", "data"), prevent_initial_call=True)  # fmt: skip
def erase(_clicks: int, subject: Subject) -> Component:
    """Erase everything of this customer and show the receipt."""
    receipts = services().privacy.erase_customer(actor(), subject["id"])
    return main(*map(receipt_card, receipts))


@callback(Output("customers-download", "data"), Input("customers-receipt-save", "n_clicks"),
          State("customers-receipt", "data"), prevent_initial_call=True)  # fmt: skip
def download(_clicks: int, receipt: str) -> dict[str, object]:
    """Save the receipt as a file."""
    return {"content": receipt, "filename": "erasure-receipt.json", "type": "application/json"}
