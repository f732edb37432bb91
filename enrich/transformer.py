"""Sentiment by a transformer: any text classifier of the Hugging Face hub, by name, or a folder with one.

An ONNX file is run by onnxruntime, eight-bit ones first; a model without one needs PyTorch. Nothing is loaded and
nothing fetched before a model is named in the settings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm.errors import InvalidInputError
from crm.words import Label
from enrich import linear
from enrich.sentiment import LABELS

Floats = NDArray[np.float64]
Scores = Callable[[Sequence[str]], Floats]
"""Logits of texts in the model's own order of labels, (texts, theirs)."""

BATCH = 32
LONGEST = 256
"""Tokens of a post that are read."""
ONNX = (
    "onnx/model_int8.onnx", "onnx/model_quantized.onnx", "model_int8.onnx", "model_quantized.onnx", "onnx/model.onnx",
    "model.onnx",
)  # fmt: skip
_USUAL = {
    "neg": "negative", "pos": "positive", "neu": "neutral", "very negative": "negative", "very positive": "positive",
    "1 star": "negative", "2 stars": "negative", "3 stars": "neutral", "4 stars": "positive", "5 stars": "positive",
    "mixed": "neutral", **{label: label for label in LABELS},
}  # fmt: skip
_MISSING = "{what} needs packages that are not installed: run `pip install 'shenava[transformers]'`{more}."


class TransformerSentiment:
    """See :class:`crm.ports.classifier.Decisive`. Pure for one version of the model; one thread at a time."""

    version = "1"
    labels: tuple[str, ...] = LABELS
    threshold = 0.5

    def __init__(self, source: str, names: Mapping[str, str] | None = None) -> None:
        """`source` is a name of the hub or a folder; `names` says which of its labels are which of ours.

        Raises InvalidInputError where packages are missing, the model can't be had or its labels mean nothing to us.
        """
        self.name = f"transformer {Path(source).name if Path(source).is_dir() else source}"
        theirs, self._scores = _load(source)
        self._sum = _summing(source, theirs, names or {})

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Classifier`."""
        return self._answers(texts, among, self.threshold)

    def best(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Decisive`."""
        return self._answers(texts, among, 0.0)

    def _answers(self, texts: Sequence[str], among: Sequence[str] | None, threshold: float) -> list[Label]:
        columns = linear.chosen(self.labels, among)
        parts = [self._shares(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
        shares = np.vstack(parts)[:, columns] if parts else np.zeros((0, len(columns)))
        shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
        sure = (shares.max(axis=1, initial=0) >= threshold) & np.array(
            [bool(text.strip()) for text in texts], dtype=bool
        )
        if threshold == 0:
            sure[:] = True
        return linear.answers(shares, [self.labels[at] for at in columns], sure, self.name, self.version)

    def _shares(self, texts: Sequence[str]) -> Floats:
        # Half surrogates are no text to a tokenizer.
        read = [text.encode("utf-8", "replace").decode() for text in texts]
        logits = self._scores(read)
        return linear.probabilities(logits, range(logits.shape[1])) @ self._sum


def _summing(source: str, theirs: Sequence[str], names: Mapping[str, str]) -> Floats:
    """Which of their labels count for which of ours, (theirs, ours)."""
    said = {name.lower(): ours for name, ours in names.items()}
    table = np.zeros((len(theirs), len(LABELS)))
    for row, label in enumerate(theirs):
        ours = said.get(label.lower(), _USUAL.get(label.lower(), ""))
        if ours in LABELS:
            table[row, LABELS.index(ours)] = 1
    if len(set(np.flatnonzero(table.sum(axis=0)).tolist())) < 2:
        raise InvalidInputError(
            f"The model {source} answers {', '.join(theirs)}; say which is which with "
            f"SHENAVA_SENTIMENT_MODEL_LABELS, e.g. {theirs[0]}=negative,…; ours are {', '.join(LABELS)}."
        )
    return table


def _load(source: str) -> tuple[list[str], Scores]:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from transformers import AutoConfig, AutoTokenizer
    except ImportError as error:
        raise InvalidInputError(_MISSING.format(what=f"The model {source}", more="")) from error
    try:
        config = AutoConfig.from_pretrained(source)
        tokenizer = AutoTokenizer.from_pretrained(source)
        file = _onnx_file(source)
    except Exception as error:  # the hub, the disk and a dozen formats fail each in its own way
        raise InvalidInputError(
            f"The model {source} can't be read ({_first_line(error)}); name a folder with a text classifier, or one of "
            "the hub with a connection to it."
        ) from error
    theirs = [str(config.id2label[at]) for at in range(len(config.id2label))]
    return theirs, _onnx(file, tokenizer) if file else _torch(source, tokenizer)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]


def _onnx_file(source: str) -> Path | None:
    folder = Path(source)
    if folder.is_dir():
        return next((folder / name for name in ONNX if (folder / name).is_file()), None)
    from huggingface_hub import HfApi, hf_hub_download

    held = {file.rfilename for file in HfApi().model_info(source).siblings or ()}
    wanted = next((name for name in ONNX if name in held), None)
    return Path(hf_hub_download(source, wanted)) if wanted else None


def _onnx(file: Path, tokenizer: Any) -> Scores:
    try:
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise InvalidInputError(_MISSING.format(what=file.name, more="")) from error
    try:
        session = InferenceSession(str(file), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InvalidInputError(f"The model file {file.name} can't be run: {_first_line(error)}.") from error
    wanted = {one.name for one in session.get_inputs()}

    def scores(texts: Sequence[str]) -> Floats:
        given = tokenizer(list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="np")
        fed = {name: np.asarray(value, dtype=np.int64) for name, value in given.items() if name in wanted}
        return np.asarray(session.run(None, fed)[0], dtype=np.float64)

    return scores


def _torch(source: str, tokenizer: Any) -> Scores:
    try:
        import torch
        from transformers import AutoModelForSequenceClassification

        model = AutoModelForSequenceClassification.from_pretrained(source).eval()
    except ImportError as error:
        more = ", and `pip install torch`, as this model has no ONNX file"
        raise InvalidInputError(_MISSING.format(what=f"The model {source}", more=more)) from error

    def scores(texts: Sequence[str]) -> Floats:
        given = tokenizer(list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        with torch.inference_mode():
            return np.asarray(model(**given).logits.double().numpy())

    return scores
