"""Exact pairs beside a comparison of all with all, and what is measured with them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import InvalidInputError
from crm.ports.clock import SystemClock
from enrich.duplicates_measured import measure
from enrich.evaluate import Row
from enrich.pairs import similar
from enrich.tasks import evaluate_file

NEWS = "The council of the town voted on Monday to close the old bridge for repairs until the end of the year"
NEAR = "The council of the town voted on Monday to close the old bridge for repairs until the end of the summer"
FAR = "The council of the village refused on Friday to open a new school without money from the capital"


@given(st.lists(st.frozensets(st.integers(0, 12), max_size=9), max_size=25), st.sampled_from([0.3, 0.5, 0.8, 0.9, 1.0]))
def test_no_pair_is_missed_and_none_made_up(sets: list[frozenset[int]], least: float) -> None:
    expected = {
        (a, b) for a, b in combinations(range(len(sets)), 2)
        if sets[a] and sets[b] and len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= least - 1e-12
    }  # fmt: skip
    found = [tuple(sorted((pair.one, pair.other))) for pair in similar(sets, least)]
    assert len(found) == len(set(found))
    assert set(found) == expected
    for pair in similar(sets, least):
        assert pair.jaccard == len(sets[pair.one] & sets[pair.other]) / len(sets[pair.one] | sets[pair.other])


def test_figures_by_hand() -> None:
    rows = [
        Row(NEWS, "a"), Row(NEWS.upper() + "!!", "a"), Row(NEAR, "a"), Row(FAR, "b"), Row("so good", "b"),
        Row("so  good :)", "c"), Row("good", "c"), Row("😂", "c"),
    ]  # fmt: skip
    found = measure(rows, SystemClock())
    assert (found.n, found.abstained, found.pairs, found.varied, found.recall, found.recall_varied) == (
        8, 1, 4, 2, 1.0, 1.0
    )  # fmt: skip
    assert (found.proposed, found.precision_proposed, found.precision) == (4, 1.0, 1.0)
    # Of 3 + 1 + 3 pairs within a group three are found, and the fourth that is found lies between two groups.
    assert (found.group_pairs, found.group_precision, found.group_recall) == (7, 0.75, 0.4286)
    assert (found.pairs_characters, found.recall_characters) == (3, 1.0)


def test_without_labels_nothing_is_said_of_groups(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text\nso good\nso good\n", encoding="utf-8")
    found = evaluate_file("duplicates", tmp_path / "rows.csv")
    assert (found["task"], found["n"], found["pairs"], found["recall"]) == ("duplicates", 2, 1, 1.0)
    assert (found["group_pairs"], found["accuracy"], found["recall_varied"]) == (None, None, None)


@pytest.mark.parametrize("rows", [[], [Row("a", "x"), Row("b", "")]])
def test_rows_of_which_only_some_have_labels_are_refused(rows: list[Row]) -> None:
    with pytest.raises(InvalidInputError, match="rows"):
        measure(rows, SystemClock())
