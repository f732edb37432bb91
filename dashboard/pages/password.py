"""A password of one's own: whoever came in with a one-time password sees nothing else before."""

from __future__ import annotations

from typing import Annotated

from dash import html
from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from crm.errors import RateLimitedError
from crm.policies.passwords import SHORTEST, WeakPasswordError
from crm.usecases.accounts import WrongLogInError
from dashboard.components.states import alert
from dashboard.context import LANGUAGES, actor, services
from dashboard.document import brand_line, document
from dashboard.markup import Element
from dashboard.pages.login import keep_preferences, password_field
from dashboard.text import t

router = APIRouter(include_in_schema=False)


@router.get("/password")
def show(language: str = "") -> Response:
    """The form, while the password is a one-time one."""
    if not actor().must_change:
        return RedirectResponse("/", 303)
    if language in LANGUAGES:
        keep_preferences({"language": language})
        return RedirectResponse("/password", 303)
    return form()


@router.post("/password")
def change(
    old: Annotated[str, Form()] = "", new: Annotated[str, Form()] = "", again: Annotated[str, Form()] = ""
) -> Response:
    """Replace the one-time password, or say what is wrong."""
    if new != again:
        return form("again", t("settings.password_differs"), 422)
    try:
        services().accounts.change_password(actor(), old, new)
    except RateLimitedError:
        return form("old", t("login.too_many"), 429)
    except WrongLogInError:
        return form("old", t("settings.password_wrong"), 422)
    except WeakPasswordError as error:
        return form("new", t(f"setup.password_{error.code}"), 422)
    return RedirectResponse("/", 303)


def form(at: str = "old", wrong: str = "", status: int = 200) -> Response:
    """The document; `wrong` says what is wrong with the field `at`."""
    said = alert(wrong, "neg", "alert-circle") if wrong else alert(t("settings.must_change"), "soon", "key")
    inside = [
        html.H1(t("settings.change_password"), className="t20"),
        said,
        _secret("old", t("settings.password_old"), "current-password", at),
        _secret("new", t("settings.password_new"), "new-password", at, t("setup.password_rule", n=SHORTEST)),
        _secret("again", t("settings.password_again"), "new-password", at),
        html.Button(t("common.save"), type="submit", className="btn pri lg"),
    ]
    out = html.Form(
        html.Button(t("shell.log_out"), type="submit", className="btn ghost sm"), action="/logout", method="post"
    )
    card = html.Form(inside, action="/password", method="post", className="card tall")
    body = html.Main(html.Div([brand_line("/password"), card, out], className="sign"), className="out")
    return document(t("settings.change_password"), body, status)


def _secret(name: str, label: str, purpose: str, at: str, hint: str = "") -> Element:
    return password_field(label, purpose, hint or None, name, autofocus=name == at)
