"""Languages of short posts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import InvalidInputError, StoreError
from enrich.language import LABELS, LanguageModel


@cache
def shipped() -> LanguageModel:
    return LanguageModel()


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return shipped()


SAID = {
    "fa": [
        "سلام، کارت من کی می‌رسد؟",
        "این گوشی Samsung Galaxy S22 Ultra 5G عالیه",
        "قيمت اين گوشي چنده",
        "ممنون 🙏 #بانک",
    ],
    "en": ["When will my card arrive?", "@bank https://example.org your app keeps crashing", "I LOVE this phone!!"],
    "ar": ["متى تصل بطاقتي الجديدة؟", "شكرا جزيلا على المساعدة"],
    "ur": ["میرا کارڈ کب پہنچے گا؟", "آپ کی خدمت بہت اچھی ہے"],
    "fa-Latn": ["kheili bad bood, chera javab nemidin?", "salam, in goshi ro kharidam va kheyli razi hastam"],
    "other": [
        "Когда придёт моя карта?",
        "我的卡什么时候到?",
        "Wann kommt meine neue Karte an?",
        "کوردستان وڵاتێکی جوانە و خەڵکەکەی باشن",
        "¿Cuándo llegará mi tarjeta nueva?",
    ],
}


@pytest.mark.parametrize(("language", "text"), [(label, text) for label, texts in SAID.items() for text in texts])
def test_languages_are_told_apart(model: LanguageModel, language: str, text: str) -> None:
    [label] = model.predict([text])
    assert label.value == language
    assert (label.model, label.version) == (model.name, model.version)


@pytest.mark.parametrize(
    "text", ["", "   ", "😀😀", "12345 !!", "https://example.org/کارت", "@someone", "\u200c\u202e"]
)
def test_a_text_without_letters_is_left_to_a_person(model: LanguageModel, text: str) -> None:
    [label] = model.predict([text])
    assert label.value is None
    assert model.best([text])[0].value == "other"


def test_answers_stay_within_those_asked_for(model: LanguageModel) -> None:
    [label] = model.predict(["Wann kommt meine neue Karte an?"], among=["en", "fa"])
    assert label.value == "en"


@pytest.mark.parametrize("among", [[], ["fa", "klingon"]])
def test_a_question_without_known_answers_is_refused(model: LanguageModel, among: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="fa, en, ar"):
        model.predict(["hello"], among)


def test_the_same_text_gets_the_same_answer_alone_and_in_any_batch(model: LanguageModel) -> None:
    texts = [text for some in SAID.values() for text in some] + ["", "😀", "x" * 100_000, "a\ue000b", "\ud800"]
    together = model.predict(texts)
    assert together == [model.predict([text])[0] for text in texts]
    assert model.predict(list(reversed(texts))) == list(reversed(together))


@given(st.lists(st.text(max_size=80), max_size=6))
def test_any_text_gets_an_answer(texts: list[str]) -> None:
    for label in shipped().predict(texts):
        assert label.value is None or label.value in LABELS
        assert 0 <= label.probability <= 1
    assert len(shipped().predict(texts)) == len(texts)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"language_arabic\.npz"):
        LanguageModel(tmp_path)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "language_arabic.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(StoreError, match="can't be read"):
        LanguageModel(tmp_path)


@pytest.mark.parametrize(
    ("file", "language", "least"), [("fa_telegram_news", "fa", 0.99), ("airline_tweets", "en", 0.98)]
)
def test_posts_that_were_never_learned_from(
    model: LanguageModel, shared: Callable[[str], Path], file: str, language: str, least: float
) -> None:
    with gzip.open(shared(f"data/{file}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line, _ in zip(lines, range(2000), strict=False)]
    right = sum(label.value == language for label in model.best(texts))
    assert right >= least * len(texts)
