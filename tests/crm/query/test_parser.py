"""The query language: what is understood, what is refused, and where the fault is shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.query import MESSAGES, QueryError, parse, render, spans
from crm.query.tree import And, Everything, Field, Near, Node, Not, Or, Prefix, Words

NOW = datetime(2026, 1, 10, 12, 30, tzinfo=UTC)


def read(text: str, zone: str = "Asia/Tehran") -> Node:
    return parse(text, zone=zone, now=NOW)


def w(*tokens: str) -> Words:
    return Words(tokens)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Everything()),
        (" \u200f\n", Everything()),
        ("*", Everything()),
        ("Card", w("card")),
        ("bad service", And((w("bad"), w("service")))),
        ("a AND b & c +و d", And((w("a"), w("b"), w("c"), w("d")))),
        ("a OR b | c +یا d", Or((w("a"), w("b"), w("c"), w("d")))),
        ("a OR b c", Or((w("a"), And((w("b"), w("c")))))),
        ("(a OR b) c", And((Or((w("a"), w("b"))), w("c")))),
        ("a -b !c NOT d +نه e", And((w("a"), Not(w("b")), Not(w("c")), Not(w("d")), Not(w("e"))))),
        ("NOT NOT a", w("a")),
        ("e-mail", Or((w("e", "mail"), w("email")))),
        ('"bad service"', Or((w("bad", "service"), w("badservice")))),
        ("«bad service»", Or((w("bad", "service"), w("badservice")))),
        ("“bad service”", Or((w("bad", "service"), w("badservice")))),
        ('="bad service"', w("bad", "service")),
        ('"OR" "یا"', And((w("or"), w("یا")))),
        ("or and و یا", And((w("or"), w("and"), Or((w("و"), w("ویا"))), Or((w("یا"), w("ویا")))))),
        ("نان‌ماه", Or((w("نان", "ماه"), w("نانماه")))),
        ("می‌آورند", Or((w("میاورند"), w("میارن")))),
        ("میارن", Or((w("میارن"), w("میاورند")))),
        ("کتابها", Or((w("کتاب", "ها"), w("کتابا")))),
        ("قلم‌ها", w("قلم", "ها")),
        ("خوب است", And((Or((w("خوب"), w("خوباست"), w("خوبه"))), Or((w("است"), w("خوباست"), w("خوبه")))))),
        ("salam", Or((w("salam"), w("سلام")))),
        ('"salam khoobi"', Or((w("salam", "khoobi"), w("salamkhoobi"), w("سلام", "خوبی")))),
        ("in bad", And((w("in"), w("bad")))),
        ("in salam", And((Or((w("in"), w("این"))), Or((w("salam"), w("سلام")))))),
        ('="salam"', w("salam")),
        ("#خانه_ماه", Or((w("خانه", "ماه"), w("خانهماه")))),
        ("#نان_ماه", Or((w("نان", "ماه"), w("نانماه")))),
        ("@nan_mah", w("nanmah")),
        ("refun*", Prefix("refun")),
        ("می‌خوا*", Prefix("میخوا")),
        ("a NEAR/۳ b*", Near(w("a"), Prefix("b"), 3)),
        ("a NEAR b", Near(w("a"), w("b"), 10)),
        ("a +نزدیک/2 b", Near(w("a"), w("b"), 2)),
        ("a NEAR/1 b NEAR/2 c", And((Near(w("a"), w("b"), 1), Near(w("b"), w("c"), 2)))),
        ("😡", w("emoji1f621")),
        ("سلام ؟ !", w("سلام")),
        ("I <3 u", And((w("i"), w("3"), w("u")))),
        ("note: this", And((w("note"), w("this")))),
        ("10:30", w("10", "30")),
        ("https://digikala.com/x", Or((w("digikala", "com"), w("digikalacom")))),
        ("author:@Ali", Field("author", ":", "ali")),
        ("author:bluesky:did:plc:Xy", Field("author", ":", "bluesky:did:plc:Xy")),
        ("platform:twitter,Bluesky", Or((Field("platform", ":", "x"), Field("platform", ":", "bluesky")))),
        ("سکو:اینستاگرام", Field("platform", ":", "instagram")),
        ("زبان:فینگلیش", Field("lang", ":", "fa-Latn")),
        ("احساس:منفی", Field("sentiment", ":", "negative")),
        ("sentiment:unknown", Field("sentiment", ":", "unknown")),
        ("فوریت: بالا", Field("urgency", ":", "high")),
        ("دنبال‌کننده>۱۰هزار", Field("followers", ">", "10000")),
        ("followers ≥ 2,500", Field("followers", ">=", "2500")),
        ("has:question is:reply", And((Field("has", ":", "question"), Field("is", ":", "reply")))),
        ("دارد:پیوند", Field("has", ":", "link")),
        ("case:#12 case:باز", And((Field("case", ":", "12"), Field("case", ":", "open")))),
        ('tag:"فوری ۱"', Field("tag", ":", "فوری ۱")),
        ("since:1404-01-01", Field("since", ":", "2025-03-20T20:30:00+00:00")),
        ("از:۱۴۰۴/۰۱/۰۱", Field("since", ":", "2025-03-20T20:30:00+00:00")),
        ("until:2025-03-21", Field("until", ":", "2025-03-20T20:30:00+00:00")),
        ("since:2025-03-21T08:00Z", Field("since", ":", "2025-03-21T08:00:00+00:00")),
        ("since:24h", Field("since", ":", "2026-01-09T12:30:00+00:00")),
        ("از:۷روز", Field("since", ":", "2026-01-03T12:30:00+00:00")),
        ("since:today", Field("since", ":", "2026-01-09T20:30:00+00:00")),
        ("تا:دیروز", Field("until", ":", "2026-01-08T20:30:00+00:00")),
    ],
)
def test_understands(text: str, tree: Node) -> None:
    assert read(text) == tree
    assert read(render(tree)) == tree


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "length"),
    [
        ("(a", "unclosed_parenthesis", 1, 1, 1),
        ("a (b (c)", "unclosed_parenthesis", 1, 3, 1),
        ("a) b", "unopened_parenthesis", 1, 2, 1),
        ("a ()", "empty_parentheses", 1, 4, 1),
        ('a\n"b', "unclosed_quote", 2, 1, 1),
        ("سلام »", "unclosed_quote", 1, 6, 1),
        ('a ""', "empty_phrase", 1, 3, 2),
        ('a "؟!"', "empty_phrase", 1, 3, 4),
        ("؟؟", "no_words", 1, 1, 2),
        ("AND", "nothing_before", 1, 1, 3),
        ("a OR", "nothing_after", 1, 3, 2),
        ("a OR OR b", "nothing_after", 1, 3, 2),
        ("(OR a)", "nothing_before", 1, 2, 2),
        ("a +یا", "nothing_after", 1, 3, 3),
        ("a NOT", "nothing_after", 1, 3, 3),
        ("a NEAR/3 (b c)", "bad_near", 1, 3, 6),
        ("a NEAR/3 lang:fa", "bad_near", 1, 3, 6),
        ("a NEAR/999 b", "near_too_far", 1, 3, 8),
        ("a ؟*", "short_prefix", 1, 3, 2),
        ("a foo:bar", "unknown_field", 1, 3, 3),
        ("folowers:3", "unknown_field_like", 1, 1, 8),
        ("نویسند:علی", "unknown_field_like", 1, 1, 6),
        ("a sentiment:", "empty_value", 1, 3, 10),
        ('tag:""', "empty_value", 1, 5, 2),
        ("lang>fa", "bad_operator", 1, 1, 7),
        ("a sentiment:bad", "bad_value", 1, 13, 3),
        ("lang:klingon", "bad_value", 1, 6, 7),
        ("case:99999999999999999999", "bad_value", 1, 6, 20),
        ("platform:a/b", "bad_slug", 1, 10, 3),
        ("followers>many", "bad_number", 1, 11, 4),
        ("since:2026-02-30", "bad_date", 1, 7, 10),
        ("since:1404/12/31", "bad_date", 1, 7, 10),
        ("until:soon", "bad_date", 1, 7, 4),
        ("since:999999w", "bad_date", 1, 7, 7),
        ("x " * 501, "too_many_terms", 1, 1001, 1),
        ("(" * 41 + "a" + ")" * 41, "too_deep", 1, 41, 1),
        ("x" * 4001, "too_long", 1, 4001, 1),
        ("-" * 3000, "nothing_after", 1, 2999, 1),
    ],
)
def test_refuses(text: str, code: str, line: int, column: int, length: int) -> None:
    with pytest.raises(QueryError) as caught:
        read(text)
    fault = caught.value
    assert (fault.code, fault.line, fault.column, fault.length) == (code, line, column, length)
    assert str(fault) == MESSAGES[code].format(**fault.params)


def test_a_suggestion_is_named() -> None:
    with pytest.raises(QueryError, match="did you mean followers"):
        read("folowers:3")


def test_a_relative_date_needs_a_clock() -> None:
    with pytest.raises(ValueError, match="now"):
        parse("since:7d")


@pytest.mark.parametrize(
    "text", ["NOT " * 900 + "a", "(" * 40 + "a" + ")" * 40, "a NEAR " * 150 + "b", "-(" * 40 + "a" + ")" * 40]
)
def test_nesting_is_no_trouble(text: str) -> None:
    assert read(render(read(text))) == read(text)


WORDS = ["a", "bad", "نان", "ماه", "نان‌ماه", "می", "کتاب‌ها", "#NanMah", "pre*", "نان‌ما*", "😂", "ی", "ه", "12", "x_y"]
PHRASES = ['"a b"', "«نان ماه»", '="x y z"', '"', "="]
FIELDS = ["sentiment:", "negative", "lang:fa", "has:link", "followers>5", "since:7d", 'tag:"a b"', ":", "از:1404/1/1"]
MARKS = ["(", ")", " ", " ", " ", " AND ", " OR ", " NOT ", " NEAR/2 ", "-", "|", "+یا ", "*", "\n", "؟", "\u200f", "&"]
pieces = st.sampled_from(WORDS + PHRASES + FIELDS + MARKS)
queries = st.one_of(st.lists(pieces, max_size=14).map("".join), st.text(max_size=30))


@given(queries)
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    coloured = spans(text)
    assert all(0 <= start < end <= len(text) for start, end, _ in coloured)
    assert coloured == sorted(coloured)
    tree = fault = None
    try:
        tree = read(text)
    except QueryError as error:
        fault = error
    if fault:
        assert 0 <= fault.start <= len(text)
        assert fault.column >= 1
    else:
        assert tree
        assert read(render(tree)) == tree
        assert not any(kind == "error" for _, _, kind in coloured)


def test_colours() -> None:
    assert spans('-a lang:fa "b c" OR (d)') == [
        (0, 1, "operator"), (1, 2, "word"), (3, 8, "field"), (8, 10, "word"), (11, 16, "phrase"), (17, 19, "operator"),
        (20, 21, "paren"), (21, 22, "word"), (22, 23, "paren"),
    ]  # fmt: skip


def test_a_fault_is_coloured() -> None:
    assert spans("a OR") == [(0, 1, "word"), (2, 4, "error")]
    assert spans("lang:xx b") == [(0, 5, "field"), (5, 7, "error"), (8, 9, "word")]
