"""Files of a draft: added, described, taken out, sent, called back, erased."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import ForbiddenError
from crm.policies.files import LARGEST, MOST, FileRefusedError
from crm.policies.replies import ReplyStateError
from crm.records import erasure, replies, reply_files
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


def test_what_left_is_not_changed(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png())
    office.replies.approve_and_send(LENA, case, "reply", "See here")
    for step in (lambda: office.files.remove(LENA, info.id), lambda: office.files.describe(LENA, info.id, "no")):
        with pytest.raises(ReplyStateError):
            step()


def test_files_come_back_with_the_words(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png())
    reply = office.replies.approve_and_send(LENA, case, "reply", "See here")
    draft = office.replies.take_back(LENA, reply.id)
    assert [one.id for one in office.inbox.case(LENA, case).files[draft.id]] == [info.id]
    assert office.files.read(LENA, info.id)[1] == png()


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


def test_files_that_come_back_stand_before_what_was_added_since(office: Office, case: str) -> None:
    for name in ("a", "b"):
        office.files.add(LENA, case, "reply", name, png())
    reply = office.replies.approve_and_send(LENA, case, "reply", "See here")
    office.files.add(LENA, case, "reply", "c", png())
    draft = office.replies.take_back(LENA, reply.id)
    there = office.inbox.case(LENA, case).files[draft.id]
    assert [(one.name, one.position) for one in there] == [("a", 1), ("b", 2), ("c", 3)]


def test_long_after_a_file_went_out_only_its_description_is_kept(office: Office, case: str) -> None:
    info = office.files.add(LENA, case, "reply", "bill.png", png(), "a bill")
    reply = office.replies.approve_and_send(LENA, case, "reply", "See here")
    waiting = office.files.add(LENA, case, "reply", "draft.png", png())
    office.clock.advance(8)
    worker(office).step()
    with office.records.write() as tx:
        late = office.platform.now + timedelta(seconds=1)
        assert reply_files.drop_sent(tx, office.platform.now) == 0
        assert reply_files.drop_sent(tx, late) == 1
        assert reply_files.drop_sent(tx, late) == 0
    (left,) = office.inbox.case(LENA, case).files[reply.id]
    assert (left.id, left.alt, left.size, left.kept) == (info.id, "a bill", len(png()), False)
    with pytest.raises(NotFoundError):
        office.files.read(LENA, info.id)
    assert office.files.read(LENA, waiting.id)[1] == png()
