"""The judge against a naive evaluation, and what each field means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import InvalidInputError
from crm.query import MonitorSet, QueryError, Subject, check_monitor, compile_matcher, parse, required_tokens
from crm.query.tree import And, Field, Node, Not, Words
from crm.text import tokens
from crm.words import Author, Post
from tests.crm.query.posts import enriched, naive, nodes, post, posts, subject

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def matches(query: str, text: str) -> bool:
    return compile_matcher(parse(query, now=NOW))(subject(text))


@pytest.mark.slow
@given(nodes, posts)
def test_agrees_with_a_naive_evaluation(node: Node, said: Post) -> None:
    line = tokens(said.text)
    assert compile_matcher(node)(Subject.new(said, line)) == naive(node, said, line)


@pytest.mark.slow
@given(nodes, posts)
def test_a_match_has_one_of_the_required_tokens(node: Node, said: Post) -> None:
    one = Subject.new(said, tokens(said.text))
    needed = required_tokens(node)
    if needed is not None and compile_matcher(node)(one):
        assert needed & one.vocabulary


@pytest.mark.slow
@given(st.lists(nodes, max_size=6), posts)
def test_a_set_of_monitors_finds_each_that_matches(found: list[Node], said: Post) -> None:
    one = Subject.new(said, tokens(said.text))
    monitors = {str(at): node for at, node in enumerate(found)}
    alone = tuple(name for name, node in monitors.items() if compile_matcher(node)(one))
    assert MonitorSet(monitors).match(one) == alone


SPELLINGS = [
    "می‌خواهم", "می‌خوام", "نمی‌دانم", "نمی‌شود", "می‌کنند", "می‌گفت", "نمی‌خوام", "می‌رویم", "می‌بینید", "می‌شه",
    "کتاب‌ها", "گوشی‌های", "شعبه‌های", "کارت‌هایم", "مشتری‌ها", "حساب‌هایشان", "بانک‌ها", "دوست‌هامون", "خانه‌هایی", "پیام‌هایت",
    "بزرگ‌تر", "بزرگ‌ترین", "ارزان‌تر", "سریع‌ترین", "گران‌تر", "مهم‌ترین", "کم‌تر", "بیش‌تر", "به‌تر", "ساده‌تر",
    "نان‌ماه", "دیجی‌کالا", "اسنپ‌فود", "علی‌بابا", "بلو‌بانک", "همراه‌اول", "ایران‌سل", "فیلم‌نت", "کافه‌بازار", "آپارات‌کودک",
    "دانش‌آموز", "کتاب‌خانه", "پیش‌بینی", "هیچ‌کس", "بی‌ادب", "خوش‌حال", "پول‌دار", "دست‌فروش", "هم‌کار", "پس‌انداز",
    "نرم‌افزار", "سخت‌افزار", "خوش‌قیمت", "بد‌قول", "گران‌فروشی", "کم‌فروشی", "پشتیبان‌گیری", "رمز‌دار", "تازه‌کار", "این‌ترنت",
    "گوشی‌ام", "رفته‌ام", "مشتری‌تان", "حساب‌شون", "كتاب‌خانه", "مسئول‌فني", "دوست‌هام",
]  # fmt: skip


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_find_each_other(name: str) -> None:
    parted, joined = name.replace("\u200c", " "), name.replace("\u200c", "")
    for text in (name, parted, joined):
        said = f"امروز {text} را دیدم"
        assert matches(name, said), (name, said)
        assert matches(f'"{parted}"', said), (parted, said)
    for text in (name, joined):
        assert matches(joined, text) or tokens(name) != tokens(joined), (joined, text)
    assert matches(parted, joined)
    assert matches(f"#{name.replace(chr(0x200C), '_')}", f"#{name.replace(chr(0x200C), '_')} خوب")


@pytest.mark.parametrize("name", SPELLINGS[:30])
def test_affixes_make_one_spelling(name: str) -> None:
    assert tokens(name) == tokens(name.replace("\u200c", " ")) == tokens(name.replace("\u200c", ""))


@pytest.mark.parametrize("name", SPELLINGS[30:60])
def test_a_compound_written_as_one_is_found_with_its_half_space(name: str) -> None:
    assert matches(name.replace("\u200c", ""), name)


@pytest.mark.parametrize(
    ("query", "text", "hit"),
    [
        ("کتاب", "کتاب‌های خوب", True),
        ("كتاب", "کِتاب", True),
        ("خیلی", "خیییییلی بد", True),
        ("خانه ی ما", "خانه‌ی ما", True),
        ("cool", "sooo cooool", True),
        ("Monzo", "Monzo’s app", True),
        ("nanmah", "love #NanMah", True),
        ('"nan mah"', "love #NanMah", True),
        ("#NanMah", "nanmah rocks", True),
        ("iphone*", "iphone14 broke", True),
        ('"bad service"', "service bad", False),
        ("bad service", "service bad", True),
        ("-bad", "good", True),
        ("-bad", "bad", False),
        ("refund NEAR/1 card", "card was refund", True),
        ("refund NEAR/0 card", "card was refund", False),
        ("a NEAR/5 a", "only one a", True),
        ("😡", "😡😡😡", True),
        ("has:question", "چرا؟", True),
        ("has:question", "https://x.org/?a", False),
        ("has:link", "see https://x.org/?a", True),
        ("author:ali", "", True),
        ("author:x:7", "", True),
        ("author:al", "", False),
        ("followers>499", "", True),
        ("since:24h", "", True),
        ("until:2026-01-01", "", False),
    ],
)
def test_finds(query: str, text: str, hit: bool) -> None:
    assert matches(query, text) is hit


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("lang:fa", True), ("lang:en", False), ("lang:unknown", False), ("sentiment:negative", True),
        ("urgency:unknown", True), ("urgency:high", False), ("monitor:m1", True), ("monitor:m2", False),
        ("customer:c1", True), ("thread:x:root", True), ("thread:x:1", False), ("is:own", True), ("is:mention", True),
        ("is:imported", True),
        ("is:made_up", False), ("is:reply", False), ("is:private", False), ("has:media", False), ("topic:t", False),
        ("intent:complaint", False), ("-intent:complaint", True), ("سلام", True),
    ],
)  # fmt: skip
def test_fields_of_an_enriched_post(query: str, hit: bool) -> None:
    one = enriched("سلام", monitors=("m1",), customer="c1", own=True, origin="import")
    assert compile_matcher(parse(query))(Subject.of(one)) is hit


def test_unknown_followers_match_no_comparison() -> None:
    one = subject(author=Author("x", "7"))
    assert not compile_matcher(parse("followers<10"))(one)
    assert compile_matcher(parse("-followers<10"))(one)


def test_what_is_known_early_is_enough_for_monitors() -> None:
    one = Subject.new(post("bad"), ("bad",), sentiment="negative", language="en")
    assert compile_matcher(parse("bad sentiment:negative lang:en urgency:unknown"))(one)


def test_a_bare_date_counts_as_utc() -> None:
    assert compile_matcher(Field("since", ":", "2026-01-01"))(subject())


@pytest.mark.parametrize("name", ["case", "tag"])
def test_the_matcher_leaves_records_alone(name: str) -> None:
    with pytest.raises(InvalidInputError, match="bind"):
        compile_matcher(parse(f"{name}:open"))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "monitor_everything"), ("*", "monitor_everything"), ("-a", "monitor_negative"),
        ("-a -b", "monitor_negative"), ("a OR -b", "monitor_negative"), ("a case:open", "monitor_field"),
        ("a -tag:x", "monitor_field"), ("a monitor:m", "monitor_field"),
    ],
)  # fmt: skip
def test_not_every_query_is_a_monitor(query: str, code: str) -> None:
    with pytest.raises(QueryError) as caught:
        check_monitor(parse(query))
    assert caught.value.code == code


@pytest.mark.parametrize("query", ["a", "a -b", "a OR b", "author:ali", "(a OR b) -c", "pre*"])
def test_these_may_be_monitors(query: str) -> None:
    check_monitor(parse(query))


def test_the_rarest_side_is_required() -> None:
    assert required_tokens(parse("(a OR b) refund")) == {"refund"}
    assert required_tokens(parse('a OR "bad service"')) == {"a", "service", "badservice"}
    assert required_tokens(parse("a OR pre*")) is None
    assert required_tokens(And((Not(Words(("a",))), Field("platform", ":", "x")))) is None


def test_monitors_are_named_in_their_order() -> None:
    monitors = MonitorSet({"2": parse("b"), "1": parse("a"), "3": parse("pre*"), "4": parse("c")})
    assert monitors.match(subject("a b prefix")) == ("2", "1", "3")
    assert monitors.match(subject("none")) == ()
