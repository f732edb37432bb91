"""Urgency by rule. The sentences of urgency_*.jsonl are written for this test, none is real.

The first 120 a language helped to widen the rules; those in ``*_later`` were written afterwards,
in other words than the rules', and show what the rules miss.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crm.ports.clock import SystemClock
from enrich.evaluate import evaluate, read_rows
from enrich.urgency import UrgencyModel

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def model() -> UrgencyModel:
    return UrgencyModel()


@pytest.mark.parametrize(
    ("file", "least"),
    [("urgency_fa", 0.93), ("urgency_en", 0.93), ("urgency_fa_later", 0.6), ("urgency_en_later", 0.55)],
)
def test_written_sentences(model: UrgencyModel, file: str, least: float) -> None:
    found = evaluate("urgency", read_rows(HERE / f"{file}.jsonl"), model, SystemClock())
    assert found.accuracy >= least
    assert found.per_label["high"].precision >= 0.95


def test_reasons_are_named_and_counted_once(model: UrgencyModel) -> None:
    reasons = model.reasons("My card was stolen, stolen, STOLEN, please help")
    assert set(reasons) == {"money lost", "question"}


def test_more_reasons_never_make_less_urgent(model: UrgencyModel) -> None:
    calm, pressing = model.predict(["Please look at my card problem", "Please look at my card problem urgently, fraud"])
    assert calm.value == "normal"
    assert pressing.value == "high"
    assert pressing.probability > 0.9


def test_persian_spellings_are_one(model: UrgencyModel) -> None:
    one, other, third = model.predict(["حسابم خالی شده", "حسابم خالي شده", "حسابم خالی‌شده"])
    assert one == other
    assert one.value == third.value == "high"


def test_no_hurry_is_taken_at_its_word(model: UrgencyModel) -> None:
    assert model.predict(["No rush at all, thanks"])[0].value == "low"


@pytest.mark.parametrize("text", ["", "😀", "123 !!!"])
def test_a_text_without_letters_is_left_to_a_person(model: UrgencyModel, text: str) -> None:
    assert model.predict([text])[0].value is None


def test_shouting_counts_in_long_texts_only(model: UrgencyModel) -> None:
    assert "shouting" in model.reasons("WHERE IS MY PARCEL")
    assert "shouting" not in model.reasons("IBM ATM")
    assert "shouting" in model.reasons("where is my parcel??")


def test_a_huge_text_is_read_at_its_start(model: UrgencyModel) -> None:
    assert model.reasons("a " * 50_000 + "stolen") == {}
