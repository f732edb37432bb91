"""Persian in Latin letters is read as the Persian that it stands for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.text import finglish, heard, overheard, tokens

WORDS = [json.loads(line) for line in (Path(__file__).parent / "finglish_words.jsonl").read_text().splitlines()]
MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("said", "persian"),
    [
        ("salam khoobi chetori", "سلام خوبی چطوری"),
        ("goshim kharab shode", "گوشیم خراب شده"),
        ("bacheha", "بچه ها"),
        ("mi khaham", "میخواهم"),
        ("2 ta pizza سفارش dadam", "2 تا پیتزا سفارش دادم"),
        ("digikala https://khoob.example @salam", "دیجیکالا"),
        ("", ""),
        ("12 😂", "12"),
    ],
)
def test_what_a_post_says(said: str, persian: str) -> None:
    assert " ".join(heard(said)).startswith(persian)


def test_usual_spellings_of_common_words_are_read() -> None:
    """Written by hand; where they missed, the rules were looked at again."""
    spelt = [(row["persian"], latin) for row in WORDS for latin in row["finglish"]]
    read = sum(bool(set(tokens(persian)) & set(heard(latin))) for persian, latin in spelt)
    assert len(spelt) > 250
    assert read >= 0.93 * len(spelt)


@pytest.mark.parametrize("word", ["bank", "hello", "man", "in", "bonjour", "flt", "iphone14", "سلام", "ok"])
def test_a_query_means_an_english_word_as_it_stands(word: str) -> None:
    assert finglish.asked(word) == ()


def test_only_what_may_be_finglish_is_overheard() -> None:
    assert overheard("when will my card arrive") == tokens("when will my card arrive")
    assert "سلام" in overheard("salam, goshim kharabe")


@given(st.text(st.characters(max_codepoint=0x7F) | st.sampled_from("سلام‌#@éß😂"), max_size=40))
def test_any_text_is_heard(text: str) -> None:
    for token in heard(text):
        assert token
        assert " " not in token


@pytest.mark.parametrize("unit", ["a", "kh", "salam", "bcdfg ", "x"])
def test_a_long_text_is_heard(unit: str) -> None:
    assert len(heard((unit * 20_000)[:20_000])) <= 20_000


def test_the_tables_are_small() -> None:
    assert sum(path.stat().st_size for path in finglish.TABLES.iterdir()) < MEGABYTE


def test_the_words_of_a_dictionary_are_read(shared: Callable[[str], Path]) -> None:
    """The 45 hard words that come with the dictionary to test with; nothing was learned from them."""
    with gzip.open(shared("data/finglish_dict/test.txt.gz"), "rt", encoding="utf-8") as lines:
        pairs = [line.split() for line in lines]
    read = sum(tokens(persian)[0] in finglish.reader().readings(latin, 3) for latin, persian in pairs)
    assert read >= 0.5 * len(pairs)
