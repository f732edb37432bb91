"""The first visit in a real browser, in both languages, with a feed and with a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.e2e.installation import EMAIL, PASSWORD, Installation, until
from tests.services.web import Answer, Web, web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
BRANDS = {"fa": "نان‌ماه", "en": "Nanmah"}
SAID = {"fa": "صف نان ماه امروز خیلی طولانی بود", "en": "The queue at Nanmah was far too long today"}
COLUMNS = "id,text,author,date\n"


@pytest.fixture
def feed() -> Iterator[Web]:
    """News of today that name the brand, in both languages."""
    items = "".join(
        f"<item><guid>{language}</guid><title>{text}</title><link>https://news.example/{language}</link>"
        f"<pubDate>{format_datetime(datetime.now(UTC))}</pubDate></item>"
        for language, text in SAID.items()
    )
    body = f"<rss version='2.0'><channel><title>News</title>{items}</channel></rss>".encode()
    with web(lambda _asked: Answer(200, body, {"Content-Type": "application/rss+xml; charset=utf-8"})) as running:
        yield running


def begin(page: Page, one: Installation, language: str) -> None:
    """Open the first page in a language and fill in who comes and for which brand they listen."""
    page.set_default_timeout(90_000)
    page.goto(f"{one.url}/setup?language={language}")
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "fa" else "ltr")
    page.locator("[name=email]").fill(EMAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=brand]").fill(BRANDS[language])
    page.locator("[name='on.jetstream']").uncheck()


def finish(page: Page) -> None:
    """Start, and land in the inbox."""
    page.locator("#first button.pri").click()
    page.wait_for_url(re.compile("/inbox"))
    page.wait_for_selector("#inbox")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    yield page
    context.close()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_from_the_first_page_to_a_case_without_a_reload(
    language: str, page: Page, installation: Callable[..., Installation], feed: Web
) -> None:
    one = installation(feed.host)
    begin(page, one, language)
    page.locator("[name='on.feed']").check()
    page.locator("[name='feed.url']").fill(f"{feed.url}/news.xml")
    finish(page)
    # Nothing is pressed: the case comes by itself, or waits behind the line that tells of news.
    page.locator("a.q, #inbox-newer:visible").first.wait_for()
    if not page.locator("a.q").count():
        page.locator("#inbox-newer").click()
    page.locator("a.q").first.click()
    page.locator("#inbox-items").get_by_text(SAID[language]).wait_for()
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("a.q").count() == 1


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_file_of_the_first_page_becomes_searchable(
    language: str, page: Page, installation: Callable[..., Installation], tmp_path: Path
) -> None:
    one = installation()
    file = tmp_path / "posts.csv"
    file.write_text(f"{COLUMNS}1,{SAID[language]},mina,2026-03-20T10:00:00Z\n", encoding="utf-8")
    begin(page, one, language)
    page.locator("[name='on.file']").check()
    page.locator("[name=file]").set_input_files(file)
    finish(page)
    asked = {"query": BRANDS[language]}
    until(lambda: one.api("GET", "/posts", params=asked)["total"], "the file's post is searchable")
    page.goto(f"{one.url}/search?q={quote(BRANDS[language])}")
    page.get_by_text(" ".join(SAID[language].split()[-2:])).first.wait_for()
