"""Privacy in a real Chromium: found, looked at, saved, erased with a word, proven; both directions, a phone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.browser.test_admin import PHONE, Tab
from tests.browser.test_admin import tab as tab
from tests.doubles.office import said

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MINA = "author:bluesky:did:mina"


def find(tab: Tab, text: str) -> None:
    """Open the page and look for somebody."""
    tab.open("/privacy")
    tab.page.wait_for_selector("#rail .on", state="attached")
    tab.page.locator("#privacy-text").fill(text)
    tab.page.keyboard.press("Enter")
    tab.page.locator(".privacy-row").first.wait_for()


def test_somebody_is_found_saved_erased_and_the_receipt_is_genuine(tab: Tab, tmp_path: Path) -> None:
    tab.desk.bureau.hear(said("p1", "zebra is late"))
    find(tab, "@mina")
    tab.press("open", MINA)
    with tab.page.expect_download() as saved:
        tab.page.locator("form[action='/privacy/export'] button").click()
    assert json.loads(saved.value.path().read_text())["posts"][0]["post"]["text"] == "zebra is late"
    tab.press("ask", MINA)
    word = "حذف" if tab.desk.bureau.services.team.preferences(tab.desk.actor).language == "fa" else "erase"
    tab.page.locator("form[data-take='erase'] input[name=word]").fill(word)
    tab.send("erase")
    with tab.page.expect_download() as receipt:
        tab.page.locator(".mantine-Modal-body a[download]").click()
    tab.page.locator(".mantine-Modal-body button[data-take='close']").click()
    tab.page.locator("#privacy-past td a[download]").wait_for()
    kept = tmp_path / "receipt.json"
    receipt.value.save_as(kept)
    tab.press("verify")
    with tab.page.expect_file_chooser() as chosen:
        tab.page.locator("[data-pick]").click()
    chosen.value.set_files(str(kept))
    tab.send("verified")
    tab.page.locator(".mantine-Modal-body .alert.acc").wait_for()
    assert tab.complaints == []


def test_it_fits_a_phone(tab: Tab) -> None:
    tab.desk.bureau.hear(said("p1", "zebra is late"))
    tab.desk.bureau.services.privacy.erase(None, posts=["bluesky:p7"])
    tab.page.set_viewport_size(PHONE)
    find(tab, "mina")
    widths = tab.page.evaluate("[document.documentElement.scrollWidth, document.querySelector('.main').scrollWidth]")
    assert max(widths) <= PHONE["width"]
    tab.press("open", MINA)
    tab.page.locator(".mantine-Drawer-body .facts").wait_for()
    assert tab.page.locator(".mantine-Drawer-body").evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0
    assert tab.complaints == []
