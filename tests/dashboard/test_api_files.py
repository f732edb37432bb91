"""Files of replies, and long texts, by the HTTP API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from crm.policies.files import KEPT, LARGEST
from crm.usecases.sending import Sender
from crm.usecases.team import Preferences
from dashboard.inbox.case import draw
from dashboard.text import t
from shenava.tidying import tidy
from tests.dashboard.inbox_room import Room, all_of
from tests.dashboard.test_first_run import Body
from tests.doubles.office import said
from tests.doubles.pictures import png

pytestmark = pytest.mark.slow

LONG = " ".join(f"Sentence {number} of what we have to say." for number in range(20))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    one = Room(tmp_path)
    one.hear(said("a", "my card is gone"))
    one.connect()
    yield one
    one.bureau.close()


@pytest.fixture
def case_id(room: Room) -> str:
    return room.cases()[0].id


def test_a_file_is_added_described_read_and_taken_out(room: Room, case_id: str) -> None:
    bureau, path = room.bureau, f"/cases/{case_id}/draft/files"
    added = bureau.as_("agent", "POST", path, files={"file": ("bill.png", png(), "text/plain")}, data={"alt": "a bill"})
    info = added.json()
    assert (added.status_code, info["kind"], info["size"], info["alt"]) == (201, "image/png", len(png()), "a bill")
    told = bureau.as_("agent", "PUT", f"/files/{info['id']}", json={"alt": "a bill, twice"}).json()
    assert told["alt"] == "a bill, twice"
    read = bureau.as_("manager", "GET", f"/files/{info['id']}")
    assert (read.content, read.headers["content-type"], read.headers["x-content-type-options"]) == (
        png(),
        "image/png",
        "nosniff",
    )
    assert "no-store" in read.headers["cache-control"]  # or the browser shows it after the log-out
    assert bureau.as_("agent", "DELETE", f"/files/{info['id']}").status_code == 204
    assert bureau.as_("agent", "GET", f"/files/{info['id']}").status_code == 404


def test_what_is_no_picture_is_refused_in_a_sentence(room: Room, case_id: str) -> None:
    path = f"/cases/{case_id}/draft/files"
    refused = room.bureau.as_("agent", "POST", path, files={"file": ("bill.png", b"<svg/>", "image/png")})
    assert (refused.status_code, refused.json()["message"]) == (
        422,
        "Only pictures can be added: PNG, JPEG, GIF or WebP.",
    )
    assert room.bureau.as_("analyst", "POST", path, files={"file": ("a.png", png())}).status_code == 403


def test_a_long_text_is_shown_and_sent_in_parts(room: Room, case_id: str) -> None:
    asked = {"way": "reply", "text": LONG}
    parts = room.bureau.as_("agent", "POST", f"/cases/{case_id}/parts", json=asked).json()["texts"]
    assert [part[-6:] for part in parts] == [" (1/3)", " (2/3)", " (3/3)"]
    too_long = room.bureau.as_("agent", "POST", f"/cases/{case_id}/replies", json=asked)
    assert too_long.status_code == 422
    sent = room.bureau.as_("agent", "POST", f"/cases/{case_id}/replies", json=asked | {"as_thread": True})
    assert (sent.status_code, sent.json()["whole"], sent.json()["text"]) == (201, LONG, parts[0])


def test_of_a_picture_that_had_its_time_the_thread_says_what_it_showed(room: Room, case_id: str) -> None:
    agent = room.actor()
    info = room.services.files.add(agent, case_id, "reply", "bill.png", png(), "a bill, charged twice")
    room.services.replies.approve_and_send(agent, case_id, "reply", "See here.")
    room.clock.advance(8)
    bureau = room.bureau
    Sender(bureau.records, bureau.responders, bureau.account_tokens, room.clock, "w", lambda: 0.0).step()
    with room.seen():
        shown = all_of(draw(case_id))
    assert f'src="/api/v1/files/{info.id}"' in shown
    room.clock.advance(KEPT.total_seconds() + 3600)
    tidy(bureau)
    with room.seen():
        shown = all_of(draw(case_id))
    assert f"/api/v1/files/{info.id}" not in shown
    assert "a bill, charged twice" in shown
    assert "The picture itself is no longer kept" in shown
    gone = bureau.as_("agent", "GET", f"/files/{info.id}")
    assert (gone.status_code, gone.json()["message"]) == (
        404,
        "The picture bill.png is no longer kept; its description says what it showed.",
    )


class Form(Body):
    """The same in a form with the boundary ``b``."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        async for piece in super().__aiter__():
            yield piece


@pytest.mark.parametrize(("says", "read"), [({"Content-Length": str(LARGEST + 100_001)}, 0), ({}, 201)])
def test_no_more_than_the_largest_file_is_read(room: Room, case_id: str, says: dict[str, str], read: int) -> None:
    path, kind = f"/api/v1/cases/{case_id}/draft/files", {"Content-Type": "multipart/form-data; boundary=b", **says}
    token = {"Authorization": f"Bearer {room.bureau.tokens['manager']}"}
    browser = room.browser
    room.services.team.set_preferences(room.actor(), Preferences("fa"))
    for send, sentence in (
        (partial(room.bureau.browser.send, "POST", headers=kind | token), "larger than the 20 MB"),
        (partial(browser.post, headers=kind), t("error.body_large", "fa", most=20)),
    ):
        body = Form(400)
        refused = send(path, content=body)
        assert (refused.status_code, refused.json()["error"], body.read) == (413, "too_large", read)
        assert sentence in refused.json()["message"]


def test_a_picture_of_the_largest_size_and_its_form_are_taken(room: Room, case_id: str) -> None:
    picture = png() + bytes(LARGEST - len(png()))
    given = {"files": {"file": ("bill.png", picture)}, "data": {"alt": "x" * 2000}}
    assert room.bureau.as_("agent", "POST", f"/cases/{case_id}/draft/files", **given).status_code == 201


def test_no_call_of_the_api_takes_more_but_an_import(room: Room, case_id: str) -> None:
    large = b"x" * (LARGEST + 200_000)
    rows = b"id,text,author\n" + b"1,my card,mina\n" * (len(large) // 15)
    told = room.bureau.as_("agent", "PUT", f"/cases/{case_id}/draft", content=b'"' + large + b'"')
    assert told.status_code == 413
    handed = room.bureau.as_(
        "administrator", "POST", "/imports", files={"file": ("posts.csv", rows)}, data={"platform": "reviews"}
    )
    assert handed.status_code != 413
