"""The third pane: who is speaking."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.records.customers import Customer, Identity
from crm.usecases.views import CaseLine, CaseView, CustomerCard, Suggestion
from dashboard.components import (
    avatar,
    badge,
    handle,
    icon,
    icon_button,
    link,
    made_up,
    name,
    platform_icon,
    sentiment,
    sparkline,
    tag,
)
from dashboard.context import actor
from dashboard.customers.parts import masked_email, masked_phone
from dashboard.customers.suggested import offers, told
from dashboard.dates import month, stamp
from dashboard.inbox import ties
from dashboard.inbox.parts import does, platform_name
from dashboard.numbers import compact, number, percent
from dashboard.text import t

EVIDENCE = {
    "account": "user-check",
    "link": "link",
    "email": "mail",
    "phone": "phone",
    "person": "user",
    "list": "database",
    "likeness": "wand",
}
TURNS = {"worse": ("neg", "negative"), "better": ("pos", "positive")}


def customer(view: CaseView) -> list[Component]:
    """Everything known of the one who speaks in a case."""
    card = view.customer
    editable = may(actor(), "edit_customers")
    parts = [
        _head(view, card),
        _tiles(card),
        _mood(card),
        html.Hr(className="hr"),
        _identities(card, editable),
        offers(card.could_be, _presses if editable else None),
        ties.panel(view) if editable and card.customer is None else None,
        _cases(card, view),
        _tags(card),
        _about(card),
    ]
    attributes = {"data-customer": card.customer.id} if card.customer else {}
    return [html.Div([part for part in parts if part is not None], className="cu", **attributes)]


def _presses(what: str, one: Suggestion) -> dict[str, str]:
    given = {"author": one.author.key, "value": one.customer.id, "name": one.customer.name}
    return does(f"{what}-tie", **given)


def _head(view: CaseView, card: CustomerCard) -> Component:
    back = icon_button(
        "chevron-left", t("inbox.back"), flip=True, kind="ghost sm touch third-only", **does("step", value="thread")
    )
    title = html.Div(
        [
            html.Span([html.H2(name(card.name), className="t14 w6 cut"), *_marks(view, card)], className="row"),
            html.Span(_since(view, card), className="t12 c3 cut"),
        ],
        className="col grow",
    )
    whole = (
        link(
            icon("arrow-up-right", 18, flip=True),
            f"/customers/{card.customer.id}",
            "btn ghost ico sm",
            title=t("inbox.whole_customer"),
            **{"aria-label": t("inbox.whole_customer")},
        )
        if card.customer
        else None
    )
    return html.Div([back, avatar(card.name, 40), title, whole], className="row g3")


def _marks(view: CaseView, card: CustomerCard) -> list[Component]:
    vip = [badge(t("inbox.vip"), "", "star")] if view.vip or (card.customer and card.customer.vip) else []
    return [*vip, *([made_up()] if card.customer and card.customer.made_up else [])]


def _since(view: CaseView, card: CustomerCard) -> str:
    if card.customer is None:
        return t("inbox.not_a_customer", platform=platform_name(view.case.platform))
    if card.customer.since is None:
        return t("inbox.is_customer")
    return t("inbox.customer_since", month=month(card.customer.since))


def _tiles(card: CustomerCard) -> Component:
    author = card.author
    if card.customer is not None and card.customer.value is not None:
        first = (compact(card.customer.value), t("inbox.value"))
    elif author is not None and author.followers is not None:
        first = (compact(author.followers), t("inbox.followers"))
    else:
        first = (number(len(card.cases)), t("inbox.cases_all"))
    last = max((case.last_post_at for case in card.cases), default=None)
    tiles = [
        first,
        (number(card.posts), t("inbox.posts_12_weeks")),
        (stamp(last) if last else "–", t("inbox.last_post")),
    ]
    return html.Div(
        [html.Div([html.B(value, className="cut"), html.Small(label)]) for value, label in tiles],
        className="kv num",
    )


def _mood(card: CustomerCard) -> Component:
    balances = [week.balance for week in card.weeks]
    known = [balance for balance in balances if balance is not None]
    head = [html.H3(t("inbox.sentiment_weeks"), className="sec")]
    if card.turning in TURNS:
        tone, mood = TURNS[card.turning]
        turn = html.Span([sentiment(mood), t(f"inbox.turning_{card.turning}")], className=f"end t12 row g1 {tone}")
        head.append(turn)
    if len(known) < 2:
        few = html.P(t("inbox.few_posts"), className="t12 c3")
        return html.Div([html.Div(head, className="row"), few])
    line = sparkline(_filled(balances), t("inbox.sentiment_line", count=card.posts), width=284, height=44)
    return html.Div([html.Div(head, className="row"), html.Div(line, className="weeks")])


def _filled(balances: Sequence[float | None]) -> list[float]:
    """Weeks without posts repeat the one before, so that the line has no invented turns."""
    shown: list[float] = []
    for balance in balances:
        shown.append(balance if balance is not None else (shown[-1] if shown else 0.0))
    return shown


def _identities(card: CustomerCard, editable: bool) -> Component:
    if card.customer is None and card.author is not None:
        rows = [_account(card.author.platform, card.author.handle or card.author.name, None, card.author.url)]
        count = 1
    else:
        rows = [_identity(one, editable) for one in card.identities]
        rows += _contacts(card.customer)
        count = len(rows)
    head = html.Div(
        [html.H3(t("inbox.identities"), className="sec"), html.Span(number(count), className="c3 t12 num")],
        className="row sech",
    )
    return html.Div([head, html.Ul(rows, className="idl")])


def _identity(one: Identity, editable: bool) -> Component:
    sure = f"{t('common.comma')} {percent(one.confidence)}" if one.confidence < 1 else ""
    why = html.Span(
        [icon(EVIDENCE[one.evidence], 14), f"{t(f'inbox.evidence_{one.evidence}')}{sure}"],
        className="ok",
        title=told(one.detail) if one.evidence == "likeness" else one.detail,
    )
    off = (
        html.Button(
            icon("unlink", 14),
            type="button",
            className="untie",
            title=t("inbox.untie"),
            **{"aria-label": t("inbox.untie_named", name=one.handle)},
            **does("untie", value=one.id, author=one.author_key, customer=one.customer_id),
        )
        if editable
        else None
    )
    return _account(one.author_key.partition(":")[0], one.handle, html.Span([why, off], className="row g1 end"))


def _account(platform: str, shown: str, end: Component | None, url: str = "") -> Component:
    words = handle(f"@{shown.lstrip('@')}", "cut")
    if url.startswith(("https://", "http://")):
        words = html.A(words, href=url, target="_blank", rel="noopener noreferrer", className="plain cut")
    return html.Li([platform_icon(platform), words, end])


def _contacts(person: Customer | None) -> list[Component]:
    if person is None:
        return []
    # As on the customer's own page, where who asks to see them in full stands in the audit trail.
    email = masked_email(person.email) if person.email else ""
    ways = (("mail", email), ("phone", masked_phone(person.phone) if person.phone else ""))
    return [html.Li([icon(mark), handle(text, "cut")]) for mark, text in ways if text]


def _cases(card: CustomerCard, view: CaseView) -> Component | None:
    if not card.open_cases:
        return None
    head = html.Div(
        [
            html.H3(t("inbox.open_cases"), className="sec"),
            html.Span(number(len(card.open_cases)), className="c3 t12 num"),
        ],
        className="row sech",
    )
    return html.Div(
        [head, html.Ul([_case(one, on=one.id == view.case.id) for one in card.open_cases], className="casel")]
    )


def _case(one: CaseLine, *, on: bool) -> Component:
    inside = [
        sentiment(one.sentiment or None),
        html.Span(one.title, dir="auto", className="cut grow preview"),
        html.Span(f"#{one.number}", className="c3 t12 num h"),
    ]
    current = {"aria-current": "true"} if on else {}
    return html.Li(
        html.A(
            inside, href=f"/inbox?case={one.id}", className="row plain casel-one", **{"data-open": one.id}, **current
        )
    )


def _tags(card: CustomerCard) -> Component | None:
    return html.Div(list(map(tag, card.tags)), className="row g1 wraps") if card.tags else None


def _about(card: CustomerCard) -> Component | None:
    """What the account says of itself, and the business's own columns."""
    rows: list[Component] = []
    if card.author is not None and card.author.bio:
        rows.append(html.P(card.author.bio, dir="auto", className="t12 c2 say"))
    if card.author is not None and card.author.place:
        rows.append(html.P([icon("map-pin", 14), html.Bdi(card.author.place)], className="t12 c2 row g1"))
    for key, value in (card.customer.fields if card.customer else {}).items():
        rows.append(
            html.Div([html.Span(key, className="c3"), html.Bdi(value, className="end cut")], className="row t12")
        )
    return html.Div([html.Hr(className="hr"), *rows], className="col g2 about") if rows else None
