"""Signing in on a platform from the settings: who may, which return counts, and what never leaves the server."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from crm.errors import RetryableError
from crm.ports.responder import Account, AccountCheck
from crm.ports.signin import App
from crm.records import signins, sources
from crm.usecases.signing import LIFE
from shenava.settings import Settings
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import START
from tests.doubles.platform import MemoryPlatform
from tests.services.oauth import APP_ID, APP_SECRET, SignInServer, sign_in_server
from tests.services.web import Web

pytestmark = pytest.mark.slow

HOME = "http://localhost"


class Gate(MemoryPlatform):
    """Lets in whoever has a token that the server gave out, or the Page ``page-0``."""

    def __init__(self, platform: str, server: SignInServer) -> None:
        super().__init__(START)
        self.platform, self._server, self.silent = platform, server, set[str]()

    def check(self, account: Account) -> AccountCheck:
        found = json.loads(account.secret)["access_token"]
        if found in self.silent:
            raise RetryableError("The platform does not answer.")
        if found in self._server.tokens or found == "page-0":
            return AccountCheck("nanmah", ok=True, native_id=f"{self.platform}-1")
        return AccountCheck("", ok=False, problem="inactive")


@dataclass
class Room:
    """A console beside a platform where one can sign in."""

    bureau: Bureau
    server: SignInServer
    web: Web

    def begin(self, desk: Desk, platform: str = "x", **more: str) -> str:
        """The page of the platform to which somebody is sent."""
        app = {"client_id": APP_ID, "client_secret": APP_SECRET}
        answer = desk.take("settings", "sign-in!", platform, base_url=self.web.url, **(more or app))
        found = re.search(r'"href": "(http[^"]*)"', answer.text)
        assert found, answer.text
        assert APP_SECRET not in answer.text
        return html.unescape(json.loads(f'"{found[1]}"'))

    def agree(self, url: str) -> str:
        """The path of ours to which the platform sends the browser."""
        answer = httpx.get(url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"].removeprefix(HOME)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with sign_in_server(redirect_uri=f"{HOME}/oauth/back") as (server, served):
        bureau = open_bureau(tmp_path, allow_addresses=(served.host,), public_url=HOME)  # type: ignore[arg-type]
        bureau.responders = {one: Gate(one, server) for one in ("x", "facebook", "mastodon")}
        yield Room(bureau, server, served)
        bureau.close()


def came_back(desk: Desk, path: str) -> str:
    """What became of a sign-in, by the address on which the browser is sent on."""
    answer = desk.browser.get(path)
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert where.path == "/settings/accounts"
    return dict(parse_qsl(where.query))["signed"]


def accounts(desk: Desk) -> list[str]:
    return [one.handle for one in desk.bureau.services.sources.accounts(desk.actor)]


@pytest.mark.parametrize(("language", "asked", "said"), [
    ("en", "Sign in with X", "what you shared is connected"), ("fa", "ورود با", "آنچه اجازه دادید وصل شد"),
])  # fmt: skip
def test_an_account_is_connected_by_signing_in(room: Room, language: str, asked: str, said: str) -> None:
    desk = Desk(room.bureau, "manager", language)
    dialog = desk.take("settings", "connect", "x").text
    for part in (asked, f"{HOME}/oauth/back", "client_id", '"secret"'):
        assert part in dialog
    path = room.agree(room.begin(desk))
    assert came_back(desk, path) == "in"
    assert accounts(desk) == ["nanmah"]
    page = desk.open("/settings/accounts", "?signed=in")
    assert said in page
    assert said not in desk.open("/settings/accounts", "?signed=%3Cscript%3E")
    assert "<script>" not in desk.open("/settings/accounts", "?signed=%3Cscript%3E")


def test_the_app_is_asked_for_once(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    came_back(desk, room.agree(room.begin(desk)))
    sign_ins = room.bureau.services.sign_ins
    assert not sign_ins.needs_app(desk.actor, "x", room.web.url)
    assert sign_ins.needs_app(desk.actor, "x")
    again = desk.take("settings", "sign-in!", "x", base_url=room.web.url)
    assert "sign-in-go" in again.text
    assert "client_id" in desk.take("settings", "sign-in-app", "x").text
    stranger = Desk(room.bureau, "stranger")
    assert sign_ins.needs_app(stranger.actor, "x", room.web.url)


def test_without_an_app_nobody_is_sent_anywhere(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    for app in ({}, {"client_id": "", "client_secret": "x"}, {"client_id": "a b", "client_secret": "x"}):
        answer = desk.take("settings", "sign-in!", "x", base_url=room.web.url, **app)
        assert "needs an app of yours" in answer.text
        assert "sign-in-go" not in answer.text


def test_a_return_counts_once(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    path = room.agree(room.begin(desk))
    assert [came_back(desk, path), came_back(desk, path)] == ["in", "stale"]
    assert came_back(desk, "/oauth/back?state=guess&code=x") == "stale"
    assert came_back(desk, "/oauth/back") == "stale"


def test_a_return_counts_for_who_began_and_for_their_session(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    for other in ("administrator", "stranger", "manager"):
        path = room.agree(room.begin(desk))
        somebody = Desk(room.bureau, other)
        assert came_back(somebody, path) == "stranger"
        assert accounts(somebody) == []
        desk = Desk(room.bureau, "manager")  # a password was changed, which ended the session
    assert "begun by somebody else" in desk.open("/settings/accounts", "?signed=stranger")


def test_a_late_return_does_not_count(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    path = room.agree(room.begin(desk))
    room.bureau.clock.advance(LIFE.total_seconds())  # type: ignore[attr-defined]
    assert came_back(desk, path) == "stale"
    assert accounts(desk) == []


def test_who_is_not_signed_in_or_may_not_is_told_so(room: Room) -> None:
    desk, agent = Desk(room.bureau, "manager"), Desk(room.bureau, "agent")
    path = room.agree(room.begin(desk))
    assert came_back(agent, path) == "forbidden"
    room.bureau.browser.cookies.clear()
    answer = room.bureau.browser.get(path)
    assert answer.headers["location"] == "/login?next=/settings/accounts"
    token = {"Authorization": f"Bearer {room.bureau.tokens['manager']}"}
    assert room.bureau.browser.get(path, headers=token).headers["location"].startswith("/login")
    assert "href" not in agent.take("settings", "sign-in!", "x", base_url=room.web.url, client_id="a").text
    assert came_back(desk, path) == "in"


def test_who_does_not_agree_has_nothing_connected(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    room.server.deny = True
    assert came_back(desk, room.agree(room.begin(desk))) == "denied"
    assert accounts(desk) == []
    assert "You did not agree" in desk.open("/settings/accounts", "?signed=denied")


def test_what_the_platform_does_wrong_is_told(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    path = room.agree(room.begin(desk))
    room.server.faults = [lambda answer: type(answer)(500)]
    assert came_back(desk, path) == "later"
    path = room.agree(room.begin(desk, client_id=APP_ID, client_secret="guess"))
    assert came_back(desk, path) == "app"
    room.server.lasting = False
    assert came_back(desk, room.agree(room.begin(desk))) == "no_refresh"
    assert accounts(desk) == []


def test_of_several_pages_those_that_work_are_connected(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    assert came_back(desk, room.agree(room.begin(desk, "facebook"))) == "in"
    assert accounts(desk) == ["nanmah"]
    room.server.pages = 0
    assert came_back(desk, room.agree(room.begin(desk, "facebook"))) == "nothing"


@pytest.mark.parametrize(("language", "said"), [("en", "Configuration id"), ("fa", "شناسهٔ پیکربندی")])
def test_an_app_for_business_is_kept_with_its_configuration(room: Room, language: str, said: str) -> None:
    desk = Desk(room.bureau, "manager", language)
    assert said in desk.take("settings", "connect", "facebook").text
    assert said not in desk.take("settings", "connect", "x").text
    room.server.config_id = "8812"
    app = {"client_id": APP_ID, "client_secret": APP_SECRET, "config_id": "8812"}
    for given in (app, {"language": language}):  # asked for once
        assert came_back(desk, room.agree(room.begin(desk, "facebook", **given))) == "in"
    wrong = desk.take("settings", "sign-in!", "facebook", base_url=room.web.url, **(app | {"config_id": "a b"}))
    assert "sign-in-go" not in wrong.text


def test_a_page_that_can_not_be_checked_now_does_not_lose_the_others(room: Room) -> None:
    desk, gate = Desk(room.bureau, "manager"), room.bureau.responders["facebook"]
    assert isinstance(gate, Gate)
    gate.silent = {"page-1"}
    assert came_back(desk, room.agree(room.begin(desk, "facebook"))) == "some"
    assert accounts(desk) == ["nanmah"]
    assert "connect the rest" in desk.open("/settings/accounts", "?signed=some")
    gate.silent = {"page-0", "page-1"}
    assert came_back(desk, room.agree(room.begin(desk, "facebook"))) == "later"


def test_a_sign_in_from_another_spelling_of_our_address_is_not_begun(room: Room) -> None:
    desk = Desk(room.bureau, "manager")
    desk.browser.base = "http://127.0.0.1:8050"
    app = {"client_id": APP_ID, "client_secret": APP_SECRET}
    answer = desk.take("settings", "sign-in!", "x", base_url=room.web.url, **app)
    assert "sign-in-go" not in answer.text
    assert f"sends you back to {HOME}, where you are not signed in" in answer.text


def test_a_server_of_mastodon_is_asked_for_an_app_each_time(room: Room) -> None:
    room.server.life, room.server.lasting = None, False
    desk = Desk(room.bureau, "manager")
    assert "client_id" not in desk.take("settings", "connect", "mastodon").text
    for _ in range(2):
        assert came_back(desk, room.agree(room.begin(desk, "mastodon", language="en"))) == "in"
    assert [path for path, _ in room.server.asked].count("/api/v1/apps") == 2
    with room.bureau.records.read() as tx:
        assert signins.app_of(tx, desk.actor.workspace, "mastodon", room.web.url) is None


def test_no_secret_is_in_files_pages_logs_or_the_trail(
    room: Room, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    desk = Desk(room.bureau, "manager")
    url = room.begin(desk)
    state = dict(parse_qsl(urlsplit(url).query))["state"]
    assert came_back(desk, room.agree(url)) == "in"
    verifier = next(said["code_verifier"] for _, said in room.server.asked if "code_verifier" in said)
    hidden = [APP_SECRET, verifier, *room.server.tokens, *room.server.refreshers]
    stored = b"".join(one.read_bytes() for one in tmp_path.glob("records.sqlite*"))
    shown = desk.open("/settings/accounts") + desk.open("/audit") + caplog.text
    for one in hidden:
        assert one not in shown
        assert one.encode() not in stored
    assert state.encode() not in stored
    with room.bureau.records.read() as tx:
        (row,) = sources.every_account(tx)
        kept = json.loads(room.bureau.vault.decrypt(sources.secret_of(tx, row.id)))
    assert kept["refresh_token"] in room.server.refreshers


def test_apps_of_the_installation_are_for_official_servers(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, x_client_id="ours", x_client_secret="hush", public_url="https://crm.example/")
    assert settings.apps == {"x": App("ours", "hush")}
    meta = Settings(data=tmp_path, meta_client_id="ours", meta_config_id="8812").apps
    assert meta == dict.fromkeys(("facebook", "instagram"), App("ours", config_id="8812"))
    assert "hush" not in repr(settings)
    assert settings.redirect_uri == "https://crm.example/oauth/back"
    assert Settings(data=tmp_path, host="::", port=9).redirect_uri == "http://[::1]:9/oauth/back"
    bureau = open_bureau(tmp_path, x_client_id="ours", x_client_secret="hush")
    desk = Desk(bureau, "manager")
    assert not bureau.services.sign_ins.needs_app(desk.actor, "x")
    assert bureau.services.sign_ins.needs_app(desk.actor, "x", "https://x.example")
    url = bureau.services.sign_ins.begin(desk.actor, "x")
    assert url.startswith("https://x.com/i/oauth2/authorize?")
    assert "client_id=ours" in url
    bureau.close()
