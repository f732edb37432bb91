"""Files of replies, and long texts, by the HTTP API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.inbox_room import Room
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
    assert read.headers["cache-control"] == "no-store"
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
