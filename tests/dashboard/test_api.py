"""The frame of the HTTP API."""

from __future__ import annotations

from types import ModuleType

import pytest
from fastapi import APIRouter

from crm.errors import (
    AuthorisationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    RetryableError,
    ShenavaError,
    StoreError,
)
from crm.policies.access import ForbiddenError
from dashboard.api import create_api, problem
from dashboard.app import create_app
from tests.dashboard.client import Browser
from tests.dashboard.fakes import an_actor, fake_services

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("error", "expected"), [
    (InvalidInputError("x"), (422, "invalid_input")),
    (NotFoundError("case", "1"), (404, "not_found")),
    (ConflictError("x"), (409, "conflict")),
    (ForbiddenError(an_actor(), "erase"), (403, "forbidden")),
    (AuthorisationError("x"), (401, "unauthorised")),
    (RateLimitedError("x", 3), (429, "rate_limited")),
    (RetryableError("x"), (503, "try_again")),
    (StoreError("x"), (500, "failed")),
])  # fmt: skip
def test_every_error_has_its_status(error: ShenavaError, expected: tuple[int, str]) -> None:
    assert problem(error) == expected


def test_errors_are_json_with_a_sentence() -> None:
    router = APIRouter()

    @router.get("/busy")
    def busy() -> None:
        raise RateLimitedError("X", 30)

    module = ModuleType("routes")
    module.router = router  # type: ignore[attr-defined]
    answer = Browser(create_api([module])).get("/v1/busy")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"
    assert answer.json() == {"error": "rate_limited", "message": "X limits our rate; it asks for a pause of 30 s."}


def test_the_description_is_open_and_names_the_token() -> None:
    browser = Browser(create_app(fake_services(an_actor())))
    described = browser.get("/api/openapi.json").json()
    assert described["paths"]["/v1/me"]["get"]["security"] == [{"HTTPBearer": []}]
    assert "/api/v1/me" in browser.get("/api/docs").text


def test_an_unsafe_call_with_a_token_needs_no_origin() -> None:
    browser = Browser(create_app(fake_services(an_actor())))
    answer = browser.send("POST", "/api/v1/me", headers={"Authorization": "Bearer api-1"})
    assert answer.status_code == 405
