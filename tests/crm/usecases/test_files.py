"""Files of a draft: added, described, taken out, sent, called back, erased."""

from __future__ import annotations

import re

import pytest
from msgspec import structs
from sqlalchemy import event, update
from sqlalchemy.exc import IntegrityError

from crm.errors import InvalidInputError, NotFoundError, RetryableError
from crm.policies.access import ForbiddenError
from crm.policies.files import KEPT, LARGEST, MOST, FileDroppedError, FileRefusedError
from crm.policies.replies import ReplyStateError
from crm.records import audit, erasure, replies, reply_files, tables
from tests.crm.usecases.test_inbox import case_id
from tests.crm.usecases.test_sending import worker
from tests.doubles.office import WORKSPACE, Office, actor, said
from tests.doubles.pictures import png

LENA, JO, ADA = actor(), actor("jo"), actor("ada", "analyst")


@pytest.fixture
def case(office: Office) -> str:
    office.hear(said("p1"))
    return case_id(office, "p1")


def test_a_file_goes_out_with_the_words(office: Office, case: str) -> None:
    first = office.files.add(LENA, case, "reply", "bill.png", png(), " a bill ")
    second = office.files.add(LENA, case, "reply", "card.png", png(5))
    assert (first.kind, first.size, first.alt, first.position, second.position) == (
        "image/png",
        len(png()),
        "a bill",
        1,
        2,
    )
    office.files.describe(LENA, second.id, "a card")
    reply = office.replies.approve_and_send(LENA, case, "reply", "See here", "en")
    assert reply.id == first.reply_id
    office.clock.advance(8)
    worker(office).step()
    (order,) = office.platform.published
    assert [(one.name, one.kind, one.content, one.alt) for one in order.media] == [
        ("bill.png", "image/png", png(), "a bill"),
        ("card.png", "image/png", png(5), "a card"),
    ]
    assert [one.name for one in office.inbox.case(LENA, case).files[reply.id]] == ["bill.png", "card.png"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b"%PDF-1.7", "kind"), (b"<svg/>", "kind"), (png() + bytes(LARGEST), "large")],
)
def test_only_pictures_of_some_size_are_taken(office: Office, case: str, content: bytes, code: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        office.files.add(LENA, case, "reply", "bill.png", content)
    assert caught.value.code == code


def test_no_more_than_any_platform_takes(office: Office, case: str) -> None:
    for number in range(MOST):
        office.files.add(LENA, case, "reply", f"{number}.png", png())
    with pytest.raises(FileRefusedError, match=str(MOST)):
        office.files.add(LENA, case, "reply", "one.png", png())


@pytest.mark.parametrize(
    ("names", "content", "alt", "way", "code"),
    [
        (["a", "b", "c"], png(), "", "reply", "many"),
        (["a"], b"GIF89a", "", "reply", "kind_here"),
        (["a"], png() + bytes(20_000), "", "reply", "large_here"),
        (["a"], png(), "x" * 41, "reply", "alt"),
        (["a"], png(), "", "open", "way"),
    ],
)
def test_what_the_platform_does_not_take_is_not_approved(
    office: Office, case: str, names: list[str], content: bytes, alt: str, way: str, code: str
) -> None:
    for name in names:
        office.files.add(LENA, case, "reply", name, content, alt)
    draft = office.replies.draft(LENA, case, way, "See here")  # type: ignore[arg-type]
    for step in (
        lambda: office.replies.request_approval(LENA, draft.id),
        lambda: office.replies.approve(LENA, draft.id, draft.version),
    ):
        with pytest.raises(FileRefusedError) as caught:
            step()
        assert caught.value.code == code


def test_a_changed_file_wants_a_new_approval(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png())
    draft = office.replies.draft(LENA, case, "reply", "See here")
    for change in (
        lambda: office.files.describe(LENA, info.id, "a bill"),
        lambda: office.files.add(LENA, case, "reply", "more.png", png()),
        lambda: office.files.remove(LENA, info.id),
    ):
        asked = office.replies.request_approval(LENA, draft.id)
        assert asked.asked_at is not None
        change()
        with office.records.read() as tx:
            now = replies.get(tx, WORKSPACE, draft.id)
        assert now.asked_at is None
        assert now.version > asked.version


def test_the_bytes_are_read_only_where_they_are_shown(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png())
    asked: list[str] = []
    event.listen(office.records.engine, "before_cursor_execute", lambda *say: asked.append(str(say[2])))
    office.files.describe(LENA, info.id, "a bill")
    with pytest.raises((ForbiddenError, NotFoundError)):
        office.files.read(actor("jo", monitors=("m2",)), info.id)
    office.files.remove(LENA, info.id)
    assert [one for one in asked if one.startswith("SELECT") and "reply_files" in one]
    assert [
        one for one in asked if one.startswith("SELECT") and re.search(r"(?<!length\()reply_files\.content", one)
    ] == []


def test_what_left_is_not_changed(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png())
    office.replies.approve_and_send(LENA, case, "reply", "See here")
    for step in (lambda: office.files.remove(LENA, info.id), lambda: office.files.describe(LENA, info.id, "no")):
        with pytest.raises(ReplyStateError):
            step()


def test_files_come_back_with_the_words(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png())
    reply = office.replies.approve_and_send(LENA, case, "reply", "See here")
    draft, _ = office.replies.take_back(LENA, reply.id)
    assert [one.id for one in office.inbox.case(LENA, case).files[draft.id]] == [info.id]
    assert office.files.read(LENA, info.id)[1] == png()


def names_of(office: Office, reply_id: str) -> list[tuple[int, str]]:
    with office.records.read() as tx:
        return [(one.position, one.name) for one in reply_files.of_replies(tx, [reply_id]).get(reply_id, ())]


def test_files_that_come_back_stand_before_those_of_the_draft_that_was_begun_since(office: Office, case: str) -> None:
    for name in ("a", "b"):
        office.files.add(LENA, case, "reply", name, png())
    reply = office.replies.approve_and_send(LENA, case, "reply", "See here")
    for name in ("c", "d"):
        office.files.add(LENA, case, "reply", name, png())
    draft, left_out = office.replies.take_back(LENA, reply.id)
    assert names_of(office, draft.id) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert left_out == ()
    assert office.files.add(LENA, case, "reply", "e", png()).position == 5


def test_files_that_come_back_are_never_too_many_and_who_is_left_out_is_named(office: Office, case: str) -> None:
    for name in ("a", "b"):
        office.files.add(LENA, case, "reply", name, png())
    reply = office.replies.approve_and_send(LENA, case, "reply", "See here")
    for number in range(MOST):
        office.files.add(LENA, case, "reply", f"{number}", png())
    draft, left_out = office.replies.take_back(LENA, reply.id)
    kept = ["a", "b", *map(str, range(MOST - 2))]
    assert names_of(office, draft.id) == list(enumerate(kept, 1))
    assert left_out == (str(MOST - 2), str(MOST - 1))
    with office.records.read() as tx:
        removed = [one for one in audit.newest(tx, WORKSPACE) if one.action == "reply_file_removed"]
    assert sorted(str(one.detail and one.detail["name"]) for one in removed) == sorted(left_out)


def test_of_two_drafts_that_meet_in_one_case_one_is_written_on_and_the_files_of_the_other_stay_its_own(
    office: Office,
) -> None:
    office.hear(said("p1"), said("p5", "still waiting", at=2, parent="p4"))
    one, drafts = case_id(office, "p1"), {}
    for name in ("p1", "p5"):
        office.clock.advance(1)
        drafts[name] = office.files.add(LENA, case_id(office, name), "reply", f"{name}.png", png()).reply_id
    office.hear(said("p4", "I asked before", at=1, parent="p1", root="p1"))
    view = office.inbox.case(LENA, one)
    assert view.draft is not None
    assert view.draft.id == drafts["p5"] == office.files.add(LENA, one, "reply", "more.png", png()).reply_id
    assert names_of(office, drafts["p5"]) == [(1, "p5.png"), (2, "more.png")]
    sent = office.replies.approve_and_send(LENA, one, "reply", "See here")
    assert sent.id == drafts["p5"]
    other = office.inbox.case(LENA, one).draft
    assert other is not None
    assert (other.id, names_of(office, other.id)) == (drafts["p1"], [(1, "p1.png")])


def test_no_two_files_of_a_reply_share_a_place(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "a", png())
    with pytest.raises((IntegrityError, RetryableError)), office.records.write() as tx:
        reply_files.add(tx, WORKSPACE, structs.replace(info, id="other"), png())


def test_after_their_time_the_bytes_go_and_what_they_showed_stays(office: Office, case: str) -> None:
    gone = office.files.add(LENA, case, "reply", "bill.png", png(), "a bill")
    sent = office.replies.approve_and_send(LENA, case, "reply", "See here")
    office.clock.advance(8)
    worker(office).step()
    called_back = office.files.add(LENA, case, "reply", "card.png", png())
    with office.records.write() as tx:
        tx.execute(update(tables.replies).where(tables.replies.c.id == called_back.reply_id).values(status="cancelled"))
    draft = office.files.add(LENA, case, "reply", "draft.png", png())

    def drop() -> int:
        with office.records.write() as tx:
            return reply_files.drop(tx, office.clock.now(), 1)

    office.clock.advance(KEPT.total_seconds() - 3600)
    assert drop() == 0
    office.clock.advance(7200)
    assert [drop(), drop(), drop()] == [1, 1, 0]
    (info,) = office.inbox.case(LENA, case).files[sent.id]
    assert info == structs.replace(gone, kept=False)
    with pytest.raises(FileDroppedError, match=r"bill\.png is no longer kept"):
        office.files.read(LENA, gone.id)
    assert office.files.read(LENA, draft.id)[1] == png()
    office.records.check()


def test_files_are_read_by_whoever_reads_the_case(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png())
    assert office.files.read(JO, info.id)[0].name == "bill.png"
    narrow = actor("jo", monitors=("m2",))
    for step in (lambda: office.files.read(narrow, info.id), lambda: office.files.add(ADA, case, "reply", "a", png())):
        with pytest.raises((ForbiddenError, NotFoundError)):
            step()
    with pytest.raises(NotFoundError):
        office.files.read(LENA, "nothing")
    with pytest.raises(InvalidInputError):
        office.files.add(LENA, case, "reply", "a", b"no picture")


def test_they_are_erased_with_their_case(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png())
    with office.records.write() as tx:
        erasure.remove(tx, WORKSPACE, ["bluesky:p1"], ["bluesky:did:mina"])
    with office.records.read() as tx, pytest.raises(NotFoundError):
        reply_files.get(tx, WORKSPACE, info.id)
