"""Steps in the inbox: each does one thing, says what the screen does next, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crm.errors import InvalidInputError
from crm.policies.access import ForbiddenError
from crm.policies.cases import CaseChangedError
from crm.policies.files import MOST
from crm.policies.replies import AlreadyAnsweredError
from crm.records import replies as stored
from crm.records.queue import QueueFilter
from crm.usecases.customers import CustomerDraft
from dashboard.inbox.actions import STEPS
from dashboard.inbox.commands import Effect, read
from tests.dashboard.inbox_room import Room
from tests.doubles.office import said
from tests.doubles.pictures import png

pytestmark = pytest.mark.slow


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    one = Room(tmp_path)
    one.hear(said("a", "my card is gone"), said("b", "card?", at=1, who="did:sara"))
    one.connect()
    yield one
    one.bureau.close()


@pytest.fixture
def case_id(room: Room) -> str:
    return room.cases(sort="newest")[-1].id


def reply_of(room: Room, case_id: str) -> stored.Reply:
    with room.bureau.records.read() as tx:
        return stored.of_case(tx, case_id)[-1]


def test_assigning_says_to_whom_and_is_undone(room: Room, case_id: str) -> None:
    effect = room.take("assign", case=case_id, value="manager", was="")
    assert effect.said == "Assigned to Manager"
    view = room.view(case_id)
    assert view.assignee is not None
    assert view.assignee.id == "manager"
    back = room.undo(effect)
    assert room.view(case_id).assignee is None
    assert back.undo == {}


def test_resolving_goes_on_to_the_next_and_is_undone(room: Room, case_id: str) -> None:
    effect = room.take("resolve", case=case_id, next="x", value="resolved", was="new")
    assert (effect.open, effect.dropped) == ("x", (case_id,))
    assert room.view(case_id).case.status == "resolved"
    room.undo(effect)
    assert room.view(case_id).case.status == "open"


def test_what_waited_for_the_customer_waits_again_after_undo(room: Room, case_id: str) -> None:
    room.take("status", case=case_id, value="waiting", was="new")
    effect = room.take("status", case=case_id, value="resolved", was="waiting")
    room.undo(effect)
    assert room.view(case_id).case.status == "waiting"


def test_priority_tags_and_snooze_are_undone(room: Room, case_id: str) -> None:
    room.undo(room.take("priority", case=case_id, value="urgent", was="normal"))
    assert room.view(case_id).case.priority == "normal"
    room.take("tag", case=case_id, value="cards")
    room.undo(room.take("untag", case=case_id, value="cards"))
    assert room.view(case_id).tags == ("cards",)
    until = room.clock.now() + timedelta(hours=1)
    effect = room.take("snooze", case=case_id, value=until.isoformat())
    assert room.view(case_id).case.snoozed_until == until
    room.undo(effect)
    assert room.view(case_id).case.snoozed_until is None


def test_a_picked_time_snoozes_in_the_workspaces_zone(room: Room, case_id: str) -> None:
    room.take("snooze", case=case_id, day="2026-03-23", time="10:00")
    until = room.view(case_id).case.snoozed_until
    assert until is not None
    assert until.isoformat() == "2026-03-23T06:30:00+00:00"


def test_notes_unread_and_corrections(room: Room, case_id: str) -> None:
    assert room.take("note", case=case_id, text="ask the branch").note
    assert [item.note.text for item in room.view(case_id).items if item.note] == ["ask the branch"]
    room.services.inbox.seen(room.actor(), case_id)
    assert room.take("unread", case=case_id).open == ""
    rows = room.services.inbox.queue(room.actor(), QueueFilter()).rows
    assert {row.case.id: row.unread for row in rows}[case_id]
    assert room.take("correct", case=case_id, post="bluesky:a", value="positive").said
    with pytest.raises(InvalidInputError):
        room.take("correct", case=case_id, post="bluesky:a", value="odd")


def test_sending_leaves_time_to_call_back_and_the_words_return(room: Room, case_id: str) -> None:
    effect = room.take("send", case=case_id, way="reply", text="We send a new one.")
    assert effect.text == ""
    assert effect.toast() is not None
    assert reply_of(room, case_id).status == "approved"
    room.undo(effect)
    draft = room.view(case_id).draft
    assert draft is not None
    assert (draft.text, draft.way) == ("We send a new one.", "reply")


def test_sending_later_and_resolving_at_once(room: Room, case_id: str) -> None:
    later = (room.clock.now() + timedelta(hours=3)).isoformat()
    effect = room.take("send", case=case_id, way="reply", text="Soon.", value=later, then="resolve", next="x")
    assert (effect.open, effect.dropped) == ("x", (case_id,))
    view = room.view(case_id)
    assert view.case.status == "resolved"
    (leaving,) = [item for item in view.items if item.reply]
    assert leaving.not_before == room.clock.now() + timedelta(hours=3)


def test_somebody_elses_answer_stops_mine_until_i_insist(room: Room, case_id: str) -> None:
    room.services.replies.draft(room.actor(), case_id, "reply", "Mine")
    room.clock.advance(1)
    room.take("send", who="manager", case=case_id, way="reply", text="Theirs")
    with pytest.raises(AlreadyAnsweredError):
        room.take("send", case=case_id, way="reply", text="Mine")
    assert room.take("send", case=case_id, way="reply", text="Mine", force="1").text == ""


def test_an_answer_by_hand_is_approved_then_marked_as_sent(room: Room, case_id: str) -> None:
    room.take("send", case=case_id, way="open", text="Written there.")
    reply = reply_of(room, case_id)
    with pytest.raises(InvalidInputError, match="web address"):
        room.take("sent", case=case_id, reply=reply.id, value="javascript:alert(1)")
    room.take("sent", case=case_id, reply=reply.id, value="https://social.example/9")
    assert reply_of(room, case_id).status == "sent"
    assert room.view(case_id).case.status == "waiting"


def test_asked_for_approval_handed_back_asked_again_and_approved(room: Room, case_id: str) -> None:
    assert room.take("ask", case=case_id, way="reply", text="May I?").full
    reply = reply_of(room, case_id)
    room.take("hand-back", who="manager", case=case_id, reply=reply.id)
    assert reply_of(room, case_id).asked_at is None
    room.take("ask", case=case_id, way="reply", text="May I now?")
    version = reply_of(room, case_id).version
    room.take("approve", who="manager", case=case_id, reply=reply.id, reply_version=str(version))
    assert reply_of(room, case_id).approver_id == "manager"


@pytest.mark.parametrize(("step", "status"), [("was-sent", "sent"), ("not-sent", "failed")])
def test_a_person_decides_what_is_in_doubt(room: Room, case_id: str, step: str, status: str) -> None:
    room.take("send", case=case_id, way="reply", text="Did it go?")
    reply = reply_of(room, case_id)
    with room.bureau.records.write() as tx:
        stored.change(tx, reply, room.clock.now(), status="unknown", error="the line broke")
    room.take(step, case=case_id, reply=reply.id)
    assert reply_of(room, case_id).status == status


def test_many_cases_at_once_and_back(room: Room) -> None:
    ids = [case.id for case in room.cases()]
    effect = room.take("bulk", ids=ids, action="status", value="resolved")
    assert effect.said == "2 cases changed"
    assert set(effect.dropped) == set(ids)
    assert {case.status for case in room.cases()} == {"resolved"}
    room.undo(effect)
    assert {case.status for case in room.cases()} == {"open"}
    room.undo(room.take("bulk", ids=ids, action="tag", value="x"))
    assert room.view(ids[0]).tags == ()
    with pytest.raises(InvalidInputError, match="Pick cases"):
        room.take("bulk", ids=[], action="tag", value="x")


def test_customers_are_tied_untied_and_made(room: Room, case_id: str) -> None:
    author = room.view(case_id).case.author_key
    saved = room.services.customers.save(room.actor(), CustomerDraft("Mina Rad"))
    effect = room.take("tie", case=case_id, author=author, value=saved.id, name="Mina Rad")
    assert room.view(case_id).customer.name == "Mina Rad"
    room.undo(effect)
    assert room.view(case_id).customer.customer is None
    room.take("new-customer", case=case_id, author=author, name="Mina", email="mina@example.org", vip="1")
    assert room.view(case_id).vip


def test_suggested_ties_are_confirmed_dismissed_and_both_undone(room: Room, case_id: str) -> None:
    author = room.view(case_id).case.author_key
    saved = room.services.customers.save(room.actor(), CustomerDraft("Mina Rad", "mina@example.org"))
    room.services.customers.tie(room.actor(), "x:7", saved.id, handle="mina")
    given = {"case": case_id, "author": author, "value": saved.id, "name": "Mina Rad"}
    assert [one.customer.id for one in room.view(case_id).customer.could_be] == [saved.id]
    effect = room.take("dismiss-tie", **given)
    assert effect.said == "Mina Rad is not suggested here again"
    assert room.view(case_id).customer.could_be == ()
    room.undo(effect)
    effect = room.take("confirm-tie", **given)
    tied = room.view(case_id).customer
    assert {one.evidence for one in tied.identities} == {"person", "likeness"}
    room.undo(effect)
    assert room.view(case_id).customer.customer is None


def test_a_stale_screen_is_told_who_changed_the_case(room: Room, case_id: str) -> None:
    seen = room.view(case_id).case.version
    room.take("assign", who="manager", case=case_id, value="manager")
    with pytest.raises(CaseChangedError, match="Manager"):
        room.take("assign", case=case_id, value="agent", version=str(seen))


OWN = {"save-view", "delete-view", "correct", "unread"}
"""What an analyst may do too: their own views and marks, and correcting what a model said."""


def test_an_analyst_can_take_no_other_step(room: Room, case_id: str) -> None:
    room.take("send", case=case_id, way="open", text="Hello")
    later = (room.clock.now() + timedelta(hours=1)).isoformat()
    values = {
        "status": "open",
        "resolve": "resolved",
        "priority": "high",
        "snooze": later,
        "bulk": "resolved",
        "tag": "x",
        "act": "like",
    }
    given = {"case": case_id, "ids": [case_id], "action": "status", "text": "x", "reply": reply_of(room, case_id).id}
    for do in sorted(set(STEPS) - OWN):
        with pytest.raises(ForbiddenError):
            room.take(do, who="analyst", value=values.get(do, ""), name="Mina", author="bluesky:x", **given)


@pytest.mark.parametrize("data", [None, 7, {}, {"do": 3}, {"do": "assign", "ids": "x"}, {"do": "send", "way": "fax"}])
def test_what_no_page_sends_is_refused(data: object) -> None:
    with pytest.raises(InvalidInputError):
        read(data)


def test_unknown_steps_are_refused(room: Room) -> None:
    with pytest.raises(InvalidInputError, match="knows no step"):
        room.take("explode")


def test_an_effect_hands_the_browser_only_what_it_needs() -> None:
    assert Effect(case="1", open="", said="Done", undo={"do": "x"}).for_browser() == {"case": "1", "open": ""}


def test_over_http_a_step_answers_with_its_effect_and_a_toast(room: Room, case_id: str) -> None:
    told, aside = room.ask("told", "do", {"do": "status", "case": case_id, "value": "resolved", "was": "new"})
    assert told["dropped"] == [case_id]
    assert aside["toast"]["data"]["undo"]["command"]["value"] == "open"
    told, _ = room.ask("told", "do", {"do": "snooze", "case": case_id, "value": "2020-01-01T00:00:00+00:00"})
    assert "later" in told["places"]["inbox-trouble"][0]


def test_over_http_the_queue_and_the_case_are_drawn(room: Room, case_id: str) -> None:
    drawn, _ = room.ask("queue-html", "draw", {"asked": {"sort": "newest"}})
    assert len(drawn["places"]["inbox-list"]) == 2
    settled, _ = room.ask("fresh", "settle", {"asked": {}, "shown": [case_id]})
    assert list(settled["rows"]) == [case_id]
    assert settled["newer"] == "1 new case"
    case, _ = room.ask("case-html", "again", {"case": case_id, "full": False})
    assert case["case"] == case_id
    assert "inbox-composer" not in case["places"]


def test_over_http_drafts_are_kept_and_measured(room: Room, case_id: str) -> None:
    kept, _ = room.ask("kept", "draft", {"case": case_id, "way": "reply", "text": "four", "then": ""})
    assert kept["used"] == 4
    draft = room.view(case_id).draft
    assert draft is not None
    assert (draft.text, draft.language) == ("four", "en")
    room.ask("kept", "draft", {"case": case_id, "way": "reply", "text": "", "then": "kept"})
    assert room.view(case_id).draft.text == ""  # type: ignore[union-attr]


def test_over_http_the_composer_lets_go_of_what_somebody_approved(room: Room, case_id: str) -> None:
    kept, _ = room.ask("kept", "draft", {"case": case_id, "way": "reply", "text": "Sorry!", "then": ""})
    look = {"case": case_id, "full": False, "held": kept["draft"]}
    asked = room.services.replies.request_approval(room.actor(), kept["draft"])
    drawn, _ = room.ask("case-html", "again", look)
    assert drawn["released"] == ""
    room.take("approve", who="manager", case=case_id, reply=asked.id, reply_version=asked.version)
    drawn, _ = room.ask("case-html", "again", look)
    assert drawn["released"] == kept["draft"]
    again, _ = room.ask("told", "do", {"do": "send", "case": case_id, "way": "reply", "text": "Sorry!", "force": 1})
    assert "these very words" in again["places"]["inbox-problem"][0]
    view = room.view(case_id)
    assert [item.reply.text for item in view.items if item.kind == "reply" and item.reply] == ["Sorry!"]


def test_over_http_customers_are_found_by_name(room: Room) -> None:
    room.services.customers.save(room.actor(), CustomerDraft("Mina Rad"))
    found, _ = room.ask("found-html", "find", {"text": "mina", "author": "bluesky:did:mina"})
    assert 'data-do="tie"' in found["places"]["inbox-found"][0]


def test_calling_back_names_the_pictures_that_are_too_many(room: Room, case_id: str) -> None:
    files = room.services.files
    files.add(room.actor(), case_id, "reply", "bill.png", png())
    room.take("send", case=case_id, way="reply", text="See here.")
    sent = reply_of(room, case_id)
    for number in range(MOST):
        files.add(room.actor(), case_id, "reply", f"{number}.png", png())
    said = room.take("take-back", case=case_id, reply=sent.id).said
    assert said == (
        f"Taken back; it is a draft again. A draft holds at most {MOST} pictures, so these were left out: 9.png"
    )
