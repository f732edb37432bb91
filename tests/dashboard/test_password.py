"""A one-time password opens nothing but the form that replaces it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.client import Browser
from tests.dashboard.desk import ROUTE

pytestmark = pytest.mark.slow

OWN = "correct horse battery"


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    one = open_bureau(tmp_path)
    yield one
    one.close()


@pytest.fixture
def once(bureau: Bureau) -> str:
    """The agent's one-time password."""
    return bureau.accounts.reset_password("agent@example.org")


@pytest.fixture
def newcomer(bureau: Bureau, once: str) -> Browser:
    browser = Browser(bureau.browser.app)
    browser.post("/login", data={"email": "agent@example.org", "password": once})
    return browser


def test_it_opens_the_form_alone(newcomer: Browser) -> None:
    for path in ("/", "/inbox", "/settings", "/setup/progress"):
        answer = newcomer.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/password"), path
    assert newcomer.call(ROUTE, {"url.pathname": "/settings", "url.search": ""}).status_code == 403
    for path in ("/_dash-layout", "/live", "/api/v1/cases"):
        assert newcomer.get(path).status_code == 403, path
    page = newcomer.get("/password")
    assert page.status_code == 200
    assert "one-time password" in page.text
    assert newcomer.get("/session").status_code == 204


def test_its_tokens_open_nothing(bureau: Bureau, once: str) -> None:
    someone = bureau.accounts.actor_of(bureau.accounts.log_in("agent@example.org", once).token)
    assert someone is not None
    bureau.tokens["agent"] = bureau.accounts.create_api_token(someone, "reports")
    answer = bureau.as_("agent", "GET", "/cases")
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    bureau.accounts.change_password(someone, once, OWN)
    assert bureau.as_("agent", "GET", "/cases").status_code == 200


def test_with_a_password_of_ones_own_everything_opens(bureau: Bureau, newcomer: Browser, once: str) -> None:
    for given, said in (
        ({"old": once, "new": OWN, "again": "other"}, "not the same"),
        ({"old": "guess", "new": OWN, "again": OWN}, "not your password"),
        ({"old": once, "new": "tiny", "again": "tiny"}, "too short"),
    ):
        answer = newcomer.post("/password", data=given)
        assert answer.status_code == 422
        assert said in answer.text
    assert newcomer.post("/password", data={"old": once, "new": OWN, "again": OWN}).headers["location"] == "/"
    assert newcomer.get("/inbox").status_code == 200
    assert newcomer.get("/password").headers["location"] == "/"
    assert bureau.accounts.log_in("agent@example.org", OWN).user_id == "agent"


def test_guesses_have_to_wait(newcomer: Browser) -> None:
    tries = [newcomer.post("/password", data={"old": "guess", "new": OWN, "again": OWN}) for _ in range(6)]
    assert [one.status_code for one in tries] == [422] * 5 + [429]


def test_the_language_can_be_chosen_and_the_door_is_open(newcomer: Browser) -> None:
    assert newcomer.get("/password?language=fa").headers["location"] == "/password"
    assert '<html lang="fa" dir="rtl"' in newcomer.get("/password").text
    assert newcomer.post("/logout").headers["location"] == "/login"
    assert newcomer.get("/password").headers["location"].startswith("/login")
