"""Likes and hiding in the thread: buttons where a platform offers it, the step, the way back, and the HTTP API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.errors import AuthorisationError, InvalidInputError, PermanentError, RetryableError, ShenavaError
from crm.ports.responder import AnsweredPostGoneError
from crm.records import sources
from crm.usecases.acts import ActAccountGoneError, ActCrossedError
from dashboard.errors import sentence
from dashboard.inbox.acting import STEPS
from dashboard.inbox.case import draw
from dashboard.inbox.commands import Command
from tests.dashboard.inbox_room import Room, all_of
from tests.doubles.office import said
from tests.doubles.platform import MemoryPlatform

pytestmark = pytest.mark.slow

POST = "bluesky:a"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    one = Room(tmp_path)
    one.hear(said("a", "my card is gone"), said("b", "sorry", at=1, thread="a", own=True))
    one.connect()
    yield one
    one.bureau.close()


@pytest.fixture
def platform(room: Room) -> MemoryPlatform:
    found = room.bureau.responders["bluesky"]
    assert isinstance(found, MemoryPlatform)
    return found


@pytest.fixture
def case_id(room: Room) -> str:
    return room.cases()[0].id


def thread(room: Room, case_id: str, **who: str) -> str:
    with room.seen(**who):  # type: ignore[arg-type]
        return all_of({name: parts for name, parts in draw(case_id).items() if name == "inbox-items"})


def test_a_button_says_what_it_does_and_by_which_rule(room: Room, case_id: str) -> None:
    drawn = thread(room, case_id)
    assert drawn.count('data-do="act"') == 2, "to like and to hide, on their post and not on ours"
    assert 'data-value="like"' in drawn
    assert 'aria-label="Like on Bluesky"' in drawn
    assert 'aria-pressed="false"' in drawn
    assert "for everybody to see" in drawn
    assert "پسندیدن در" in thread(room, case_id, language="fa")


def test_who_may_not_answer_sees_no_button(room: Room, case_id: str) -> None:
    assert 'data-do="act"' not in thread(room, case_id, who="analyst")


def test_liking_is_pressed_afterwards_and_is_undone(room: Room, platform: MemoryPlatform, case_id: str) -> None:
    effect = room.take("act", case=case_id, post=POST, value="like")
    assert (effect.said, effect.again) == ("Liked on Bluesky", True)
    drawn = thread(room, case_id)
    assert 'aria-pressed="true"' in drawn
    assert 'data-value="unlike"' in drawn
    assert "Liked on Bluesky by Agent" in drawn
    back = room.undo(effect)
    assert (back.undo, platform.done) == ({}, set())
    assert 'aria-pressed="false"' in thread(room, case_id)


def test_a_hidden_post_is_shown_as_hidden_to_everybody(room: Room, case_id: str) -> None:
    room.take("act", case=case_id, post=POST, value="hide")
    for who in ("agent", "analyst"):
        drawn = thread(room, case_id, who=who)
        assert "Hidden on Bluesky by Agent" in drawn
        assert " hid" in drawn


def test_an_unknown_act_is_refused(room: Room, case_id: str) -> None:
    with pytest.raises(InvalidInputError):
        room.take("act", case=case_id, post=POST, value="burn")


def test_a_failure_is_said_above_the_thread(room: Room, platform: MemoryPlatform, case_id: str) -> None:
    platform.on_act = [AnsweredPostGoneError(POST)]
    told, _ = room.ask("told", "do", {"do": "act", "case": case_id, "post": POST, "value": "like"})
    assert "no longer on its platform" in all_of({"": told["places"]["inbox-trouble"]})


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AnsweredPostGoneError(POST), "دیگر در سکویش نیست"),
        (AuthorisationError("Not with this token."), "از حساب شما نمی‌پذیرد"),
        (PermanentError("Bluesky refused: 422."), "نپذیرفت و گفت: \u2068Bluesky refused: 422.\u2069"),
        (RetryableError("Bluesky is busy."), "اکنون نشد از بلواسکای بخواهیم"),
    ],
)
def test_a_refusal_is_told_in_the_readers_language(
    room: Room, platform: MemoryPlatform, case_id: str, error: ShenavaError, words: str
) -> None:
    platform.on_act = [error]
    with room.seen(language="fa"), pytest.raises(ShenavaError) as caught:
        STEPS["act"](Command("act", case=case_id, post=POST, value="like"))
    with room.seen(language="fa"):
        assert words in sentence(caught.value)


def test_what_an_account_did_that_is_gone_says_why_it_stays(room: Room, case_id: str) -> None:
    room.take("act", case=case_id, post=POST, value="like")
    with room.bureau.records.write() as tx:
        sources.change_account(tx, sources.every_account(tx)[0].id, state="failed")
    drawn = thread(room, case_id, language="fa")
    assert "آن حساب دیگر وصل نیست" in drawn
    assert 'aria-pressed="true"' not in drawn
    with room.seen(language="fa"):
        assert "دوباره وصلش کنید" in sentence(ActAccountGoneError("unlike", "bluesky"))
        assert "پست را ببینید" in sentence(ActCrossedError("unlike", "bluesky"))


def test_a_program_may_do_it_too(room: Room, platform: MemoryPlatform, case_id: str) -> None:
    bureau = room.bureau
    done = bureau.as_("agent", "POST", f"/cases/{case_id}/acts", json={"post_key": POST, "act": "hide"})
    assert (done.status_code, [one["act"] for one in done.json()["done"]]) == (200, ["hide"])
    found = bureau.as_("analyst", "GET", f"/cases/{case_id}/acts", params={"post_key": POST}).json()
    assert (found["rules"], [one["by"] for one in found["done"]]) == ([], ["Agent"])
    platform.on_act = [AnsweredPostGoneError(POST)]
    refused = bureau.as_("agent", "POST", f"/cases/{case_id}/acts", json={"post_key": POST, "act": "unhide"})
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    closed = bureau.as_("agent", "POST", f"/cases/{case_id}/acts", json={"post_key": "bluesky:b", "act": "like"})
    assert closed.status_code == 422
