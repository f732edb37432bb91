"""Spoken and formal Persian, and Finglish: what is said otherwise is found as well."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.query import Subject, compile_matcher, highlight_spans, parse, render
from crm.text import heard, tokens
from tests.crm.query.posts import post, subject

WRITTEN = Path(__file__).parents[2] / "enrich" / "written" / "spellings_fa.jsonl"


@cache
def spellings() -> list[dict[str, list[str]]]:
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    return [{"forms": [row["word"], *row["variants"]], "other": row["other"]} for row in rows]


def finds(query: str, text: str, *, finglish: bool = False) -> bool:
    said = Subject.new(post(text), [*tokens(text), *heard(text)]) if finglish else subject(text)
    return compile_matcher(parse(query))(said)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("میخوام", "می‌خواهم"),
        ("خونه", "خانه"),
        ("نمیتونم", "نمی‌توانم"),
        ("اونا", "آن‌ها"),
        ("رو", "را"),
        ("دیگه", "دیگر"),
        ("میگه", "می‌گوید"),
        ("نمیدن", "نمی‌دهند"),
        ("اومدم", "آمدم"),
        ("گوشیا", "گوشی‌ها"),
        ("خوبه", "خوب است"),
        ("دوستشون", "دوستشان"),
        ("مسئول", "مسؤول"),
        ("بلیط", "بلیت"),
        ("کتابم", "کتاب‌م"),
        ("«میخوام برم خونه»", "می‌خواهم بروم خانه"),
        ("میخوام برم خونه", "پس می‌خواهم بروم خانه"),
        ("به روز رسانی", "بروزرسانی"),
    ],
)
def test_spoken_and_formal_find_each_other(one: str, other: str) -> None:
    assert finds(one, f"پس {other} گفت")
    assert finds(other, f"پس {one} گفت")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("خونه", "خون"),
        ("خانه", "خان"),
        ("چون", "چان"),
        ("بدون", "بدان"),
        ("مادر", "ما در تهران"),
        ("نان", "نشان"),
        ('="میخوام"', "می‌خواهم"),
        ("#خونه", "خانه"),
        ("بدن", "بدهند"),
        ("شبا", "شب‌ها"),
    ],
)
def test_what_only_looks_alike_is_not_found(query: str, text: str) -> None:
    assert not finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("سلام", "slm, salam khoobi"),
        ("«سلام خوبی»", "salam khubi"),
        ("گوشی خراب", "goshim? na, gooshi kharab"),
        ("می‌خواهم", "man mikham"),
        ("خانه", "khune bozorg"),
        ("salaam", "salam khobi"),
        ("خراب NEAR/2 گوشی", "gooshi man kharab"),
    ],
)
def test_a_post_in_finglish_is_found(query: str, text: str) -> None:
    assert finds(query, text, finglish=True)


@pytest.mark.parametrize(
    ("query", "text"),
    [("salam", "سلام"), ("salam khoobi", "سلام، خوبی؟"), ("in khoobe", "این خوبه"), ("mikham", "می‌خواهم")],
)
def test_a_query_in_finglish_finds_persian(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(("query", "text"), [("man", "من"), ("bad man", "من بد"), ("to", "تو"), ('="salam"', "سلام")])
def test_an_english_query_does_not(query: str, text: str) -> None:
    assert not finds(query, text)


def test_what_was_found_in_finglish_is_marked() -> None:
    text = "salam, goshi kharab shode"
    assert highlight_spans(text, parse("«گوشی خراب»"), "fa-Latn") == [(7, 19)]
    assert highlight_spans(text, parse("سلام NOT خراب"), "fa-Latn") == [(0, 5)]
    assert highlight_spans(text, parse("سلام"), "en") == []


rows = st.integers(0, 199).map(lambda at: spellings()[at])
before, after = st.sampled_from(["", "فلانی ", "Hello, ", "۱۲ "]), st.sampled_from(["", " شنیدم", "!", " 😂"])
quoted = st.sampled_from(["{}", '"{}"', "«{}»"])


@given(rows, st.data())
def test_every_spelling_finds_every_other(row: dict[str, list[str]], data: st.DataObject) -> None:
    asked, said = data.draw(st.sampled_from(row["forms"])), data.draw(st.sampled_from(row["forms"]))
    query = data.draw(quoted).format(asked)
    assert finds(query, f"{data.draw(before)}{said}{data.draw(after)}")
    assert not finds(query, f"{data.draw(before)}{data.draw(st.sampled_from(row['other']))}{data.draw(after)}")


def test_all_spellings_of_the_list() -> None:
    assert len(spellings()) == 200
    for row in spellings():
        for asked in row["forms"]:
            matches = compile_matcher(parse(asked))
            assert all(matches(subject(form)) for form in row["forms"]), asked
            assert not any(matches(subject(other)) for other in row["other"]), asked


@given(
    st.lists(
        st.sampled_from(["میخوام", "خونه", "را", "خوب", "است", "salam", "in", "به", "روز", "رسانی", "کتابم"]),
        max_size=6,
    )
)
def test_other_ways_to_say_it_survive_being_written_out(words: list[str]) -> None:
    for text in (" ".join(words), f'"{" ".join(words)}"' if words else ""):
        assert parse(render(parse(text))) == parse(text)
