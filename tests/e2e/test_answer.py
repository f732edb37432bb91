"""From a complaint on a real Bluesky server to one answer there, although the responder dies on the way."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.installation import EMAIL, PASSWORD, Installation, until
from tests.services import Bluesky
from tests.services.jetstream import Jetstream, jetstream
from tests.services.relay import Relay, relay_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.server, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
PUBLISHING = "/xrpc/com.atproto.repo.createRecord"
NUMBERS = itertools.count(1)
SAID = {
    "en": ("Nanmah charged my card twice and nobody answers!", "We are sorry, the second charge goes back today."),
    "fa": ("نان‌ماه دو بار از کارتم پول برداشت و کسی جواب نمی‌دهد!", "پوزش می‌خواهیم؛ برداشت دوم امروز برمی‌گردد."),
}


@pytest.fixture
def network() -> Iterator[Jetstream]:
    with jetstream() as stand:
        yield stand


@pytest.fixture
def relay(bluesky: Bluesky) -> Iterator[Relay]:
    with relay_to(bluesky.url) as between:
        yield between


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_complaint_is_answered_once_although_the_responder_was_killed(
    language: str, installation: Callable[..., Installation], bluesky: Bluesky, network: Jetstream, relay: Relay,
    chromium: Browser,
) -> None:  # fmt: skip
    complaint, answer = SAID[language]
    number = f"{os.getpid()}{next(NUMBERS)}"
    brand, customer = bluesky.create_account(f"nanmah{number}"), bluesky.create_account(f"mina{number}")
    one = installation(network.host, relay.web.host)
    one.set_up(language, brand="نان‌ماه" if language == "fa" else "Nanmah")
    one.api("POST", "/sources", json={"kind": "jetstream", "options": {"url": network.url}})
    account = {"platform": "bluesky", "base_url": relay.web.url, "handle": brand.handle, "secret": brand.password}
    one.api("POST", "/accounts", json=account)
    until(lambda: network.listeners, "the collector listens")

    uri = bluesky.post(customer, complaint, created_at=datetime.now(UTC))
    publish(network, bluesky, customer, uri)
    case = until(lambda: one.api("GET", "/cases")["rows"], "the complaint is a case")[0]["case"]
    assert case["post_key"] == f"bluesky:{uri}"

    with console(chromium, one, language) as page:
        held = relay.hold_answer(PUBLISHING)
        page.goto(f"{one.url}/inbox")
        page.locator(f"a.q[data-case='{case['id']}']").click()
        page.locator("#inbox-text").fill(answer)
        page.locator("#inbox-comp [data-do=send]:not([data-value])").first.click()
        page.wait_for_selector(".m.our[data-state]")

        assert held.reached.wait(120)
        one.kill("respond")
        held.let_go.set()
        assert [post["value"]["text"] for post in bluesky.posts(brand)] == [answer]

        until(lambda: sent(one, case["id"]), "the answer is found and marked as sent", 400.0)
        page.wait_for_selector(".m.our:not([data-state='approved']):not([data-state='sending'])")
        assert answer in page.locator(".m.our").inner_text()

    # The network tells of our own answer, too; it is the one that we know.
    [own] = bluesky.posts(brand)
    publish(network, bluesky, brand, own["uri"])
    assert relay.calls(PUBLISHING) == 1
    assert own["value"]["reply"]["parent"]["uri"] == uri
    view = until(lambda: collected(one, case["id"], own["uri"]), "our answer comes back by the network")
    assert [item["writer"]["name"] for item in ours(view)] == ["negar"]
    assert view["case"]["status"] == "waiting"


def publish(network: Jetstream, bluesky: Bluesky, member: Any, uri: str) -> None:
    """Tell the network of a post as it stands on the server."""
    [record] = [one for one in bluesky.posts(member) if one["uri"] == uri]
    network.say(uri, record["cid"], record["value"])


def ours(view: dict[str, Any]) -> list[dict[str, Any]]:
    """What the thread shows of us: answers that stand on the platform, or are on their way."""
    items = [item for item in view["items"] if item["kind"] in ("post", "reply")]
    return [item for item in items if item["kind"] == "reply" or item["post"]["own"]]


def sent(one: Installation, case: str) -> bool:
    """Whether the thread shows our answer as a post of the platform."""
    return [item["kind"] for item in ours(one.api("GET", f"/cases/{case}"))] == ["post"]


def collected(one: Installation, case: str, uri: str) -> dict[str, Any] | None:
    """The case, once the index holds our own answer."""
    found = one.api("GET", "/posts", params={"query": "is:own"})["hits"]
    keys = [hit["post"]["post"]["native_id"] for hit in found]
    return one.api("GET", f"/cases/{case}") if keys == [uri] else None


@contextmanager
def console(chromium: Browser, one: Installation, language: str) -> Iterator[Page]:
    """The console of somebody who signed in."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale=language)
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{one.url}/login")
    page.locator("[name=email]").fill(EMAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form[action='/login'] button[type=submit]").click()
    page.wait_for_url(re.compile(r"/inbox"))
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "fa" else "ltr")
    yield page
    context.close()
