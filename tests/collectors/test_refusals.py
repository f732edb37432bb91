"""Parts of a source that are refused: one holds up no other, and all of them end the run with their reasons."""

from __future__ import annotations

import pytest

from collectors.refusals import AllForbiddenError, AllRefusedError, Refusals
from crm.errors import AuthorisationError, PermanentError
from crm.ports.source import Rejected


@pytest.fixture
def told() -> list[Rejected]:
    return []


def test_a_part_is_told_of_once_until_it_was_read_again(told: list[Rejected]) -> None:
    refusals = Refusals(told.append, 2)
    for _ in range(2):
        refusals.note("mentions", PermanentError("Odd."))
    refusals.lift("mentions")
    refusals.note("mentions", PermanentError("Odd."))
    assert told == [Rejected("mentions", "Odd.")] * 2


def test_mentions_and_searches_that_are_refused_for_different_reasons_end_the_run(told: list[Rejected]) -> None:
    refusals = Refusals(told.append, 3)
    refusals.note("search:m1:a", PermanentError("No such word."), "m1")
    refusals.note("search:m2:b", PermanentError("No such word."), "m2")
    with pytest.raises(AllRefusedError) as caught:
        refusals.note("mentions", PermanentError("No list."))
    assert str(caught.value) == ("Every part of the source is refused. search: No such word. mentions: No list."), (
        "each reason once"
    )


def test_the_order_makes_no_difference_and_our_account_is_named_as_such(told: list[Rejected]) -> None:
    refusals = Refusals(told.append, 2)
    refusals.note("mentions", AuthorisationError("Not with this token."))
    with pytest.raises(AllForbiddenError, match=r"mentions: Not with this token\. search: No such word\."):
        refusals.note("search:m1:a", PermanentError("No such word."), "m1")


def test_one_reason_for_all_is_raised_as_it_is(told: list[Rejected]) -> None:
    refusals, error = Refusals(told.append, 2), AuthorisationError("Not with this token.")
    refusals.note("search:m1:a", error, "m1")
    with pytest.raises(AuthorisationError) as caught:
        refusals.note("mentions", error)
    assert caught.value is error


def test_queries_alone_that_are_not_understood_never_end_it(told: list[Rejected]) -> None:
    refusals = Refusals(told.append, 2)
    for n in range(2):
        refusals.note(f"search:m{n}", PermanentError(f"No such word {n}."), f"m{n}")
    assert [one.where for one in told] == ["monitor m0", "monitor m1"]


def test_many_reasons_are_counted(told: list[Rejected]) -> None:
    refusals = Refusals(told.append, 7)
    for n in range(6):
        refusals.note(f"part {n}", PermanentError(f"Odd {n}."))
    with pytest.raises(AllRefusedError, match=r"part 4: Odd 4\. And 2 more\.$"):
        refusals.note("part 6", PermanentError("Odd 6."))
