"""Our own accounts that answer: connect, check again, disconnect. A secret is never shown again."""

from __future__ import annotations

from typing import NamedTuple

from dash import html
from dash.development.base_component import Component
from msgspec import json

from crm.errors import AuthorisationError, InvalidInputError, RetryableError
from crm.records.sources import AccountRow
from dashboard.admin.fields import NOTHING, Wrong, form, secret_field, text_field
from dashboard.admin.permission import allowed, who_can
from dashboard.admin.settings.signing import BEGIN, OTHER_APP, begin, offer
from dashboard.admin.step import Panel, Shown, Step, Steps, act, sure
from dashboard.components import card, empty, handle, icon, platform_icon, show, table, toast
from dashboard.components.icon import PLATFORM_ICONS
from dashboard.context import actor, services
from dashboard.dates import relative
from dashboard.errors import account_problem, plain_sentence
from dashboard.text import t


class SignIn(NamedTuple):
    """What is asked for to use an account: its server (None where there is one for all), its name, its secrets.

    Several secrets are kept as one object of JSON. Where there are several ways to sign in, `some` of them are enough.
    """

    server: str | None = None
    handle: bool = False
    secrets: tuple[str, ...] = ("secret",)
    some: bool = False


PLATFORMS = {
    "bluesky": SignIn("https://bsky.social", handle=True),
    "mastodon": SignIn(""),
    "x": SignIn(),
    "reddit": SignIn(handle=True, secrets=("client_id", "client_secret", "password")),
    "instagram": SignIn(),
    "facebook": SignIn(),
    "youtube": SignIn(handle=True, secrets=("api_key", "client_id", "client_secret", "refresh_token"), some=True),
    "telegram": SignIn(),
    "bale": SignIn(),
}


def section() -> list[Component | None]:
    """The accounts, and buttons to connect more."""
    rows = services().sources.accounts(actor()) if allowed("read_health") else []
    buttons = [
        act(
            t("settings.connect_to", platform=t(f"source.{one}")),
            "settings",
            "connect",
            one,
            kind="",
            icon_name=PLATFORM_ICONS.get(one, "world"),
        )
        for one in PLATFORMS
        if one in services().sources.answering
    ]
    able = allowed("edit_sources")
    body = (
        _table(rows, able)
        if rows
        else empty(t("settings.no_accounts"), t("settings.no_accounts_why"), icon_name="plug")
    )
    more = html.P(t("settings.accounts_others"), className="t12 c3")
    return [
        who_can("edit_sources"),
        card(
            body,
            html.Div(buttons, className="row wraps") if able else None,
            more,
            title=t("settings.accounts"),
            class_="roomy",
        ),
    ]


def _table(rows: list[AccountRow], able: bool) -> Component:
    heads = [t("settings.account"), t("settings.account_state"), t("settings.account_checked"), ""]
    return table(
        heads, [_row(row, able) for row in rows], caption=t("settings.accounts"), end=frozenset({3}), class_="stack"
    )


def _row(row: AccountRow, able: bool) -> list[object]:
    called = html.Div(
        [handle(f"@{row.handle.lstrip('@')}", "w5"), handle(_host(row), "t12 c3")], className="col starts"
    )
    if row.state == "failed":
        state = html.Span([icon("alert-circle"), account_problem(row.error or "")], className="stt neg")
    else:
        state = html.Span([icon("circle-check"), t("settings.connected")], className="stt ok")
    acts = [act(t("settings.recheck"), "settings", "recheck", row.id, kind="ghost sm"),
            act(t("settings.disconnect"), "settings", "disconnect", row.id, kind="bad sm")]  # fmt: skip
    return [
        html.Span([platform_icon(row.platform, 20), called], className="row g3"),
        state,
        html.Span(relative(row.checked_at) if row.checked_at else t("health.never"), className="c2"),
        html.Span(acts, className="row ends g1") if able else None,
    ]


def _host(row: AccountRow) -> str:
    return row.base_url.partition("://")[2] or row.base_url


def ask(step: Step) -> Shown:
    """The dialog that connects an account."""
    return Shown(dialog=_panel(_platform(step), {}))


def _platform(step: Step) -> str:
    return step.of if step.of in PLATFORMS else next(iter(PLATFORMS))


def _panel(platform: str, given: dict[str, str], wrong: Wrong = NOTHING) -> Panel:
    """Signing in where the platform has it, and pasting a secret; `wrong` is about what was pasted."""
    title, paste = t("settings.connect_to", platform=t(f"source.{platform}")), _paste(platform, given, wrong)
    if not services().sign_ins.offered(platform):
        return Panel(title, paste)
    instead = html.Details([html.Summary(t("settings.sign_in_instead")), paste], open=bool(wrong))
    return Panel(title, html.Div([offer(platform, PLATFORMS[platform].server), instead], className="col g3"))


def ask_app(step: Step) -> Shown:
    """The dialog that asks for the app by which people sign in."""
    platform = _platform(step)
    title = t("settings.sign_in_with", platform=t(f"source.{platform}"))
    return Shown(dialog=Panel(title, offer(platform, PLATFORMS[platform].server, other_app=True)))


def sign_in(step: Step) -> Shown:
    """Begin a sign-in: the dialog leads on to the platform, or says what is wrong."""
    begun = begin(step)
    if isinstance(begun, Panel):
        return Shown(dialog=begun)
    platform = _platform(step)
    given = {name: text for name, text in step.texts().items() if name != "client_secret"}
    again = offer(platform, PLATFORMS[platform].server, given, begun, other_app="client_id" in given)
    return Shown(dialog=Panel(t("settings.sign_in_with", platform=t(f"source.{platform}")), again))


def _paste(platform: str, given: dict[str, str], wrong: Wrong) -> Component:
    asked, fields = PLATFORMS[platform], list[Component]()
    if asked.server is not None:
        server = given.get("base_url", asked.server)
        fields.append(text_field("base_url", t("settings.server"), server, wrong=wrong, kind="url", required=True,
                                 ltr=True, placeholder="https://mastodon.example"))  # fmt: skip
    if asked.handle:
        fields.append(text_field("handle", t("settings.handle"), given.get("handle", ""), wrong=wrong, required=True,
                                 ltr=True, placeholder=t(f"settings.handle_{platform}")))  # fmt: skip
    where = t(f"settings.where_{platform}")
    last = asked.secrets[-1]
    for name in asked.secrets:
        called = t(f"settings.secret_{platform}" if name == "secret" else f"settings.secret_{name}")
        hint = where if name == last else None
        fields.append(secret_field(name, called, wrong=wrong, hint=hint, required=not asked.some))
    kept = html.P([icon("shield-lock"), t("settings.secret_kept")], className="row t12 c3")
    return form("settings", "connect!", platform, *fields, kept, wrong=wrong, send=t("settings.connect"), cancel=True)


def connect(step: Step) -> Shown:
    """Sign in on the platform; the account is kept only where that worked."""
    asked = PLATFORMS[step.of]
    secrets = asked.secrets
    given = {name: text for name, text in step.texts().items() if name not in secrets}
    said = {name: step.secret(name) for name in secrets}
    empty_ = [name for name, text in said.items() if not text.strip()]
    if len(empty_) == len(said) or (empty_ and not asked.some):
        return Shown(dialog=_panel(step.of, given, {empty_[0]: account_problem("secret_missing")}))
    secret = json.encode(said).decode() if len(said) > 1 else said["secret"]
    try:
        row = services().sources.connect(
            actor(), step.of, step.text("base_url"), step.text("handle").lstrip("@"), secret
        )
    except (AuthorisationError, InvalidInputError, RetryableError) as error:
        return Shown(dialog=_panel(step.of, given, {"": plain_sentence(error)}))
    show(toast(t("settings.account_added", name=f"@{row.handle.lstrip('@')}")))
    return Shown(dialog=None, again=True)


def recheck(step: Step) -> Shown:
    """Ask the platform again."""
    row = services().sources.recheck(actor(), step.of)
    show(toast(account_problem(row.error or ""), bad=True) if row.error else toast(t("settings.account_works")))
    return Shown(again=True)


def ask_disconnect(step: Step) -> Shown:
    """Ask before an account is forgotten."""
    return Shown(
        dialog=sure(
            "settings",
            "disconnect!",
            step.of,
            t("settings.disconnect_sure"),
            t("settings.disconnect_why"),
            t("settings.disconnect"),
        )
    )


def disconnect(step: Step) -> Shown:
    """Forget an account and its secret."""
    services().sources.disconnect(actor(), step.of)
    show(toast(t("settings.disconnected")))
    return Shown(dialog=None, again=True)


STEPS: Steps = {
    "connect": ask,
    "connect!": connect,
    BEGIN: sign_in,
    OTHER_APP: ask_app,
    "recheck": recheck,
    "disconnect": ask_disconnect,
    "disconnect!": disconnect,
}
