"""Long texts in parts: every word stays, in its order, and every part fits in the platform's own measure."""

from __future__ import annotations

import re

import pytest
from apsw.unicode import grapheme_length
from hypothesis import given
from hypothesis import strategies as st

from crm.policies.parts import MOST, TooLongForPartsError, split

_MARK = re.compile(r" \((\d+)/(\d+)\)$")
_LINK = re.compile(r"https?://\S+")
WORDS = st.lists(
    st.sampled_from(["سلام", "می‌رود", "ok", "sorry", "👨‍👩‍👧", "https://bank.example/help/1", "e\u0301"])
    | st.text(max_size=12),
    max_size=60,
)


def weighed(text: str) -> int:
    """As X and Mastodon do: a link counts 23, whatever its length; others count as readers see them."""
    return int(grapheme_length(_LINK.sub("x" * 23, text)))


def bare(part: str) -> str:
    return _MARK.sub("", part)


@given(WORDS, st.integers(30, 90), st.sampled_from([" ", "\n", "\n\n", ". "]))
def test_every_part_fits_and_no_word_is_lost(words: list[str], limit: int, between: str) -> None:
    text = between.join(words)
    try:
        parts = split(text, weighed, limit)
    except TooLongForPartsError:
        return
    assert all(weighed(part) <= limit for part in parts)
    if len(parts) == 1:
        assert parts == (text,)
    else:
        assert "".join("".join(bare(part).split()) for part in parts) == "".join(text.split())
        numbers = [_MARK.search(part) for part in parts]
        assert [int(one[1]) for one in numbers if one] == list(range(1, len(parts) + 1))
        assert {int(one[2]) for one in numbers if one} == {len(parts)}


@given(
    st.lists(st.sampled_from(["one", "two", "https://bank.example/a/long/way?to=help", "سه"]), min_size=30, max_size=60)
)
def test_neither_words_nor_links_are_cut_that_fit(words: list[str]) -> None:
    parts = split(" ".join(words), weighed, 60)
    assert [word for part in parts for word in bare(part).split()] == words


def test_it_is_cut_between_paragraphs_and_sentences_first() -> None:
    text = "We looked into it. The charge was made twice.\n\nYou have your money back by tomorrow, sorry."
    assert split(text, len, 60) == (
        "We looked into it. The charge was made twice. (1/2)",
        "You have your money back by tomorrow, sorry. (2/2)",
    )
    assert split("We looked into it. The charge was made twice by us.", len, 45) == (
        "We looked into it. (1/2)",
        "The charge was made twice by us. (2/2)",
    )


def test_persian_is_numbered_in_persian() -> None:
    first, *_, last = split("این یک متن بلند است. " * 12, len, 120)
    assert first.endswith(" (۱/۳)")
    assert last.endswith(" (۳/۳)")


def test_a_foreign_word_changes_no_digits() -> None:
    assert split("We sent you the «رسید» twice. " * 4, len, 90)[0].endswith(" (1/2)")


def test_what_a_reader_sees_as_one_stays_one() -> None:
    parts = split("👨‍👩‍👧" * 30, weighed, 16)
    assert {bare(part).replace("👨‍👩‍👧", "") for part in parts} == {""}


def test_ten_parts_have_room_for_two_digits() -> None:
    parts = split("word " * 40, len, 24)
    assert len(parts) > 9
    assert all(len(part) <= 24 for part in parts)


@pytest.mark.parametrize("limit", [5, 20])
def test_a_text_for_too_many_parts_is_refused(limit: int) -> None:
    with pytest.raises(TooLongForPartsError, match=str(MOST)):
        split("word " * 1000, len, limit)
