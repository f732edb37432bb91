"""Replies: drafts, approval, calling back, conflicts, and answers given on the platform itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs

from crm.errors import InvalidInputError
from crm.policies.access import ForbiddenError
from crm.policies.replies import (
    AlreadyAnsweredError,
    ReplyChangedError,
    ReplyStateError,
    SaidAlreadyError,
    WayClosedError,
)
from crm.ports.responder import Length
from crm.records import audit, outbox, sources
from crm.records.queue import QueueFilter
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import START, WORKSPACE, Office, actor, said

LENA, JO, ADA = actor(), actor("jo"), actor("ada", "analyst")
PAUSE = 1


@pytest.fixture
def case(office: Office) -> str:
    office.hear(said("p1"))
    return case_id(office, "p1")


def test_one_draft_per_person_is_kept_and_others_see_it(office: Office, case: str) -> None:
    first = office.replies.draft(LENA, case, "reply", "Sor")
    again = office.replies.draft(LENA, case, "reply", "Sorry!", "en")
    assert (again.id, again.text, again.status, again.answer_to) == (first.id, "Sorry!", "draft", "bluesky:p1")
    office.replies.draft(JO, case, "reply", "Hello")
    view = office.inbox.case(LENA, case)
    assert view.draft == again
    assert [(one.writer.name, one.reply.text) for one in view.other_drafts] == [("Jo", "Hello")]


def test_a_reply_answers_any_post_of_its_case(office: Office, case: str) -> None:
    office.hear(said("p2", "and the app", parent="p1", root="p1", monitors=()))
    elsewhere = said("q1", "I saw that too", at=1, who="did:omid", parent="p1", root="p1", monitors=())
    office.index.write([elsewhere])
    for name in ("p1", "p2", "q1"):
        draft = office.replies.draft(actor(monitors=("m1",)), case, "reply", "Sorry!", answer_to=f"bluesky:{name}")
        assert draft.answer_to == f"bluesky:{name}"


def test_a_reply_answers_a_post_of_a_thread_that_was_joined(office: Office, case: str) -> None:
    office.hear(said("p5", "still waiting", at=2, parent="p4"))
    office.hear(said("p4", "I asked before", at=1, parent="p1", root="p1"))
    joined = case_id(office, "p5")
    assert joined == case
    assert office.replies.draft(LENA, case, "reply", "Sorry!", answer_to="bluesky:p5").answer_to == "bluesky:p5"


@pytest.mark.parametrize("key", ["bluesky:p3", "bluesky:nowhere", "x"])
def test_a_reply_answers_no_post_of_another_case(office: Office, case: str, key: str) -> None:
    office.hear(said("p3", who="did:omid"))
    with pytest.raises(InvalidInputError, match="no post of this case"):
        office.replies.draft(LENA, case, "reply", "Sorry!", answer_to=key)
    assert office.inbox.case(LENA, case).draft is None


def test_approval_puts_the_reply_into_the_outbox_with_time_to_call_it_back(office: Office, case: str) -> None:
    reply = office.replies.approve_and_send(LENA, case, "reply", "Sorry!")
    assert (reply.status, reply.approver_id, reply.account_id) == ("approved", "lena", "a1")
    with office.records.read() as tx:
        parcel = outbox.of_reply(tx, reply.id)
    assert parcel is not None
    assert (parcel.not_before, parcel.key) == (START + timedelta(seconds=8), reply.id)
    assert office.replies.cancel(LENA, reply.id).status == "cancelled"
    with office.records.read() as tx:
        assert outbox.of_reply(tx, reply.id) is None


def test_a_reply_can_be_scheduled(office: Office, case: str) -> None:
    later = START + timedelta(days=1)
    reply = office.replies.approve_and_send(LENA, case, "reply", "Sorry!", not_before=later)
    with office.records.read() as tx:
        parcel = outbox.of_reply(tx, reply.id)
    assert parcel is not None
    assert parcel.not_before == later


def test_what_is_on_its_way_can_not_be_called_back(office: Office, case: str) -> None:
    reply = office.replies.approve_and_send(LENA, case, "reply", "Sorry!")
    with office.records.write() as tx:
        assert outbox.claim(tx, "w", START + timedelta(seconds=9), timedelta(seconds=60))
    with pytest.raises(ReplyStateError):
        office.replies.cancel(LENA, reply.id)


@pytest.mark.parametrize("text", ["", " \n ", "x" * 301])
def test_a_text_that_can_not_be_sent_is_refused_and_nothing_is_left(office: Office, case: str, text: str) -> None:
    with pytest.raises(InvalidInputError):
        office.replies.approve_and_send(LENA, case, "reply", text)
    assert office.inbox.case(LENA, case).draft is None


def test_approval_by_another_person(office: Office, case: str) -> None:
    draft = office.replies.draft(LENA, case, "reply", "Sorry!")
    office.replies.request_approval(LENA, draft.id)
    (waiting,) = office.replies.pending(JO)
    assert (waiting.writer.name, waiting.case.id, waiting.reply.text) == ("Lena", case, "Sorry!")
    office.replies.draft(LENA, case, "reply", "Sorry, something else")
    assert office.replies.pending(JO) == []
    asked = office.replies.request_approval(LENA, draft.id)
    with pytest.raises(ReplyChangedError):
        office.replies.approve(JO, draft.id, waiting.reply.version)
    with pytest.raises(ForbiddenError):
        office.replies.approve(ADA, draft.id, asked.version)
    sent = office.replies.approve(JO, draft.id, asked.version)
    assert (sent.author_id, sent.approver_id) == ("lena", "jo")
    with pytest.raises(ReplyStateError):
        office.replies.approve(JO, draft.id, sent.version)


def test_what_was_approved_is_not_sent_again_from_a_page_that_is_behind(office: Office, case: str) -> None:
    draft = office.replies.draft(LENA, case, "reply", "Sorry!")
    asked = office.replies.request_approval(LENA, draft.id)
    assert office.replies.drafting(LENA, case, draft.id)
    office.clock.advance(PAUSE)
    sent = office.replies.approve(JO, draft.id, asked.version)
    assert not office.replies.drafting(LENA, case, draft.id)
    with pytest.raises(SaidAlreadyError):
        office.replies.approve_and_send(LENA, case, "reply", "Sorry! ", force=True)
    with pytest.raises(SaidAlreadyError):
        office.replies.draft(LENA, case, "reply", "Sorry!")
    assert office.inbox.case(LENA, case).draft is None
    other = office.replies.draft(LENA, case, "reply", "Sorry")
    office.replies.draft(LENA, case, "reply", "Sorry!")
    with pytest.raises(SaidAlreadyError):
        office.replies.request_approval(LENA, other.id)
    office.replies.cancel(JO, sent.id)
    assert office.replies.approve_and_send(LENA, case, "reply", "Sorry!").status == "approved"


def test_the_same_words_answer_another_post(office: Office, case: str) -> None:
    office.replies.approve_and_send(LENA, case, "reply", "Sorry!")
    office.hear(said("p2", "and again", at=1, parent="p1", root="p1"))
    assert office.replies.approve_and_send(LENA, case, "reply", "Sorry!").answer_to == "bluesky:p2"


def test_two_who_answer_at_once_are_told_and_may_insist(office: Office, case: str) -> None:
    office.replies.draft(LENA, case, "reply", "Sorry from Lena")
    office.clock.advance(PAUSE)
    first = office.replies.approve_and_send(JO, case, "reply", "Sorry from Jo")
    with pytest.raises(AlreadyAnsweredError, match="Jo answered") as caught:
        office.replies.approve_and_send(LENA, case, "reply", "Sorry from Lena")
    assert caught.value.replies == (first.id,)
    assert office.replies.approve_and_send(LENA, case, "reply", "Sorry from Lena", force=True).status == "approved"


def test_a_reply_called_back_is_no_conflict(office: Office, case: str) -> None:
    office.replies.draft(LENA, case, "reply", "Sorry from Lena")
    office.clock.advance(PAUSE)
    office.replies.cancel(JO, office.replies.approve_and_send(JO, case, "reply", "Sorry from Jo").id)
    assert office.replies.approve_and_send(LENA, case, "reply", "Sorry from Lena").status == "approved"


def test_answering_on_the_platform_itself(office: Office, case: str) -> None:
    reply = office.replies.approve_and_send(LENA, case, "open", "Sorry!")
    with office.records.read() as tx:
        assert outbox.of_reply(tx, reply.id) is None
    with pytest.raises(InvalidInputError):
        office.replies.mark_sent(LENA, reply.id, "javascript:alert(1)")
    office.clock.advance(60)
    sent = office.replies.mark_sent(LENA, reply.id, "https://social.example/o1")
    view = office.inbox.case(LENA, case)
    assert (sent.status, view.case.status, view.case.due_at) == ("sent", "waiting", None)
    assert view.case.first_answer_at == START + timedelta(minutes=1)
    assert [item.reply.url for item in view.items if item.kind == "reply" and item.reply] == [
        "https://social.example/o1"
    ]


def test_without_an_account_only_the_platform_itself_is_left(office: Office, case: str) -> None:
    with office.records.write() as tx:
        sources.change_account(tx, "a1", state="failed")
    assert [rule.way for rule in office.replies.ways(LENA, case).allowed] == ["open"]
    with pytest.raises(InvalidInputError, match="No account on bluesky"):
        office.replies.approve_and_send(LENA, case, "reply", "Sorry!")


def test_a_closed_way_is_refused_by_the_server(office: Office, case: str) -> None:
    with pytest.raises(WayClosedError, match="by 'quote'; it can by reply, open"):
        office.replies.approve_and_send(LENA, case, "quote", "Sorry!")
    assert office.inbox.case(LENA, case).draft is None
    draft = office.replies.draft(LENA, case, "dm", "Sorry!")
    with pytest.raises(WayClosedError):
        office.replies.approve(JO, draft.id, draft.version)
    with office.records.read() as tx:
        assert outbox.of_reply(tx, draft.id) is None


def test_on_a_platform_without_an_interface_a_person_answers(office: Office) -> None:
    post = said("i1")
    office.hear(
        structs.replace(post, post=structs.replace(post.post, platform="instagram", url="https://pic.example/1"))
    )
    case = office.inbox.queue(LENA, QueueFilter()).rows[0].case.id
    (rule,) = office.replies.ways(LENA, case).rules
    assert (rule.way, rule.rule, rule.url) == ("open", "on_platform", "https://pic.example/1")
    assert office.replies.length(LENA, case, "سلام 👋🏽") == Length(6, None)
    with pytest.raises(InvalidInputError, match="No account on instagram"):
        office.replies.approve_and_send(LENA, case, "reply", "Sorry!")
    assert office.replies.approve_and_send(LENA, case, "open", "Sorry!").status == "approved"


def test_an_analyst_writes_no_reply(office: Office, case: str) -> None:
    with pytest.raises(ForbiddenError):
        office.replies.draft(ADA, case, "reply", "x")
    with pytest.raises(ForbiddenError):
        office.replies.approve_and_send(ADA, case, "reply", "x")


def test_the_approved_text_is_in_the_audit_trail(office: Office, case: str) -> None:
    reply = office.replies.approve_and_send(LENA, case, "reply", "Sorry!")
    with office.records.read() as tx:
        row = audit.newest(tx, WORKSPACE, action="reply_approved")[0]
    assert (row.actor, row.subject) == ("lena", reply.id)
    assert row.detail is not None
    assert row.detail["text"] == "Sorry!"
