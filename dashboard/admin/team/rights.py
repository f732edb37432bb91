"""What each role may do, from the one table that decides."""

from __future__ import annotations

from typing import get_args

from dash import html
from dash.development.base_component import Component

from crm.policies.access import ALLOWED, ROLES, Action
from dashboard.components import card, icon, table
from dashboard.context import actor
from dashboard.text import t


def rights_card() -> Component:
    """A row for every action, a column for every role."""
    heads = [
        t("team.may"),
        *(html.Span(t(f"team.role_{role}"), className="w6" if role == actor().role else None) for role in ROLES),
    ]
    rows = [
        [t(f"team.action_{action}"), *(_mark(action in ALLOWED[role]) for role in ROLES)] for action in get_args(Action)
    ]
    return card(table(heads, rows, caption=t("team.rights"), class_="tight rights"), title=t("team.rights"))


def _mark(able: bool) -> Component:
    return icon("check", 16, label=t("team.yes")) if able else html.Span("–", className="c3", title=t("team.no"))
