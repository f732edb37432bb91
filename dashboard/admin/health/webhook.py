"""A webhook's address, its secret (shown once), and what it refused."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.records.sources import SourceRow
from dashboard import webhook
from dashboard.admin.once import once
from dashboard.admin.step import Panel, Shown, Step, act, sure
from dashboard.components import handle
from dashboard.context import actor, services, viewer
from dashboard.dates import full
from dashboard.numbers import number
from dashboard.text import t

KIND = "webhook"


def address(source_id: str) -> str:
    """Where others hand over posts."""
    return f"{viewer().base}{webhook.PREFIX}{source_id}"


def made(source_id: str, secret: str) -> Panel:
    """The dialog with the address and the secret, for the only time."""
    label = html.Span(t("health.webhook_address"), className="lab w5")
    where = html.Div([label, handle(address(source_id), "wrap-any")], className="fld")
    how = html.P(t("health.webhook_how"), className="c2")
    inside = [where, how, once(secret, t("health.webhook_once"), "health")]
    return Panel(t("health.webhook_made"), html.Div(inside, className="col g3"))


def facts(row: SourceRow) -> list[tuple[str, object]]:
    """What the drawer of a webhook says besides: its address, and refusals by kind."""
    refused = services().deliveries.refused(actor(), row.id)
    said = [(t(f"health.refused_{one.kind}"), f"{number(one.times)} · {full(one.at)}") for one in refused]
    return [(t("health.webhook_address"), handle(address(row.id), "wrap-any")), *said]


def button(row: SourceRow) -> Component:
    """Makes another secret."""
    return act(t("health.new_secret"), "health", "secret", row.id, kind="", icon_name="key")


def ask_secret(step: Step) -> Shown:
    """Ask before the old secret ends."""
    why = t("health.new_secret_why")
    return Shown(dialog=sure("health", "secret!", step.of, t("health.new_secret"), why, t("health.new_secret")))


def new_secret(step: Step) -> Shown:
    """Make another secret and show it, for the only time."""
    secret = services().sources.new_secret(actor(), step.of)
    return Shown(dialog=made(step.of, secret))
