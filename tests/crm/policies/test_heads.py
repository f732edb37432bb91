"""Heads that are learned from people's answers: they start at the shipped model and depart as answers say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crm.policies.heads import LEAST_KEPT, Head, Judged, kept, learned

LABELS = ("negative", "neutral", "positive")
CHANCE = np.random.default_rng(5)


def vectors(many: int, lean: int = 0) -> np.ndarray:
    found = CHANCE.normal(size=(many, 16)).astype(np.float32)
    found[:, 0] += 4 * lean
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def head(weights: np.ndarray, share: float = 1.0) -> Head:
    return Head("1", LABELS, weights, share)


def test_nothing_learned_changes_nothing() -> None:
    shipped = CHANCE.dirichlet([1, 1, 1], 20)
    untaught = head(np.zeros((3, 17))).shares(shipped, vectors(20))
    assert np.allclose(untaught, shipped, atol=1e-5)
    assert learned(shipped[:0], vectors(0), []).tolist() == np.zeros((3, 17)).tolist()


def test_what_the_team_says_is_learned_and_the_rest_stays() -> None:
    shipped = np.full((200, 3), [0.2, 0.6, 0.2])
    given = np.vstack([vectors(100, 1), vectors(100, -1)])
    one = head(learned(shipped, given, [0] * 100 + [1] * 100))
    asked = np.vstack([vectors(50, 1), vectors(50, -1)])
    answers = one.shares(np.full((100, 3), [0.2, 0.6, 0.2]), asked).argmax(axis=1)
    assert (answers[:50] == 0).mean() > 0.9
    assert (answers[50:] == 1).mean() > 0.9


def test_few_answers_change_little() -> None:
    shipped = np.full((2, 3), [0.05, 0.9, 0.05])
    one = head(learned(shipped, vectors(2, 1), [0, 0]))
    assert one.shares(np.full((20, 3), [0.05, 0.9, 0.05]), vectors(20, -1)).argmax(axis=1).tolist() == [1] * 20


def test_the_same_answers_teach_the_same() -> None:
    shipped, given = CHANCE.dirichlet([1, 1, 1], 30), vectors(30)
    truths = CHANCE.integers(0, 3, 30).tolist()
    assert learned(shipped, given, truths).tolist() == learned(shipped, given, truths).tolist()


@given(st.text())
def test_a_key_is_always_on_the_same_side(key: str) -> None:
    assert kept(key) == kept(key)
    assert head(np.zeros((3, 17)), 0.1).answers(key) <= head(np.zeros((3, 17)), 1.0).answers(key)


def test_shares_of_keys_are_as_said() -> None:
    keys = [f"x:{at}" for at in range(3000)]
    assert 0.3 < np.mean([kept(key) for key in keys]) < 0.37
    assert 0.08 < np.mean([head(np.zeros((3, 17)), 0.1).answers(key) for key in keys]) < 0.12


def test_a_head_is_accepted_where_it_is_no_worse_on_enough_rows() -> None:
    assert Judged(20, LEAST_KEPT, 8, 8).accepted
    assert not Judged(20, LEAST_KEPT, 7, 8).accepted
    assert not Judged(20, LEAST_KEPT - 1, 9, 0).accepted
