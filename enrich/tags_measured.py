"""How well several answers at once are given: intents one by one, aspects with their sentiments, offence, emotion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from crm.ports.classifier import Decisive
from crm.ports.clock import Clock
from crm.words import Label
from enrich import linear
from enrich.evaluate import LabelFigures
from enrich.signals import QUESTIONS, SignalsModel

OTHER = "other"


class OneOf:
    """A question of the signals as one that has a single answer: the label that lies highest above its bar.

    `other` where none reaches its bar, if that is among the answers asked for.
    """

    def __init__(self, task: str, question: str, model: SignalsModel, language: Decisive) -> None:
        self.name, self.version = f"{model.name}-{task}", model.version
        self._question, self._model, self._language = question, model, language
        self._found = tuple(label for label in QUESTIONS[question] if label != OTHER)
        self.labels = (*self._found, OTHER)

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Classifier`."""
        return self._answers(texts, among, 0.5)

    def best(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Decisive`."""
        return self._answers(texts, among, 0.0)

    def _answers(self, texts: Sequence[str], among: Sequence[str] | None, threshold: float) -> list[Label]:
        columns = linear.chosen(self.labels, among)
        languages = [label.value for label in self._language.best(texts)]
        ratios = self._model.ratios(self._question, texts, languages)[:, : len(self._found)]
        whole = np.hstack([ratios, np.ones((len(texts), 1))])[:, columns]
        shares = whole / np.maximum(whole.sum(axis=1, keepdims=True), 1e-9)
        sure = shares.max(axis=1, initial=0) >= threshold
        return linear.answers(shares, [self.labels[at] for at in columns], sure, self.name, self.version)


class TagFigures(msgspec.Struct, frozen=True):
    """What ``shenava eval`` prints of texts with several answers. Figures are from 0 to 1.

    `accuracy` is the share of texts whose answers are all right and complete; of `per_label` every label counts for
    itself. `sentiment_accuracy` is, for aspects, the share of right sentiments among the aspects that were found.
    """

    task: str
    n: int
    accuracy: float
    macro_f1: float
    macro_recall: float
    per_label: dict[str, LabelFigures]
    micro_f1: float
    sentiment_accuracy: float | None
    abstained: int
    posts_per_second: float
    model: str


def evaluate_tags(
    task: str, rows: Sequence[tuple[str, Mapping[str, str]]], model: SignalsModel, language: Decisive, clock: Clock
) -> TagFigures:  # fmt: skip
    """Rows are texts with what they hold: intents, or aspects with their sentiments; `task` is intent or aspects."""
    texts, truths = [text for text, _ in rows], [tags for _, tags in rows]
    start = clock.monotonic()
    languages = [label.value for label in language.predict(texts)]
    found = model.read(texts, languages)
    seconds = clock.monotonic() - start
    if task == "intent":
        said = [{label.value: "" for label in one.intents if label.value} for one in found]
        abstained = sum(one.intents[0].value is None for one in found)
    else:
        said = [{aspect.name: aspect.sentiment.value or "" for aspect in one.aspects} for one in found]
        abstained = 0
    return _tag_figures(task, truths, said, abstained, len(texts) / max(seconds, 1e-9), f"{model.name} {model.version}")


def _tag_figures(
    task: str, truths: Sequence[Mapping[str, str]], said: Sequence[Mapping[str, str]], abstained: int, rate: float,
    model: str,
) -> TagFigures:  # fmt: skip
    per_label = {label: _figures(label, truths, said) for label in sorted({name for truth in truths for name in truth})}
    both = [(t[name], s[name]) for t, s in zip(truths, said, strict=True) for name in t.keys() & s.keys()]
    every = sum(map(len, truths)) + sum(map(len, said))
    return TagFigures(
        task=task,
        n=len(truths),
        accuracy=_share(sum(t.keys() == s.keys() for t, s in zip(truths, said, strict=True)), len(truths)),
        macro_f1=_share(sum(one.f1 for one in per_label.values()), len(per_label)),
        macro_recall=_share(sum(one.recall for one in per_label.values()), len(per_label)),
        per_label=per_label,
        micro_f1=_share(2 * len(both), every),
        sentiment_accuracy=_share(sum(t == s for t, s in both), len(both)) if task == "aspects" else None,
        abstained=abstained,
        posts_per_second=round(rate, 1),
        model=model,
    )


def _figures(label: str, truths: Sequence[Mapping[str, str]], said: Sequence[Mapping[str, str]]) -> LabelFigures:
    right = sum(label in t and label in s for t, s in zip(truths, said, strict=True))
    held, answered = (sum(label in one for one in rows) for rows in (truths, said))
    return LabelFigures(_share(right, answered), _share(right, held), _share(2 * right, held + answered), held)


def _share(part: float, whole: int) -> float:
    return round(part / max(whole, 1), 4)
