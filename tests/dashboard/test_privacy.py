"""The page Privacy and its HTTP API: find, look, give out, erase, prove."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.policies.access import Actor
from crm.records import receipts
from crm.usecases.customers import CustomerDraft
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import WORKSPACE, actor, said

pytestmark = pytest.mark.slow

MINA = "bluesky:did:mina"
FIND = "privacy-found.children"


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    one = open_bureau(tmp_path)
    one.hear(said("p1", "zebra is late"), said("p2", "heron came", at=1, who="did:kian"))
    yield one
    one.close()


def find(desk: Desk, text: str) -> str:
    given = {"privacy-find.n_clicks": 1, "privacy-text.n_submit": None}
    return json.dumps(desk.browser.call(FIND, given, {"privacy-text.value": text}).json(), ensure_ascii=False)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_it_draws_in_both_languages_and_says_how_long_things_are_kept(bureau: Bureau, language: str) -> None:
    page = Desk(bureau, "administrator", language).open("/privacy")
    assert ("30 days" if language == "en" else "۳۰ روز") in page
    assert '"className": "empty failed"' not in page


def test_it_is_for_administrators(bureau: Bureau) -> None:
    desk = Desk(bureau, "manager")
    assert "not part of your role" in desk.open("/privacy")
    for what, of in (("open", f"author:{MINA}"), ("ask", f"author:{MINA}"), ("erase", f"author:{MINA}")):
        assert "Your role may not do this" in desk.take("privacy", what, of, word="erase").text
    assert desk.browser.get("/privacy/receipts/x").status_code == 403
    assert desk.browser.post("/privacy/export", data={"kind": "author", "key": MINA}).status_code == 403


@pytest.mark.parametrize("text", ["@mina", "mina", MINA, "https://bsky.app/profile/did:mina/post/p1", "bluesky:p1"])
def test_people_and_posts_are_found_by_whatever_is_known(bureau: Bureau, text: str) -> None:
    found = find(Desk(bureau, "administrator"), text)
    assert f'"data-of": "author:{MINA}"' in found or '"data-of": "post:bluesky:p1"' in found
    assert "did:kian" not in found


def test_nobody_is_said_so(bureau: Bureau) -> None:
    assert "Nothing is stored" in find(Desk(bureau, "administrator"), "nobody")
    assert "Nothing stored" in find(Desk(bureau, "administrator"), "bluesky:did:never")


def test_the_drawer_counts_what_is_stored(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    mina = bureau.services.customers.save(desk.actor, CustomerDraft("Mina Y."))
    bureau.services.customers.tie(desk.actor, MINA, mina.id)
    shown = desk.take("privacy", "open", f"author:{MINA}")
    assert shown.opened("drawer")
    for words in ("Our answers", "Dead letters", "1 case", "zebra is late", f"customer:{mina.id}", "Mina Y."):
        assert words in shown.text, words
    assert "not here any more, or not for you" in desk.take("privacy", "open", "customer:none").text


def test_an_erasure_wants_a_word_and_gives_a_receipt_that_stays(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    assert "Type “erase”" in desk.take("privacy", "ask", f"author:{MINA}").text.replace("\\u2068", "").replace(
        "⁨", ""
    ).replace("⁩", "")
    assert "This is not" in desk.take("privacy", "erase", f"author:{MINA}", word="yes").text
    assert len(bureau.index.get(desk.actor.scope, ["bluesky:p1"])) == 1
    done = desk.take("privacy", "erase", f"author:{MINA}", word="Erase ")
    assert "Receipt of the erasure" in done.text
    assert bureau.index.get(desk.actor.scope, ["bluesky:p1"]) == []
    page = desk.open("/privacy")
    assert "1 post, 1 case" in page
    (row,) = bureau.services.privacy.erased(desk.actor).rows
    saved = desk.browser.get(f"/privacy/receipts/{row.id}")
    assert saved.json()["signature"]
    assert "attachment" in saved.headers["content-disposition"]
    assert "mina" not in saved.text + page


@pytest.mark.parametrize("word", ["حذف", "erase"])
def test_the_word_is_one_of_the_persons_language(bureau: Bureau, word: str) -> None:
    answer = Desk(bureau, "administrator", "fa").take("privacy", "erase", f"author:{MINA}", word=word)
    assert ("رسید حذف کامل" in answer.text) == (word == "حذف")


def test_an_unfinished_erasure_shows_its_step_and_has_no_receipt(bureau: Bureau) -> None:
    with bureau.records.write() as tx:
        begun = receipts.begin(tx, WORKSPACE, "administrator", bureau.clock.now())
        receipts.advance(tx, begun, "stream")
    desk = Desk(bureau, "administrator")
    assert "Step 3 of 5" in desk.open("/privacy")
    assert "cut short" in desk.browser.get(f"/privacy/receipts/{begun}").text
    assert desk.browser.get("/privacy/receipts/none").status_code == 404


def test_a_receipt_is_checked_by_its_file(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    desk.take("privacy", "erase", f"author:{MINA}", word="erase")
    (row,) = bureau.services.privacy.erased(desk.actor).rows
    true = desk.browser.get(f"/privacy/receipts/{row.id}").content
    false = true.replace(b'"posts": 1', b'"posts": 0')
    assert false != true
    for content, verdict in ((true, "1/1"), (false, "0/1"), (b"[%s,%s]" % (true, false), "1/2")):
        answer = desk.browser.post("/privacy/verify", files={"file": ("r.json", content)})
        assert answer.json() == {"id": verdict}
    assert "signed here" in desk.take("privacy", "verified", "1/1").text
    assert "1 of 2" in desk.take("privacy", "verified", "1/2").text
    refused = desk.browser.post("/privacy/verify", files={"file": ("r.json", b"no")})
    assert "holds no receipt" in refused.json()["problem"]


def test_everything_of_a_person_is_given_out_and_noted(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    answer = desk.browser.post("/privacy/export", data={"kind": "author", "key": MINA})
    given = answer.json()
    assert [post["post"]["text"] for post in given["posts"]] == ["zebra is late"]
    assert [one["case"]["title"] for one in given["cases"]] == ["zebra is late"]
    assert "kian" not in answer.text
    (row,) = bureau.services.trail.rows(desk.actor, action="disclose").rows
    assert "mina" not in f"{row.subject}{row.detail}"
    assert "Gave out everything stored" in desk.open("/audit")


def test_the_api_does_the_same(bureau: Bureau) -> None:
    def ask(method: str, path: str, **options: object) -> object:
        answer = bureau.as_("administrator", method, f"/privacy{path}", **options)
        assert answer.is_success, answer.text
        return answer.json()

    (found, *_rest) = ask("GET", "/subjects", params={"text": "@mina"})  # type: ignore[misc]
    assert (found["kind"], found["key"]) == ("author", MINA)  # type: ignore[index]
    held = ask("GET", "/holdings", params={"kind": "author", "key": MINA})
    assert (held["posts"], len(held["cases"]), held["stopped"]) == (1, 1, False)  # type: ignore[index]
    assert len(ask("GET", "/export", params={"kind": "author", "key": MINA})["posts"]) == 1  # type: ignore[index]
    receipt = ask("POST", "/erasures", json={"authors": [MINA], "posts": ["bluesky:p2"]})
    assert receipt["posts"] == 2  # type: ignore[index]
    assert ask("GET", "/erasures")["rows"][0]["receipt"] == receipt  # type: ignore[index]
    assert ask("GET", f"/erasures/{receipt['id']}/receipt") == receipt  # type: ignore[index]
    assert ask("POST", "/verify", json={"receipt": receipt}) == {"genuine": True}
    assert ask("POST", "/verify", json={"receipt": {**receipt, "posts": 7}}) == {"genuine": False}  # type: ignore[dict-item]
    stopped = ask("GET", "")["stopped"]  # type: ignore[index]
    assert {"kind": "author", "reason": "erased", "count": 1} in stopped
    assert bureau.as_("administrator", "POST", "/privacy/erasures", json={}).status_code == 422


def test_another_workspace_neither_sees_nor_erases_ours(bureau: Bureau) -> None:
    stranger = Actor("stranger", "w2", "administrator", "Stranger")
    assert bureau.services.disclosure.find(stranger, "mina") == ()
    bureau.services.privacy.erase_author(stranger, MINA)
    assert len(bureau.index.get(actor().scope, ["bluesky:p1"])) == 1
    assert bureau.services.privacy.erased(actor("administrator", "administrator")).rows == ()
