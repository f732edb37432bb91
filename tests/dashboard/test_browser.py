"""The frame in a real Chromium: both directions, keys, live updates, no breach of the content policy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from dashboard.app import create_app
from tests.dashboard.fakes import an_actor, fake_services

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Notes in the document what the scripts of the frame write into stores: the policy forbids waiting by eval.
LISTEN = """() => {
  const root = document.documentElement, set = dash_clientside.set_props;
  root.dataset.heard = "";
  dash_clientside.set_props = (id, props) => {
    root.dataset.heard += id + (id === "key" ? ":" + props.data.key : "") + " ";
    set(id, props);
  };
}"""


@dataclass
class Stage:
    """A served console and its use cases; it can be stopped and started at the same address."""

    services: Any
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.bound = bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", self.port))
        self.port = bound.getsockname()[1]
        app = create_app(self.services)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [bound]})
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        self.bound.close()


@pytest.fixture(params=["fa", "en"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    one = Stage(fake_services(an_actor(request.param)))
    one.start()
    yield one
    one.stop()


@pytest.fixture
def tab(stage: Stage, chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "shenava_session", "value": "session-1", "url": stage.url}])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{stage.url}/more")
    page.wait_for_selector("#page h1")
    yield page
    context.close()


def test_the_frame_stands_on_the_side_of_its_language(stage: Stage, tab: Any) -> None:
    rail = tab.locator(".rail").bounding_box()
    right = stage.services.accounts.person.language == "fa"
    assert (rail["x"] > 600) is right
    assert tab.title().endswith("شنوا" if right else "Shenava")
    assert tab.complaints == []


def test_a_change_reaches_the_page_without_a_reload(stage: Stage, tab: Any) -> None:
    tab.wait_for_selector("html[data-live=on]", state="attached")
    tab.evaluate(LISTEN)
    stage.services.live.add("case", "c1")
    tab.wait_for_selector("html[data-heard*='live-case live ']", state="attached")
    assert tab.complaints == []


def test_what_changed_while_a_page_was_on_its_way_is_heard(stage: Stage, tab: Any) -> None:
    other = tab.context.new_page()
    soon = "const timer = setInterval(() => window.dash_clientside?.set_props && (clearInterval(timer), (%s)()), 1)"
    other.add_init_script(soon % LISTEN)

    def meanwhile(route: Any) -> None:
        stage.services.live.add("case", "c9")
        route.continue_()

    other.route("**/assets/live.js*", meanwhile)
    other.goto(f"{stage.url}/more")
    other.wait_for_selector("html[data-heard*='live-case live ']", state="attached")
    assert other.locator("html").get_attribute("data-cursor") == "0"


def test_a_lost_connection_is_told_of_until_it_is_back(stage: Stage, tab: Any) -> None:
    tab.wait_for_selector("html[data-live=on]", state="attached")
    stage.stop()
    tab.wait_for_selector(".offline", state="visible")
    below = tab.locator(".app").bounding_box()
    assert below["y"] + below["height"] == 800
    stage.start()
    tab.wait_for_selector(".offline", state="hidden")
    assert tab.locator(".app").bounding_box()["y"] == 0


def test_a_connection_that_was_never_there_is_not_told_of_as_lost(stage: Stage, tab: Any) -> None:
    other = tab.context.new_page()
    other.add_init_script("delete window.SharedWorker")
    other.route("**/live", lambda route: route.abort())
    other.route("**/live?*", lambda route: route.abort())
    other.clock.install()
    other.goto(f"{stage.url}/more")
    other.clock.run_for(1000)
    other.wait_for_selector("html[data-live=off]", state="attached")
    other.clock.run_for(20_000)
    assert other.locator(".offline").is_hidden()
    assert other.locator("html").get_attribute("data-live") == "off"


def test_a_question_mark_lists_the_keys_even_on_a_persian_keyboard(tab: Any) -> None:
    tab.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: '؟', code: 'Slash', shiftKey: true}))")
    tab.wait_for_selector("[role=dialog] kbd")


def test_letters_of_a_persian_layout_are_the_same_keys_and_typing_is_left_alone(tab: Any) -> None:
    tab.evaluate(LISTEN)
    tab.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'ت', code: 'KeyJ'}))")
    tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<input id=typed>')")
    tab.locator("#typed").press("j")
    assert tab.evaluate("document.documentElement.dataset.heard") == "key:j "


def test_at_phone_width_the_bar_takes_the_place_of_the_rail(tab: Any) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.locator(".tbar").is_visible()
    assert not tab.locator(".rail").is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_log_out_leads_to_the_log_in(tab: Any) -> None:
    tab.locator("#page form[action='/logout'] button").click()
    tab.wait_for_url("**/login")
    assert tab.complaints == []
