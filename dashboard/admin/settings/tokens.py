"""Tokens for the HTTP API: a secret is shown once."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.errors import InvalidInputError
from crm.records.users import Session
from dashboard.admin.fields import NOTHING, Wrong, form, text_field
from dashboard.admin.once import once
from dashboard.admin.step import Panel, Shown, Step, Steps, act, sure
from dashboard.components import card, empty, name, show, table, toast
from dashboard.context import actor, services
from dashboard.dates import full_day, relative
from dashboard.text import t


def section() -> list[Component | None]:
    """One's own tokens, newest first."""
    rows = services().accounts.api_tokens(actor())
    add = act(t("settings.token_add"), "settings", "token", kind="pri", icon_name="plus")
    about = html.P([t("settings.tokens_about"), " ", html.A(t("settings.api_docs"), href="/api/docs", target="_blank")],
                   className="c2")  # fmt: skip
    if not rows:
        return [card(empty(t("settings.no_tokens"), t("settings.tokens_about"), add, "key"))]
    heads = [t("settings.token_name"), t("settings.made"), t("settings.used"), ""]
    shown = table(heads, [_row(one) for one in rows], caption=t("settings.tokens"), end=frozenset({3}), class_="stack")
    return [card(about, shown, title=t("settings.tokens"), beside=add)]


def _row(one: Session) -> list[object]:
    used = relative(one.seen_at) if one.seen_at > one.created_at else t("health.never")
    return [name(one.name, "w5"), full_day(one.created_at), html.Span(used, className="c2"),
            act(t("settings.revoke"), "settings", "revoke", one.token_hash, kind="bad sm")]  # fmt: skip


def ask(_step: Step) -> Shown:
    """The dialog for a new token."""
    return Shown(dialog=_panel())


def _panel(wrong: Wrong = NOTHING) -> Panel:
    field = text_field("name", t("settings.token_name"), wrong=wrong, required=True, hint=t("settings.token_name_hint"))
    return Panel(
        t("settings.token_add"), form("settings", "token!", "", field, send=t("settings.token_make"), cancel=True)
    )


def make(step: Step) -> Shown:
    """Make a token and show its secret, for the only time."""
    try:
        secret = services().accounts.create_api_token(actor(), step.text("name"))
    except InvalidInputError:
        return Shown(dialog=_panel({"name": t("source.problem_required")}))
    inside = once(secret, t("settings.token_once"), "settings")
    return Shown(dialog=Panel(t("settings.token_made"), inside), again=True)


def ask_revoke(step: Step) -> Shown:
    """Ask before a token ends."""
    return Shown(dialog=sure("settings", "revoke!", step.of, t("settings.revoke_sure"), t("settings.revoke_why"),
                             t("settings.revoke")))  # fmt: skip


def revoke(step: Step) -> Shown:
    """End a token."""
    services().accounts.revoke_api_token(actor(), step.of)
    show(toast(t("settings.revoked")))
    return Shown(dialog=None, again=True)


STEPS: Steps = {"token": ask, "token!": make, "revoke": ask_revoke, "revoke!": revoke}
