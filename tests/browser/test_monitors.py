"""The editor of monitors and the card of a customer in a real Chromium: typing, mending, saving, undoing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from crm.usecases.customers import CustomerDraft
from dashboard.app import create_app
from tests.dashboard.presser import Desk
from tests.doubles.office import MONITOR, said

pytestmark = [pytest.mark.browser, pytest.mark.slow]
QUERY = "#monitors-query"


@pytest.fixture(params=["en", "fa"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    one.language = request.param
    one.bureau.hear(said("a", "my card is gone"), said("b", "card", at=1, sentiment=None))
    yield one
    one.bureau.close()


@pytest.fixture
def tab(desk: Desk, chromium: Any) -> Iterator[Any]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        app = create_app(desk.services(), now=desk.bureau.clock.now)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        context = chromium.new_context(base_url=url, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "shenava_session", "value": "session-1", "url": url}])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        yield page
        context.close()
        server.should_exit = True
        thread.join(20)
    assert page.complaints == []


def typed(tab: Any, text: str) -> None:
    tab.locator(QUERY).focus()
    tab.keyboard.press("Control+End")
    tab.keyboard.type(text)


def test_a_wrong_spelling_is_shown_mended_and_saved(desk: Desk, tab: Any) -> None:
    tab.goto(f"/monitors/{MONITOR}")
    tab.wait_for_selector(".mon-hits li")
    typed(tab, "\nOR folowers:500")
    tab.wait_for_selector("#monitors-error [role=alert]")
    assert tab.locator("#monitors-query-code .er").inner_text() == "folowers:"
    assert tab.locator("#monitors-save").is_disabled()
    tab.wait_for_selector("#monitors-preview .empty")
    assert tab.locator(".mon-hits").count() == 0
    assert tab.locator(".mon-lines > div").count() == 2

    tab.keyboard.press("Control+.")
    tab.wait_for_selector("#monitors-error [role=alert]", state="detached")
    assert tab.locator(QUERY).input_value().endswith("OR followers:500")
    tab.wait_for_selector(".mon-hits li")
    tab.wait_for_selector("#monitors-save:not(:disabled)")
    tab.keyboard.press("Control+s")
    tab.wait_for_selector(".toast")
    tab.wait_for_selector("#monitors-dirty[hidden]", state="attached")
    assert desk.bureau.services.monitors.get(desk.actor, MONITOR).query.endswith("followers:500")


def test_the_colours_lie_exactly_under_the_letters(tab: Any) -> None:
    tab.goto("/monitors/new")
    tab.wait_for_selector(".mon-begin")
    typed(tab, '("aseman air" OR «آسمان ایر») NOT lang:fa\nAND (delay* OR تأخیر NEAR/5 پرواز)')
    tab.wait_for_selector("#monitors-query-code .k")
    boxes = [tab.locator(one).bounding_box() for one in ("#monitors-query-code", QUERY, ".mon-lines")]
    assert boxes[0] == boxes[1] == boxes[2]
    fonts = "one => {const s = getComputedStyle(one); return [s.font, s.padding, s.letterSpacing, s.direction]}"
    styles = [tab.locator(one).evaluate(fonts) for one in ("#monitors-query-code", QUERY)]
    assert styles[0] == styles[1]
    weights = "all => [...new Set(all.map(one => getComputedStyle(one).fontWeight))]"
    assert tab.locator("#monitors-query-code span").evaluate_all(weights) == ["400"]


def test_unsaved_changes_are_not_left_by_accident(tab: Any) -> None:
    tab.goto(f"/monitors/{MONITOR}")
    tab.wait_for_selector(".mon-hits li")
    typed(tab, " OR late")
    tab.wait_for_selector("#monitors-dirty:not([hidden])")
    asked: list[str] = []
    tab.once("dialog", lambda box: (asked.append(box.message), box.dismiss()))
    tab.locator(".crumb a").click()
    assert len(asked) == 1
    assert tab.url.endswith(f"/monitors/{MONITOR}")


def test_edge_cases_take_the_place_of_the_newest(tab: Any) -> None:
    tab.goto(f"/monitors/{MONITOR}")
    tab.wait_for_selector(".mon-hits li")
    assert tab.locator(".mon-hits:visible li").count() == 2
    tab.locator("[data-sample=unsure]").click()
    assert tab.locator(".mon-hits:visible li").count() == 1


def test_a_tie_is_undone_and_taken_back(desk: Desk, tab: Any) -> None:
    people = desk.bureau.services.customers
    mina = people.save(desk.actor, CustomerDraft("Mina", "mina@example.org"))
    people.tie(desk.actor, "bluesky:did:mina", mina.id, "link", "mina.example")
    tab.goto(f"/customers/{mina.id}")
    tab.locator("[data-untie]").click()
    tab.wait_for_selector("[data-untie]", state="detached")
    tab.locator(".toast button").first.click()
    tab.wait_for_selector("[data-untie]")
    again = people.card(desk.actor, mina.id).identities
    assert [(tie.evidence, tie.detail) for tie in again] == [("link", "mina.example")]
    tab.locator("#customers-reveal").click()
    tab.wait_for_selector("text=mina@example.org")


def test_at_phone_width_nothing_runs_off_the_side(desk: Desk, tab: Any) -> None:
    mina = desk.bureau.services.customers.save(desk.actor, CustomerDraft("Mina"))
    tab.set_viewport_size({"width": 390, "height": 844})
    for path in ("/monitors", f"/monitors/{MONITOR}", "/customers", f"/customers/{mina.id}"):
        tab.goto(path)
        tab.wait_for_selector(".head h1")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
