"""The costly tier: which posts are sent to it, what it answers, and what people are told where it can't be had."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from crm.errors import InvalidInputError
from crm.words import Author, Label, Post
from enrich.cascade import Cascade
from enrich.models import costly_sentiment
from enrich.tasks import evaluate_file

WORDS = {"[PAD]": 0, "[UNK]": 1, "bad": 2, "good": 3, "بد": 4, "خوب": 5}
VOTES = [[0, 0], [0, 0], [6, 0], [0, 6], [6, 0], [0, 6]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text classifier that adds up the votes of the words, as ONNX, with its tokenizer and two labels."""
    path = tmp_path_factory.mktemp("votes")
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(path)
    config = {"model_type": "bert", "id2label": {"0": "LABEL_0", "1": "LABEL_1"}}
    (path / "config.json").write_text(json.dumps(config))
    votes = numpy_helper.from_array(np.array(VOTES, dtype=np.float32), "votes")
    axis = numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", 2])
    nodes = [
        helper.make_node("Gather", ["votes", "input_ids"], ["each"]),
        helper.make_node("ReduceSum", ["each", "axis"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(nodes, "votes", [ids], [logits], [votes, axis])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path / "model.onnx")
    return path


NAMES = "LABEL_0=negative,LABEL_1=positive"


def test_a_folder_answers_in_our_words(folder: Path) -> None:
    model = costly_sentiment(str(folder), NAMES)
    found = model.predict(["good good", "خیلی بد", "what", "", "\ud800 good"])
    assert [label.value for label in found] == ["positive", "negative", "negative", None, "positive"]
    assert found[0].probability > 0.99
    assert found[0].model == f"transformer {folder.name}"
    assert [label.value for label in model.best(["", "good"])] == ["negative", "positive"]


def test_labels_without_a_meaning_are_asked_for(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match="LABEL_0, LABEL_1; say which is which"):
        costly_sentiment(str(folder))


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="can't be read"):
        costly_sentiment(str(tmp_path))


def test_a_damaged_model_is_named(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(InvalidInputError, match=r"model\.onnx can't be run"):
        costly_sentiment(str(tmp_path), NAMES)


def test_it_is_measured_like_the_shipped_model(folder: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "good", "label": "positive"}\n{"text": "bad", "label": "negative"}\n')
    found = evaluate_file("sentiment", rows, NAMES, str(folder))
    assert (found["accuracy"], found["model"]) == (1.0, f"transformer {folder.name} 1")
    with pytest.raises(InvalidInputError, match="leave it out for urgency"):
        evaluate_file("urgency", rows, NAMES, str(folder))


class Loud:
    """Says positive to everything but what holds "hm", and keeps what it was asked."""

    name, version, labels = "loud", "1", ("negative", "neutral", "positive")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        del among
        self.asked += texts
        return [Label(None if "hm" in text else "positive", 0.9, "loud", "1") for text in texts]


def post(text: str, followers: int = 0) -> Post:
    return Post("x", text, Author("x", "1", "a", "A", followers=followers), text, datetime(2026, 1, 1, tzinfo=UTC))


def label(probability: float, value: str | None = "negative") -> Label:
    return Label(value, probability, "cheap", "1")


def better(share: float, *given: tuple[Post, Label]) -> tuple[list[str], list[str]]:
    model, posts = Loud(), [one for one, _ in given]
    found = Cascade(model, share).better(posts, [one.text for one in posts], [one for _, one in given])
    return model.asked, [f"{one.value} {one.model}" for one in found]


def test_only_unsure_and_followed_posts_are_sent() -> None:
    asked, found = better(
        1, (post("sure"), label(0.9)), (post("unsure"), label(0.5)), (post("famous", 20_000), label(0.95)),
        (post("abstained"), label(0.4, None)), (post("https://a.example"), label(0.4, None)),
    )  # fmt: skip
    assert asked == ["unsure", "famous", "abstained"]
    assert found == ["negative cheap", "positive loud", "positive loud", "positive loud", "None cheap"]


def test_where_the_costly_model_abstains_the_cheap_answer_stays() -> None:
    assert better(1, (post("hm"), label(0.5)))[1] == ["negative cheap"]


def test_no_more_than_the_share_is_sent_the_followed_first_then_the_most_unsure() -> None:
    posts = [(post(f"t{at}"), label(0.5 - at / 100)) for at in range(9)]
    asked, _ = better(0.2, *posts, (post("famous", 10_000), label(0.99)))
    assert asked == ["t8", "famous"]
    assert better(0.01, *posts)[0] == ["t8"]
    assert better(1)[0] == []
