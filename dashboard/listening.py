"""What an empty page says while nothing is listened to."""

from __future__ import annotations

from dash.development.base_component import Component

from crm.policies.access import may
from dashboard.components import empty, link_button
from dashboard.context import actor, services
from dashboard.text import t


def no_source() -> Component | None:
    """The way to the first source, for who may add one; None where there is a source or the demo."""
    who = actor()
    if not may(who, "edit_sources") or services().sources.all(who) or services().setup.demo_loaded(who):
        return None
    add = link_button(t("health.quiet_add"), "/status", kind="pri", icon_name="plus")
    return empty(t("health.quiet"), t("health.quiet_why"), add, "plug")
