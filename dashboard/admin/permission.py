"""What somebody may not do, and who can give it to them."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.policies.access import ALLOWED, ROLES, Action, may
from dashboard.components import alert, name
from dashboard.context import actor, services
from dashboard.text import t


def allowed(action: Action) -> bool:
    """Whether the viewer may do this."""
    return may(actor(), action)


def who_can(action: Action) -> Component | None:
    """A line that says which roles may do this and who gives roles; None where the viewer may."""
    if allowed(action):
        return None
    comma = f"{t('common.comma')} "
    roles = comma.join(t(f"team.role_{role}") for role in ROLES if action in ALLOWED[role])
    givers = [one.name for one in services().team.members(actor()) if one.active and one.role == "administrator"]
    people: list[object] = []
    for one in givers:
        people += [comma, name(one)] if people else [name(one)]
    said = [html.Span(t("team.not_yours", roles=roles)), " ", html.Span(t("team.given_by")), " ", *people]
    return alert(html.Span(said), "", "lock")
