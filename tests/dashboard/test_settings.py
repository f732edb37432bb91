"""The settings: each section draws, keeps what is right, and says at the field what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crm.platforms.youtube import credentials
from crm.policies.clock import desk_of
from crm.policies.rules import AddTag, Complete, SetPriority
from crm.ports.responder import Account
from crm.records import budget, sources
from crm.records.sources import SourceRow, secret_of
from dashboard.admin.settings.workspace import read_day
from dashboard.pages.settings import SECTIONS
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import MONITOR, START, WORKSPACE

pytestmark = pytest.mark.slow

WEEK: dict[str, Any] = {
    "name": "Nanmah", "zone": "Asia/Kabul", "week_start": "5", "weekend": ["4"], "from": "08:00", "until": "16:30",
    "holidays": "1405/01/01\n2026-04-02", "urgent": "15", "high": "60", "normal": "240", "low": "480",
}  # fmt: skip


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    one = open_bureau(tmp_path)
    yield one
    one.close()


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_section_draws_for_every_role(bureau: Bureau, language: str) -> None:
    for role in ("administrator", "analyst"):
        desk = Desk(bureau, role, language)
        for section in SECTIONS:
            page = desk.open(f"/settings/{section.name}")
            assert "settings-body" in page
            assert '"className": "empty failed"' not in page, (role, section.name, page[:2000])


def test_whoever_may_not_change_a_section_learns_who_may(bureau: Bureau) -> None:
    page = Desk(bureau, "agent").open("/settings/workspace")
    assert "Only these roles may change this: Administrator." in page
    assert '"Save"' not in page


def test_a_password_is_changed_by_whoever_knows_it(bureau: Bureau) -> None:
    desk = Desk(bureau, "agent")
    new, short = "correct horse battery", "tiny"
    assert "not the same" in desk.take("settings", "password!", old=desk.password, new=new, again="other").text
    assert "not your password" in desk.take("settings", "password!", old="x", new=new, again=new).text
    assert "too short" in desk.take("settings", "password!", old=desk.password, new=short, again=short).text
    assert desk.take("settings", "password!", old=desk.password, new=new, again=new).opened("dialog") is False
    assert bureau.accounts.log_in("agent@example.org", new).user_id == "agent"


def test_the_working_week_is_kept(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    assert desk.take("settings", "workspace", **WEEK).toast == "Saved"
    kept = bureau.services.setup.workspace(desk.actor)
    found = desk_of(kept.zone, kept.week_start, kept.weekend, dict(kept.business_hours))
    assert (kept.zone, kept.weekend, found.minutes["urgent"]) == ("Asia/Kabul", (4,), 15)
    assert found.hours.holidays == frozenset({date(2026, 3, 21), date(2026, 4, 2)})
    assert "1405/01/01" in Desk(bureau, "administrator", "fa").open("/settings/workspace")


@pytest.mark.parametrize(("field", "value", "wrong"), [
    ("holidays", "tomorrow", "is no day"),
    ("until", "07:00", "must begin before it ends"),
    ("urgent", "-3", "above 0"),
    ("weekend", ["0", "1", "2", "3", "4", "5", "6"], "at least one day"),
    ("zone", "Mars/Base", "no time zone"),
])  # fmt: skip
def test_a_week_that_can_not_be_is_not_kept(bureau: Bureau, field: str, value: object, wrong: str) -> None:
    desk = Desk(bureau, "administrator")
    assert wrong.lower() in desk.take("settings", "workspace", **{**WEEK, field: value}).text.lower()
    assert bureau.services.setup.workspace(desk.actor).zone == "Asia/Tehran"


@pytest.mark.parametrize(("text", "day"), [
    ("2026-03-21", date(2026, 3, 21)), ("1405/1/1", date(2026, 3, 21)), ("۱۴۰۵/۰۱/۰۱", date(2026, 3, 21)),
    ("1405/13/01", None), ("2026-02-30", None), ("soon", None), ("1-2", None), ("0/0/0", None),
])  # fmt: skip
def test_days_are_read_in_both_calendars(text: str, day: date | None) -> None:
    assert read_day(text) == day


def test_an_account_is_connected_checked_and_forgotten_and_its_secret_never_shown(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    account = {"base_url": "https://bsky.social", "handle": "@nanmah", "secret": "hush-hush"}
    answer = desk.take("settings", "connect!", "bluesky", **account)
    assert answer.toast == "⁨@nanmah⁩ is connected" or answer.toast == "@nanmah is connected"
    (row,) = bureau.services.sources.accounts(desk.actor)
    page = desk.open("/settings/accounts")
    assert "@nanmah" in page
    assert "hush" not in page + answer.text
    assert desk.take("settings", "recheck", row.id).toast == "The account works"
    assert desk.take("settings", "disconnect", row.id).opened("dialog") is True
    desk.take("settings", "disconnect!", row.id)
    assert bureau.services.sources.accounts(desk.actor) == []


def test_a_refused_account_is_explained_in_the_persons_language(bureau: Bureau) -> None:
    answer = Desk(bureau, "manager", "fa").take(
        "settings", "connect!", "bluesky", base_url="https://x.example", secret=" "
    )
    assert answer.opened("dialog") is True
    assert "رمز خالی است" in answer.text
    assert bureau.services.sources.accounts(Desk(bureau, "manager").actor) == []


def test_one_of_two_ways_to_sign_in_is_enough(bureau: Bureau) -> None:
    bureau.__dict__["responders"] = {"youtube": bureau.platform}
    desk = Desk(bureau, "manager")
    dialog = desk.take("settings", "connect", "youtube").text
    assert "Refresh token" in dialog
    for name in (
        "api_key",
        "client_id",
        "client_secret",
        "refresh_token",
    ):
        # Browsers send no form with an empty field that is required.
        fields = [one for one in re.findall("{[^{}]*}", dialog) if f'"name": "{name}"' in one]
        assert any('"required": false' in one for one in fields), name
    answer = desk.take("settings", "connect!", "youtube", handle="nanmah", api_key=" ")
    assert answer.opened("dialog") is True
    assert bureau.services.sources.accounts(desk.actor) == []
    desk.take("settings", "connect!", "youtube", handle="nanmah", api_key="AIza-x", refresh_token="")
    (row,) = bureau.services.sources.accounts(desk.actor)
    with bureau.records.read() as tx:
        kept = bureau.vault.decrypt(secret_of(tx, row.id))
    assert credentials(Account("youtube", "nanmah", "", kept)).api_key == "AIza-x"


def test_templates_are_written_changed_and_deleted(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    given = {"shortcut": "/hi", "title": "Hello", "text": "Hello there", "language": "en"}
    assert desk.take("settings", "template!", **given).toast == "Saved"
    assert "another template" in desk.take("settings", "template!", **given).text.lower()
    assert "one word" in desk.take("settings", "template!", **{**given, "shortcut": "hi you"}).text
    (one,) = bureau.services.toolbox.templates(desk.actor)
    assert "Hello there" in desk.take("settings", "template", one.id).text
    desk.take("settings", "template!", one.id, **{**given, "text": "Hello again"})
    assert bureau.services.toolbox.templates(desk.actor)[0].text == "Hello again"
    desk.take("settings", "template-delete!", one.id)
    assert bureau.services.toolbox.templates(desk.actor) == []


def test_rules_are_written_switched_and_deleted(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    given = {
        "name": "Lost",
        "query": "lost card",
        "tags": "lost، card",
        "assign": "-",
        "priority": "high",
        "complete": "on",
    }
    assert desk.take("settings", "rule!", **given).toast == "Saved"
    (rule,) = bureau.services.toolbox.rules(desk.actor)
    assert rule.actions == (AddTag("lost"), AddTag("card"), SetPriority("high"), Complete())
    assert "lost card" in desk.take("settings", "rule", rule.id).text
    desk.take("settings", "rule-switch", rule.id)
    assert not bureau.services.toolbox.rules(desk.actor)[0].enabled
    desk.take("settings", "rule!", rule.id, **{**given, "assign": "agent"})
    assert not bureau.services.toolbox.rules(desk.actor)[0].enabled
    desk.take("settings", "rule-delete!", rule.id)
    assert bureau.services.toolbox.rules(desk.actor) == []


@pytest.mark.parametrize(("change", "wrong"), [
    ({"query": "(lost"}, "column"), ({"tags": "", "priority": "-"}, "at least one thing"),
    ({"query": "case:open"}, "column"),
])  # fmt: skip
def test_a_rule_that_can_not_work_is_not_kept(bureau: Bureau, change: dict[str, str], wrong: str) -> None:
    desk = Desk(bureau, "manager")
    given = {"name": "Lost", "query": "lost", "tags": "a", "assign": "-", "priority": "high", **change}
    assert wrong in desk.take("settings", "rule!", **given).text
    assert bureau.services.toolbox.rules(desk.actor) == []


def test_a_token_is_shown_once_works_and_ends(bureau: Bureau) -> None:
    desk = Desk(bureau, "analyst")
    answer = desk.take("settings", "token!", name="Reports")
    [secret] = re.findall(r'"children": ?"([\w-]{40,})"', answer.text)[:1]
    assert secret not in desk.open("/settings/tokens")
    me = {"Authorization": f"Bearer {secret}"}
    assert bureau.browser.get("/api/v1/me", headers=me).json()["role"] == "analyst"
    token = next(one for one in bureau.accounts.api_tokens(desk.actor) if one.name == "Reports")
    desk.take("settings", "revoke!", token.token_hash)
    assert bureau.browser.get("/api/v1/me", headers=me).status_code == 401


def test_the_demo_is_asked_for_and_followed(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    assert "Load the demo" in desk.open("/settings/demo")
    desk.take("settings", "demo")
    assert "loaded" in desk.open("/settings/demo")
    assert bureau.services.setup.demo_progress(desk.actor) is not None


@pytest.mark.parametrize(("role", "what"), [
    ("manager", "workspace"), ("agent", "template!"), ("agent", "rule!"), ("agent", "connect!"),
    ("agent", "demo"), ("manager", "demo-remove!"),
])  # fmt: skip
def test_steps_of_others_are_refused(bureau: Bureau, role: str, what: str) -> None:
    fields = {
        **WEEK,
        "shortcut": "a",
        "text": "b",
        "query": "c",
        "tags": "d",
        "kind": "post",
        "key": "x:1",
        "secret": "s",
    }
    assert "Your role may not do this" in Desk(bureau, role).take("settings", what, "bluesky", **fields).text
    assert bureau.services.setup.workspace(Desk(bureau, "manager").actor).id == WORKSPACE


def _reads_x(bureau: Bureau, **read: int) -> None:
    with bureau.records.write() as tx:
        sources.put(tx, SourceRow("s1", WORKSPACE, "x", "X", {"account": "a1", "search": "yes"}, START))
        budget.spend(tx, WORKSPACE, "x", read, START)


def test_reads_and_caps_are_shown_and_set(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    assert "Nothing here counts what is read" in desk.open("/settings/budget")
    _reads_x(bureau, **{MONITOR: 1234})
    page = desk.open("/settings/budget")
    assert "No cap; at this pace 1,881 posts" in page
    assert "Posts a month at most" in desk.take("settings", "cap", "x").text
    assert "whole number" in desk.take("settings", "cap!", "x", posts="-5").text
    assert desk.take("settings", "cap!", "x", posts="1,500").toast == "Saved"
    page = desk.open("/settings/budget")
    assert "1,234 of 1,500" in page
    assert "reached before the month ends" in page
    assert desk.take("settings", "cap!", "x", posts="1234", monitor=MONITOR).opened("dialog") is False
    assert "The cap is reached" in desk.open("/settings/budget")
    assert '"1234"' in desk.take("settings", "cap", f"x {MONITOR}").text
    assert desk.take("settings", "cap!", "x", posts="").toast == "Saved"
    assert [use.cap for use in bureau.services.budgets.uses(desk.actor)] == [None, 1234]


def test_youtube_is_counted_in_units(bureau: Bureau) -> None:
    with bureau.records.write() as tx:
        sources.put(tx, SourceRow("s1", WORKSPACE, "youtube", "YouTube", {"account": "a1", "search": "yes"}, START))
        budget.spend(tx, WORKSPACE, "youtube", {MONITOR: 1234}, START)
    desk = Desk(bureau, "manager")
    page = desk.open("/settings/budget")
    assert "1,234 units" in page
    assert "No cap; at this pace 1,881 units" in page
    dialog = desk.take("settings", "cap", "youtube").text
    assert "Units a month at most" in dialog
    assert "a search costs 100" in dialog
    desk.take("settings", "cap!", "youtube", posts="5000")
    assert "1,234 of 5,000 units" in desk.open("/settings/budget")
    assert "از ۵٬۰۰۰ واحد" in Desk(bureau, "administrator", "fa").open("/settings/budget")


def test_a_cap_is_written_and_read_in_persian(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager", "fa")
    _reads_x(bureau, **{MONITOR: 10})
    assert desk.take("settings", "cap!", "x", posts="۲۰٬۰۰۰").opened("dialog") is False
    assert "۱۰ از ۲۰٬۰۰۰" in desk.open("/settings/budget")
    assert "سقف ایکس را ماهی" in Desk(bureau, "administrator", "fa").open("/audit")


def test_who_may_not_set_caps_sees_them_and_learns_who_may(bureau: Bureau) -> None:
    _reads_x(bureau, **{MONITOR: 10})
    page = Desk(bureau, "agent").open("/settings/budget").replace(" ", "")
    assert "Nocap" in page
    assert '"data-take":"cap"' not in page
    assert "Your role may not do this" in Desk(bureau, "agent").take("settings", "cap!", "x", posts="1").text
