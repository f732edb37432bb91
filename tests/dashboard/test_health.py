"""The page Health: states in words, troubles with their mend, sources added and handled, dead letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from collectors.feed.document import NotAFeedError
from crm.envelope import NewerEnvelopeError
from crm.ports.source import Gap, Quota, Rejected
from crm.ports.transport import ForbiddenAddressError, UnreachableError
from crm.records import budget, monitors, roles, sources
from crm.records.monitors import Monitor
from crm.records.sources import SourceRow
from dashboard.admin.health.dead import START as SHOWN
from dashboard.admin.health.dead import beginning
from dashboard.admin.step import Step
from tests.conformance.dead_letters import letter
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import MONITOR, START, WORKSPACE
from tests.services.jsonapi import json_server

pytestmark = pytest.mark.slow


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    one = open_bureau(tmp_path)
    yield one
    one.close()


def put(bureau: Bureau, **more: object) -> None:
    row = SourceRow("s1", WORKSPACE, "feed", "News", {"url": "https://news.example/feed"}, START, **more)  # type: ignore[arg-type]
    with bureau.records.write() as tx:
        sources.put(tx, row)


def test_without_sources_the_page_offers_to_add_one(bureau: Bureau) -> None:
    page = Desk(bureau, "manager").open("/status")
    assert "No source is connected yet" in page
    assert "belong to the demo" not in page
    assert '"data-take":"add"' in page.replace(" ", "")
    assert '"data-take":"add"' not in Desk(bureau, "agent").open("/status").replace(" ", "")


@pytest.mark.parametrize(("language", "said"), [("en", "belong to the demo"), ("fa", "از دادهٔ نمایشی است")])
def test_beside_the_demo_it_says_whose_the_posts_are(bureau: Bureau, language: str, said: str) -> None:
    with bureau.records.write() as tx:
        monitors.put(tx, Monitor("d1", WORKSPACE, "Demo", "demo", "Demo", True, START, START, made_up=True))
    assert said in Desk(bureau, "manager", language).open("/status")


@pytest.mark.parametrize(("language", "said"), [("en", "A name of your own"), ("fa", "نامی دلخواه")])
def test_the_form_of_a_webhook_says_what_a_platform_is_called(bureau: Bureau, language: str, said: str) -> None:
    assert said in Desk(bureau, "manager", language).take("health", "add-kind", "webhook").text


def test_whoever_may_not_see_health_is_told_so(bureau: Bureau) -> None:
    assert "not part of your role" in Desk(bureau, "analyst").open("/status")


@pytest.mark.parametrize(("state", "said"), [
    ({"state": "running", "last_success": START}, "Running"),
    ({"state": "failed", "error": "No.", "error_kind": "AuthorisationError"}, "Not let in"),
    ({"state": "waiting", "error_kind": "RateLimitedError", "retry_at": START + timedelta(minutes=2)},
     "Waiting for the limit, 2 min"),
    ({"state": "running", "enabled": False}, "Paused"),
    ({"state": "finished"}, "Read to its end"),
])  # fmt: skip
def test_states_are_words(bureau: Bureau, state: dict[str, object], said: str) -> None:
    put(bureau, **state)
    assert said in Desk(bureau, "manager").open("/status")


@pytest.mark.parametrize(("error", "language", "said"), [
    (UnreachableError("https://news.example/feed", "connection refused"), "en", "feed can't be reached; check"),
    (UnreachableError("https://news.example/feed", "connection refused"), "fa", "feed⁩ نمی‌توان وصل شد"),
    (NotAFeedError("https://news.example/feed"), "fa", "صفحهٔ وب است، نه خوراک"),
    (ForbiddenAddressError("https://news.example/feed", "it is private"), "fa", "نشانی خصوصی است"),
])  # fmt: skip
def test_why_a_source_fails_is_said_in_the_persons_language(
    bureau: Bureau, error: Exception, language: str, said: str
) -> None:
    put(bureau, state="failed", error=str(error), error_kind=type(error).__name__)
    desk = Desk(bureau, "manager", language)
    assert said in desk.open("/status")
    drawer = desk.take("health", "open", "s1").text
    assert said in drawer
    assert str(error) in drawer


def test_an_error_without_a_sentence_here_is_shown_in_the_programs_own_words(bureau: Bureau) -> None:
    put(bureau, state="failed", error="No wave came.", error_kind="NoWaveError")
    tree = Desk(bureau, "manager", "fa").take("health", "open", "s1").text.replace(" ", "")
    assert '{"children":"Nowavecame.","dir":"ltr","lang":"en"}' in tree


def test_a_silent_role_is_the_banner(bureau: Bureau) -> None:
    with bureau.records.write() as tx:
        roles.report(tx, "enrich", "running", {}, START - timedelta(seconds=40))
    page = Desk(bureau, "manager").open("/status")
    assert "Enrichment has been silent since 11:29" in page
    assert "Silent for 40 sec" in page


def test_a_source_is_added_paused_resumed_and_removed(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    added = desk.take("health", "add!", "feed", url="https://www.news.example/feed", every="15", name="")
    assert added.opened("dialog") is False
    (row,) = bureau.services.sources.all(desk.actor)
    assert (row.name, dict(row.options)) == ("news.example", {"url": "https://www.news.example/feed", "every": "15"})
    desk.take("health", "pause", row.id)
    assert not bureau.services.sources.all(desk.actor)[0].enabled
    desk.take("health", "resume", row.id)
    assert bureau.services.sources.all(desk.actor)[0].enabled
    assert desk.take("health", "remove", row.id).opened("dialog") is True
    assert len(bureau.services.sources.all(desk.actor)) == 1
    desk.take("health", "remove!", row.id)
    assert bureau.services.sources.all(desk.actor) == []


def test_what_is_wrong_stands_at_its_field_in_the_persons_language(bureau: Bureau) -> None:
    answer = Desk(bureau, "manager", "fa").take("health", "add!", "feed", url="news", every="0")
    assert answer.opened("dialog") is True
    assert "«⁨news⁩» نشانی نیست" in answer.text
    assert "news" in answer.text


@pytest.mark.parametrize(("language", "warning"), [("en", "no official interface"), ("fa", "راه رسمی اینستاگرام نیست")])
def test_what_is_not_official_warns_before_it_is_added(bureau: Bureau, language: str, warning: str) -> None:
    desk = Desk(bureau, "manager", language)
    assert warning in desk.take("health", "add-kind", "instagram_public").text
    assert desk.take("health", "add!", "instagram_public", profiles="shop").opened("dialog") is True
    assert bureau.services.sources.all(desk.actor) == []
    desk.take("health", "add!", "instagram_public", profiles="shop", unofficial="yes")
    assert [row.kind for row in bureau.services.sources.all(desk.actor)] == ["instagram_public"]


def test_an_agent_who_takes_a_managers_step_is_refused(bureau: Bureau) -> None:
    put(bureau, state="running")
    desk = Desk(bureau, "agent")
    assert "these may: administrator, manager" in desk.take("health", "pause", "s1").text
    assert "Your role may not do this" in desk.take("health", "read", letter(1).id).text or not bureau.dead.list()
    assert bureau.services.sources.all(desk.actor)[0].enabled


@pytest.mark.parametrize(("language", "where", "why"), [
    ("en", "Line 7", "Column “body”: there is no text."),
    ("fa", "سطر ۷", "متنی ندارد"),
])  # fmt: skip
def test_rejected_rows_are_shown_with_where_they_stood_and_why(
    bureau: Bureau, language: str, where: str, why: str
) -> None:
    put(bureau, state="running")
    rows = [
        Rejected("line 7", "column body: there is no text", "no_text", {"column": "body"}),
        Rejected("cursor 12", "Something that an older version said."),
    ]
    with bureau.records.write() as tx:
        row = sources.get(tx, WORKSPACE, "s1")
        assert row is not None
        sources.succeeded(tx, row, "", 0, rows, START)
    drawer = Desk(bureau, "agent", language).take("health", "open", "s1")
    assert drawer.opened("drawer") is True
    for said in (where, why, "cursor 12", "Something that an older version said."):
        assert said in drawer.text
    assert "column body" not in drawer.text


def test_why_a_dead_letter_failed_is_said_in_the_persons_language(bureau: Bureau) -> None:
    error = NewerEnvelopeError(9)
    bureau.dead.add([replace(letter(1), error=str(error), error_kind=type(error).__name__)])
    desk = Desk(bureau, "manager", "fa")
    assert "نسخهٔ تازه‌تر برنامه" in desk.open("/status")
    drawer = desk.take("health", "read", letter(1).id).text
    assert "نسخهٔ تازه‌تر برنامه" in drawer
    assert str(error) in drawer


def test_dead_letters_are_read_replayed_and_thrown_away(bureau: Bureau) -> None:
    bureau.dead.add([letter(n) for n in range(3)])
    desk = Desk(bureau, "manager")
    assert "The text is missing." in desk.open("/status")
    read = desk.take("health", "read", letter(1).id)
    assert "w1/csv:2" in read.text
    assert "خراب" in read.text
    assert desk.take("health", "replay", letter(1).id).toast == "3 posts go through the pipeline again"
    assert bureau.services.health.view(desk.actor).dead_total == 0
    bureau.dead.add([letter(9)])
    assert desk.take("health", "discard", letter(9).id).opened("dialog") is True
    assert desk.take("health", "discard!", letter(9).id).toast == "1 post thrown away"


def test_a_value_that_is_json_is_laid_out_and_a_long_one_is_cut() -> None:
    assert beginning(b'{"a":1}') == '{\n "a": 1\n}'
    assert len(beginning(b"x" * 9_999)) == SHOWN + 1
    assert beginning(b"\xff\xfe") == "\ufffd\ufffd"


def test_an_uploaded_file_becomes_a_source(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    files = {"file": ("posts.csv", b"id,text,created_at\n1,my card is lost,2026-03-01\n", "text/csv")}
    answer = desk.browser.post("/sources/file", data={"platform": "x", "zone": "UTC"}, files=files)
    (row,) = bureau.services.sources.all(desk.actor)
    assert answer.json() == {"id": row.id}
    assert (row.name, row.options["platform"]) == ("posts.csv", "x")
    assert Path(row.options["path"]).read_bytes().startswith(b"id,text")


def test_a_file_of_the_server_can_not_be_named(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    refused = desk.take("health", "add!", "file", path="/etc/passwd", platform="x", map="text=root")
    assert "handed over" in refused.text
    assert bureau.services.sources.all(desk.actor) == []


@pytest.mark.parametrize(
    ("name", "content", "option"), [("posts.csv", b"", "path"), ("a.zip", b"PK\x03\x04..", "path")]
)
def test_a_file_that_can_not_be_read_is_refused_and_not_kept(
    bureau: Bureau, name: str, content: bytes, option: str
) -> None:
    desk = Desk(bureau, "manager")
    answer = desk.browser.post("/sources/file", data={"platform": "x"}, files={"file": (name, content, "text/csv")})
    assert (answer.status_code, answer.json()["option"]) == (422, option)
    assert list((bureau.data / "uploads").iterdir()) == []


def test_an_agent_hands_over_no_file(bureau: Bureau) -> None:
    desk = Desk(bureau, "agent")
    answer = desk.browser.post(
        "/sources/file", data={"platform": "x"}, files={"file": ("a.csv", b"text\nhi\n", "text/csv")}
    )
    assert answer.status_code == 422
    assert not (bureau.data / "uploads").exists()


@pytest.mark.parametrize("data", [None, {}, {"what": 1, "of": ""}, {"what": "x", "of": "", "fields": {"a": "b"}}])
def test_what_is_no_step_is_refused(data: object) -> None:
    with pytest.raises(Exception, match="no step"):
        Step.read(data)


@pytest.mark.parametrize(("left", "limit", "said", "drawer"), [
    (30, 300, "90% of 300", "30 of 300 calls left, anew at 08:02, in 2 min"),
    (0, 300, "100% of 300", "0 of 300 calls left"),
    (12, None, "12 calls left", "12 calls left, anew at"),
])  # fmt: skip
def test_the_quota_of_a_platform_is_shown_until_its_window_ends(
    bureau: Bureau, left: int, limit: int | None, said: str, drawer: str
) -> None:
    quota = to_builtins(Quota(left, limit, START + timedelta(minutes=2)))
    put(bureau, state="running", last_success=START, quota=quota)
    desk = Desk(bureau, "manager")
    assert said in desk.open("/status")
    assert drawer.replace("08:02", "11:32") in desk.take("health", "open", "s1").text
    bureau.clock.sleep(121)
    assert said not in desk.open("/status")


def test_reads_of_the_month_and_gaps_are_shown(bureau: Bureau) -> None:
    desk = Desk(bureau, "agent")
    assert "Reads this month" not in desk.open("/status")
    with bureau.records.write() as tx:
        sources.put(tx, SourceRow("s2", WORKSPACE, "x", "X", {"account": "a1"}, START))
        budget.spend(tx, WORKSPACE, "x", {MONITOR: 70}, START)
        budget.set_cap(tx, WORKSPACE, "x", "", 100)
        budget.miss(tx, WORKSPACE, "s2", [Gap(START - timedelta(hours=5), START - timedelta(hours=1), "too_many")])
    page = desk.open("/status")
    assert "Reads this month" in page
    assert "70 of 100" in page
    drawer = desk.take("health", "open", "s2").text
    assert "Posts may be missing" in drawer
    assert "gave out only the newest" in drawer


def test_a_source_of_json_is_looked_at_before_it_starts(tmp_path: Path) -> None:
    with json_server(4, token="made-up") as server:
        bureau = open_bureau(tmp_path, allow_addresses=(urlsplit(server.url).netloc,))  # type: ignore[arg-type]
        desk = Desk(bureau, "manager")
        given = {"url": f"{server.url}/posts", "platform": "forum", "kept": "matching"}
        refused = desk.take("health", "add!", "json", **given).text
        assert "lets nobody read without signing in" in refused
        seen = desk.take("health", "add!", "json", token="made-up", **given)
        assert "user.login" in seen.text
        assert "made-up post 4" in seen.text
        assert 'made-up\\"' not in seen.text
        assert bureau.services.sources.all(desk.actor) == []
        looked = re.search(r'"value": "([0-9a-f]{32})"', seen.text)
        assert looked is not None
        done = desk.take("health", "add!", "json", token="made-up", looked=looked[1], **given)
        assert done.opened("dialog") is False
        (row,) = bureau.services.sources.all(desk.actor)
        with bureau.records.read() as tx:
            assert bureau.vault.decrypt(sources.sealed_of(tx, row.id)) == "made-up"
        assert "made-up" not in str(row.options)
        bureau.close()
