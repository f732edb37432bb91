"""The first visit: an administrator, a brand, where to listen; or the demo. One plain form."""

from __future__ import annotations

import hmac

from dash import html
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from crm.errors import InvalidInputError, ShenavaError
from crm.policies.access import Actor
from crm.policies.passwords import WeakPasswordError
from crm.usecases.setup import SourceChoice
from dashboard.auth import remember
from dashboard.components.states import alert
from dashboard.context import LANGUAGES, services, viewer
from dashboard.document import brand_line, document
from dashboard.errors import plain_sentence
from dashboard.pages.first_run_form import Given, form
from dashboard.pages.login import chosen_language
from dashboard.settings import ConsoleSettings
from dashboard.text import t
from dashboard.uploads import handed_over

router = APIRouter(include_in_schema=False)


@router.get("/setup")
def show(request: Request, language: str = "") -> Response:
    """The form, for whoever comes first; and for an administrator who has not named a brand yet."""
    if language in LANGUAGES:
        return chosen_language("/setup", language)
    if not _wanted():
        return RedirectResponse("/", 303)
    return form(Given(), _settings(request))


@router.post("/setup")
async def start(request: Request) -> Response:
    """Make the administrator, name the brand and start to listen."""
    # Asked before the body is read: a form with files is spooled to the disk.
    if not await run_in_threadpool(_wanted):
        return RedirectResponse("/", 303)
    async with request.form() as data:
        given = Given.of(data)
        files = _uploads(data)
        return await run_in_threadpool(_start, request, given, files)


@router.post("/setup/demo")
async def demo(request: Request) -> Response:
    """Make the administrator and fill the workspace with the demo."""
    if not await run_in_threadpool(_wanted):
        return RedirectResponse("/", 303)
    async with request.form() as data:
        return await run_in_threadpool(_demo, request, Given.of(data))


@router.get("/setup/progress")
def progress(failed: str = "") -> Response:
    """How far the demo is; the page asks for the figures by itself."""
    if viewer().actor is None:
        return RedirectResponse("/login", 303)
    follow = {"data-progress": "" if failed else "/setup/progress.json", "aria-label": t("setup.demo_loading")}
    bar = html.Div(html.I(), className="progress", role="progressbar", **follow)
    said = [alert(t("setup.demo_failed"), "neg", "alert-circle")] if failed else [bar]
    inside = [html.H1(t("setup.demo_loading"), className="t20"), html.P(t("setup.demo_wait"), className="c2"), *said,
              html.A(t("setup.demo_leave"), href="/")]  # fmt: skip
    body = html.Main(
        html.Div([brand_line("/setup/progress"), html.Div(inside, className="card")], className="sign"), className="out"
    )
    return document(t("setup.demo_loading"), body)


@router.get("/setup/progress.json")
def progress_figures() -> Response:
    """``done``, ``total`` (0 while unknown), ``finished`` and ``error``."""
    who = viewer().actor
    if who is None:
        return JSONResponse({"error": "unauthorised"}, 401)
    work = services().setup.demo_progress(who)
    return JSONResponse(
        {
            "done": work.done if work else 0,
            "total": (work.total or 0) if work else 0,
            "finished": work is None or work.state in {"done", "cancelled"},
            "error": work is not None and work.state == "failed",
        }
    )


def unfinished() -> bool:
    """Whether this viewer is the administrator of a workspace that listens for nothing yet."""
    who, setup = viewer().actor, services().setup
    if who is None or who.role != "administrator" or setup.workspace(who).name:
        return False
    return not setup.demo_loaded(who)


def _wanted() -> bool:
    """Whether the first visit is still to be made by this viewer."""
    return services().accounts.needs_setup() if viewer().actor is None else unfinished()


def _start(request: Request, given: Given, files: list[UploadFile]) -> Response:
    if not given.brand:
        return form(given, _settings(request), {"brand": t("setup.brand_missing")}, 422)
    if given.fields.get("on.file") and not files:
        return form(given, _settings(request), {"file": t("setup.file_missing")}, 422)
    response: Response = RedirectResponse("/", 303)
    try:
        who = _administrator(request, given, response)
        choices = [SourceChoice(kind, t(f"source.{kind}"), given.options(kind)) for kind in given.kinds()]
        platform = given.fields.get("file.platform", "web")
        with handed_over(files, _settings(request).uploads, {"platform": platform}) as kept:
            services().setup.begin(who, given.brand, given.synonyms, choices, kept)
    except ShenavaError as error:
        return _again(request, given, error, response)
    return response


def _demo(request: Request, given: Given) -> Response:
    response: Response = RedirectResponse("/setup/progress", 303)
    try:
        who = _administrator(request, given, response)
        if given.brand:
            services().setup.begin(who, given.brand, given.synonyms, ())
        services().setup.load_demo(who)
    except ShenavaError as error:
        return _again(request, given, error, response)
    return response


def _administrator(request: Request, given: Given, response: Response) -> Actor:
    """The administrator: who is signed in already, or made now and signed in by `response`."""
    if (who := viewer().actor) is not None:
        return who
    settings, accounts = _settings(request), services().accounts
    if settings.setup_token and not hmac.compare_digest(settings.setup_token.encode(), given.token.encode()):
        raise WrongSetupTokenError
    session = accounts.create_administrator(given.email, "", given.password, viewer().language, given.zone)
    remember(response, request, settings, session.token, session.max_age)
    made = accounts.actor_of(session.token)
    assert made is not None
    return made


class WrongSetupTokenError(InvalidInputError):
    """The one-time token of the first visit is not the printed one."""

    def __init__(self) -> None:
        super().__init__("The set-up token is not the one that was printed at the start.")


def _again(request: Request, given: Given, error: ShenavaError, response: Response) -> Response:
    """The form once more with what is wrong; keeps the session if the administrator exists by now."""
    again = form(given, _settings(request), _wrong(error), 422, signed_in="set-cookie" in response.headers)
    for cookie in response.headers.getlist("set-cookie"):
        again.headers.append("set-cookie", cookie)
    return again


def _wrong(error: ShenavaError) -> dict[str, str]:
    if isinstance(error, WeakPasswordError):
        return {"password": plain_sentence(error)}
    if isinstance(error, WrongSetupTokenError):
        return {"token": t("setup.token_wrong")}
    if isinstance(error, InvalidInputError) and "e-mail" in str(error):
        return {"email": t("setup.email_wrong")}
    return {"": plain_sentence(error)}


def _settings(request: Request) -> ConsoleSettings:
    settings = request.app.state.settings
    assert isinstance(settings, ConsoleSettings)
    return settings


def _uploads(data: FormData) -> list[UploadFile]:
    return [file for file in data.getlist("file") if isinstance(file, UploadFile) and file.filename]
