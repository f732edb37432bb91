"""The HTTP API under ``/api/v1``: the use cases as JSON, for whoever holds a token.

A module of this package with a ``router`` (an ``APIRouter``) is included by itself. Handlers are
plain functions; they take ``who: Caller`` and call a use case with ``who.actor``. Errors of the
project become ``{"error": code, "message": sentence}`` with a fitting status.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from starlette.requests import Request

from crm.errors import (
    AuthorisationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    RetryableError,
    ShenavaError,
)
from crm.policies.access import Actor, ForbiddenError
from crm.policies.files import LARGEST
from crm.query import QueryError
from dashboard.api.shapes import REFUSALS
from dashboard.auth import COOKIE
from dashboard.context import actor, services
from dashboard.errors import plain_sentence
from dashboard.requests import BodyTooLargeError
from dashboard.text import t

if TYPE_CHECKING:
    from crm.usecases.services import Services

_STATUS: tuple[tuple[type[ShenavaError], int, str], ...] = (
    (RateLimitedError, 429, "rate_limited"),
    (RetryableError, 503, "try_again"),
    (AuthorisationError, 401, "unauthorised"),
    (ForbiddenError, 403, "forbidden"),
    (InvalidInputError, 422, "invalid_input"),
    (NotFoundError, 404, "not_found"),
    (ConflictError, 409, "conflict"),
    (ShenavaError, 500, "failed"),
)
_token = HTTPBearer(auto_error=False, description="A token from Settings, sent as `Authorization: Bearer …`.")


class CallerOf:
    """Who calls: `actor` and the `services` they may use."""

    def __init__(self, actor: Actor, services: Services) -> None:
        self.actor, self.services = actor, services


def _caller(_credentials: Annotated[object, Depends(_token)]) -> CallerOf:
    # The middleware has judged the token already; the dependency tells OpenAPI that one is needed.
    return CallerOf(actor(), services())


Caller = Annotated[CallerOf, Depends(_caller)]


def create_api(modules: list[ModuleType]) -> FastAPI:
    """The API's own application, to be mounted at ``/api``."""
    api = FastAPI(title="Shenava", version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json",
                  description="Posts, cases, replies, customers, monitors and figures of one workspace.")  # fmt: skip
    version = APIRouter(prefix="/v1", responses=REFUSALS)
    for module in modules:
        if isinstance(router := getattr(module, "router", None), APIRouter):
            version.include_router(router)
    api.include_router(version)
    api.add_exception_handler(ShenavaError, _refuse)
    api.add_exception_handler(RequestValidationError, _refuse_shape)
    api.add_exception_handler(BodyTooLargeError, _refuse_large)
    api.add_exception_handler(Exception, _refuse_unknown)
    return api


def problem(error: ShenavaError) -> tuple[int, str]:
    """The status and the code of an error."""
    return next((status, code) for kind, status, code in _STATUS if isinstance(error, kind))


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, ShenavaError)
    status, code = problem(error)
    # Programs send a token and get English; with a session it is the console, which shows the sentence to a person.
    message = plain_sentence(error) if COOKIE in request.cookies else str(error)
    said: dict[str, object] = {"error": code, "message": message}
    if isinstance(error, QueryError):
        said |= {"code": error.code, "line": error.line, "column": error.column, "length": error.length}
    waits = error.retry_after if isinstance(error, RateLimitedError) else None
    headers = {"Retry-After": f"{waits:.0f}"} if waits is not None else None
    return JSONResponse(said, status, headers)


async def _refuse_large(request: Request, error: Exception) -> Response:
    assert isinstance(error, BodyTooLargeError)
    message = t("error.body_large", most=LARGEST / 1e6) if COOKIE in request.cookies else error.detail
    return JSONResponse({"error": "too_large", "message": message}, 413)


async def _refuse_shape(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return JSONResponse({"error": "invalid_input", "message": f"{where}: {first['msg']}."}, 422)


async def _refuse_unknown(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "failed", "message": "Something failed here; the log of the console says what."}, 500)
