"""The first visit, and the demo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from dashboard.app import create_app
from dashboard.settings import ConsoleSettings
from tests.dashboard.client import Browser
from tests.dashboard.fakes import PASSWORD, an_actor, fake_services

pytestmark = pytest.mark.slow

GOOD = {"email": "negar@nanmah.example", "password": PASSWORD, "brand": "نان‌ماه", "synonyms": "nanmah، @nanmah_example",
        "on.jetstream": "on", "zone": "Europe/Berlin"}  # fmt: skip


def test_everything_leads_to_the_first_visit_until_it_is_made() -> None:
    browser = Browser(create_app(fake_services()))
    assert browser.get("/").headers["location"] == "/setup"
    assert browser.get("/login").headers["location"] == "/setup"
    assert browser.get("/setup").status_code == 200


def test_one_form_makes_the_administrator_and_starts_to_listen() -> None:
    services = fake_services()
    browser = Browser(create_app(services))
    assert browser.post("/setup", data=GOOD).headers["location"] == "/"
    [(brand, synonyms, choices, _)] = services.setup.begun
    assert (brand, synonyms) == ("نان‌ماه", ["nanmah", "@nanmah_example"])
    assert [(choice.kind, choice.options) for choice in choices] == [("jetstream", {})]
    assert browser.get("/session").status_code == 204
    assert browser.get("/setup").headers["location"] == "/"


def test_options_of_ticked_sources_only() -> None:
    services = fake_services()
    data = {**GOOD, "on.feed": "on", "feed.addresses": "https://a.example/feed", "mastodon.server": "https://m.example"}
    Browser(create_app(services)).post("/setup", data=data)
    chosen = {choice.kind: dict(choice.options) for choice in services.setup.begun[0][2]}
    assert chosen == {"jetstream": {}, "feed": {"addresses": "https://a.example/feed"}}


@pytest.mark.parametrize(("change", "said"), [
    ({"password": "short"}, "too short"),
    ({"password": "password1234"}, "leaked"),
    ({"email": "nobody"}, "not an e-mail"),
    ({"brand": " "}, "Name the brand"),
])  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_made(change: dict[str, str], said: str) -> None:
    services = fake_services()
    answer = Browser(create_app(services)).post("/setup", data={**GOOD, **change})
    assert answer.status_code == 422
    assert said in answer.text
    assert services.accounts.person is None
    assert services.setup.begun == []
    assert PASSWORD not in answer.text


def test_the_set_up_token_is_asked_for_and_must_be_right() -> None:
    services = fake_services()
    browser = Browser(create_app(services, ConsoleSettings(setup_token="a1b2")))
    assert 'name="token"' in browser.get("/setup").text
    assert browser.post("/setup", data=GOOD).status_code == 422
    assert browser.post("/setup/demo", data={**GOOD, "token": "a1b3"}).status_code == 422
    assert services.accounts.person is None
    assert browser.post("/setup", data={**GOOD, "token": "a1b2"}).status_code == 303


def test_nobody_makes_a_second_administrator() -> None:
    services = fake_services(an_actor())
    answer = Browser(create_app(services)).post("/setup", data={**GOOD, "email": "thief@x.example"})
    assert answer.headers["location"] == "/"
    assert services.accounts.person.email == an_actor().email


class Body:
    """A body without a stated length that notes how far it was read."""

    def __init__(self, pieces: int) -> None:
        self.pieces, self.read = pieces, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.pieces):
            self.read += 1
            yield b"x" * 100_000


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("path", ["/setup", "/setup/demo"])
@pytest.mark.parametrize("session", ["", "session-1"])
def test_once_the_first_visit_is_made_no_body_is_read(path: str, session: str) -> None:
    body = Body(30)
    answer = Browser(create_app(fake_services(an_actor())), session).post(path, content=body, headers=FORM)
    assert answer.headers["location"] == "/"
    assert body.read <= 1


def test_strangers_may_not_send_much() -> None:
    body = Body(30)
    browser = Browser(create_app(fake_services(an_actor())))
    assert browser.post("/login", content=body, headers=FORM).status_code == 413
    assert body.read == 11
    assert browser.post("/login", content=b"x" * 1_000_001, headers=FORM).status_code == 413
    assert browser.post("/login", data={"email": "x" * 900_000}).status_code == 401


def test_a_colleague_may_send_a_picture_but_no_more(tmp_path: Path) -> None:
    browser = Browser(create_app(fake_services(an_actor()), ConsoleSettings(uploads=tmp_path)), "session-1")
    body = Body(30)
    answer = browser.post("/api/v1/cases/c1/draft/files", content=body, headers={**FORM, "Content-Length": "21000001"})
    assert (answer.status_code, body.read <= 1) == (413, True)
    assert "21 MB" in answer.text
    files = {"other": ("posts.csv", b"x" * 21_000_001, "text/csv")}
    assert browser.post("/sources/file", data={"platform": "x"}, files=files).status_code != 413


def test_the_first_visit_may_bring_a_large_file(tmp_path: Path) -> None:
    services = fake_services()
    app = create_app(services, ConsoleSettings(uploads=tmp_path))
    files = {"file": ("posts.csv", b"x" * 3_000_000, "text/csv")}
    assert Browser(app).post("/setup", data=GOOD, files=files).headers["location"] == "/"
    assert (
        Browser(create_app(fake_services())).post("/setup", headers={**FORM, "Content-Length": "200000001"}).status_code
        == 413
    )


def test_an_administrator_without_a_brand_goes_on_where_they_stopped() -> None:
    services = fake_services(an_actor())
    services.setup.name = ""
    browser = Browser(create_app(services), "session-1")
    assert browser.get("/").headers["location"] == "/setup"
    page = browser.get("/setup").text
    assert 'name="email"' not in page
    assert browser.post("/setup", data={"brand": "Aseman"}).status_code == 303
    assert services.setup.begun[0][0] == "Aseman"


def test_a_file_is_kept_below_the_uploads_under_our_own_name(tmp_path: Path) -> None:
    services = fake_services()
    app = create_app(services, ConsoleSettings(uploads=tmp_path / "uploads"))
    files = {"file": ("../../posts.jsonl.gz", b"{}", "application/gzip")}
    Browser(app).post("/setup", data={**GOOD, "file.platform": "x"}, files=files)
    [kept] = services.setup.begun[0][3]
    path = kept.path
    assert (kept.name, kept.options) == ("posts.jsonl.gz", {"platform": "x"})
    assert path.parent == tmp_path / "uploads"
    assert path.name.endswith(".jsonl.gz")
    assert path.read_bytes() == b"{}"


def test_the_demo_needs_no_brand_and_shows_its_progress() -> None:
    services = fake_services()
    browser = Browser(create_app(services))
    answer = browser.post("/setup/demo", data={"email": "a@b.example", "password": PASSWORD})
    assert answer.headers["location"] == "/setup/progress"
    assert "/setup/progress.json" in browser.get("/setup/progress").text
    assert browser.get("/setup/progress.json").json() == {"done": 3, "total": 4, "finished": False, "error": False}
    services.setup.work = SimpleNamespace(done=4, total=4, state="done")
    assert browser.get("/setup/progress.json").json()["finished"] is True


def test_where_the_demo_was_asked_for_only_the_administrator_is_missing() -> None:
    services = fake_services()
    services.setup.load_demo(an_actor())
    browser = Browser(create_app(services))
    text = browser.get("/setup").text
    assert 'action="/setup/demo"' in text
    assert 'name="password"' in text
    assert 'name="brand"' not in text
    assert "The demo is loading" in text
    data = {"email": "negar@nanmah.example", "password": PASSWORD}
    assert browser.post("/setup/demo", data=data).headers["location"] == "/setup/progress"


def test_a_ticked_file_has_to_be_chosen() -> None:
    services = fake_services()
    answer = Browser(create_app(services)).post("/setup", data={**GOOD, "on.file": "on"})
    assert answer.status_code == 422
    assert services.accounts.person is None
    assert services.setup.begun == []


def test_progress_is_nobody_elses_business() -> None:
    assert Browser(create_app(fake_services(an_actor()))).get("/setup/progress.json").status_code == 401
