"""What near-duplicates have in common, and what other texts have not."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm.ports.likeness import MARKS, SEEDS, alike, marks, near, seeds
from enrich.duplicates import LIMIT, MinHash

LIKENESS = MinHash()
ALL = SEEDS + MARKS
CAMPAIGN = "این بانک پول مردم را نمی‌دهد و هیچ‌کس پاسخ نمی‌دهد لطفا بازنشر کنید"


def bands(text: str) -> tuple[str, ...]:
    return LIKENESS.bands([text])[0]


@pytest.mark.parametrize(
    "variant",
    [
        "اين بانك پول مردم را نميدهد و هيچ‌كس پاسخ نمی‌دهد لطفا بازنشر کنید!!!",
        "این بانک پول مردم را نمی‌دهد و هیچ‌کس پاسخ نمی‌دهد لطفا بازنشر کنید https://a.example/1",
        "@bank_one این بانک پول مردم را نمی‌دهد و هیچ‌کس پاسخ نمی‌دهد... لطفا بازنشر کنید 😡😡",
        "این این بانک پول مردم را نمی‌دهد و هیچ‌کس پاسخ نمی‌دهد لطفا بازنشر کنیددددد",
    ],
)
def test_spelling_links_handles_and_pictures_make_no_difference(variant: str) -> None:
    assert bands(variant) == bands(CAMPAIGN)
    assert len(set(bands(CAMPAIGN))) == ALL
    assert alike(*LIKENESS.words([variant, CAMPAIGN]))


def test_numbers_are_one_number() -> None:
    first, second = "order 5 of shop arrived broken again", "order 12345 of shop arrived broken again"
    assert bands(first) == bands(second)
    assert bands(first) != bands("order of shop arrived broken again")


@pytest.mark.parametrize("text", ["", "   ", "https://a.example/b", "@you", "12 3", "!!", "😂😂😂", "\ue000"])
def test_a_text_without_a_word_is_like_no_other(text: str) -> None:
    assert bands(text) == ()
    assert LIKENESS.words([text]) == [frozenset()]
    assert not alike(*LIKENESS.words([text, text]))


def test_a_short_text_is_only_like_the_same_words() -> None:
    first, second, other = "خیلی خوب بود", "خيلی خوب بود!! 👍", "خیلی خوب بود ممنون"
    assert bands(first) == bands(second)
    assert len(bands(first)) == 1
    assert not set(bands(first)) & set(bands(other))
    words = LIKENESS.words([first, second, other])
    assert alike(words[0], words[1])
    assert not alike(words[0], words[2])
    assert not alike(*LIKENESS.words(["a b c d", "a b c d e"])), "a Jaccard index of 0.8, but one of them is short"


def test_a_text_stands_alone_whatever_its_batch() -> None:
    texts = [CAMPAIGN, "", "خوب", "https://a.example", "the quick brown fox jumps over dogs", "x" * 3 * LIMIT] * 300
    together = LIKENESS.bands(texts)
    assert together[:6] == [bands(text) for text in texts[:6]]
    assert together == together[:6] * 300
    assert LIKENESS.words(texts)[:6] == [LIKENESS.words([text])[0] for text in texts[:6]]


def test_a_text_is_counted_by_its_seeds_and_found_by_its_marks() -> None:
    long, short = bands(CAMPAIGN), bands("خوب بود")
    assert (len(seeds(long)), len(marks(long))) == (SEEDS, MARKS)
    assert seeds(short) == marks(short) == short
    assert near(marks(long), long)
    assert near(marks(short), short)
    assert not near(marks(long), (long[2], *short)), "one in common is chance"
    assert not near((), ())


def test_near_duplicates_share_marks_and_other_texts_seldom_do() -> None:
    rng = random.Random(5)
    vocabulary = [f"w{chr(97 + number % 26)}{chr(97 + number // 26 % 26)}{chr(97 + number // 676)}" for number in
                  range(9000)]  # fmt: skip

    def shares(same: int, different: int) -> float:
        pairs = []
        for _ in range(1000):
            words = rng.sample(vocabulary, same + 2 * different)
            pairs += [words[: same + different], words[:same] + words[same + different :]]
        found = LIKENESS.bands([" ".join(words) for words in pairs])
        return sum(near(marks(a), b) for a, b in zip(found[::2], found[1::2], strict=True)) / 1000

    assert shares(8, 1) >= 0.96  # a Jaccard index of exactly 0.8, where 0.983 is expected
    assert shares(8, 8) <= 0.02  # 0.33, where 0.008 is expected
    assert shares(4, 8) <= 0.005  # 0.2


def test_bands_are_numbers_of_30_bits_in_base_32() -> None:
    found = [band for text in ("some five words of text", "خوب", CAMPAIGN) for band in bands(text)]
    assert all(len(band) == 6 and 0 < int(band, 32) < 1 << 30 and band == band.lower() for band in found)


@given(st.lists(st.text(), max_size=5))
@example(["\ud800", "\U0010ffff\x00", "𝔽𝕦𝕝𝕝", "a" * 1_000_000])
def test_any_string_is_a_text(texts: list[str]) -> None:
    found, words = LIKENESS.bands(texts), LIKENESS.words(texts)
    assert [bool(one) for one in found] == [bool(one) for one in words]
    assert all(len(one) in (0, 1, ALL) for one in found)
    assert all((len(a) == 1) == (0 < len(b) < 5) for a, b in zip(found, words, strict=True))
