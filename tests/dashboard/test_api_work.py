"""Cases, replies, posts, monitors and customers through the HTTP API, on real stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from enrich.duplicates import MinHash
from tests.dashboard.bureau import Bureau, open_bureau
from tests.doubles.office import START, said

pytestmark = pytest.mark.slow

KEY = "bluesky:p1"
LATER = (START + timedelta(days=1)).isoformat()


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    made = open_bureau(tmp_path)
    made.hear(said("p1"), said("p2", "the card again", at=1, parent="p1", root="p1"), said("q1", at=2, who="did:omid"))
    yield made
    made.close()


@pytest.fixture
def case(bureau: Bureau) -> str:
    """The id of the case of the thread of p1."""
    rows = bureau.as_("agent", "GET", "/cases").json()["rows"]
    return str(next(row["case"]["id"] for row in rows if row["case"]["thread_key"] == KEY))


def connect(bureau: Bureau) -> str:
    account = {"platform": "bluesky", "base_url": "https://social.example", "handle": "nanmah", "secret": "hush"}
    return str(bureau.as_("manager", "POST", "/accounts", json=account).json()["id"])


def test_the_queue_comes_in_pages_that_do_not_overlap(bureau: Bureau) -> None:
    first = bureau.as_("agent", "GET", "/cases", params={"limit": 1}).json()
    second = bureau.as_("agent", "GET", "/cases", params={"limit": 1, "cursor": first["cursor"]}).json()
    assert first["total"] == 2
    assert first["counts"]["all"] == 2
    assert {first["rows"][0]["case"]["author_key"], second["rows"][0]["case"]["author_key"]} == {
        "bluesky:did:mina", "bluesky:did:omid",
    }  # fmt: skip
    assert second["cursor"] is None


def test_filters_of_the_queue(bureau: Bureau, case: str) -> None:
    bureau.as_("agent", "PUT", f"/cases/{case}/assignee", json={"user_id": "agent"})
    bureau.as_("agent", "PUT", f"/cases/{case}/tags/refund")
    for wanted in ({"view": "mine"}, {"tag": "refund"}, {"assignee": "agent"}, {"query": '"card again"'}):
        found = bureau.as_("agent", "GET", "/cases", params=wanted).json()
        assert [row["case"]["id"] for row in found["rows"]] == [case], wanted
    assert bureau.as_("agent", "GET", "/cases", params={"status": "resolved"}).json()["rows"] == []


def test_a_case_from_hand_to_hand(bureau: Bureau, case: str) -> None:
    assert bureau.as_("agent", "PUT", f"/cases/{case}/assignee", json={"user_id": "manager"}).json()["status"] == "open"
    assert bureau.as_("agent", "PUT", f"/cases/{case}/priority", json={"priority": "urgent"}).status_code == 200
    assert bureau.as_("agent", "PUT", f"/cases/{case}/snooze", json={"until": LATER}).json()["snoozed_until"]
    assert bureau.as_("agent", "DELETE", f"/cases/{case}/snooze").json()["snoozed_until"] is None
    assert bureau.as_("agent", "POST", f"/cases/{case}/notes", json={"text": "called them"}).status_code == 201
    assert bureau.as_("agent", "PUT", f"/cases/{case}/tags/refund").json() == {"tags": ["refund"]}
    assert bureau.as_("agent", "GET", "/tags").json()[0]["cases"] == 1
    assert bureau.as_("agent", "DELETE", f"/cases/{case}/tags/refund").json() == {"tags": []}
    assert bureau.as_("agent", "PUT", f"/cases/{case}/status", json={"status": "resolved"}).status_code == 200
    view = bureau.as_("agent", "GET", f"/cases/{case}").json()
    assert (view["case"]["status"], view["case"]["priority"], view["assignee"]["name"]) == (
        "resolved", "urgent", "Manager",
    )  # fmt: skip
    assert [item["post"]["post"]["key"] for item in view["items"] if item["kind"] == "post"] == [KEY, "bluesky:p2"]
    assert [item["note"]["text"] for item in view["items"] if item["kind"] == "note"] == ["called them"]


def test_a_version_that_is_out_of_date_is_a_conflict(bureau: Bureau, case: str) -> None:
    seen = bureau.as_("agent", "GET", f"/cases/{case}").json()["case"]["version"]
    bureau.as_("manager", "PUT", f"/cases/{case}/assignee", json={"user_id": "manager"})
    answer = bureau.as_("agent", "PUT", f"/cases/{case}/assignee", json={"user_id": "agent", "version": seen})
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


def test_many_cases_at_once(bureau: Bureau, case: str) -> None:
    body = {"case_ids": [case], "action": "status", "value": "resolved"}
    assert bureau.as_("agent", "POST", "/cases/bulk", json=body).json() == {"count": 1}
    assert bureau.as_("agent", "POST", "/cases", json={"post_key": KEY}).json()["status"] == "open"


def test_a_reply_is_written_looked_at_and_sent(bureau: Bureau, case: str) -> None:
    connect(bureau)
    assert bureau.as_("agent", "GET", f"/cases/{case}/ways").json()["rules"][0]["way"] == "reply"
    body = {"way": "reply", "text": "We are sorry.", "language": "en"}
    draft = bureau.as_("agent", "PUT", f"/cases/{case}/draft", json=body).json()
    bureau.as_("agent", "POST", f"/replies/{draft['id']}/request-approval")
    [pending] = bureau.as_("manager", "GET", "/replies/pending").json()
    assert pending["reply"]["text"] == "We are sorry."
    returned = bureau.as_("manager", "POST", f"/replies/{draft['id']}/hand-back").json()
    assert returned["asked_at"] is None
    path = f"/replies/{draft['id']}/approve"
    assert bureau.as_("manager", "POST", path, json={}).status_code == 422
    assert bureau.as_("manager", "POST", path, json={"version": pending["reply"]["version"]}).status_code == 409
    sent = bureau.as_("manager", "POST", path, json={"version": returned["version"]}).json()
    assert sent["status"] == "approved"
    assert bureau.as_("agent", "POST", f"/replies/{draft['id']}/cancel").json()["status"] == "cancelled"
    assert bureau.platform.published == []


def test_an_answer_by_hand_is_marked_as_sent(bureau: Bureau, case: str) -> None:
    reply = bureau.as_("agent", "POST", f"/cases/{case}/replies", json={"way": "open", "text": "Sorry."}).json()
    assert reply["status"] == "approved"
    path = f"/replies/{reply['id']}/mark-sent"
    assert bureau.as_("agent", "POST", path, json={"url": "not an address"}).status_code == 422
    assert bureau.as_("agent", "POST", path, json={"url": "https://social.example/9"}).json()["status"] == "sent"
    answer = bureau.as_("manager", "POST", f"/replies/{reply['id']}/decide", json={"was_sent": True})
    assert answer.status_code == 409


def test_posts_are_searched_read_and_corrected(bureau: Bureau) -> None:
    page = bureau.as_("analyst", "GET", "/posts", params={"query": '"card again"'}).json()
    assert (page["total"], page["hits"][0]["post"]["post"]["key"]) == (1, "bluesky:p2")
    [[start, end]] = page["hits"][0]["spans"]
    assert page["hits"][0]["post"]["post"]["text"][start:end] == "card again"
    first = bureau.as_("analyst", "GET", "/posts", params={"limit": 2}).json()
    rest = bureau.as_("analyst", "GET", "/posts", params={"limit": 2, "cursor": first["cursor"]}).json()
    keys = [hit["post"]["post"]["key"] for hit in first["hits"] + rest["hits"]]
    assert keys == ["bluesky:q1", "bluesky:p2", KEY]
    assert bureau.as_("analyst", "GET", "/posts/one", params={"key": KEY}).json()["post"]["post"]["key"] == KEY
    thread = bureau.as_("analyst", "GET", "/posts/thread", params={"key": KEY}).json()
    assert [hit["post"]["post"]["native_id"] for hit in thread] == ["p1", "p2"]
    texts = ["one and the same text by many accounts", "One and the same text by many accounts!!"]
    for name, text, bands in zip("ab", texts, MinHash().bands(texts), strict=True):
        bureau.hear(replace(said(name, text, who=f"did:{name}", at=3), bands=bands))
    [group] = bureau.as_("analyst", "GET", "/posts/repeated", params={"query": "text"}).json()
    assert (group["posts"], group["accounts"], group["example"]["post"]["key"]) == (2, 2, "bluesky:b")
    assert "bands" not in group["example"]
    alike = bureau.as_("analyst", "GET", "/posts", params={"query": "alike:bluesky:a"}).json()
    assert [hit["post"]["post"]["native_id"] for hit in alike["hits"]] == ["b", "a"]
    better = {"post_key": KEY, "task": "sentiment", "value": "positive"}
    assert bureau.as_("analyst", "POST", "/posts/correct", json=better).status_code == 204
    assert bureau.as_("analyst", "POST", "/posts/correct", json=better | {"value": "glad"}).status_code == 422


def test_a_query_that_is_wrong_says_where(bureau: Bureau) -> None:
    answer = bureau.as_("analyst", "GET", "/posts", params={"query": 'card\n  AND "again'})
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "invalid_input", "code": "unclosed_quote", "line": 2, "column": 7, "length": 1,
        "message": 'The quotation mark " has no partner.',
    }  # fmt: skip
    found = bureau.as_("analyst", "GET", "/posts/check", params={"query": "(card"}).json()["problem"]
    assert (found["code"], found["column"]) == ("unclosed_parenthesis", 1)
    assert bureau.as_("analyst", "GET", "/posts/check", params={"query": "card"}).json() == {"problem": None}


def test_monitors_are_made_changed_and_removed(bureau: Bureau) -> None:
    draft = {"name": "Rival", "query": "rival", "own": False}
    made = bureau.as_("manager", "POST", "/monitors", json=draft).json()
    path = f"/monitors/{made['id']}"
    changed = bureau.as_("manager", "PUT", path, json=draft | {"query": "rival OR riv"}).json()
    assert (changed["version"], changed["brand"]) == (2, "Rival")
    assert bureau.as_("manager", "PUT", f"{path}/enabled", json={"enabled": False}).json()["enabled"] is False
    assert bureau.as_("analyst", "GET", path).json()["query"] == "rival OR riv"
    assert [one["name"] for one in bureau.as_("analyst", "GET", "/monitors").json()] == ["Nanmah", "Rival"]
    assert bureau.as_("manager", "DELETE", path).status_code == 204
    assert bureau.as_("manager", "GET", path).status_code == 404


def test_a_monitor_is_tried_before_it_is_saved(bureau: Bureau) -> None:
    preview = bureau.as_("manager", "POST", "/monitors/preview", json={"query": "card"}).json()
    assert preview["total"] == 3
    fault = bureau.as_("manager", "POST", "/monitors/check", json={"query": "-card"}).json()["problem"]
    assert fault["code"] == "monitor_negative"
    answer = bureau.as_("manager", "POST", "/monitors", json={"name": "All", "query": "-card"})
    assert (answer.status_code, answer.json()["line"]) == (422, 1)


def test_customers_are_kept_and_tied(bureau: Bureau) -> None:
    body = {"name": "Mina Rahimi", "email": "Mina@Example.org", "phone": "+98 21 5555 0100", "vip": True}
    made = bureau.as_("agent", "POST", "/customers", json=body).json()
    assert "email" not in made
    path = f"/customers/{made['id']}"
    assert bureau.as_("agent", "POST", f"{path}/contact").json()["email"] == "mina@example.org"
    identity = bureau.as_("agent", "POST", f"{path}/identities", json={"author_key": "bluesky:did:mina"}).json()
    card = bureau.as_("analyst", "GET", path).json()
    assert (card["name"], len(card["open_cases"])) == ("Mina Rahimi", 1)
    assert len(bureau.as_("analyst", "GET", f"{path}/posts").json()["posts"]) == 2
    found = bureau.as_("agent", "GET", "/authors", params={"text": "@mina"}).json()
    assert found[0]["customer"]["name"] == "Mina Rahimi"
    assert bureau.as_("agent", "PUT", path, json=body | {"name": "Mina R."}).json()["name"] == "Mina R."
    assert bureau.as_("analyst", "GET", "/customers", params={"text": "mina"}).json()["rows"][0]["identities"] == 1
    assert bureau.as_("agent", "DELETE", f"/identities/{identity['id']}").status_code == 204
    assert bureau.as_("analyst", "GET", path).json()["open_cases"] == []


def test_suggested_ties_are_listed_dismissed_and_confirmed(bureau: Bureau) -> None:
    made = bureau.as_("agent", "POST", "/customers", json={"name": "Mina Rahimi"}).json()
    bureau.as_("agent", "POST", f"/customers/{made['id']}/identities", json={"author_key": "x:7", "handle": "Mina"})
    path, author = f"/customers/{made['id']}", "bluesky:did:mina"
    (one,) = bureau.as_("analyst", "GET", f"{path}/suggestions").json()
    assert (one["author"]["handle"], one["clues"][0]["kind"]) == ("mina", "handle_same")
    assert "email" not in one["customer"]
    card = bureau.as_("analyst", "GET", f"/customers/{author}").json()
    assert [two["customer"]["id"] for two in card["could_be"]] == [made["id"]]
    assert bureau.as_("analyst", "PUT", f"{path}/dismissals/{author}").status_code == 403
    assert bureau.as_("agent", "PUT", f"{path}/dismissals/{author}").status_code == 204
    assert bureau.as_("analyst", "GET", f"{path}/suggestions").json() == []
    assert bureau.as_("agent", "DELETE", f"{path}/dismissals/{author}").status_code == 204
    tie = bureau.as_("agent", "POST", f"{path}/suggestions", json={"author_key": author})
    assert (tie.status_code, tie.json()["evidence"]) == (201, "likeness")
    assert bureau.as_("stranger", "GET", f"{path}/suggestions").status_code == 404


def test_trends_carry_the_query_behind_each_figure(bureau: Bureau) -> None:
    period = {"since": (START - timedelta(days=6)).isoformat(), "until": LATER}
    view = bureau.as_("analyst", "GET", "/trends", params=period).json()
    assert (view["totals"]["total"], view["totals"]["net"]) == (3, -100.0)
    again = bureau.as_("analyst", "GET", "/posts", params={"query": view["platforms"][0]["query"]}).json()
    assert again["total"] == 3
    backwards = {"since": period["until"], "until": period["since"]}
    assert bureau.as_("analyst", "GET", "/trends", params=backwards).status_code == 422
    assert bureau.as_("analyst", "GET", "/trends", params=period | {"since": "2026-03-21T00:00:00"}).status_code == 422
