"""Which topic found anew is which, and what they are called."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from crm.policies.topics import SAME, Step, label, succession


def turned(*degrees: float) -> NDArray[np.float32]:
    """Vectors of length 1 at these angles."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_topics_go_on_by_nearness() -> None:
    found = succession(turned(0, 90), turned(95, 5))
    assert found.kept == ((0, 1), (1, 0))
    assert found.steps == ()


def test_new_and_gone() -> None:
    found = succession(turned(0, 90), turned(2, 180))
    assert found.kept == ((0, 0),)
    assert found.steps == (Step("gone", old=1), Step("new", new=1))


def test_merged_and_split() -> None:
    assert succession(turned(0, 20), turned(8)).steps == (Step("merged", old=1, new=0),)
    assert succession(turned(8), turned(0, 20)).steps == (Step("split", old=0, new=1),)


def test_nothing_before_or_after() -> None:
    nothing = np.zeros((0, 2), dtype=np.float32)
    assert succession(nothing, turned(1)).steps == (Step("new", new=0),)
    assert succession(turned(1), nothing).steps == (Step("gone", old=0),)
    assert succession(nothing, nothing).steps == ()


@given(st.lists(st.floats(0, 359), max_size=8), st.lists(st.floats(0, 359), max_size=8))
def test_every_topic_is_accounted_for_once(old: list[float], new: list[float]) -> None:
    before, after = turned(*old), turned(*new)
    found = succession(before, after)
    kept = dict(found.kept)
    assert len(set(kept.values())) == len(kept)
    assert all(before[one] @ after[other] >= SAME - 1e-6 for one, other in found.kept)
    left = [step.old for step in found.steps if step.change in ("gone", "merged")]
    come = [step.new for step in found.steps if step.change in ("new", "split")]
    assert sorted([*kept, *left]) == list(range(len(old)))
    assert sorted([*kept.values(), *come]) == list(range(len(new)))


@pytest.mark.parametrize(
    ("words", "language", "called"),
    [
        (("card", "کارت", "fee", "blocked", "کارمزد"), "en", "card, fee, blocked"),
        (("card", "کارت", "fee", "کارمزد", "مسدود"), "fa", "کارت، کارمزد، مسدود"),
        (("card", "کارت", "fee"), "fa", "کارت، card، fee"),
        (("card",), "en", "card"),
        ((), "en", ""),
    ],
)
def test_a_label_is_in_the_readers_script_where_it_can_be(words: tuple[str, ...], language: str, called: str) -> None:
    assert label(words, language) == called
