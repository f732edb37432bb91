"""Health, settings, team and audit in a real Chromium: forms, drawers, an upload, both directions, a phone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from crm.policies.rules import AddTag, Assign, SetPriority
from crm.records import roles
from crm.usecases.toolbox import RuleDraft
from tests.conformance.dead_letters import letter
from tests.dashboard.bureau import open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import START

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"width": 390, "height": 844}
PAGES = ("/status", "/settings", "/settings/workspace", "/settings/accounts", "/settings/rules", "/team", "/audit")


class Tab:
    """A page of a served console, and what it complained about."""

    def __init__(self, page: Any, url: str, desk: Desk) -> None:
        self.page, self.url, self.desk = page, url, desk
        self.complaints: list[str] = []
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> None:
        """Go to `path` and wait for the page's own title."""
        self.page.goto(f"{self.url}{path}")
        self.page.wait_for_selector("#page .main h1")

    def press(self, what: str, of: str = "") -> None:
        """Press the first button that takes this step."""
        which = f"[data-of='{of}']" if of else ""
        self.page.locator(f"button[data-take='{what}']{which}").first.click()

    def send(self, what: str) -> None:
        """Send the form that takes this step."""
        self.page.locator(f"form[data-take='{what}'] button[type=submit]").click()


@pytest.fixture(params=["fa", "en"])
def tab(request: pytest.FixtureRequest, tmp_path: Path, chromium: Any) -> Iterator[Tab]:
    bureau = open_bureau(tmp_path)
    desk = Desk(bureau, "administrator", request.param)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(bureau.browser.app, log_level="warning", timeout_graceful_shutdown=1, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": "shenava_session", "value": desk.browser.cookies["shenava_session"], "url": url}])
        yield Tab(context.new_page(), url, desk)
        context.close()
        server.should_exit = True
        thread.join(20)
    bureau.close()


def test_a_source_is_added_and_what_is_wrong_is_said_first(tab: Tab) -> None:
    tab.open("/status")
    tab.press("add")
    tab.press("add-kind", "feed")
    tab.page.locator("form[data-take='add!'] input[name=url]").fill("nonsense")
    tab.send("add!")
    tab.page.wait_for_selector("form[data-take='add!'] [aria-invalid=true]")
    tab.page.locator("form[data-take='add!'] input[name=url]").fill("https://news.example/feed.xml")
    tab.send("add!")
    tab.page.get_by_text("news.example/feed.xml").wait_for()
    assert tab.complaints == []


def test_a_file_is_uploaded_by_itself(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("id,text,created_at\n1,my card is lost,2026-03-01\n", encoding="utf-8")
    tab.open("/status")
    tab.press("add")
    tab.press("add-kind", "file")
    with tab.page.expect_file_chooser() as chosen:
        tab.page.locator("[data-pick]").click()
    chosen.value.set_files(str(path))
    tab.send("uploaded")
    tab.page.locator(".srct").get_by_text("posts.csv").wait_for()
    (row,) = tab.desk.bureau.services.sources.all(tab.desk.actor)
    assert row.options["platform"] == "x"
    assert tab.complaints == []


def test_dead_letters_are_read_and_replayed(tab: Tab) -> None:
    tab.desk.bureau.dead.add([letter(1)])
    tab.open("/status")
    tab.press("read")
    tab.page.locator("pre.value").get_by_text("خراب").wait_for()
    tab.page.locator(".mantine-Drawer-body button[data-take=replay]").click()
    tab.page.locator(".deadt").wait_for(state="detached")
    assert tab.desk.bureau.services.health.view(tab.desk.actor).dead_total == 0
    assert tab.complaints == []


def test_silence_shows_without_a_reload(tab: Tab) -> None:
    with tab.desk.bureau.records.write() as tx:
        roles.report(tx, "enrich", "running", {}, START)
    tab.open("/status")
    assert tab.page.locator(".qu .neg").count() == 0
    tab.desk.bureau.clock.sleep(30)
    tab.page.locator(".qu .neg").wait_for()


def test_a_member_comes_with_a_password_shown_once_and_their_role_changes(tab: Tab) -> None:
    tab.open("/team")
    tab.press("add")
    tab.page.locator("input[name=name]").fill("Sam")
    tab.page.locator("input[name=email]").fill("sam@example.org")
    tab.send("add!")
    password = tab.page.locator("#once").inner_text()
    assert tab.desk.bureau.accounts.log_in("sam@example.org", password).user_id
    tab.page.locator(".once + .alert + .row button").click()
    tab.page.locator("#once").wait_for(state="detached")
    assert password not in tab.page.content()
    assert tab.complaints == []


def test_the_working_week_is_saved_with_its_boxes(tab: Tab) -> None:
    tab.open("/settings/workspace")
    tab.page.locator("input[name=weekend][value='4']").check()
    tab.page.locator("input[name=from]").fill("08:30")
    tab.page.locator("input[name=until]").fill("17:00")
    tab.page.locator("textarea[name=holidays]").fill("1405/01/01")
    tab.send("workspace")
    tab.page.wait_for_selector(".toast")
    kept = tab.desk.bureau.services.setup.workspace(tab.desk.actor)
    assert (kept.weekend, kept.business_hours["from"], kept.business_hours["holidays"]) == (
        (4,),
        "08:30",
        ["2026-03-21"],
    )
    assert tab.complaints == []


def test_a_chain_is_verified_before_ones_eyes(tab: Tab) -> None:
    tab.desk.bureau.services.trail.seal()
    tab.open("/audit")
    tab.press("verify")
    tab.page.locator(".mantine-Modal-body .alert.acc").wait_for()
    tab.press("close")
    tab.page.locator(".mantine-Modal-body").wait_for(state="detached")
    assert tab.complaints == []


def test_nothing_is_wider_than_a_phone(tab: Tab) -> None:
    tab.desk.bureau.dead.add([letter(n) for n in range(3)])
    toolbox, does = tab.desk.bureau.services.toolbox, (AddTag("lost"), Assign("agent"), SetPriority("high"))
    toolbox.save_rule(tab.desk.actor, RuleDraft("Lost", "lost card", does))
    tab.page.set_viewport_size(PHONE)
    for path in PAGES:
        tab.open(path)
        widths = tab.page.evaluate(
            "[document.documentElement.scrollWidth, document.querySelector('.main').scrollWidth]"
        )
        assert max(widths) <= PHONE["width"], path
        if path in ("/status", "/team"):
            tables = "(all) => all.map((one) => one.scrollWidth - one.clientWidth)"
            assert max(tab.page.locator(".table-box").evaluate_all(tables)) <= 0, path
        assert tab.complaints == [], path
