"""A model that answers one question about a text: which language, which mood, how urgent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crm.words import Label


class Classifier(Protocol):
    """One question with a fixed set of answers. Pure and deterministic; safe to share between threads.

    `name` and `version` are written into every answer, so that a better model can be told from
    the one before. A model changes its version whenever the same text may get another answer.
    """

    name: str
    version: str
    labels: tuple[str, ...]

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """One answer per text, in the order given; any string is a text, the empty one too.

        `among` restricts the answers to some of `labels` (a two-class question) and renormalises
        the probabilities over them. `value` is None where the model abstains: its calibrated
        probability lies below its threshold, or the text holds nothing to judge by.
        Raises InvalidInputError where `among` is empty or names a label that is not in `labels`.
        """
        ...


class Decisive(Classifier, Protocol):
    """A classifier that can be made to answer: what its figures are measured on."""

    def best(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """Like `predict`, but never abstains: the likeliest label whatever its probability."""
        ...
