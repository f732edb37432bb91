"""Answers of several posts: each part once, in order, whatever dies in between."""

from __future__ import annotations

import pytest

from crm.errors import InvalidInputError, PermanentError
from crm.policies.replies import LEASE, ReplyStateError, SaidAlreadyError
from crm.ports.responder import UnknownOutcomeError
from crm.records import erasure, outbox, replies
from crm.records.replies import Reply
from tests.crm.usecases.test_inbox import case_id
from tests.crm.usecases.test_sending import worker
from tests.doubles.office import WORKSPACE, Office, actor, said
from tests.doubles.platform import Killed

LENA = actor()
LONG = " ".join(f"Sentence {number} of what we have to say." for number in range(20))


@pytest.fixture
def case(office: Office) -> str:
    office.hear(said("p1"))
    return case_id(office, "p1")


@pytest.fixture
def first(office: Office, case: str) -> Reply:
    """The first of three parts, approved and due."""
    office.replies.draft(LENA, case, "reply", LONG, "en", as_thread=True)
    office.clock.advance(5)
    reply = office.replies.approve_and_send(LENA, case, "reply", LONG, "en", as_thread=True)
    office.clock.advance(8)
    return reply


def all_of(office: Office, case: str) -> list[Reply]:
    with office.records.read() as tx:
        return replies.of_case(tx, case)


def states(office: Office, case: str) -> list[str]:
    return [one.status for one in all_of(office, case)]


def test_a_long_text_goes_out_in_parts_that_answer_each_other(office: Office, case: str, first: Reply) -> None:
    assert (first.text[-6:], first.whole) == (" (1/3)", LONG)
    assert worker(office).step() == 3
    sent = office.platform.published
    assert [one.text[-6:] for one in sent] == [" (1/3)", " (2/3)", " (3/3)"]
    assert " ".join(one.text[:-6] for one in sent) == LONG
    keys = [f"bluesky:post-{one.key}" for one in sent]
    assert [one.answer_to for one in sent] == ["bluesky:p1", *keys[:2]]
    assert [one.answer_to_url for one in sent][1:] == [f"https://social.example/{one.key}" for one in sent[:2]]
    view = office.inbox.case(LENA, case)
    assert [item.post.post.text for item in view.items if item.post and item.post.own] == [one.text for one in sent]
    assert len([item for item in view.items if item.event and item.event.kind == "answered"]) == 0
    assert view.case.first_answer_at == office.platform.now


def test_only_who_asks_for_parts_gets_them(office: Office, case: str) -> None:
    with pytest.raises(InvalidInputError, match="longer than the 300"):
        office.replies.approve_and_send(LENA, case, "reply", LONG, "en")
    assert office.replies.parts(LENA, case, "short", "reply") == ()
    assert len(office.replies.parts(LENA, case, LONG, "reply")) == 3
    assert office.replies.parts(LENA, case, LONG, "open") == ()


def test_who_approves_decides_over_all_parts(office: Office, case: str) -> None:
    draft = office.replies.draft(LENA, case, "reply", LONG, "en", as_thread=True)
    asked = office.replies.request_approval(LENA, draft.id)
    assert asked.as_thread
    approved = office.replies.approve(actor("jo"), asked.id, asked.version)
    assert approved.whole == LONG
    assert [(one.author_id, one.approver_id) for one in all_of(office, case)] == [(LENA.user_id, "jo")] * 3


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("died", ["before", "after"])
@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_worker_that_dies_at_any_part_loses_and_doubles_none(office: Office, case: str, died: str, part: int) -> None:
    office.platform.remembers = False
    for _ in range(part - 1):
        worker(office).step(1)
    setattr(office.platform, died, [Killed()])
    with pytest.raises(Killed):
        worker(office).step(1)
    office.clock.advance(LEASE.total_seconds())
    worker(office, "w2").step()
    assert [one.text[-6:] for one in office.platform.published] == [" (1/3)", " (2/3)", " (3/3)"]
    assert states(office, case) == ["sent"] * 3


@pytest.mark.usefixtures("first")
def test_a_part_that_fails_holds_those_after_it_until_it_is_sent_again(office: Office, case: str) -> None:
    worker(office).step(1)
    office.platform.before = [PermanentError("No.")]
    worker(office).step()
    assert states(office, case) == ["sent", "failed", "approved"]
    office.clock.advance(600)
    assert worker(office).step() == 0
    failed = all_of(office, case)[1]
    office.replies.approve(LENA, failed.id, failed.version)
    office.clock.advance(8)
    worker(office).step()
    assert states(office, case) == ["sent"] * 3
    assert len(office.platform.published) == 3


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_person_decides_over_a_part_in_doubt(office: Office, case: str, first: Reply, was_sent: bool) -> None:
    office.platform.before = [UnknownOutcomeError("bluesky", "lost")]
    office.platform.on_look = [PermanentError("can't look")]
    worker(office).step()
    office.clock.advance(30)
    worker(office).step()
    assert states(office, case) == ["unknown", "approved", "approved"]
    office.replies.decide_unknown(LENA, first.id, was_sent)
    worker(office).step()
    if was_sent:
        assert office.platform.published[0].answer_to == "bluesky:p1"
        assert states(office, case) == ["sent"] * 3
    else:
        assert states(office, case) == ["failed", "approved", "approved"]


def test_the_first_part_is_called_back_with_the_others_and_is_a_draft_again(office: Office, case: str) -> None:
    reply = office.replies.approve_and_send(LENA, case, "reply", LONG, "en", as_thread=True)
    draft = office.replies.take_back(LENA, reply.id)
    assert (draft.text, draft.as_thread, draft.status) == (LONG, True, "draft")
    assert sorted(states(office, case)) == ["cancelled"] * 3 + ["draft"]
    office.clock.advance(60)
    assert worker(office).step() == 0
    again = office.replies.approve(LENA, draft.id, draft.version)
    assert again.whole == LONG


def test_what_was_begun_since_stays_below_what_is_called_back(office: Office, case: str) -> None:
    reply = office.replies.approve_and_send(LENA, case, "reply", "Sorry!", "en")
    office.replies.draft(LENA, case, "reply", "One more thing", "en")
    assert office.replies.take_back(LENA, reply.id).text == "Sorry!\n\nOne more thing"


def test_parts_that_come_back_lose_their_numbers(office: Office, case: str, first: Reply) -> None:
    worker(office).step(1)
    office.platform.before = [PermanentError("No.")]
    worker(office).step(1)
    _, second, third = all_of(office, case)
    draft = office.replies.take_back(LENA, second.id)
    assert draft.text == f"{second.text[:-6]} {third.text[:-6]}"
    assert first.text not in draft.text


def test_a_part_that_waits_is_called_back_with_those_after_it(office: Office, case: str, first: Reply) -> None:
    worker(office).step(1)
    with pytest.raises(ReplyStateError):
        office.replies.cancel(LENA, first.id)
    office.clock.advance(-8)
    third = all_of(office, case)[2]
    office.replies.cancel(LENA, third.id)
    office.clock.advance(8)
    worker(office).step()
    assert states(office, case) == ["sent", "sent", "cancelled"]
    with office.records.read() as tx:
        assert outbox.of_reply(tx, third.id) is None


def test_a_part_in_doubt_stays_in_doubt_when_the_others_are_called_back(office: Office, case: str) -> None:
    reply = office.replies.approve_and_send(LENA, case, "reply", LONG, "en", as_thread=True)
    _, second, third = all_of(office, case)
    with office.records.write() as tx:
        replies.change(tx, second, office.clock.now(), status="unknown")
    draft = office.replies.take_back(LENA, reply.id)
    assert draft.text == f"{reply.text[:-6]} {third.text[:-6]}"
    assert sorted(states(office, case)) == ["cancelled", "cancelled", "draft", "unknown"]


def test_a_part_that_is_approved_before_its_turn_waits_for_it(office: Office, case: str, first: Reply) -> None:
    second = all_of(office, case)[1]
    with office.records.write() as tx:  # as after a back-up was restored
        second = replies.change(tx, second, office.clock.now(), status="unknown")
    office.replies.decide_unknown(LENA, second.id, False)
    office.replies.approve(LENA, second.id, all_of(office, case)[1].version)
    with office.records.read() as tx:
        assert outbox.of_reply(tx, second.id) is None
    office.clock.advance(60)
    assert worker(office).step(1) == 1
    assert office.platform.published[0].key == first.id
    worker(office).step()
    assert [one.text[-6:] for one in office.platform.published] == [" (1/3)", " (2/3)", " (3/3)"]


def test_a_reply_stands_once_in_the_outbox(office: Office, case: str) -> None:
    reply = office.replies.approve_and_send(LENA, case, "reply", "Sorry!", "en")
    with office.records.write() as tx:
        before = outbox.of_reply(tx, reply.id)
        outbox.add(tx, WORKSPACE, reply.id, office.clock.now(), office.clock.now())
        assert outbox.of_reply(tx, reply.id) == before


@pytest.mark.usefixtures("first")
def test_the_same_long_words_are_said_once(office: Office, case: str) -> None:
    with pytest.raises(SaidAlreadyError):
        office.replies.approve_and_send(LENA, case, "reply", LONG, "en", as_thread=True, force=True)


@pytest.mark.usefixtures("first")
def test_who_is_erased_takes_every_part_along(office: Office, case: str) -> None:
    office.hear(said("p2", who="did:omid", parent="p1", root="p1"))
    worker(office).step(2)
    ours = [f"bluesky:post-{one.key}" for one in office.platform.published]
    with office.records.write() as tx:
        assert erasure.our_answers(tx, WORKSPACE, ["bluesky:p1"]) == set(ours)
        erasure.remove(tx, WORKSPACE, ["bluesky:p1"], [])
    left = all_of(office, case)
    assert [(one.text, one.whole, one.status) for one in left] == [
        ("", None, "sent"),
        ("", None, "sent"),
        ("", None, "cancelled"),
    ]
    assert worker(office).step() == 0
