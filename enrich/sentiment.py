"""Negative, neutral or positive: one linear head a language, the mood words of both in each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crm.ports.classifier import Decisive
from crm.words import Label
from enrich import linear
from enrich.language import WEIGHTS

LABELS = ("negative", "neutral", "positive")
LIMIT = 1500
"""Characters of a post that are read."""

HEADS = {"fa": "fa", "en": "en"}
"""Which head reads a language; every other language goes to `multi`."""


_SILENT = re.compile(r"(?:https?://\S*|@[\w.]+|[^\w\u2600-\u27bf\U0001f000-\U0001faff]|[\d_])*+\Z")


class SentimentModel:
    """Sentiment of short posts. Abstains below the threshold and where a text holds nothing but links and handles."""

    name = "sentiment-ngrams"
    version = "1"
    labels: tuple[str, ...] = LABELS
    threshold = 0.45

    def __init__(self, language: Decisive, weights: Path = WEIGHTS) -> None:
        """`language` chooses the head. Raises StoreError where the weights can't be read."""
        self._language = language
        self._heads = {name: linear.load(weights / f"sentiment_{name}.npz") for name in ("fa", "en", "multi")}

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Classifier`."""
        return self._answers(texts, among, self.threshold)

    def best(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Decisive`."""
        return self._answers(texts, among, 0.0)

    def shares(self, texts: Sequence[str]) -> linear.Floats:
        """The probability of each of `labels`, (texts, labels)."""
        return linear.probabilities(self._logits(texts), range(len(self.labels)))

    def _answers(self, texts: Sequence[str], among: Sequence[str] | None, threshold: float) -> list[Label]:
        columns = linear.chosen(self.labels, among)
        shares = linear.probabilities(self._logits(texts), columns)
        # Fewer answers to choose from raise every probability: the bar rises with them.
        bar = threshold * len(self.labels) / len(columns) if threshold else 0.0
        sure = (shares.max(axis=1, initial=0) >= min(bar, 1.0)) & (spoken(texts) | (threshold == 0))
        return linear.answers(shares, [self.labels[at] for at in columns], sure, self.name, self.version)

    def _logits(self, texts: Sequence[str]) -> linear.Floats:
        logits = np.zeros((len(texts), len(self.labels)))
        heads = np.array([HEADS.get(label.value or "", "multi") for label in self._language.best(texts)])
        for name, head in self._heads.items():
            rows = np.flatnonzero(heads == name)
            if len(rows):
                logits[rows] = head.logits([texts[row] for row in rows.tolist()])
        return logits


def spoken(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts hold a letter or a picture, links and handles left out, (texts,)."""
    return np.array([_SILENT.match(text[:LIMIT]) is None for text in texts], dtype=bool)
