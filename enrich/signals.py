"""Intents, emotion, offence and aspects of short posts, by one table of linear models."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crm.ports.encoder import Encoder
from crm.ports.signals import Signals
from crm.words import Aspect, Label
from enrich import columns, linear
from enrich.aspects import WithAspects
from enrich.encoder import StaticEncoder
from enrich.language import WEIGHTS
from enrich.sentiment import LABELS as MOODS
from enrich.sentiment import spoken

FILE = "signals.npz"
LIMIT = 800
"""Characters of a post that are read."""

INTENTS = (
    "question", "complaint", "praise", "feature_request", "bug_report", "purchase_intent", "churn_threat", "spam",
    "other",
)  # fmt: skip
EMOTIONS = ("anger", "sadness", "joy", "fear")
OFFENCES = ("offensive",)
ASPECTS = (
    "price", "delivery", "support", "app", "quality", "speed", "reliability", "packaging", "staff", "refund",
    "security", "design", "availability", "coverage",
)  # fmt: skip
QUESTIONS = {"intents": INTENTS, "emotion": EMOTIONS, "offence": OFFENCES, "aspects": ASPECTS}

CALM = 0.5
"""So far below its bar the likeliest emotion must stay for a text to be calm; between the two the model abstains."""
WHOLE = 0.5
"""How much the whole text says of the sentiment of an aspect, beside the clauses that speak of it."""
MEANT = {"complaint": "negative", "praise": "positive"}
"""Intents that say how an aspect is felt about: the sentiment model knows the tone, they know the matter."""
MOST_CLAUSES = 12
SURER = 1.25
"""How far above its bar an intent stands that is said beside a likelier one."""

_CLAUSE = re.compile(r"(?:[.!?؟…;؛\n]+|[,،]|\b(?:but|however|although|though|yet|ولی|اما|منتها|فقط|البته|عوضش)\b)+")
_ALONE = ("spam", "other")

Moods = Callable[[Sequence[str]], linear.Floats]
"""Probabilities of the sentiments of texts, (texts, sentiments)."""


class SignalsModel:
    """See :class:`crm.ports.signals.SignalReader`. Learned by :mod:`enrich.train_signals`."""

    name = "signals"
    version = "1"

    def __init__(self, moods: Moods, encoder: Encoder | None = None, weights: Path = WEIGHTS) -> None:
        """Raises StoreError where the weights can't be read."""
        self._encoder = WithAspects(encoder or StaticEncoder())
        self._table = columns.load(weights / FILE, self._encoder)
        self._moods = moods
        self._bars = {
            question.name: {group: np.array(question.bars[group]) for group in columns.GROUPS}
            for question in self._table.questions
        }

    def read(self, texts: Sequence[str], languages: Sequence[str | None]) -> list[Signals]:
        """See :class:`crm.ports.signals.SignalReader`."""
        found = self.probabilities(texts)
        speaks = spoken(texts).tolist()
        groups = [group_of(language) for language in languages]
        aspects = self._aspects(texts, found, groups)
        return [
            Signals(
                self._intents(found["intents"][at], group, speaks[at]),
                self._emotion(found["emotion"][at], group, speaks[at]),
                self._offence(float(found["offence"][at, 0]), group, speaks[at]),
                aspects[at],
            )
            for at, group in enumerate(groups)
        ]

    def probabilities(self, texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """By question the probability of each of its labels, (texts, labels)."""
        return columns.probabilities(self._table, columns.scores(self._table, self._encoder, texts))

    def ratios(self, task: str, texts: Sequence[str], languages: Sequence[str | None]) -> NDArray[np.float64]:
        """Probabilities divided by their bars, (texts, labels): from 1 on the answer is yes."""
        found = self.probabilities(texts)[task]
        bars = np.array([self._bars[task][group_of(language)] for language in languages])
        ratios: NDArray[np.float64] = found / bars.reshape(len(texts), -1)
        return ratios

    def _label(self, value: str | None, probability: float) -> Label:
        return Label(value, round(float(probability), 4), self.name, self.version)

    def _intents(self, shares: NDArray[np.float64], group: str, speaks: bool) -> tuple[Label, ...]:
        ratios = shares / self._bars["intents"][group]
        order = np.argsort(-ratios, kind="stable").tolist()
        if not speaks or ratios[order[0]] < 1:
            return (self._label(None, shares.max() if speaks else 0),)
        if INTENTS[order[0]] in _ALONE:
            return (self._label(INTENTS[order[0]], shares[order[0]]),)
        beside = [at for at in order[1:] if ratios[at] >= SURER and INTENTS[at] not in _ALONE]
        return tuple(self._label(INTENTS[at], shares[at]) for at in (order[0], *beside))

    def _emotion(self, shares: NDArray[np.float64], group: str, speaks: bool) -> Label:
        ratios = shares / self._bars["emotion"][group]
        top = int(ratios.argmax())
        if not speaks:
            return self._label(None, 0)
        if ratios[top] >= 1:
            return self._label(EMOTIONS[top], shares[top])
        return self._label("none" if ratios[top] < CALM else None, 1 - shares[top])

    def _offence(self, share: float, group: str, speaks: bool) -> Label:
        if not speaks:
            return self._label(None, 0)
        offensive = share >= self._bars["offence"][group][0]
        return self._label("offensive" if offensive else "other", share if offensive else 1 - share)

    def _aspects(
        self, texts: Sequence[str], found: Mapping[str, NDArray[np.float64]], groups: Sequence[str]
    ) -> list[tuple[Aspect, ...]]:
        bars = np.array([self._bars["aspects"][group] for group in groups]).reshape(len(texts), -1)
        named = [np.flatnonzero(row).tolist() for row in found["aspects"] >= bars]
        parts = {at: clauses(texts[at]) or [texts[at]] for at, names in enumerate(named) if names}
        of_clauses = self._clauses(parts, texts, found["intents"])
        return [tuple(Aspect(ASPECTS[name], of_clauses[at][name]) for name in names) for at, names in enumerate(named)]

    def _clauses(
        self, parts: Mapping[int, list[str]], texts: Sequence[str], intents: NDArray[np.float64]
    ) -> dict[int, list[Label]]:
        """The sentiment of every aspect in texts that name one: that of the clauses, as they speak of it."""
        if not parts:
            return {}
        flat = [clause for clauses_of in parts.values() for clause in clauses_of]
        said = self.probabilities(flat)
        speaking, feeling = said["aspects"] ** 2, _felt(self._moods(flat), said["intents"])
        chosen = list(parts)
        of_all = _felt(self._moods([texts[at] for at in chosen]), intents[chosen])
        answers, begin = {}, 0
        for place, (at, clauses_of) in enumerate(parts.items()):
            end = begin + len(clauses_of)
            weights = speaking[begin:end] / speaking[begin:end].sum(axis=0)
            mixed = (1 - WHOLE) * weights.T @ feeling[begin:end] + WHOLE * of_all[place]
            answers[at] = [self._label(MOODS[int(row.argmax())], row.max()) for row in mixed]
            begin = end
        return answers


def _felt(moods: linear.Floats, intents: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the sentiments by tone and by what is meant, (texts, sentiments)."""
    felt = np.array(moods, dtype=np.float64)
    for intent, mood in MEANT.items():
        felt[:, MOODS.index(mood)] += intents[:, INTENTS.index(intent)]
    shares: NDArray[np.float64] = felt / felt.sum(axis=1, keepdims=True)
    return shares


def group_of(language: str | None) -> str:
    """Which bars count for a language."""
    return "fa" if language in ("fa", "fa-Latn") else "en"


def clauses(text: str) -> list[str]:
    """A text cut at marks and at words like "but"; what holds no letter is left out."""
    parts = [part.strip() for part in _CLAUSE.split(text[:LIMIT])]
    return [part for part in parts if any(map(str.isalpha, part))][:MOST_CLAUSES]
