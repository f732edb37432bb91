"""Connecting an account by signing in on its platform, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from dash import html
from dash.development.base_component import Component

from crm.errors import AuthorisationError, PermanentError, RetryableError, ShenavaError
from crm.policies.access import ForbiddenError
from crm.ports.signin import App, SignInRefusedError
from crm.usecases.signing import Finished
from crm.usecases.sources import AccountRefusedError
from dashboard.admin.fields import NOTHING, Wrong, form, secret_field, text_field
from dashboard.admin.step import Panel, Step, act
from dashboard.components import alert, icon
from dashboard.context import actor, services, viewer
from dashboard.errors import account_problem, plain_sentence
from dashboard.text import has, t

ACCOUNTS = "/settings/accounts"
BEGIN, OTHER_APP = "sign-in!", "sign-in-app"
CONFIGURED = frozenset({"facebook", "instagram"})
"""Platforms whose apps may keep a set of permissions, which is named in place of them."""


def offer(
    platform: str, server: str | None, given: Mapping[str, str] = {}, wrong: Wrong = NOTHING, *, other_app: bool = False
) -> Component:
    """The form that begins a sign-in. It asks for the app's id and secret where nobody has said them."""
    fields = list[Component | None]()
    if server is not None:
        at = given.get("base_url", server)
        fields.append(text_field("base_url", t("settings.server"), at, wrong=wrong, kind="url", required=True, ltr=True,
                                 placeholder="https://mastodon.example"))  # fmt: skip
    named = t(f"source.{platform}")
    again = None
    if other_app or services().sign_ins.needs_app(actor(), platform):
        fields += _app(platform, given, wrong)
    elif server is None:
        other = act(t("settings.sign_in_other_app"), "settings", OTHER_APP, platform, kind="ghost sm")
        again = html.Div(other, className="row ends")
    send = t("settings.sign_in_with", platform=named)
    asked = form("settings", BEGIN, platform, *fields, wrong=wrong, send=send)
    return html.Div([asked, again], className="col g2")


def _app(platform: str, given: Mapping[str, str], wrong: Wrong) -> list[Component | None]:
    copy = html.Button([icon("copy"), t("settings.copy")], type="button", className="btn sm",
                       **{"data-copy": services().sign_ins.redirect_uri, "data-shown": "redirect"})  # fmt: skip
    address = html.Div([html.Code(services().sign_ins.redirect_uri, id="redirect", dir="ltr"), copy], className="once")
    return [
        html.P(t(f"settings.app_{platform}"), className="c2"),
        html.Div([html.Span(t("settings.redirect_address"), className="t12 c3"), address], className="col g1"),
        text_field("client_id", t("settings.secret_client_id"), given.get("client_id", ""), wrong=wrong, required=True,
                   ltr=True),
        secret_field("client_secret", t("settings.secret_client_secret"), wrong=wrong),
        text_field("config_id", t("settings.config_id"), given.get("config_id", ""), wrong=wrong, ltr=True,
                   hint=t("settings.config_id_why")) if platform in CONFIGURED else None,
    ]  # fmt: skip


def begin(step: Step) -> Panel | Wrong:
    """What to show once a sign-in has begun: the way to the platform; or what is wrong."""
    if (at := viewer().base) and urlsplit(at).netloc != urlsplit(services().sign_ins.redirect_uri).netloc:
        return {"": t("settings.sign_in_elsewhere", address=_home())}
    app = _typed(step) if "client_id" in step.fields else None
    try:
        url = services().sign_ins.begin(actor(), step.of, step.text("base_url"), app)
    except (AuthorisationError, RetryableError, PermanentError) as error:
        return {"": plain_sentence(error)}
    named, host = t(f"source.{step.of}"), urlsplit(url).hostname or ""
    # A link and not a form: the page lets no form lead elsewhere.
    go = html.A([icon("external-link"), t("settings.sign_in_go", host=host)], href=url, className="btn pri",
                id="sign-in-go")  # fmt: skip
    stay = act(t("common.cancel"), "settings", "close", kind="")
    leave = html.P(t("settings.sign_in_leave", platform=named), className="c2")
    return Panel(
        t("settings.sign_in_with", platform=named),
        html.Div([leave, html.Div([stay, go], className="row ends")], className="col g3"),
    )


def _typed(step: Step) -> App:
    secret = step.secret("client_secret").strip()
    return App(step.text("client_id"), secret, config_id=step.text("config_id"))


def _home() -> str:
    return services().sign_ins.redirect_uri.removesuffix("/oauth/back")


def way_back(outcome: Finished | ShenavaError) -> str:
    """The address of the accounts, with what became of a sign-in as a code."""
    return f"{ACCOUNTS}?{urlencode({'signed': _code(outcome)})}"


def _code(outcome: Finished | ShenavaError) -> str:
    match outcome:
        case Finished():
            return "some" if outcome.missed else "in"
        case SignInRefusedError():
            return outcome.problem
        case AccountRefusedError():
            return f"account_{outcome.problem}"
        case RetryableError():
            return "later"
        case ForbiddenError():
            return "forbidden"
    return "refused"


def came_back(said: str) -> Component | None:
    """What became of a sign-in; nothing for a code that is none of ours."""
    if said == "in":
        return alert(t("settings.signed_in"), "acc", "circle-check")
    if said == "some":
        return alert(t("settings.signed_in_some"), "soon", "alert-circle")
    if has(f"error.sign_in_{said}"):
        return alert(t(f"error.sign_in_{said}"), "neg", "alert-circle")
    if has(f"error.{said}") and said.startswith("account_"):
        return alert(account_problem(said.removeprefix("account_")), "neg", "alert-circle")
    return None
