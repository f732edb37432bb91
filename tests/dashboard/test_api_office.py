"""Sources, health, team, templates, audit and erasure through the HTTP API; and who may call what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.policies.access import ROLES
from crm.usecases.accounts import hash_token
from dashboard.api import create_api
from dashboard.app import api_package
from dashboard.page import discover
from tests.dashboard.bureau import Bureau, open_bureau
from tests.doubles.office import said

pytestmark = pytest.mark.slow

DESCRIBED = create_api(discover(api_package)).openapi()
CALLS = [(method.upper(), path) for path, methods in DESCRIBED["paths"].items() for method in methods]
ALLOWED: list[tuple[str, str, dict[str, Any], frozenset[str]]] = [
    ("POST", "/cases/{case}/notes", {"text": "x"}, frozenset({"administrator", "manager", "agent"})),
    ("POST", "/monitors", {"name": "x", "query": "x"}, frozenset({"administrator", "manager"})),
    ("POST", "/sources", {"kind": "feed"}, frozenset({"administrator", "manager"})),
    ("POST", "/templates", {"shortcut": "x", "text": "x", "language": "en"}, frozenset({"administrator", "manager"})),
    ("POST", "/customers", {"name": "x"}, frozenset({"administrator", "manager", "agent"})),
    ("POST", "/dead-letters/replay", {"ids": []}, frozenset({"administrator", "manager"})),
    ("POST", "/team", {"email": "x@example.org", "role": "agent"}, frozenset({"administrator"})),
    ("POST", "/privacy/erasures", {"posts": ["x:1"]}, frozenset({"administrator"})),
    ("GET", "/privacy", {}, frozenset({"administrator"})),
    ("GET", "/privacy/erasures", {}, frozenset({"administrator"})),
    ("GET", "/privacy/subjects?text=mina", {}, frozenset({"administrator"})),
    ("GET", "/privacy/holdings?kind=author&key=bluesky:did:mina", {}, frozenset({"administrator"})),
    ("GET", "/privacy/export?kind=author&key=bluesky:did:mina", {}, frozenset({"administrator"})),
    ("POST", "/privacy/verify", {"receipt": {}}, frozenset({"administrator"})),
    ("GET", "/audit", {}, frozenset({"administrator", "manager"})),
    ("GET", "/health", {}, frozenset({"administrator", "manager", "agent"})),
    ("GET", "/caps", {}, frozenset({"administrator", "manager", "agent"})),
    ("PUT", "/caps/x", {"posts": 5}, frozenset({"administrator", "manager"})),
]


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    made = open_bureau(tmp_path_factory.mktemp("bureau"))
    made.hear(said("p1"))
    yield made
    made.close()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(CALLS), st.text("abcdefgh-_", min_size=1, max_size=40))
def test_no_call_answers_without_a_token(bureau: Bureau, call: tuple[str, str], made_up: str) -> None:
    method, path = call
    for headers in ({}, {"Authorization": f"Bearer {made_up}"}, {"Authorization": "Bearer"}):
        # A script of another site sends no origin of ours, and a person's cookie is not there.
        answer = bureau.browser.send(method, f"/api{path}", headers={"Origin": "http://localhost", **headers})
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorised"), path


@pytest.mark.parametrize(("method", "path", "body", "able"), ALLOWED)
def test_a_role_does_what_it_may(bureau: Bureau, method: str, path: str, body: dict[str, Any], able: set[str]) -> None:
    refused, case = set(), bureau.as_("agent", "GET", "/cases").json()["rows"][0]["case"]["id"]
    for role in ROLES:
        answer = bureau.as_(role, method, path.format(case=case), **({"json": body} if body else {}))
        if answer.status_code == 403:
            assert answer.json()["error"] == "forbidden"
            refused.add(role)
    assert refused == set(ROLES) - able


def test_another_workspace_sees_nothing_of_ours(bureau: Bureau) -> None:
    [row] = bureau.as_("agent", "GET", "/cases").json()["rows"]
    case = row["case"]["id"]
    assert bureau.as_("stranger", "GET", "/cases").json()["rows"] == []
    assert bureau.as_("stranger", "GET", "/posts").json()["hits"] == []
    assert bureau.as_("stranger", "GET", "/monitors").json() == []
    for method, path, body in (
        ("GET", f"/cases/{case}", None), ("PUT", f"/cases/{case}/status", {"status": "resolved"}),
        ("POST", f"/cases/{case}/notes", {"text": "x"}), ("GET", f"/cases/{case}/ways", None),
        ("POST", f"/cases/{case}/replies", {"way": "open", "text": "x"}),
        ("POST", "/cases", {"post_key": "bluesky:p1"}), ("PUT", "/team/agent/role", {"role": "manager"}),
        ("GET", "/posts/one?key=bluesky:p1", None), ("GET", "/customers/bluesky:did:mina", None),
        ("GET", "/monitors/m1", None), ("DELETE", "/monitors/m1", None),
    ):  # fmt: skip
        answer = bureau.as_("stranger", method, path, **({"json": body} if body else {}))
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), path


def test_a_token_that_was_revoked_is_worth_nothing(tmp_path: Path) -> None:
    bureau = open_bureau(tmp_path)
    assert bureau.as_("agent", "GET", "/me").json()["role"] == "agent"
    holder = bureau.accounts.actor_of(bureau.tokens["agent"], "api")
    assert holder is not None
    bureau.accounts.revoke_api_token(holder, hash_token(bureau.tokens["agent"]))
    assert bureau.as_("agent", "GET", "/me").status_code == 401
    bureau.as_("administrator", "PUT", "/team/manager/active", json={"active": False})
    assert bureau.as_("manager", "GET", "/me").status_code == 401
    bureau.close()


def test_what_is_not_known_is_refused_with_its_name(bureau: Bureau) -> None:
    answer = bureau.as_("agent", "GET", "/cases", params={"colour": "red"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")
    assert "colour" in answer.json()["message"]
    assert bureau.as_("agent", "GET", "/cases", params={"cursor": "no cursor"}).status_code == 422
    assert bureau.as_("agent", "GET", "/cases", params={"limit": 1000}).status_code == 422
    assert bureau.as_("agent", "GET", "/nothing").status_code == 404


def test_sources_are_checked_added_paused_and_removed(bureau: Bureau) -> None:
    kinds = {one["kind"]: one for one in bureau.as_("agent", "GET", "/source-kinds").json()}
    assert {"jetstream", "mastodon", "feed", "file"} <= set(kinds)
    assert bureau.as_("manager", "POST", "/sources/check", json={"kind": "feed"}).json()[0]["option"] == "url"
    assert bureau.as_("agent", "POST", "/sources/check", json={"kind": "feed"}).status_code == 403
    feed = {"kind": "feed", "name": "News", "options": {"url": "https://news.example.com/feed"}}
    made = bureau.as_("manager", "POST", "/sources", json=feed).json()
    path = f"/sources/{made['id']}"
    assert bureau.as_("manager", "PUT", f"{path}/enabled", json={"enabled": False}).status_code == 204
    assert bureau.as_("agent", "GET", "/sources").json()[0]["state"] == "stopped"
    assert bureau.as_("agent", "GET", f"{path}/rejected").json() == []
    assert bureau.as_("stranger", "DELETE", path).status_code == 404
    assert bureau.as_("manager", "DELETE", path).status_code == 204


def test_a_file_is_handed_over_and_no_path_is_taken(bureau: Bureau) -> None:
    by_path = {"kind": "file", "options": {"path": "/etc/hostname", "platform": "x"}}
    for path in ("/sources", "/sources/check"):
        assert "imports" in bureau.as_("manager", "POST", path, json=by_path).json()["message"]
    rows = {"file": ("posts.csv", b"id,text,author\n1,my card,mina\n")}
    made = bureau.as_("manager", "POST", "/imports", files=rows, data={"platform": "x"})
    assert (made.status_code, made.json()["name"]) == (201, "posts.csv")
    [kept] = (bureau.data / "uploads").iterdir()
    assert made.json()["options"]["path"] == str(kept)
    assert bureau.as_("agent", "POST", "/imports", files=rows, data={"platform": "x"}).status_code == 403
    unreadable = {"file": ("posts.csv", b"\x00\x01")}
    assert bureau.as_("manager", "POST", "/imports", files=unreadable, data={"platform": "x"}).status_code == 422
    assert list((bureau.data / "uploads").iterdir()) == [kept]


def test_caps_are_read_and_set(bureau: Bureau) -> None:
    for body in ({"posts": 1000}, {"posts": 100, "monitor": "m1"}):
        assert bureau.as_("manager", "PUT", "/caps/reddit", json=body).status_code == 204
    lines = [one for one in bureau.as_("agent", "GET", "/caps").json() if one["platform"] == "reddit"]
    assert [(one["monitor"], one["name"], one["read"], one["cap"]) for one in lines] == [
        ("", "", 0, 1000), ("m1", "Nanmah", 0, 100)
    ]  # fmt: skip
    assert bureau.as_("stranger", "GET", "/caps").json() == []
    assert bureau.as_("stranger", "PUT", "/caps/reddit", json={"posts": 1, "monitor": "m1"}).status_code == 404
    assert bureau.as_("manager", "PUT", "/caps/moon", json={"posts": 1}).status_code == 404
    for wrong in ({"posts": -1}, {"posts": 10**12}, {}, {"posts": 1, "colour": "red"}):
        assert bureau.as_("manager", "PUT", "/caps/reddit", json=wrong).status_code == 422
    for monitor in ("", "m1"):
        bureau.as_("manager", "PUT", "/caps/reddit", json={"posts": None, "monitor": monitor})
    assert not [one for one in bureau.as_("agent", "GET", "/caps").json() if one["platform"] == "reddit"]


def test_accounts_never_show_their_secret(bureau: Bureau) -> None:
    account = {"platform": "bluesky", "base_url": "https://social.example", "handle": "nanmah", "secret": "hush-hush"}
    made = bureau.as_("manager", "POST", "/accounts", json=account)
    listed = bureau.as_("manager", "GET", "/accounts")
    assert [one["handle"] for one in listed.json()] == ["nanmah"]
    assert "hush" not in made.text + listed.text
    path = f"/accounts/{made.json()['id']}"
    assert bureau.as_("manager", "POST", f"{path}/check").json()["state"] == "connected"
    assert bureau.as_("manager", "DELETE", path).status_code == 204
    assert bureau.as_("manager", "DELETE", path).status_code == 404


def test_health_and_dead_letters(bureau: Bureau) -> None:
    state = bureau.as_("agent", "GET", "/health").json()
    assert state["health"]["dead_total"] == 0
    assert bureau.as_("agent", "GET", "/dead-letters").json() == []
    assert bureau.as_("manager", "POST", "/dead-letters/discard", json={"ids": ["x"]}).json() == {"count": 0}
    assert bureau.as_("manager", "GET", "/dead-letters/x").status_code == 404


def test_the_team(bureau: Bureau) -> None:
    made = bureau.as_("administrator", "POST", "/team", json={"email": "sam@example.org", "role": "analyst"}).json()
    assert len(made["one_time_password"]) >= 16
    path = f"/team/{made['member']['id']}"
    assert bureau.as_("administrator", "PUT", f"{path}/role", json={"role": "agent"}).status_code == 204
    reach = {"monitors": ["m1"], "private": False}
    assert bureau.as_("administrator", "PUT", f"{path}/reach", json=reach).status_code == 204
    [sam] = [one for one in bureau.as_("analyst", "GET", "/team").json() if one["email"] == "sam@example.org"]
    assert (sam["role"], sam["monitors"]) == ("agent", ["m1"])
    assert bureau.as_("administrator", "POST", "/team", json={"email": "sam@example.org", "role": "agent"}).json()[
        "error"
    ] == "conflict"  # fmt: skip
    assert bureau.as_("analyst", "GET", "/workspace").json()["zone"] == "Asia/Tehran"


def test_templates_and_rules(bureau: Bureau) -> None:
    template = {"shortcut": "hello", "title": "Greeting", "text": "Hello {name}", "language": "en"}
    made = bureau.as_("manager", "POST", "/templates", json=template).json()
    path = f"/templates/{made['id']}"
    assert bureau.as_("manager", "PUT", path, json=template | {"text": "Hi"}).json()["text"] == "Hi"
    assert made["id"] in [one["id"] for one in bureau.as_("agent", "GET", "/templates").json()]
    assert bureau.as_("manager", "DELETE", path).status_code == 204
    rule = {"name": "Cards", "query": "card", "actions": [{"type": "tag", "name": "card"}, {"type": "complete"}]}
    kept = bureau.as_("manager", "POST", "/rules", json=rule).json()
    assert kept["actions"] == rule["actions"]
    assert bureau.as_("manager", "POST", "/rules", json=rule | {"actions": [{"type": "tag"}]}).status_code == 422
    changed = bureau.as_("manager", "PUT", f"/rules/{kept['id']}", json=rule | {"enabled": False})
    assert changed.json()["enabled"] is False
    assert [one["id"] for one in bureau.as_("agent", "GET", "/rules").json()] == [kept["id"]]
    assert bureau.as_("manager", "DELETE", f"/rules/{kept['id']}").status_code == 204


def test_the_audit_trail_comes_in_pages_and_holds(bureau: Bureau) -> None:
    bureau.as_("manager", "PUT", "/monitors/m1/enabled", json={"enabled": False})
    bureau.services.trail.seal()
    page = bureau.as_("manager", "GET", "/audit", params={"action": "pause_monitor"}).json()
    assert [row["actor"] for row in page["rows"]] == ["manager"]
    assert bureau.as_("manager", "GET", "/audit", params={"before": page["rows"][-1]["id"]}).status_code == 200
    verified = bureau.as_("manager", "GET", "/audit/verify").json()
    assert (verified["broken"], verified["rows"] > 0) == (None, True)


def test_every_answer_and_every_refusal_is_described() -> None:
    schemas = DESCRIBED["components"]["schemas"]
    for path, methods in DESCRIBED["paths"].items():
        for method, call in methods.items():
            assert call.get("description"), (method, path)
            done = next(code for code in call["responses"] if code.startswith("2"))
            if done != "204":
                content = call["responses"][done]["content"]
                # What is downloaded as a file has a shape of its own.
                plain = all(kind.startswith(("text/plain", "image/")) for kind in content) or path.endswith("/export")
                assert plain or "$ref" in str(content["application/json"]["schema"]), (method, path)
            assert {"401", "403", "404", "422"} <= set(call["responses"])
    assert "title" in schemas["CaseView"]["properties"]["case"] or "$ref" in schemas["CaseView"]["properties"]["case"]
    assert schemas["EnrichedPost"]["description"].startswith("A post as one workspace")
