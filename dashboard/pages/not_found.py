"""An address that leads nowhere."""

from __future__ import annotations

from dash.development.base_component import Component

from dashboard.components import empty, link_button
from dashboard.text import t


def layout() -> Component:
    """Says so, and leads back."""
    return empty(
        t("not_found.title"), t("not_found.why"), link_button(t("not_found.back"), "/"), icon_name="help-circle"
    )
