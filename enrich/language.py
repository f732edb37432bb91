"""Which language a post is in: the script decides first, n-grams between languages that share it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crm.words import Label
from enrich import features, linear

LABELS = ("fa", "en", "ar", "ur", "fa-Latn", "other")
OTHER = LABELS.index("other")
LIMIT = 240
"""Characters of a post that are read; more tell nothing new about its language."""

WEIGHTS = Path(__file__).parent / "weights"
FOREIGN_SHARE = 0.04
KURDISH_PASHTO = "ەێۆڵڕێټډړږښګڼۍې"
"""Letters that Persian, Arabic and Urdu do without: a post with this share of them is in none of the three."""

SHORT_LEAD = 1.75
"""Logits by which Persian leads in a text of one word, a quarter of it in one of two: Arabic and Urdu write many words
of Persian just so, and a post without a hint to the contrary is Persian in this house. Chosen on held-out words."""

_NONE, _ARABIC, _LATIN, _FOREIGN = range(4)


class LanguageModel:
    """Persian, English, Arabic, Urdu, Finglish (`fa-Latn`: Persian in Latin letters) or other.

    Abstains where a text holds no letters, and below the threshold.
    """

    name = "language-ngrams"
    version = "1"
    labels: tuple[str, ...] = LABELS
    threshold = 0.5

    def __init__(self, weights: Path = WEIGHTS) -> None:
        """Raises StoreError where the weights can't be read."""
        self._heads = {
            _ARABIC: linear.load(weights / "language_arabic.npz"),
            _LATIN: linear.load(weights / "language_latin.npz"),
        }

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Classifier`."""
        return self._answers(texts, among, self.threshold)

    def best(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Decisive`; a text without letters is `other`."""
        return self._answers(texts, among, 0.0)

    def _answers(self, texts: Sequence[str], among: Sequence[str] | None, threshold: float) -> list[Label]:
        columns = linear.chosen(self.labels, among)
        scripts, logits = self._logits(texts)
        shares = linear.probabilities(logits, columns)
        sure = (shares.max(axis=1, initial=0) >= threshold) & ((scripts != _NONE) | (threshold == 0))
        return linear.answers(shares, [self.labels[at] for at in columns], sure, self.name, self.version)

    def _logits(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], linear.Floats]:
        scripts = script_of(texts)
        logits = np.full((len(texts), len(self.labels)), -12.0)
        logits[scripts == _FOREIGN, OTHER] = 0
        logits[scripts == _NONE] = 0
        logits[scripts == _NONE, OTHER] = 0.1
        for script, head in self._heads.items():
            rows = np.flatnonzero(scripts == script)
            if len(rows):
                columns = np.array([self.labels.index(label) for label in head.labels])
                chosen = [texts[row] for row in rows.tolist()]
                logits[np.ix_(rows, columns)] = head.logits(chosen)
                if script == _ARABIC:
                    logits[rows, LABELS.index("fa")] += [_lead(text) for text in chosen]
        return scripts, logits


def _lead(text: str) -> float:
    return SHORT_LEAD / max(len(text[:LIMIT].split()), 1) ** 2


def script_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """Which head a text goes to, (texts,): none (no letters), Arabic, Latin or foreign to both."""
    parts = [_scripts(part) for part in linear.chunks(texts, LIMIT)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _scripts(texts: Sequence[str]) -> NDArray[np.int64]:
    batch = features.read(texts, LIMIT, "script")
    letters = batch.kinds == features.LETTER
    codes, owner = batch.codes[letters], batch.owner[letters]

    def count(which: NDArray[np.bool_]) -> linear.Floats:
        return np.bincount(owner[which], minlength=batch.size).astype(np.float64)

    every = count(np.ones(len(codes), dtype=bool))
    arabic = count((codes >= 0x0600) & (codes < 0x0780))
    latin = count((codes < 0x0250) | ((codes >= 0x1E00) & (codes < 0x1F00)))
    strange = count(np.isin(codes, _strange_codes()))
    scripts = np.where(arabic >= features.ARABIC_SHARE * (arabic + latin), _ARABIC, _LATIN)
    foreign = (every - arabic - latin > every / 2) | (strange > FOREIGN_SHARE * np.maximum(arabic, 1))
    scripts = np.where(foreign, _FOREIGN, scripts)
    return np.where(every == 0, _NONE, scripts).astype(np.int64)


def _strange_codes() -> NDArray[np.uint32]:
    return np.array([ord(char) for char in KURDISH_PASHTO], dtype=np.uint32)
