"""The page Audit: rows in words, page by page, checked as a chain, downloaded as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from crm.records import audit
from crm.records.tables import audit as audit_table
from crm.usecases.trail import PAGE
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import START, WORKSPACE

pytestmark = pytest.mark.slow


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    one = open_bureau(tmp_path)
    yield one
    one.close()


def test_rows_name_who_did_what_to_whom(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    desk.take("team", "role!", "agent", role="manager")
    page = desk.open("/audit")
    for said in ("Administrator", "Changed a role", "Agent", "role "):
        assert said in page


def test_only_those_who_may_read_it(bureau: Bureau) -> None:
    for role in ("agent", "analyst"):
        desk = Desk(bureau, role)
        assert "not part of your role" in desk.open("/audit")
        assert desk.browser.get("/audit/export.csv").status_code == 403


def test_a_page_is_followed_by_the_older_one_and_one_action_can_be_chosen(bureau: Bureau) -> None:
    with bureau.records.write() as tx:
        for number in range(PAGE + 5):
            audit.append(tx, WORKSPACE, "rule:r1", "case_opened", f"case{number}", START)
    desk = Desk(bureau, "manager")
    page = desk.open("/audit", "?action=case_opened")
    assert "A rule" in page
    assert f"case{PAGE + 4}" in page
    assert '"case4"' not in page
    before = page.partition("before=")[2].partition('"')[0]
    older = desk.open("/audit", f"?action=case_opened&before={before}")
    assert "case4" in older
    assert "Newest" in older
    assert "case_opened" not in desk.open("/audit", "?action=log_in").partition("Everything")[2]


def test_an_odd_address_shows_everything(bureau: Bureau) -> None:
    assert "Signed in" in Desk(bureau, "manager").open("/audit", "?action=nonsense&before=x")


def test_a_chain_that_holds_is_said_so_and_one_that_breaks_where(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    bureau.services.trail.seal()
    assert "nothing was changed or removed" in desk.take("audit", "verify").text
    with bureau.records.write() as tx:
        tx.execute(update(audit_table).where(audit_table.c.id == 2).values(actor="somebody"))
    broken = desk.take("audit", "verify").text
    assert "The chain breaks at position" in broken
    assert "was changed" in broken


def test_the_download_holds_every_row_and_no_formula(bureau: Bureau) -> None:
    with bureau.records.write() as tx:
        for number in range(PAGE):
            audit.append(tx, WORKSPACE, "manager", "case_note", f"=HYPERLINK({number})", START)
    desk = Desk(bureau, "manager")
    answer = desk.browser.get("/audit/export.csv?action=case_note")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert len(rows) == PAGE
    assert {row["name"] for row in rows} == {"Manager"}
    assert all(row["subject"].startswith("'=") for row in rows)
    assert "attachment" in answer.headers["content-disposition"]
