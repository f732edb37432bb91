"""The inbox in a real Chromium: opening, writing, keys, live updates, a phone, both directions."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from crm.usecases.team import Preferences
from tests.dashboard.inbox_room import Room
from tests.doubles.office import said

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROWS = "#inbox-list a.q"


class Tab:
    """A served inbox, and pages on it."""

    def __init__(self, room: Room, url: str, token: str, chromium: Any) -> None:
        self.room, self.url, self.token, self.chromium = room, url, token, chromium
        self.complaints: list[str] = []

    def open(self, path: str = "/inbox?sort=newest", **options: Any) -> Page:
        context = self.chromium.new_context(
            base_url=self.url, **{"viewport": {"width": 1440, "height": 900}, **options}
        )
        context.add_cookies([{"name": "shenava_session", "value": self.token, "url": self.url}])
        page: Page = context.new_page()
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path)
        page.wait_for_selector("html[data-live=on]")
        page.wait_for_selector("#inbox-queue-head h1", state="attached")
        return page


@pytest.fixture(params=["en", "fa"])
def tab(request: pytest.FixtureRequest, tmp_path: Path, chromium: Any) -> Iterator[Tab]:
    room = Room(tmp_path)
    room.connect()
    room.hear(*(said(name, f"my card is {name}", at=at, who=f"did:{name}") for at, name in enumerate("abc")))
    browser = room.browser
    room.services.team.set_preferences(room.actor(), Preferences(request.param))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(browser.app, log_level="warning", timeout_graceful_shutdown=1, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        one = Tab(room, f"http://127.0.0.1:{bound.getsockname()[1]}", browser.cookies["shenava_session"], chromium)
        yield one
        for context in list(chromium.contexts):
            context.close()
        server.should_exit = True
        thread.join(20)
    room.bureau.close()
    assert one.complaints == []


def test_keys_open_answer_and_call_back(tab: Tab) -> None:
    page = tab.open()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#inbox-head h2")).to_contain_text("my card is b")
    expect(page).to_have_url(re.compile("case="))
    page.keyboard.press("r")
    expect(page.locator("#inbox-text")).to_be_focused()
    page.keyboard.type("We send a new one.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-state=approved]")).to_be_visible()
    expect(page.locator("#inbox-text")).to_have_value("")
    page.locator(".toast button").click()
    expect(page.locator("#inbox-text")).to_have_value("We send a new one.")
    expect(page.locator("[data-state=approved]")).to_have_count(0)


def test_the_composer_holds_its_buttons_and_what_is_sent_is_no_draft(tab: Tab) -> None:
    for width in (1280, 390):
        page = tab.open(viewport={"width": width, "height": 844})
        page.locator(ROWS).first.click()
        page.locator("#inbox-text").fill("We look into it.")
        expect(page.locator("#inbox-saved")).not_to_be_empty()
        cut = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.id)"
        assert page.locator("#inbox-comp, #inbox-comp .cf, #inbox-saved").evaluate_all(cut) == []
        page.locator("[data-do=send]").first.click()
        expect(page.locator("#inbox-saved")).to_be_empty()
        page.locator(".toast button").first.click()
        expect(page.locator("#inbox-text")).to_have_value("We look into it.")


def test_resolving_goes_on_and_the_row_leaves(tab: Tab) -> None:
    page = tab.open()
    page.locator(ROWS).first.click()
    expect(page.locator("#inbox-head h2")).to_contain_text("my card is c")
    page.keyboard.press("e")
    expect(page.locator("#inbox-head h2")).to_contain_text("my card is b")
    expect(page.locator(ROWS)).to_have_count(2)


def test_a_new_case_is_announced_and_typed_words_stay(tab: Tab) -> None:
    page = tab.open()
    page.locator(ROWS).first.click()
    page.locator("#inbox-text").fill("half a sent")
    page.locator("#inbox-text").focus()
    tab.room.hear(said("d", "my card is d", at=9, who="did:d"), said("c2", "hello?", at=10, who="did:c", root="c"))
    expect(page.locator("#inbox-newer")).to_be_visible()
    expect(page.locator(ROWS)).to_have_count(3)
    expect(page.locator("#inbox-items article")).to_have_count(2)
    expect(page.locator("#inbox-text")).to_have_value("half a sent")
    expect(page.locator("#inbox-text")).to_be_focused()
    page.locator("#inbox-newer").click()
    expect(page.locator(ROWS)).to_have_count(4)


def test_menus_open_by_key_move_by_arrows_and_do_one_thing(tab: Tab) -> None:
    page = tab.open()
    page.locator(ROWS).first.click()
    expect(page.locator("#inbox-snooze")).to_be_visible()
    page.keyboard.press("s")
    items = page.locator("#inbox-head .menu:not([hidden]) [role=menuitem]")
    expect(items.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#inbox-head .menu:not([hidden])")).to_have_count(0)
    expect(page.locator("#inbox-snooze")).to_be_focused()
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(2)


def test_notes_are_set_apart_and_kept(tab: Tab) -> None:
    page = tab.open()
    page.locator(ROWS).first.click()
    page.wait_for_selector("#inbox-text")
    page.keyboard.press("n")
    expect(page.locator("#inbox-comp")).to_have_class(re.compile("private"))
    page.keyboard.type("only for us")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note")).to_contain_text("only for us")
    expect(page.locator("#inbox-comp")).not_to_have_class(re.compile("private"))


def test_several_are_picked_and_tagged(tab: Tab) -> None:
    page = tab.open()
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.locator("#inbox-bulk")).to_be_visible()
    expect(page.locator(f"{ROWS}.picked")).to_have_count(2)
    page.locator("#inbox-bulk [data-menu]").nth(1).click()
    page.keyboard.type("cards")
    page.keyboard.press("Enter")
    expect(page.locator(".l3 .bd", has_text="cards")).to_have_count(2)
    expect(page.locator("#inbox-bulk")).to_be_hidden()


def test_a_link_opens_its_case_cold_and_back_leads_home_on_a_phone(tab: Tab) -> None:
    case = tab.room.cases(sort="newest")[0]
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = tab.open(f"/inbox?sort=newest&case={case.id}", **phone)
    expect(page.locator("#inbox-head h2")).to_be_visible()
    expect(page.locator(ROWS).first).to_be_hidden()
    page.locator("#inbox-head [data-do=step]").last.click()
    expect(page.locator("#inbox-customer h2")).to_be_visible()
    page.locator("#inbox-customer [data-do=step]").click()
    page.locator("#inbox-head [data-do=step]").first.click()
    expect(page.locator(ROWS).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_full_queue_opens_each_case(tab: Tab) -> None:
    tab.room.hear(*(said(f"p{n}", f"my card is p{n}", at=20 + n, who=f"did:p{n}") for n in range(60)))
    page = tab.open()
    expect(page.locator(ROWS)).to_have_count(50)
    for at in (3, 9, 30):
        page.locator(ROWS).nth(at).click()
        expect(page.locator(ROWS).nth(at)).to_have_attribute("aria-current", "true")
        expect(page.locator("#inbox-head h2")).to_contain_text(page.locator(ROWS).nth(at).locator(".tx").inner_text())


def test_a_post_is_liked_by_key_and_by_finger(tab: Tab) -> None:
    page = tab.open()
    page.locator(ROWS).first.click()
    like = page.locator("#inbox-items .act-on").first
    expect(like).to_have_attribute("aria-pressed", "false")
    like.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#inbox-items .act-on").first).to_have_attribute("aria-pressed", "true")
    assert tab.room.bureau.platform.done == {("like", "bluesky:c")}
    case = tab.room.cases(sort="newest")[0].id
    phone = tab.open(f"/inbox?case={case}", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    pressed = phone.locator("#inbox-items .act-on").first
    expect(pressed).to_have_attribute("aria-pressed", "true")
    box = pressed.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    pressed.tap()
    expect(phone.locator("#inbox-items .act-on").first).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#inbox-items .act-on").first).to_have_attribute("aria-pressed", "false")
    assert tab.room.bureau.platform.done == set()
