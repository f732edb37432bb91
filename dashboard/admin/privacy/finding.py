"""Looking for people and posts, and what is stored of the one that was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from crm.usecases.disclosure import Holdings, Subject, kind_of
from crm.usecases.views import CaseLine
from dashboard.admin.step import Panel, Shown, Step, act, does
from dashboard.components import alert, badge, button, empty, handle, icon, link, name
from dashboard.context import actor, services
from dashboard.customers.parts import address
from dashboard.numbers import number
from dashboard.text import t, tn

ICONS = {"author": "user", "customer": "users", "post": "message"}
CASES_SHOWN = 12


def search_form() -> Component:
    """One field for whatever is known; what is found appears below."""
    field = dmc.TextInput(
        id="privacy-text", label=t("privacy.find"), description=t("privacy.find_hint"), className="grow", debounce=True,
        inputWrapperOrder=["label", "input", "description", "error"], attributes={"input": {"dir": "auto"}},
    )  # fmt: skip
    go = button(t("privacy.find_go"), "privacy-find", kind="pri", icon_name="search")
    return html.Div([field, go], className="row top wraps privacy-find")


def found(text: str, subjects: Sequence[Subject]) -> Component:
    """The list of those found."""
    if not subjects:
        return empty(t("privacy.nobody"), t("privacy.nobody_why", text=text), icon_name="search")
    return html.Ul([_row(one) for one in subjects], className="privacy-found")


def _row(one: Subject) -> Component:
    called = name(one.name or one.key, "w5") if one.name or not one.handle else handle(f"@{one.handle}", "w5")
    under = html.Span([t(f"privacy.kind_{one.kind}"), " ", handle(one.key, "c3 cut")], className="t12 c2 row g1")
    said = html.Bdi(one.text, className="t12 c2 cut") if one.text else None
    inside = [icon(ICONS[one.kind], 18), html.Span([called, under, said], className="col starts grow cut")]
    inside.append(badge(t("privacy.unknown"), "line") if not one.known else icon("chevron-right", 14, flip=True))
    opens = does("privacy", "open", whole_key(one.kind, one.key))
    return html.Li(html.Button(inside, type="button", className="row g3 privacy-row", **opens))


def whole_key(kind: str, key: str) -> str:
    """A subject as one text, for the attribute of an element."""
    return f"{kind}:{key}"


def show(step: Step) -> Shown:
    """The drawer with what is stored of a subject."""
    kind, _, key = step.of.partition(":")
    held = services().disclosure.holdings(actor(), kind_of(kind), key)
    return Shown(drawer=Panel(_title(held.subject), _drawer(held)))


def _title(one: Subject) -> Component:
    shown = name(one.name) if one.name else handle(f"@{one.handle}" if one.handle else one.key)
    return html.Span([icon(ICONS[one.kind], 18), shown], className="row")


def _drawer(held: Holdings) -> Component:
    one = held.subject
    return html.Div(
        [
            handle(one.key, "code t12 c2 wrap-any"),
            html.Blockquote(html.Bdi(one.text), className="c2") if one.text else None,
            alert(t("privacy.stopped"), "acc", "ban") if held.stopped else None,
            alert(t("privacy.unknown_why"), "", "info-circle") if not one.known else None,
            _owner(held),
            html.Dl([part for row in _counts(held) for part in row], className="facts"),
            _cases(held.cases),
            html.Div([_export(one), _erase(one)], className="row ends wraps"),
        ],
        className="col g3",
    )


def _owner(held: Holdings) -> Component | None:
    """That an author is a customer whose card stays, with the way to both."""
    if held.customer is None or held.subject.kind == "customer":
        return None
    of = whole_key("customer", held.customer.id)
    more = act(t("privacy.whole_customer"), "privacy", "open", of)
    return alert([t("privacy.tied_to"), " ", link(name(held.customer.name), address(held.customer.id))], "soon", "link",
                 more)  # fmt: skip


def _counts(held: Holdings) -> list[tuple[Component, Component]]:
    one = held.subject
    query = f"author:{one.key}" if one.kind == "author" else ""
    places = {"posts": f"/search?{urlencode({'q': query})}" if query and held.posts else "",
              "dead_letters": "/status" if held.dead_letters else ""}  # fmt: skip
    rows = []
    for field in ("posts", "imported", "answers", "notes", "identities", "dead_letters"):
        count = number(getattr(held, field))
        shown = link(count, places[field]) if places.get(field) else count
        rows.append((html.Dt(t(f"privacy.held_{field}")), html.Dd(shown, className="num")))
    return rows


def _cases(lines: Sequence[CaseLine]) -> Component:
    head = html.H3(tn("privacy.held_cases", len(lines)), className="sec")
    rows = [html.Li(link([f"#{one.number} ", name(one.title)], f"/inbox?case={one.id}", "cut"))
            for one in lines[:CASES_SHOWN]]  # fmt: skip
    more = (
        html.Li(tn("privacy.more_cases", len(lines) - CASES_SHOWN), className="c3")
        if len(lines) > CASES_SHOWN
        else None
    )
    return html.Section([head, html.Ul([*rows, more], className="privacy-cases")])


def _export(one: Subject) -> Component:
    # Sent as a form, so that no key of a person stands in an address.
    fields = [
        dcc.Input(type="hidden", name=field, value=value) for field, value in (("kind", one.kind), ("key", one.key))
    ]
    go = html.Button([icon("download"), t("privacy.export")], type="submit", className="btn")
    return html.Form([*fields, go], action="/privacy/export", method="post")


def _erase(one: Subject) -> Component:
    return act(t("privacy.erase"), "privacy", "ask", whole_key(one.kind, one.key), kind="bad", icon_name="trash")
