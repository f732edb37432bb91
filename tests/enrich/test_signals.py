"""Intents, emotion, offence and aspects: what is promised of the shipped table, on rows that taught nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from crm.errors import InvalidInputError
from crm.ports.signals import Signals
from enrich.aspects import AspectWords
from enrich.models import shipped_models
from enrich.signals import clauses
from enrich.tasks import evaluate_file

KEPT = Path("enrich/written")
ASPECT_ROWS = Path("tests/enrich/written")


@cache
def read(text: str) -> Signals:
    models = shipped_models()
    languages = [label.value for label in models.language.predict([text])]
    (found,) = models.signals.read([text], languages)
    return found


def wants(text: str) -> set[str | None]:
    return {label.value for label in read(text).intents}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Please add a dark mode, it would be great to have", "feature_request"),
        ("لطفا حالت شب رو به برنامه اضافه کنید", "feature_request"),
        ("چجوری میتونم رمزم رو عوض کنم؟", "question"),
        ("How do I change my password?", "question"),
        ("کارتم رو بستم و میرم یه بانک دیگه، خداحافظ", "churn_threat"),
        ("The app crashes every time I open it since the update", "bug_report"),
    ],
)
def test_a_plain_intent_is_found(text: str, intent: str) -> None:
    assert intent in wants(text)


def test_several_intents_stand_beside_each_other_and_other_stands_alone() -> None:
    for text in ("سلام خوبی", "Please add Apple Pay, and why is support so slow?", "😀", ""):
        found = wants(text)
        assert found
        assert len(found) == 1 or not found & {"spam", "other", None}


def test_a_text_without_a_word_is_abstained_from() -> None:
    found = read("https://a.example @nanmah")
    assert [label.value for label in found.intents] == [None]
    assert (found.emotion.value, found.offence.value, found.aspects) == (None, None, ())


def test_the_one_who_reads_many_says_the_same_as_the_one_who_reads_one() -> None:
    models = shipped_models()
    texts = ["The delivery was late but the support was lovely", "قیمتش بالاست ولی کیفیتش عالیه", "", "hello " * 400]
    languages = [label.value for label in models.language.predict(texts)]
    together = models.signals.read(texts, languages)
    assert together == [read(text) for text in texts]


@pytest.mark.parametrize(
    ("rows", "floor"), [(KEPT / "kept_fa.jsonl", 0.6), (KEPT / "kept_en.jsonl", 0.55)], ids=["fa", "en"]
)
def test_intents_of_the_written_rows(rows: Path, floor: float) -> None:
    found = evaluate_file("intent", rows)
    assert isinstance(found["macro_f1"], float)
    assert found["macro_f1"] >= floor


@pytest.mark.parametrize("language", ["fa", "en"])
def test_aspects_of_the_written_rows(language: str) -> None:
    found = evaluate_file("aspects", ASPECT_ROWS / f"aspects_{language}.jsonl")
    assert isinstance(found["micro_f1"], float)
    assert isinstance(found["sentiment_accuracy"], float)
    assert found["micro_f1"] >= 0.5
    assert found["sentiment_accuracy"] >= 0.45


def test_labels_that_the_task_does_not_know_are_other(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        '{"text": "you are a stupid idiot, go to hell", "label": "offensive"}\n'
        '{"text": "the weather is nice in spring", "label": "not-offensive"}\n'
    )
    found = evaluate_file("offence", rows)
    assert (found["n"], found["accuracy"]) == (2, 1.0)


def test_a_file_without_aspects_is_named(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "cheap", "label": "price"}\n')
    with pytest.raises(InvalidInputError, match=r"rows\.jsonl has no rows with"):
        evaluate_file("aspects", rows)
    rows.write_text('{"text": "cheap", "aspects": [["price"]]}\n')
    with pytest.raises(InvalidInputError, match="line 1"):
        evaluate_file("aspects", rows)


def test_texts_are_cut_where_they_turn() -> None:
    assert clauses("The food was cold but the driver was kind.") == ["The food was cold", "the driver was kind"]
    assert clauses("قیمتش بالاست ولی می‌ارزه") == ["قیمتش بالاست", "می‌ارزه"]
    assert clauses("!!! ...") == []


def test_words_of_aspects_are_counted_as_they_are_folded() -> None:
    words = AspectWords({"price": ["قیمت*", "money"], "refund": ["money_back"]})
    counted = words.counts(["قيمتش چنده؟ قیمت‌ها", "I want my money back", "", "monetary"]).tolist()
    assert counted == [[2, 0], [1, 1], [0, 0], [0, 0]]
