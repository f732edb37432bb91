"""Figures on labelled rows."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from crm.errors import InvalidInputError
from crm.words import Label
from enrich.evaluate import Row, evaluate, parse_names, read_rows
from enrich.tasks import classifier, evaluate_file


class Parrot:
    """Answers with the first word of the text where it may; sure unless the text says so."""

    name, version = "parrot", "1"
    labels: tuple[str, ...] = ("bad", "good", "so-so")

    def best(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        allowed = self.labels if among is None else among
        words = [text.split()[0] for text in texts]
        return [Label(word if word in allowed else allowed[0], 0.9, self.name, self.version) for word in words]

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        pairs = zip(texts, self.best(texts, among), strict=True)
        return [msgspec.structs.replace(label, value=None) if "unsure" in text else label for text, label in pairs]


class Ticking:
    """A clock on which every look takes half a second."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        self.at += 0.5
        return self.at


def test_figures_by_hand() -> None:
    rows = [Row("good", "good"), Row("bad unsure", "good"), Row("bad", "bad"), Row("good", "bad"), Row("good", "good")]
    found = evaluate("mood", rows, Parrot(), Ticking())  # type: ignore[arg-type]
    assert (found.n, found.accuracy, found.abstained, found.posts_per_second) == (5, 0.6, 1, 10.0)
    good, bad = found.per_label["good"], found.per_label["bad"]
    assert (good.precision, good.recall, good.f1, good.n) == (0.6667, 0.6667, 0.6667, 3)
    assert (bad.precision, bad.recall, bad.f1, bad.n) == (0.5, 0.5, 0.5, 2)
    assert (found.macro_f1, found.macro_recall, found.model) == (0.5833, 0.5833, "parrot 1")


def test_answers_are_restricted_to_the_labels_that_the_rows_hold() -> None:
    found = evaluate("mood", [Row("so-so", "bad"), Row("good", "good")], Parrot(), Ticking())  # type: ignore[arg-type]
    assert found.accuracy == 1
    assert set(found.per_label) == {"bad", "good"}


def test_names_are_translated_dropped_or_other() -> None:
    rows = [Row("good", "SPLENDID"), Row("bad", "Bad"), Row("good", "skip"), Row("good", "strange")]
    names = {"SPLENDID": "good", "skip": ""}
    found = evaluate("mood", rows, Parrot(), Ticking(), names)  # type: ignore[arg-type]
    assert found.n == 3
    assert found.per_label["other"].n == 1
    assert found.per_label["good"].precision == 0.5
    assert (found.accuracy, found.macro_recall) == (0.6667, 1.0)


def test_rows_of_no_known_label_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="--labels"):
        evaluate("mood", [Row("x", "strange")], Parrot(), Ticking())  # type: ignore[arg-type]


def test_an_unknown_task_names_those_there_are() -> None:
    with pytest.raises(InvalidInputError, match="language, matching, offence, sentiment, topics, urgency"):
        classifier("weather")


@pytest.mark.parametrize("task", ["sentiment", "language", "urgency"])
def test_the_printed_keys(task: str, tmp_path: Path) -> None:
    labels = {"sentiment": "positive", "language": "en", "urgency": "low"}
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"text": "thank you, great", "label": "theirs"}), encoding="utf-8")
    found = evaluate_file(task, file, f"theirs={labels[task]}")
    assert list(found) == [
        "task", "n", "accuracy", "macro_f1", "macro_recall", "per_label", "abstained", "posts_per_second", "model",
    ]  # fmt: skip
    assert found["accuracy"] == 1
    assert list(found["per_label"][labels[task]]) == ["precision", "recall", "f1", "n"]  # type: ignore[index]


def test_pairs_of_names_are_read_and_bad_ones_shown() -> None:
    assert parse_names("a=b, very good = good,skip=,") == {"a": "b", "very good": "good", "skip": ""}
    with pytest.raises(InvalidInputError, match="'nonsense'"):
        parse_names("a=b,nonsense")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_rows_are_read_from_every_kind_of_file(kind: str, packed: bool, tmp_path: Path) -> None:
    text = {
        "csv": '\ufefflabel,text,more\r\ngood,"سلام,\nدنیا",1\r\n3,x,2\r\n',
        "jsonl": '{"text": "سلام,\\nدنیا", "label": "good"}\n\n{"label": 3, "text": "x"}\n',
    }[kind].encode()
    file = tmp_path / (f"rows.{kind}" + ".gz" * packed)
    file.write_bytes(gzip.compress(text) if packed else text)
    assert read_rows(file) == [Row("سلام,\nدنیا", "good"), Row("x", "3")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"", "neither"),
        ("a.csv", b"text,mood\nx,y\n", "no column label"),
        ("a.csv", b"text,label\nx,y\nx\n", "line 3: no label"),
        ("a.jsonl", b'{"text": "x", "label": "y"}\n{"text": ', "line 2: not a JSON object"),
        ("a.jsonl", b'{"text": null, "label": "y"}', "line 1: no text"),
        ("a.jsonl", b'{"text": "x", "label": null}', "line 1: no label"),
        ("a.jsonl", "سلام".encode("cp1256"), "not UTF-8"),
        ("a.jsonl.gz", b"not packed", "can't be read"),
    ],
)
def test_bad_files_say_what_and_where(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InvalidInputError, match=message):
        read_rows(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"rows\.csv"):
        read_rows(tmp_path / "rows.csv")
