"""Pictures and long texts in the composer, in a real Chromium, both directions and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, Route, expect

from crm.policies.files import LARGEST
from tests.browser.test_inbox import ROWS, Tab, tab
from tests.doubles.pictures import png

__all__ = ["tab"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = " ".join(f"Sentence {number} of what we have to say." for number in range(20))
PICTURES = "#inbox-files .picture"


def choose(page: Page, *names: str) -> None:
    files = [{"name": name, "mimeType": "image/png", "buffer": png(30, 20)} for name in names]
    page.locator("#inbox-file").set_input_files(files)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [1440, 390])
def test_pictures_are_added_described_and_sent(tab: Tab, width: int) -> None:
    page = tab.open(viewport={"width": width, "height": 844})
    page.locator(ROWS).first.click()
    expect(page.locator("#inbox-add-file")).to_be_visible()
    choose(page, "bill.png", "card.png")
    expect(page.locator(PICTURES)).to_have_count(2)
    page.locator(PICTURES).last.get_by_role("button").click()
    expect(page.locator(PICTURES)).to_have_count(1)
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "/files/" in answer.url):
        page.locator(f"{PICTURES} input").fill("a bill, charged twice")
    wide = page.locator("#inbox-files").evaluate("(one) => [one.scrollWidth, one.clientWidth, innerWidth]")
    assert wide[0] <= wide[1] + 1
    page.locator("#inbox-text").fill("See here.")
    expect(page.locator("#inbox-saved")).not_to_be_empty()
    page.reload()
    page.wait_for_selector("html[data-live=on]")
    expect(page.locator(f"{PICTURES} input")).to_have_value("a bill, charged twice")
    page.locator("[data-do=send]").first.click()
    expect(page.locator("[data-state=approved] img[alt='a bill, charged twice']")).to_be_visible()
    expect(page.locator(PICTURES)).to_have_count(0)
    page.locator(".toast button").first.click()
    expect(page.locator(f"{PICTURES} input")).to_have_value("a bill, charged twice")
    expect(page.locator("#inbox-text")).to_have_value("See here.")
    page.wait_for_timeout(1600)  # a second press within a moment is taken for a slip
    page.locator(f"{PICTURES} input").fill("a bill, sent in haste")
    page.locator("[data-do=send]").first.click()
    expect(page.locator("[data-state=approved] img[alt='a bill, sent in haste']")).to_be_visible()


def test_what_is_no_picture_is_refused_in_words(tab: Tab, tmp_path: Path) -> None:
    page = tab.open()
    page.locator(ROWS).first.click()
    (tmp_path / "bill.png").write_bytes(b"%PDF-1.7")
    page.locator("#inbox-file").set_input_files(tmp_path / "bill.png")
    persian = page.locator("html").get_attribute("lang") == "fa"
    expect(page.locator(".toast")).to_contain_text("تصویر" if persian else "Only pictures")
    expect(page.locator(PICTURES)).to_have_count(0)
    (tmp_path / "bill.png").write_bytes(png() + bytes(LARGEST))
    page.locator("#inbox-file").set_input_files(tmp_path / "bill.png")
    expect(page.locator(".toast").last).to_contain_text("۲۰" if persian else "20 MB")
    choose(page, "a.png", "b.png", "c.png")
    expect(page.locator(PICTURES)).to_have_count(2)
    tab.complaints.clear()  # Chromium names the refusal


def test_pictures_land_where_they_were_chosen_whatever_is_shown_by_then(tab: Tab) -> None:
    page, held, answered = tab.open(), list[Route](), list[str]()
    page.locator(ROWS).first.click()
    expect(page.locator("#inbox-add-file")).to_be_visible()
    page.route("**/draft/files", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/draft/files"):
        choose(page, "bill.png", "card.png")
    page.locator(ROWS).nth(1).click()
    expect(page.locator("#inbox-head h2")).to_contain_text("my card is b")

    def both(answer: Response) -> bool:
        if answer.url.endswith("/draft/files"):
            answered.append(answer.url)
        return len(answered) == 2

    with page.expect_response(both):
        held[0].continue_()
    expect(page.locator(PICTURES)).to_have_count(0)
    other, first = (tab.room.view(one.id) for one in tab.room.cases(sort="newest")[1::-1])
    assert other.draft is None
    assert first.draft is not None
    assert sorted(one.name for one in first.files[first.draft.id]) == ["bill.png", "card.png"]
    page.locator(ROWS).first.click()
    expect(page.locator(PICTURES)).to_have_count(2)


def test_sending_waits_for_every_picture_that_was_chosen(tab: Tab) -> None:
    page, held = tab.open(), list[Route]()
    page.locator(ROWS).first.click()
    page.locator("#inbox-text").fill("See here.")
    page.route("**/draft/files", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/draft/files"):
        choose(page, "bill.png", "card.png")
    page.locator("[data-do=send]").first.click()
    held[0].continue_()
    expect(page.locator("[data-state=approved] img")).to_have_count(2)
    expect(page.locator(PICTURES)).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_text_is_sent_as_several_posts(tab: Tab, width: int) -> None:
    page = tab.open(viewport={"width": width, "height": 844})
    page.locator(ROWS).first.click()
    page.locator("#inbox-text").fill(LONG)
    expect(page.locator("#inbox-parts")).to_be_visible()
    page.locator("#inbox-thread").check()
    page.locator("#inbox-parts summary").click()
    expect(page.locator("#inbox-parts-list li")).to_have_count(3)
    page.locator("[data-do=send]").first.click()
    expect(page.locator("#inbox-items [data-state=approved]")).to_have_count(3)
    expect(page.locator("#inbox-parts")).to_be_hidden()
    page.locator(".toast button").first.click()
    expect(page.locator("#inbox-text")).to_have_value(LONG)
    expect(page.locator("#inbox-items [data-state=approved]")).to_have_count(0)
    expect(page.locator("#inbox-thread")).to_be_checked()
    page.locator("#inbox-text").fill("Short.")
    expect(page.locator("#inbox-parts")).to_be_hidden()
