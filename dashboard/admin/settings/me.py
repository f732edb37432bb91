"""My preferences: language, colours, keys, password."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.policies.passwords import SHORTEST, WeakPasswordError
from crm.usecases.accounts import WrongLogInError
from dashboard.admin.fields import NOTHING, Wrong, form, secret_field
from dashboard.admin.step import Panel, Shown, Step, Steps, act
from dashboard.components import card, handle, name, show, toast
from dashboard.context import LANGUAGES, actor, services
from dashboard.text import t


def section() -> list[Component | None]:
    """Who I am here, how I like the console, and my password."""
    me = services().team.me(actor())
    facts = [
        html.Dt(t("settings.my_name")), html.Dd(name(me.name)),
        html.Dt(t("settings.my_email")), html.Dd(handle(me.email)),
        html.Dt(t("settings.my_role")), html.Dd(t(f"team.role_{me.role}")),
    ]  # fmt: skip
    password = html.Div(
        [
            html.Span(t("settings.password"), className="grow c2"),
            act(t("settings.change_password"), "settings", "password", kind=""),
        ],
        className="row",
    )
    return [
        card(html.Dl(facts, className="facts"), title=t("settings.me")),
        card(
            html.Form(_choices(), action="/preferences", method="post", className="prefs"), title=t("settings.console")
        ),
        card(password),
    ]


def _choices() -> list[Component]:
    mine = services().team.preferences(actor())
    keys = "on" if mine.keys else "off"
    rows: tuple[tuple[str, str, list[tuple[str, str]]], ...] = (
        ("language", mine.language, [(one, t(f"settings.language_{one}")) for one in LANGUAGES]),
        ("color_scheme", mine.color_scheme, [(one, t(f"shell.scheme_{one}")) for one in ("light", "dark", "auto")]),
        ("keys", keys, [(one, t(f"shell.keys_{one}")) for one in ("on", "off")]),
    )
    return [_segments(field, chosen, options) for field, chosen, options in rows]


def _segments(field: str, chosen: str, options: list[tuple[str, str]]) -> Component:
    buttons = [
        html.Button(label, type="submit", name=field, value=value, className="on" if value == chosen else None,
                    **{"aria-pressed": str(value == chosen).lower()})
        for value, label in options
    ]  # fmt: skip
    said = html.Span(
        [html.B(t(f"shell.{field}"), className="w5"), html.Small(t(f"settings.{field}_about"))], className="col grow"
    )
    return html.Div([said, html.Span(buttons, className="seg")], className="row pref")


def ask_password(_step: Step) -> Shown:
    """The dialog for a new password."""
    return Shown(dialog=_panel())


def _panel(wrong: Wrong = NOTHING) -> Panel:
    fields = [
        secret_field("old", t("settings.password_old"), wrong=wrong, auto="current-password"),
        secret_field("new", t("settings.password_new"), wrong=wrong, auto="new-password",
                     hint=t("setup.password_rule", n=SHORTEST)),
        secret_field("again", t("settings.password_again"), wrong=wrong, auto="new-password"),
    ]  # fmt: skip
    return Panel(t("settings.change_password"), form("settings", "password!", "", *fields, wrong=wrong, cancel=True))


def change_password(step: Step) -> Shown:
    """Replace one's own password; every other session ends."""
    if step.secret("new") != step.secret("again"):
        return Shown(dialog=_panel({"again": t("settings.password_differs")}))
    try:
        services().accounts.change_password(actor(), step.secret("old"), step.secret("new"))
    except WrongLogInError:
        return Shown(dialog=_panel({"old": t("settings.password_wrong")}))
    except WeakPasswordError as error:
        return Shown(dialog=_panel({"new": t(f"setup.password_{error.code}")}))
    show(toast(t("settings.password_changed"), sub=t("settings.password_sessions")))
    return Shown(dialog=None, again=True)


STEPS: Steps = {"password": ask_password, "password!": change_password}
