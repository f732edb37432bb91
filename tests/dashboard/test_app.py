"""The console as a browser meets it: who gets in, what every answer carries, what is refused."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI

from dashboard.app import create_app
from dashboard.settings import ConsoleSettings
from tests.dashboard.client import Browser
from tests.dashboard.fakes import PASSWORD, an_actor, fake_services

pytestmark = pytest.mark.slow

ROUTE = "..page.children...page-title.data.."


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(fake_services(an_actor("fa")))


@pytest.fixture
def signed(app: FastAPI) -> Browser:
    return Browser(app, "session-1")


def test_without_a_session_pages_lead_to_the_log_in_and_back(app: FastAPI) -> None:
    answer = Browser(app).get("/more?a=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/more%3Fa%3D1")


@pytest.mark.parametrize("path", ["/_dash-layout", "/_dash-dependencies", "/live", "/session", "/api/v1/me"])
def test_without_a_session_machines_get_401(app: FastAPI, path: str) -> None:
    assert Browser(app).get(path).status_code == 401


def test_without_a_session_no_callback_runs(app: FastAPI) -> None:
    assert Browser(app).call(ROUTE, {"url.pathname": "/more", "url.search": ""}).status_code == 401


def test_a_made_up_session_is_nobody(app: FastAPI) -> None:
    assert Browser(app, "session-9").get("/session").status_code == 401


def test_a_session_is_no_api_token(app: FastAPI) -> None:
    stranger = Browser(app)
    assert stranger.get("/api/v1/me", headers={"Authorization": "Bearer session-1"}).status_code == 401
    assert stranger.get("/api/v1/me", headers={"Authorization": "Bearer api-1"}).json()["role"] == "administrator"
    assert stranger.get("/_dash-layout", headers={"Authorization": "Bearer api-1"}).status_code == 401


def test_health_needs_nobody(app: FastAPI) -> None:
    assert Browser(app).get("/health").text == "ok"
    assert Browser(app).get("/ready").text == "ready"


def test_the_document_speaks_the_persons_language(signed: Browser) -> None:
    assert '<html lang="fa" dir="rtl"' in signed.get("/more").text
    english = Browser(create_app(fake_services(an_actor("en"))), "session-1").get("/more").text
    assert '<html lang="en" dir="ltr"' in english


def test_an_unknown_address_is_a_real_404_inside_the_frame(signed: Browser) -> None:
    assert signed.get("/more").status_code == 200
    answer = signed.get("/no/such")
    assert answer.status_code == 404
    assert 'class="rail"' in answer.text


def test_every_answer_carries_the_security_headers(signed: Browser) -> None:
    for path in ("/more", "/login", "/assets/keys.js", "/api/v1/me", "/no/such"):
        headers = signed.get(path).headers
        policy = headers["content-security-policy"]
        scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "'unsafe-inline'" not in scripts, path
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_the_only_inline_script_is_allowed_by_its_hash(signed: Browser) -> None:
    answer = signed.get("/more")
    assert answer.text.count("<script>") + answer.text.count('<script id="_dash-renderer"') == 1
    assert "'sha256-" in answer.headers["content-security-policy"]


def test_versioned_assets_are_kept_and_pages_are_not(signed: Browser) -> None:
    assert "immutable" in signed.get("/assets/keys.js?m=1").headers["cache-control"]
    assert signed.get("/assets/keys.js").headers["cache-control"] == "no-cache"
    assert signed.get("/more").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_request_from_another_site_changes_nothing(headers: dict[str, str]) -> None:
    services = fake_services(an_actor())
    answer = Browser(create_app(services), "session-1").post("/logout", headers=headers)
    assert answer.status_code == 403
    assert "session-1" in services.accounts.sessions


@pytest.mark.parametrize(("host", "status"), [("localhost:8050", 200), ("127.0.0.1", 200), ("[::1]:80", 200),
                                              ("rebound.example", 421), ("", 421), ("[", 421),
                                              ("[::1", 421)])  # fmt: skip
def test_a_foreign_host_name_is_refused(app: FastAPI, host: str, status: int) -> None:
    assert Browser(app).get("/health", headers={"Host": host}).status_code == status


def test_the_public_name_is_ours() -> None:
    app = create_app(fake_services(), ConsoleSettings(public_url="https://crm.firm.example"))
    assert Browser(app).get("/health", headers={"Host": "crm.firm.example"}).status_code == 200


def test_the_right_password_starts_a_session_that_scripts_cannot_read() -> None:
    person = an_actor()
    browser = Browser(create_app(fake_services(person)))
    answer = browser.post("/login", data={"email": person.email, "password": PASSWORD, "next": "/more"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/more")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert browser.get("/session").status_code == 204


def test_behind_tls_the_cookie_is_secure() -> None:
    person = an_actor()
    app = create_app(fake_services(person), ConsoleSettings(behind_proxy=True))
    answer = Browser(app).post("/login", data={"email": person.email, "password": PASSWORD},
                               headers={"X-Forwarded-Proto": "https"})  # fmt: skip
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_log_in_leads_nowhere_else(target: str) -> None:
    person = an_actor()
    answer = Browser(create_app(fake_services(person))).post(
        "/login", data={"email": person.email, "password": PASSWORD, "next": target}
    )
    assert answer.headers["location"] == "/"


def test_a_wrong_password_says_so_and_keeps_the_email() -> None:
    browser = Browser(create_app(fake_services(an_actor())))
    answer = browser.post("/login", data={"email": "a<b@x.example", "password": "no"})
    assert answer.status_code == 401
    assert "not right" in answer.text
    assert 'value="a&lt;b@x.example"' in answer.text


def test_too_many_tries_have_to_wait() -> None:
    services = fake_services(an_actor())
    services.accounts.wrong_tries = 5
    assert Browser(create_app(services)).post("/login", data={"email": "x", "password": "y"}).status_code == 429


def test_the_address_behind_a_proxy_is_the_last_one_it_added() -> None:
    seen: list[str] = []
    services = fake_services(an_actor())
    log_in = services.accounts.log_in

    def noted(email: str, password: str, address: str = "") -> Any:
        seen.append(address)
        return log_in(email, password, address)

    services.accounts.log_in = noted
    app = create_app(services, ConsoleSettings(behind_proxy=True))
    Browser(app).post("/login", data={"email": "x"}, headers={"X-Forwarded-For": "1.2.3.4, 5.6.7.8"})
    assert seen == ["5.6.7.8"]


def test_the_log_in_speaks_the_browsers_language_until_one_is_chosen(app: FastAPI) -> None:
    browser = Browser(app)
    assert 'lang="fa"' in browser.get("/login", headers={"Accept-Language": "de,fa-IR;q=0.8"}).text
    browser.get("/login?language=en")
    assert '<html lang="en"' in browser.get("/login", headers={"Accept-Language": "fa"}).text


def test_log_out_ends_the_session_on_the_server() -> None:
    services = fake_services(an_actor())
    browser = Browser(create_app(services), "session-1")
    assert browser.post("/logout").headers["location"] == "/login"
    assert services.accounts.sessions == {}


def test_a_preference_is_kept_and_the_page_comes_back() -> None:
    services = fake_services(an_actor("en"))
    browser = Browser(create_app(services), "session-1")
    answer = browser.post("/preferences", data={"language": "fa"}, headers={"Referer": "http://localhost/more?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/more?x=1")
    assert (services.team.kept.language, services.team.kept.keys) == ("fa", True)
    browser.post("/preferences", data={"keys": "off"})
    assert 'data-keys="off"' in browser.get("/more").text
    assert '<html lang="fa"' in browser.get("/more").text


def test_no_two_callbacks_write_the_same_place(signed: Browser) -> None:
    outputs: list[str] = []
    for entry in signed.get("/_dash-dependencies").json():
        outputs += entry["output"].strip(".").split("...")
    assert [output for output, times in Counter(outputs).items() if times > 1] == []


def test_the_frame_shows_the_page_of_the_address(signed: Browser) -> None:
    answer = signed.call(ROUTE, {"url.pathname": "/more", "url.search": ""})
    assert answer.json()["response"]["page-title"]["data"] == "بیشتر | شنوا"
    lost = signed.call(ROUTE, {"url.pathname": "/nope", "url.search": ""})
    assert lost.json()["response"]["page-title"]["data"] == "چنین صفحه‌ای نیست | شنوا"


def test_made_up_data_are_marked_in_the_frame() -> None:
    services = fake_services(an_actor())
    browser = Browser(create_app(services), "session-1")
    before = browser.get("/_dash-layout")
    assert before.status_code == 200
    assert '"Made up"' not in before.text
    services.setup.load_demo(an_actor())
    assert '"Made up"' in browser.get("/_dash-layout").text


def test_a_number_that_can_not_be_counted_leaves_the_frame_standing(caplog: pytest.LogCaptureFixture) -> None:
    services = fake_services(an_actor(), inbox=SimpleNamespace())
    answer = Browser(create_app(services), "session-1").get("/_dash-layout")
    assert answer.status_code == 200
    assert "could not be counted" in caplog.text
