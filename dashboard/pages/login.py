"""Log in, log out, one's own preferences: plain forms, so that they work before any script runs."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from dash import html
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from crm.errors import AuthorisationError, RateLimitedError
from dashboard.auth import COOKIE, local_path, remember, remember_language
from dashboard.components.icon import icon
from dashboard.components.states import alert
from dashboard.context import LANGUAGES, actor, services, viewer
from dashboard.document import brand_line, document
from dashboard.markup import Element, element
from dashboard.requests import client_address
from dashboard.settings import ConsoleSettings
from dashboard.text import t

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show(next: str = "/", language: str = "") -> Response:
    """The log-in form; the first visit comes before it."""
    if language in LANGUAGES:
        return chosen_language("/login", language)
    if viewer().actor is not None:
        return RedirectResponse(local_path(next), 303)
    if services().accounts.needs_setup():
        return RedirectResponse("/setup", 303)
    return form(next)


@router.post("/login")
def log_in(
    request: Request,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Start a session, or say what is wrong."""
    settings: ConsoleSettings = request.app.state.settings
    address = client_address(request.scope, request.headers, settings)
    try:
        session = services().accounts.log_in(email, password, address)
    except RateLimitedError:
        return form(next, email, t("login.too_many"), 429)
    except AuthorisationError:
        return form(next, email, t("login.wrong"), 401)
    response = RedirectResponse(local_path(next), 303)
    remember(response, request, settings, session.token, session.max_age)
    return response


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session in the browser and on the server."""
    services().accounts.log_out(request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/")
    remember_language(response, viewer().language)
    return response


@router.post("/preferences")
async def prefer(request: Request) -> Response:
    """Keep one preference and draw the page anew: the grid and the direction can't change in place."""
    given = await request.form()
    keep_preferences({key: str(value) for key, value in given.items()})
    back = urlsplit(request.headers.get("referer", ""))
    return RedirectResponse(local_path(back.path + (f"?{back.query}" if back.query else "")), 303)


def keep_preferences(given: dict[str, str]) -> None:
    """Change the preferences that are named and leave the others."""
    team = services().team
    old = team.preferences(actor())
    team.set_preferences(
        actor(),
        type(old)(
            language=given.get("language", old.language),
            color_scheme=given.get("color_scheme", old.color_scheme),
            keys=given["keys"] == "on" if "keys" in given else old.keys,
        ),
    )


def form(target: str, email: str = "", wrong: str = "", status: int = 200) -> Response:
    """The document with the form; `wrong` says what failed."""
    body = html.Main(
        html.Div(
            [
                brand_line("/login"),
                html.Form(
                    [
                        html.H1(t("login.title"), className="t20"),
                        alert(wrong, "neg", "alert-circle") if wrong else None,
                        field("email", t("login.email"), type="email", value=email, autocomplete="username",
                              autofocus=not email, required=True),
                        password_field(t("login.password"), "current-password", autofocus=bool(email)),
                        element("input", type="hidden", name="next", value=local_path(target)),
                        html.Button(t("login.enter"), type="submit", className="btn pri lg"),
                    ],
                    action="/login", method="post", className="card tall",
                ),
                html.P(t("login.forgotten"), className="foot-note"),
            ],
            className="sign",
        ),
        className="out",
    )  # fmt: skip
    return document(t("login.title"), body, status)


def field(name: str, label: str, /, hint: object = None, **attributes: object) -> Element:
    """A labelled text field of a plain form."""
    inside = [
        element("label", label, for_=name),
        element("input", class_="in", id=name, name=name, dir="auto", **attributes),
    ]
    return element("div", *inside, element("small", hint) if hint else None, class_="fld")


def password_field(
    label: str, purpose: str, hint: object = None, name: str = "password", **attributes: object
) -> Element:
    """A password with an eye to see it."""
    box = element("input", id=name, name=name, type="password", dir="ltr", autocomplete=purpose,
                  required=True, **attributes)  # fmt: skip
    eye = html.Button(icon("eye"), type="button", className="eye", title=t("login.show"),
                      **{"aria-label": t("login.show"), "data-eye": name})  # fmt: skip
    inside = [element("label", label, for_=name), html.Div([box, eye], className="in")]
    return element("div", *inside, element("small", hint) if hint else None, class_="fld")


def chosen_language(path: str, language: str) -> Response:
    """Keep the language chosen before log-in and show `path` again."""
    response = RedirectResponse(path, 303)
    remember_language(response, language)
    return response
