"""The trail as people read it: nobody reads the words of a case that is not for them."""

from __future__ import annotations

import pytest

from crm.records import audit, cases
from crm.usecases.trail import Trail
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import START, WORKSPACE, Office, actor, said

LENA, BOSS = actor(), actor("ines", "manager", private=True)


@pytest.fixture
def trail(office: Office) -> Trail:
    office.hear(said("p1"))
    office.replies.approve_and_send(LENA, case_id(office, "p1"), "reply", "Your PIN is 4242.")
    return Trail(office.records, office.vault, office.clock)


@pytest.mark.parametrize(
    ("who", "reads"),
    [
        (BOSS, True),
        (actor("ines", "manager", monitors=("m1",)), True),
        (actor("ines", "manager", monitors=("other",)), False),
    ],
)
def test_words_of_an_answer_are_for_whom_its_case_is(trail: Trail, who: object, reads: bool) -> None:
    (row,) = trail.rows(who, action="reply_approved").rows  # type: ignore[arg-type]
    assert row.detail is not None
    assert ("text" in row.detail) is reads
    assert row.detail["case"]
    (page,) = trail.export(who, "reply_approved")  # type: ignore[arg-type]
    assert page.rows == (row,)


@pytest.mark.parametrize(("private", "reads"), [(True, True), (False, False)])
def test_words_of_a_case_that_is_gone_are_for_those_who_see_all(
    office: Office, trail: Trail, private: bool, reads: bool
) -> None:
    with office.records.write() as tx:
        gone = case_id(office, "p1")
        cases.change(tx, gone, private=True)
        audit.append(tx, WORKSPACE, "lena", "reply_sent", "r9", START, case="gone", text="Your PIN is 4242.")
    for action in ("reply_approved", "reply_sent"):
        (row,) = trail.rows(actor("ines", "manager", private=private), action=action).rows
        assert row.detail is not None
        assert ("text" in row.detail) is reads


def test_taking_the_trail_out_is_in_the_trail(trail: Trail) -> None:
    pages = list(trail.export(BOSS))
    newest = pages[0].rows[0]
    assert (newest.actor, newest.action, newest.subject) == ("ines", "export", "audit")
