"""The page Audit: rows in words, page by page, checked as a chain, downloaded as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from crm.records import audit
from crm.records.tables import audit as audit_table
from crm.records.tables import cases
from crm.usecases.trail import PAGE, Thing
from dashboard.admin.audit.rows import told
from dashboard.context import Language, Viewer, viewing
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.dashboard.fakes import an_actor
from tests.doubles.office import MONITOR, START, WORKSPACE, actor, said

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
    for words in ("Administrator", "Changed the role of ", "Agent", " to Manager", "role "):
        assert words in page


SAID: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
    ("case_status", "CASE", {"from": "open", "to": "resolved"},
     "Moved case #1 from Open to Resolved", "وضعیت پروندهٔ #1 را از «باز» به «حل‌شده» برد"),
    ("case_snoozed", "CASE", {"until": "2026-03-22T05:30:00+00:00"},
     "Snoozed case #1 until Mar 22, 2026, 9:00", "پروندهٔ #1 را تا ۲ فروردین ۱۴۰۵، ۹:۰۰ کنار گذاشت"),
    ("case_assigned", "CASE", {"from": None, "to": "agent"}, "Assigned case #1 to Agent", "پروندهٔ #1 را به Agent سپرد"),
    ("case_assigned", "CASE", {"from": None, "to": "manager"}, "Took case #1", "پروندهٔ #1 را خود برداشت"),
    ("case_rule", "CASE", {"rule": "Lost", "tags": ["card"], "priority": "high"},
     "The rule “Lost” changed case #1: tag card, priority High",
     "قانون «Lost» پروندهٔ #1 را تغییر داد: برچسب card، اولویت بالا"),
    ("case_hidden", "2f61", {"rule": "Lottery"}, "Hid a mention by the rule “Lottery”: it opened no case",
     "اشاره‌ای را با قانون «Lottery» پنهان کرد و پرونده‌ای باز نشد"),
    ("name_workspace", WORKSPACE, {"name": "Nanmah"}, "Named the brand that Shenava listens for: “Nanmah”",
     "نام برندی را گذاشت که شنوا برایش گوش می‌دهد: «Nanmah»"),
    ("export", "audit", {"only": ""}, "Exported the audit trail", "از کارنامه برون‌بری کرد"),
    ("log_out", "agent", {}, "Signed out", "خارج شد"),
    ("load_demo", WORKSPACE, {}, "Asked for the demo", "دادهٔ نمایشی خواست"),
    ("case_answered", "CASE", {}, "Answered case #1", "به پروندهٔ #1 پاسخ داد"),
    ("reply_sent", "r1", {"case": "CASE"}, "Sent a reply in case #1", "پاسخی را در پروندهٔ #1 فرستاد"),
    ("change_monitor", MONITOR, {"name": "Old"}, "Changed the monitor “Nanmah”", "پایش «Nanmah» را تغییر داد"),
    ("delete_monitor", "m9", {"name": "Gone"}, "Deleted the monitor “Gone”", "پایش «Gone» را حذف کرد"),
    ("delete_monitor", "m9", {}, "Deleted a monitor", "پایشی را حذف کرد"),
    ("set_role", "agent", {"role": "analyst"}, "Changed the role of Agent to Analyst", "نقش Agent را «تحلیلگر» کرد"),
    ("discard", "dead_letters", {"count": 3}, "Threw 3 dead letters away", "۳ نامهٔ مرده را دور ریخت"),
    ("dance", "dead_letters", {}, "dance", "dance"),
)  # fmt: skip


@pytest.mark.parametrize(("action", "subject", "detail", "english", "persian"), SAID)
def test_a_row_is_a_sentence_in_both_languages(
    bureau: Bureau, action: str, subject: str, detail: dict[str, Any], english: str, persian: str
) -> None:
    bureau.hear(said("p1", "my card is gone"))
    with bureau.records.write() as tx:
        [case] = tx.execute(select(cases.c.id)).scalars()
        detail = {key: case if value == "CASE" else value for key, value in detail.items()}
        audit.append(tx, WORKSPACE, "manager", action, case if subject == "CASE" else subject, START, **detail)
    languages: tuple[Language, ...] = ("en", "fa")
    for language, expected in zip(languages, (english, persian), strict=True):
        person = an_actor(language, role="manager")
        with viewing(Viewer(bureau.services, language, person, START)):
            page = bureau.services.trail.rows(msgspec.structs.replace(person, workspace=WORKSPACE))
            drawn = told(page.rows[0], page)
        assert _words(drawn.children[0]) == expected
        assert ("my card is gone" in _words(drawn)) == ("#1" in expected)


def test_the_title_of_a_case_is_for_those_who_may_read_it(bureau: Bureau) -> None:
    bureau.hear(said("p1", "my card is gone"))
    with bureau.records.write() as tx:
        [case] = tx.execute(select(cases.c.id)).scalars()
        audit.append(tx, WORKSPACE, "manager", "case_woken", case, START)
    there = actor("manager", "manager")
    assert bureau.services.trail.rows(there).things == {case: Thing("my card is gone", 1)}
    elsewhere = msgspec.structs.replace(there, monitors=("m2",))
    assert bureau.services.trail.rows(elsewhere).things == {case: Thing("", 1)}


def _words(drawn: Any) -> str:
    if isinstance(drawn, list | tuple):
        return "".join(map(_words, drawn))
    if isinstance(drawn, str):
        return re.sub("[\u2066-\u2069]", "", drawn)  # they isolate names in the other script
    return "" if drawn is None else _words(getattr(drawn, "children", ""))


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
