"""Learning intents, emotion, offence and aspects: ``shenava train DATA --only signals``.

Every label is a question of its own, learned from the rows that answer it: written rows answer all, a published set
its own. The bars are chosen on what five folds of the rows that teach say of each other; figures come from rows that
neither taught nor chose: a fifth of every published set, and the written rows that are kept for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import scipy.sparse as sparse  # type: ignore[import-untyped]
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from crm.ports.encoder import Encoder
from enrich import card, columns, features, fit, sets
from enrich.aspects import WithAspects
from enrich.encoder import StaticEncoder
from enrich.signals import FILE, LIMIT, QUESTIONS, group_of

SPEC = features.Spec(17, (2, 4), (1, 2), LIMIT, "sense", mood=True)
C, SPREAD, FOLDS, ROUNDS = 4.0, 0.5, 5, 300
BARS = np.linspace(0.08, 0.7, 32)
LEAST = 12
"""Rows of a label that a group of languages must have for a bar of its own."""

WRITTEN = Path(__file__).parent / "written"
YES, NO, UNKNOWN = 1, 0, -1

_PURCHASE = {"yes": YES, "no": NO}
_FEELINGS = {"anger": "anger", "sadness": "sadness", "joy": "joy"}

Answers = Mapping[tuple[str, str], int]
"""What a row says by question and label: YES or NO; nothing where it says nothing."""


class Taught(msgspec.Struct, frozen=True):
    """A text, where it comes from, its group of languages, what it counts and what it answers."""

    text: str
    origin: str
    group: str
    weight: float
    answers: Answers
    held: bool


def train_signals(data: Path, out: Path, model_card: Path | None = None) -> dict[str, object]:
    """Learn the table into `out`; returns the figures as plain values, which go into `model_card` too.

    Raises InvalidInputError where a set is missing or the card has no place for the figures.
    """
    rows, encoder = [*_written("train_*.jsonl"), *_published(data)], WithAspects(StaticEncoder())
    with Progress(console=Console(stderr=True)) as progress:
        count = sum(map(len, QUESTIONS.values()))
        bar = progress.add_task("Learning signals", total=2 * count)

        def advance() -> None:
            progress.advance(bar)

        taught = [row for row in rows if not row.held]
        judged = [row for row in rows if row.held] + list(_written("kept_*.jsonl"))
        figures = _measured(_learned(taught, encoder, advance), judged, encoder)
        table = _learned(rows, encoder, advance)
    columns.save(out / FILE, table, encoder)
    if model_card:
        card.put(model_card, "signals", _lines(figures))
    return {"signals": figures}


def _written(pattern: str) -> Iterator[Taught]:
    for file in sorted(WRITTEN.glob(pattern)):
        for line in file.read_bytes().splitlines():
            row = msgspec.json.decode(line)
            said = {
                "intents": row["intents"], "emotion": [row["emotion"]], "aspects": [name for name, _ in row["aspects"]],
                "offence": ["offensive"] if row["offensive"] else [],
            }  # fmt: skip
            answers = {
                (task, label): int(label in said[task]) for task, labels in QUESTIONS.items() for label in labels
            }
            group = group_of(row["lang"])
            yield Taught(row["text"], f"written {group}", group, 1.0, answers, held=False)


def _published(data: Path) -> Iterator[Taught]:
    for file in ("app_reviews_vu", "app_reviews_googleplay"):
        for row in sets.rows(data, file):
            answers = {("intents", label): int(row["label"] == label) for label in ("feature_request", "bug_report")}
            yield _taught(row, file, "en", 0.5, answers)
    for row in sets.rows(data, "purchase_intent_tweets"):
        if row["label"] in _PURCHASE:
            answers = {("intents", "purchase_intent"): _PURCHASE[str(row["label"])]}
            yield _taught(row, "purchase_intent_tweets", "en", 0.3, answers)
    for file, group, yes in (("fa_parsoffensive", "fa", "Offensive"), ("tweeteval_offensive", "en", "offensive")):
        for row in sets.rows(data, file):
            yield _taught(row, file, group, 1.0, {("offence", "offensive"): int(row["label"] == yes)})
    for row in sets.rows(data, "tweeteval_emotion"):
        if row["label"] in _FEELINGS:
            answers = {("emotion", label): int(row["label"] == label) for label in _FEELINGS}
            yield _taught(row, "tweeteval_emotion", "en", 0.3, answers)


def _taught(row: Mapping[str, object], origin: str, group: str, weight: float, answers: Answers) -> Taught:
    text = str(row["text"])
    return Taught(text, origin, group, weight, answers, sets.held(text))


def _learned(rows: Sequence[Taught], encoder: Encoder, advance: Callable[[], object]) -> columns.Table:
    counts = fit.matrix([row.text for row in rows], SPEC)
    dense = encoder.encode([row.text for row in rows])
    grams, vectors, biases, questions = [], [], [], []
    for task, labels in QUESTIONS.items():
        bars: dict[str, list[float]] = {group: [] for group in columns.GROUPS}
        for label in labels:
            answers = np.array([row.answers.get((task, label), UNKNOWN) for row in rows])
            asked = np.flatnonzero(answers != UNKNOWN)
            part = _Column(
                [rows[at] for at in asked.tolist()], answers[asked], counts[asked], dense[asked].astype(np.float64)
            )
            whole = part.fitted(np.arange(len(asked)))
            grams.append(whole.grams)
            vectors.append(whole.dense)
            biases.append(whole.bias)
            for group, best in part.bars().items():
                bars[group].append(best)
            advance()
        questions.append(columns.Question(task, labels, {group: tuple(found) for group, found in bars.items()}))
    return columns.Table(
        SPEC, tuple(questions), np.stack(grams, axis=1), np.stack(vectors, axis=1), np.array(biases, dtype=np.float32)
    )


class _Model(msgspec.Struct, frozen=True):
    grams: NDArray[np.float32]
    dense: NDArray[np.float32]
    bias: float


class _Column(msgspec.Struct, frozen=True):
    """The rows of one label: what they answer, their n-grams and their vectors."""

    rows: Sequence[Taught]
    answers: NDArray[np.int64]
    counts: sparse.csr_matrix
    dense: NDArray[np.float64]

    def fitted(self, chosen: NDArray[np.int64]) -> _Model:
        counts, answers = self.counts[chosen], self.answers[chosen]
        scale = fit.scale_of(counts, answers, SPREAD)
        table = sparse.hstack([counts @ sparse.diags(scale), sparse.csr_matrix(self.dense[chosen])]).tocsr()
        model = LogisticRegression(C=C, max_iter=ROUNDS, tol=1e-3)
        model.fit(table, answers, sample_weight=[self.rows[at].weight for at in chosen.tolist()])
        found, size = model.coef_[0], len(scale)
        return _Model((found[:size] * scale).astype(np.float32), found[size:].astype(np.float32), model.intercept_[0])

    def _shares(self, model: _Model, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        scores = self.counts[chosen] @ model.grams + self.dense[chosen] @ model.dense + model.bias
        shares: NDArray[np.float64] = 1 / (1 + np.exp(-scores))
        return shares

    def bars(self) -> dict[str, float]:
        """The bar of each group of languages under which rows judged by the other folds come out best."""
        shares = np.zeros(len(self.rows))
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=7)
        for teach, judge in folds.split(self.answers, self.answers):
            shares[judge] = self._shares(self.fitted(teach), judge)
        origins = np.array([row.origin for row in self.rows])
        both = self._bar(shares, [origins == origin for origin in sorted(set(origins.tolist()))])
        found = {}
        for group in columns.GROUPS:
            ours = np.array([row.group == group for row in self.rows])
            parts = [ours & (origins == origin) for origin in sorted(set(origins[ours].tolist()))]
            enough = [part for part in parts if self.answers[part].sum() >= LEAST]
            found[group] = self._bar(shares, enough) if enough else both
        return found

    def _bar(self, shares: NDArray[np.float64], parts: Sequence[NDArray[np.bool_]]) -> float:
        """The middle of the bars that are within a hundredth of the best mean F1 over these parts of the rows."""
        means = np.array([
            np.mean([f1_score(self.answers[part], shares[part] >= bar, zero_division=0) for part in parts])
            for bar in BARS
        ])  # fmt: skip
        return round(float(np.median(BARS[means >= means.max() - 0.01])), 3)


def _measured(table: columns.Table, rows: Sequence[Taught], encoder: Encoder) -> list[dict[str, object]]:
    """Precision, recall and F1 of every label on every set of rows that taught nothing."""
    found = columns.probabilities(table, columns.scores(table, encoder, [row.text for row in rows]))
    figures: list[dict[str, object]] = []
    for question in table.questions:
        for place, label in enumerate(question.labels):
            answers = np.array([row.answers.get((question.name, label), UNKNOWN) for row in rows])
            for origin in sorted({row.origin for row, answer in zip(rows, answers, strict=True) if answer != UNKNOWN}):
                part = np.array([row.origin == origin for row in rows]) & (answers != UNKNOWN)
                bars = np.array([question.bars[row.group][place] for row in rows])
                said = found[question.name][:, place] >= bars
                figures.append(
                    {"question": question.name, "label": label, "rows": origin, **_f1(answers[part], said[part])}
                )
    return figures


def _f1(answers: NDArray[np.int64], said: NDArray[np.bool_]) -> dict[str, object]:
    right = int((answers * said).sum())
    n, precision, recall = int(answers.sum()), right / max(int(said.sum()), 1), right / max(int(answers.sum()), 1)
    macro = float(f1_score(answers, said, average="macro", zero_division=0))
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {
        "of": len(answers), "n": n, "precision": round(precision, 3), "recall": round(recall, 3), "f1": round(f1, 3),
        "macro_f1": round(macro, 3),
    }  # fmt: skip


def _lines(figures: Sequence[Mapping[str, object]]) -> str:
    head = (
        "| question | label | rows | of them | precision | recall | F1 | with the rest, macro-F1 |\n" + "|---" * 8 + "|"
    )
    names = ("question", "label", "rows", "n", "precision", "recall", "f1", "macro_f1")
    return "\n".join([head, *("| " + " | ".join(str(one[name]) for name in names) + " |" for one in figures)])
