"""How soon a post wants an answer: points by rule, turned into probabilities by a logistic curve.

Nothing labelled for urgency may be learned from, so the reasons are written down in
:mod:`enrich.urgency_rules`, and :meth:`UrgencyModel.reasons` shows them for a post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

import numpy as np

from crm.words import Label
from enrich import features, linear
from enrich.urgency_rules import RULES

LABELS = ("low", "normal", "high")
LIMIT = 1500
"""Characters of a post that are read."""

STEEPNESS = 2.4
NORMAL_FROM, HIGH_FROM = 0.55, 2.1
"""Points at which an answer is as likely above as below the border."""

SHOUTING = 0.5
"""Points for capitals throughout, or for marks in a row."""

_TOKEN = re.compile(r"[^\W_]+|[?؟]")
_KEY = 2
"""How many letters every phrase shares with the words that may begin it; no stem is shorter."""

WORDS_KEPT = 65_536
_NO_LETTERS = bytes(code for code in range(256) if not chr(code).isalpha() or code > 127)
_NO_CAPITALS = bytes(code for code in range(256) if not chr(code).isupper() or code > 127)

_Phrases = dict[str, list[tuple[tuple[str, ...], int]]]


class UrgencyModel:
    """low: no answer is waited for. normal: a question or complaint. high: harm grows while nobody answers.

    Abstains where a text holds no letters, and below the threshold.
    """

    name = "urgency-rules"
    version = "1"
    labels: tuple[str, ...] = LABELS
    threshold = 0.45

    def __init__(self) -> None:
        # Few words begin a phrase and most come again and again, so each is looked up once.
        self._begun = lru_cache(WORDS_KEPT)(partial(_begun_by, _phrases()))

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Classifier`."""
        return self._answers(texts, among, self.threshold)

    def best(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        """See :class:`crm.ports.classifier.Decisive`."""
        return self._answers(texts, among, 0.0)

    def reasons(self, text: str) -> dict[str, float]:
        """The rules that speak in this text, with their points; `shouting` is one of them."""
        return self._points(text, *features.folded([text], LIMIT, "sense"))

    def _answers(self, texts: Sequence[str], among: Sequence[str] | None, threshold: float) -> list[Label]:
        columns = linear.chosen(self.labels, among)
        folded = [one for part in linear.chunks(texts, LIMIT) for one in features.folded(part, LIMIT, "sense")]
        points = [sum(self._points(text, one).values()) for text, one in zip(texts, folded, strict=True)]
        logits = np.log(_shares(np.array(points, dtype=np.float64)))
        shares = linear.probabilities(logits, columns)
        spoken = np.array([bool(re.search(r"[^\W\d_]", text)) for text in texts], dtype=bool)
        sure = (shares.max(axis=1, initial=0) >= threshold) & (spoken | (threshold == 0))
        return linear.answers(shares, [self.labels[at] for at in columns], sure, self.name, self.version)

    def _points(self, text: str, folded: str) -> dict[str, float]:
        found = {RULES[rule].name: RULES[rule].points for rule in set(self._found(_TOKEN.findall(folded)))}
        if _shouts(text, folded):
            found["shouting"] = SHOUTING
        return found

    def _found(self, tokens: list[str]) -> Iterator[int]:
        for at, token in enumerate(tokens):
            for rest, rule in self._begun(token):
                if not rest or _matches(tokens[at + 1 : at + 1 + len(rest)], rest):
                    yield rule


def _phrases() -> _Phrases:
    """The phrases by the first letters of their first word, each with the number of its rule."""
    table: _Phrases = {}
    for number, rule in enumerate(RULES):
        for phrase in filter(None, map(str.split, rule.phrases.split(";"))):
            table.setdefault(phrase[0][:_KEY], []).append((tuple(phrase), number))
    return table


def _begun_by(phrases: _Phrases, token: str) -> tuple[tuple[tuple[str, ...], int], ...]:
    """What must follow `token` to make a phrase, with the number of its rule."""
    candidates = phrases.get(token[:_KEY], ())
    return tuple((phrase[1:], rule) for phrase, rule in candidates if _matches([token], phrase[:1]))


def _matches(tokens: list[str], phrase: tuple[str, ...]) -> bool:
    return len(tokens) == len(phrase) and all(
        token.startswith(word[:-1]) if word[-1] == "*" else token == word
        for token, word in zip(tokens, phrase, strict=True)
    )


def _shouts(text: str, folded: str) -> bool:
    if "!!" in folded or "??" in folded or "؟؟" in folded:
        return True
    letters = text[:LIMIT].encode("ascii", "ignore").translate(None, _NO_LETTERS)
    return len(letters) >= 12 and len(letters.translate(None, _NO_CAPITALS)) > 0.7 * len(letters)


def _shares(points: linear.Floats) -> linear.Floats:
    """Probabilities of low, normal and high, (texts, 3)."""
    low = 1 / (1 + np.exp(STEEPNESS * (points - NORMAL_FROM)))
    high = 1 / (1 + np.exp(STEEPNESS * (HIGH_FROM - points)))
    return np.maximum(np.column_stack((low, 1 - low - high, high)), 1e-6)
