"""Trends and mentions in a real Chromium: from a bar to its posts, from an hour, from the keyboard."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from dashboard.app import create_app
from tests.dashboard.console import Mentions, mentions
from tests.dashboard.fakes import an_actor
from tests.doubles.office import START, said

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOODS = ("negative", "negative", "positive", "neutral")
PHONE = {"width": 390, "height": 844}


class Tab:
    """A page of a served console, and what its console complained about."""

    def __init__(self, page: Any, url: str, console: Mentions) -> None:
        self.page, self.url, self.console = page, url, console
        self.complaints: list[str] = []
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str, shown: str) -> Any:
        """Go to `path` and wait until `shown` is there."""
        self.page.goto(f"{self.url}{path}")
        return self.seen(shown)

    def seen(self, shown: str) -> Any:
        """Wait until `shown` is visible."""
        found = self.page.locator(shown).first
        found.wait_for()
        return found


@pytest.fixture(params=["fa", "en"])
def tab(request: pytest.FixtureRequest, tmp_path: Path, chromium: Any) -> Iterator[Tab]:
    with mentions(tmp_path) as console, socket.socket() as bound:
        posts = [said(f"p{at}", f"card {at}", at=-at * 180, sentiment=MOODS[at % 4]) for at in range(1, 90)]
        console.index.write(posts)
        accounts = console.services.accounts
        accounts.person = accounts.sessions["session-1"] = an_actor(request.param)
        bound.bind(("127.0.0.1", 0))
        app = create_app(console.services, now=lambda: START + timedelta(minutes=1))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": "shenava_session", "value": "session-1", "url": url}])
        yield Tab(context.new_page(), url, console)
        context.close()
        server.should_exit = True
        thread.join(20)


def count(text: str) -> int:
    """The first number in a text, whatever its digits."""
    return int("".join(sign for sign in text.split()[0] if sign.isdecimal()))


def test_a_bar_opens_the_mentions_of_its_day_and_feeling(tab: Tab) -> None:
    tab.open("/trends?period=7d", "#trends-volume .point path")
    bars = tab.page.locator("#trends-volume .trace.bars").first.locator(".point path")
    box = bars.nth(3).bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.seen(".hits")
    query = tab.page.locator("#search-q").input_value()
    assert query == "monitor:Nanmah AND since:2026-03-18 AND until:2026-03-19 AND sentiment:negative"
    assert count(tab.page.locator("#page h2").first.inner_text()) == tab.page.locator(".hits article").count() == 4
    assert tab.complaints == []


def test_an_hour_a_table_and_the_filter(tab: Tab) -> None:
    hour = tab.open("/trends?period=7d", "button.cell.l5")
    tab.page.locator("[data-as-table]").first.click()
    tab.seen(".volume .tabled table")
    hour.click()
    tab.seen(".hits")
    tab.open("/trends?period=7d&platforms=x", "#trends-body .empty a").click()
    tab.seen("#trends-volume")
    assert tab.page.url == f"{tab.url}/trends?period=7d"
    assert tab.complaints == []


def test_a_query_is_typed_sent_and_corrected(tab: Tab) -> None:
    tab.open("/search", ".hits")
    tab.page.keyboard.press("/")
    tab.seen("#search-q:focus")
    tab.page.keyboard.type("card OR (mint")
    tab.seen("#search-q-code .er")
    tab.page.keyboard.press("Enter")
    tab.seen(".ed .msg[role=alert]")
    tab.page.locator("#search-q").fill("card AND sentiment:negative")
    tab.page.keyboard.press("Enter")
    tab.seen(".hits mark")
    assert tab.page.locator("#search-q-code .k").inner_text() == "AND"
    assert "sentiment" in tab.page.url
    assert tab.complaints == []


def test_a_phone_shows_everything_without_a_sideways_scroll(tab: Tab) -> None:
    tab.page.set_viewport_size(PHONE)
    for path, shown in (("/trends?period=7d", "#trends-volume .point"), ("/search?q=card", ".hits")):
        tab.open(path, shown)
        inner, outer = (
            tab.page.evaluate(f"document.querySelector('.main').{one}Width") for one in ("scroll", "client")
        )
        assert inner <= outer + 1, path


def test_no_author_is_cut_and_the_filter_fits(tab: Tab) -> None:
    tab.console.index.write([said("long", "card", at=-1, who="did:gorbe_hamsayeh_example")])
    for width in (1010, 1280, 1400, 390):
        tab.page.set_viewport_size({"width": width, "height": 844})
        tab.open("/trends?period=7d", ".author")
        cut = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.className)"
        assert tab.page.locator(".author .h, .author, .trends-bar, .trends-bar input:visible").evaluate_all(cut) == []
    assert tab.complaints == []
