"""Topics: what is found in texts of a few themes in both languages, and where a new text belongs."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from enrich.encoder import StaticEncoder
from enrich.tasks import evaluate_file
from enrich.topics import assign, content_words, find
from enrich.topics_measured import coherence

PARTS = {
    "card": (
        ["my card was blocked", "they blocked my bank card again", "card payment declined", "the card is frozen",
         "new card never works"],
        ["at the shop", "abroad", "while paying", "for no reason", "by the bank", "in the supermarket"],
    ),
    "dark": (
        ["please add a dark mode", "dark theme would be lovely", "a night theme for the app", "dark mode hurts less",
         "the white theme is too bright"],
        ["for reading", "in the evening", "on my phone", "for my eyes", "in bed", "at night"],
    ),
    "پیک": (
        ["پیک سفارش رو دیر آورد", "سفارشم با تاخیر رسید", "ارسال سفارش خیلی طول کشید", "پیک آدرس رو پیدا نکرد",
         "سفارش سرد رسید"],
        ["دیشب", "سر ظهر", "دم در", "بعد از یک ساعت", "توی بارون", "به خونه"],
    ),
}  # fmt: skip


def said() -> tuple[list[str], list[str]]:
    """Every beginning with every end, in a fixed order of chance; and which theme each is of."""
    pairs = [(f"{begin} {end}", theme) for theme, (begins, ends) in PARTS.items() for begin in begins for end in ends]
    random.Random(3).shuffle(pairs)
    return [text for text, _ in pairs], [theme for _, theme in pairs]


@pytest.mark.slow
def test_the_themes_of_both_languages_are_found_and_new_texts_belong_to_them() -> None:
    texts, themes = said()
    encoder = StaticEncoder()
    found = find(texts, encoder, [["delivery", "پیک", "سفارش"]])
    assert find(texts, encoder, [["delivery", "پیک", "سفارش"]])[0].words == found[0].words
    own = [{themes[at] for at in topic.members} for topic in found]
    assert all(len(one) == 1 for one in own)
    assert set.union(*own) == set(PARTS)
    seeded = [themes[topic.members[0]] for topic in found if topic.seed == 0]
    assert seeded == ["پیک"]
    middles = np.stack([topic.vector for topic in found])
    near = np.array([topic.near for topic in found], dtype=np.float32)
    new = ["the bank blocked my card", "add the dark theme", "پیک سفارش منو دیر آورد", "دمای هوای مریخ در تابستان"]
    places = assign(encoder.encode(new), middles, near).tolist()
    assert [themes[found[place].members[0]] if place >= 0 else "" for place in places] == ["card", "dark", "پیک", ""]
    spelled = {word for topic in found for word in topic.words}
    assert "سفارش" in spelled
    for topic in found:
        assert not {"the", "رو", "خیلی"} & set(topic.words)


@pytest.mark.slow
def test_topics_are_measured_beside_plain_ones(tmp_path: Path) -> None:
    texts, themes = said()
    rows = tmp_path / "rows.csv"
    rows.write_text(
        "text,label\n" + "".join(f"{text},{theme}\n" for text, theme in zip(texts * 2, themes * 2, strict=True))
    )
    found = evaluate_file("topics", rows)
    assert (found["n"], found["labels"]) == (180, 3)
    ours = found["ours"]
    assert isinstance(ours, dict)
    assert ours["near_labels"] > 0.5
    assert found["assigned_again"] > 0.7


def test_few_texts_have_no_topics() -> None:
    assert find(["hello"] * 5, StaticEncoder()) == []
    assert find([], StaticEncoder()) == []


def test_no_topic_takes_nothing_in() -> None:
    nothing = np.zeros((0, 4), dtype=np.float32)
    assert assign(nothing, nothing, np.zeros(0, dtype=np.float32)).tolist() == []
    assert assign(np.ones((2, 4), dtype=np.float32), nothing, np.zeros(0, dtype=np.float32)).tolist() == [-1, -1]


def test_content_words_leave_out_what_says_nothing() -> None:
    assert content_words("The 2 cards are not blocked 😀 و کارت‌ها را می‌بندند") == [
        "cards",
        "blocked",
        "کارت",
        "میبندند",
    ]


def test_coherence_of_words_that_always_and_never_meet() -> None:
    held = {"a": np.array([0, 1]), "b": np.array([0, 1]), "c": np.array([2])}
    assert coherence(["a", "b"], held, 4) == pytest.approx(1)
    assert coherence(["a", "c"], held, 4) == -1
    assert coherence(["a"], held, 4) == 0
