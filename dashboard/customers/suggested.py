"""Suggested ties with their evidence: "could be …", to be confirmed or dismissed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from crm.policies.likeness import Clue
from crm.usecases.views import Suggestion
from dashboard.components import avatar, handle, icon, link, name
from dashboard.customers.parts import address, author_address, marks
from dashboard.monitors.names import platform_name
from dashboard.numbers import percent
from dashboard.text import t

Presses = Callable[[str, Suggestion], Mapping[str, Any]]
"""The attributes of the button that does "confirm" or "dismiss"; each page hands them to its own script."""


def offers(found: Sequence[Suggestion], presses: Presses | None, *, accounts: bool = False) -> Component | None:
    """The suggestions about an author, or with `accounts` those about a customer; no buttons without `presses`."""
    if not found:
        return None
    title = t("customers.could_be_accounts") if accounts else t("customers.could_be")
    rows = html.Ul([_offer(one, presses, accounts=accounts) for one in found], className="could")
    return html.Div(
        [html.H3(title, className="sec ca"), rows, html.P(t("customers.could_be_why"), className="t12 c3")],
        className="tie col g2",
    )


def _offer(one: Suggestion, presses: Presses | None, *, accounts: bool) -> Component:
    shown = one.author.name or one.author.handle or one.author.key if accounts else one.customer.name
    to = author_address(one.author.key) if accounts else address(one.customer.id)
    under: list[object] = [t("customers.sure", share=percent(one.confidence))]
    if accounts:
        under = [platform_name(one.author.platform), " ", handle(f"@{one.author.handle.lstrip('@')}"), " · ", *under]
    who = [link(name(shown, "w5 cut"), to, "plain cut"), *([] if accounts else marks(one.customer))]
    lines = [html.Span(who, className="row"), html.Span(under, className="t12 c3 cut num")]
    picture = avatar(shown, 28, platform=one.author.platform if accounts else "")
    head = html.Div([picture, html.Span(lines, className="col grow")], className="row g3")
    clues = html.Ul([_clue(clue) for clue in one.clues], className="clues")
    return html.Li([head, clues, _buttons(one, presses, shown)], className="col g2")


def _clue(clue: Clue) -> Component:
    mark = icon("check" if clue.speaks_for else "minus", 14)
    detail = name(clue.detail, "c3 cut") if clue.detail else None
    return html.Li([mark, html.Span(clue_text(clue.kind)), detail], className="row g1 t12 c2")


def _buttons(one: Suggestion, presses: Presses | None, shown: str) -> Component | None:
    if presses is None:
        return None
    buttons = [
        html.Button(t(f"customers.{what}_tie"), type="button", className=kind,
                    **{"aria-label": t(f"customers.{what}_tie_named", name=shown)}, **presses(what, one))
        for what, kind in (("confirm", "btn pri sm"), ("dismiss", "btn sm"))
    ]  # fmt: skip
    return html.Div(buttons, className="row wraps")


def clue_text(kind: str) -> str:
    """A piece of evidence in words; one that an older version wrote is shown as it is stored."""
    text = t(f"customers.clue_{kind}")
    return kind if text.startswith("customers.") else text


def told(detail: str) -> str:
    """The evidence of a tie that came of a suggestion, in words."""
    return t("customers.and_then").join(clue_text(kind) for kind in detail.split())
