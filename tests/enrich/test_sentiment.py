"""Sentiment of short posts in Persian, English and others."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crm.errors import InvalidInputError
from crm.ports.clock import SystemClock
from enrich.evaluate import evaluate, read_rows
from enrich.language import LanguageModel
from enrich.sentiment import SentimentModel


@pytest.fixture(scope="module")
def model() -> SentimentModel:
    return SentimentModel(LanguageModel())


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("عالی بود، خیلی ممنون از پشتیبانی خوبتون", "positive"),
        ("افتضاح! سه روزه اینترنت قطعه و کسی جواب نمیده", "negative"),
        ("غذا سرد و بی‌کیفیت بود، اصلا راضی نبودم", "negative"),
        ("Thank you, the support team was amazing!", "positive"),
        ("Worst airline ever, my flight was delayed again and nobody helps", "negative"),
        ("I am not happy with this phone", "negative"),
        ("The meeting starts at 5 pm in the main hall", "neutral"),
        ("😍😍❤️", "positive"),
    ],
)
def test_plain_cases(model: SentimentModel, text: str, mood: str) -> None:
    assert model.best([text])[0].value == mood


@pytest.mark.parametrize("text", ["", " \n ", "https://example.org/great", "@awful @bad", "123"])
def test_nothing_to_judge_by_is_left_to_a_person(model: SentimentModel, text: str) -> None:
    assert model.predict([text])[0].value is None


def test_spelling_does_not_change_the_answer(model: SentimentModel) -> None:
    persian, arabic, stretched = model.predict(["کیفیت عالی بود", "كيفيت عالي بود", "کیفیت عاااالی بود"])
    assert persian == arabic == stretched


def test_a_two_class_question_gets_no_third_answer(model: SentimentModel) -> None:
    answers = model.best(["ساعت کاری شعبه چیست؟", "It is a phone."], among=["negative", "positive"])
    assert {label.value for label in answers} <= {"negative", "positive"}
    assert all(label.probability >= 0.5 for label in answers)


def test_an_unknown_answer_is_refused(model: SentimentModel) -> None:
    with pytest.raises(InvalidInputError, match="happy"):
        model.predict(["x"], among=["happy"])


def test_a_batch_of_all_languages_keeps_its_order(model: SentimentModel) -> None:
    texts = ["عالی بود", "terrible", "", "gracias, perfecto", "😡", "y" * 100_000, "kheili bad bood"]
    assert model.predict(texts) == [model.predict([text])[0] for text in texts]


@pytest.mark.slow
def test_tweets_that_were_never_learned_from(model: SentimentModel, shared: Callable[[str], Path]) -> None:
    rows = read_rows(shared("data/airline_tweets.jsonl.gz"))
    found = evaluate("sentiment", rows, model, SystemClock())
    assert found.macro_f1 >= 0.6
    assert found.macro_recall >= 0.65


@pytest.mark.slow
def test_probabilities_come_true_as_often_as_they_say(model: SentimentModel, shared: Callable[[str], Path]) -> None:
    with gzip.open(shared("data/airline_tweets.jsonl.gz"), "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    answers = model.best([row["text"] for row in rows])
    said = sum(label.probability for label in answers) / len(rows)
    right = sum(label.value == row["label"] for label, row in zip(answers, rows, strict=True)) / len(rows)
    assert said == pytest.approx(right, abs=0.1)
