"""Signing in on a platform in a real Chromium: from another site back to ours, with our session's cookie."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from dashboard.app import create_app
from dashboard.settings import ConsoleSettings
from tests.dashboard.bureau import open_bureau
from tests.dashboard.desk import Desk
from tests.dashboard.test_signing import Gate
from tests.services.oauth import SignInServer, sign_in_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def visit(tmp_path: Path, chromium: Any) -> Iterator[tuple[Any, Desk, SignInServer, str]]:
    """A page of the console at 127.0.0.1, beside a platform at localhost, which is another site to a browser."""
    with socket.socket() as bound, sign_in_server(life=None, lasting=False) as (server, served):
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        platform = served.url.replace("127.0.0.1", "localhost")
        allowed = (platform.removeprefix("http://"),)
        bureau = open_bureau(tmp_path, allow_addresses=allowed, port=port)  # type: ignore[arg-type]
        bureau.responders = {"mastodon": Gate("mastodon", server)}
        desk = Desk(bureau, "manager")
        server.redirect_uri = bureau.services.sign_ins.redirect_uri
        app = create_app(bureau.services, ConsoleSettings(port=port), bureau.clock.now)
        running = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [bound]})
        thread.start()
        url, context = f"http://127.0.0.1:{port}", chromium.new_context()
        page = context.new_page()
        page.goto(f"{url}/login")
        page.fill("input[name=email]", "manager@example.org")
        page.fill("input[name=password]", desk.password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda where: "/login" not in where)
        page.goto(f"{url}/settings/accounts")
        yield page, desk, server, platform
        context.close()
        running.should_exit = True
        thread.join(20)
        bureau.close()


def test_a_person_signs_in_on_another_site_and_comes_back(visit: tuple[Any, Desk, SignInServer, str]) -> None:
    page, desk, _, platform = visit
    page.locator("button[data-take='connect'][data-of='mastodon']").click()
    page.locator("form[data-take='sign-in!'] input[name=base_url]").fill(platform)
    page.locator("form[data-take='sign-in!'] button[type=submit]").click()
    page.locator("#sign-in-go").click()
    page.get_by_text("what you shared is connected").wait_for()
    assert page.url.endswith("/settings/accounts?signed=in")
    assert [one.handle for one in desk.bureau.services.sources.accounts(desk.actor)] == ["nanmah"]
    page.get_by_text("@nanmah").wait_for()


def test_a_person_who_does_not_agree_comes_back_too(visit: tuple[Any, Desk, SignInServer, str]) -> None:
    page, desk, server, platform = visit
    server.deny = True
    page.locator("button[data-take='connect'][data-of='mastodon']").click()
    page.locator("form[data-take='sign-in!'] input[name=base_url]").fill(platform)
    page.locator("form[data-take='sign-in!'] button[type=submit]").click()
    page.locator("#sign-in-go").click()
    page.get_by_text("You did not agree").wait_for()
    assert desk.bureau.services.sources.accounts(desk.actor) == []
