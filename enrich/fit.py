"""Fitting one linear head: hashed n-grams weighed by rarity and spread, logistic regression, temperature.

Needs scikit-learn, a dependency of development alone; nothing that runs a model imports this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import msgspec
import numpy as np
import scipy.sparse as sparse  # type: ignore[import-untyped]
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from enrich import features, linear


class Recipe(msgspec.Struct, frozen=True):
    """How a head is fitted: its features, the inverse strength of regularisation, and how much the
    n-grams that tell labels apart (spread of their log-frequencies) count above the others."""

    spec: features.Spec
    c: float
    spread: float = 0.0
    tolerance: float = 2e-4
    rounds: int = 150


class Rows(msgspec.Struct, frozen=True):
    """What a head is fitted on: texts, the column of each one's label and what each counts."""

    texts: Sequence[str]
    columns: NDArray[np.int64]
    weights: linear.Floats


def fit(recipe: Recipe, labels: tuple[str, ...], rows: Rows, start: linear.Head | None = None) -> linear.Head:
    """A head whose probabilities are not calibrated yet; `start` (a head fitted on most of the rows) saves time."""
    counts = matrix(rows.texts, recipe.spec)
    scale = scale_of(counts, rows.columns, recipe.spread)
    scaled = counts @ sparse.diags(scale)
    model = LogisticRegression(C=recipe.c, max_iter=recipe.rounds, tol=recipe.tolerance, warm_start=start is not None)
    if start is not None:
        model.classes_ = np.arange(len(labels))
        model.coef_ = np.divide(start.weights, scale, out=np.zeros(start.weights.shape), where=scale > 0)
        model.intercept_ = start.bias.copy()
    model.fit(scaled, rows.columns, sample_weight=rows.weights)
    weights = (model.coef_ * scale).astype(np.float32)
    return linear.Head(spec=recipe.spec, labels=labels, weights=weights, bias=np.asarray(model.intercept_))


def calibrated(head: linear.Head, texts: Sequence[str], truths: Sequence[str]) -> linear.Head:
    """The head with the temperature under which its probabilities fit held-out rows best (log loss)."""
    known = [(text, head.labels.index(truth)) for text, truth in zip(texts, truths, strict=True)]
    logits = head.logits([text for text, _ in known])
    columns = np.array([column for _, column in known])

    def loss(temperature: float) -> float:
        shares = linear.probabilities(logits / temperature, range(len(head.labels)))
        return float(-np.log(np.maximum(shares[np.arange(len(columns)), columns], 1e-9)).mean())

    best = min((float(one) for one in np.geomspace(0.3, 3, 47)), key=loss)
    return msgspec.structs.replace(head, temperature=round(best, 3))


def evened(cells: Sequence[Hashable], groups: Sequence[Hashable], strength: float) -> linear.Floats:
    """Weights that even out the cells (say labels) of every group (say a set) without changing the group's sum.

    `strength` 1 makes the cells equal, 0 leaves them as they are.
    """
    sizes, totals = Counter(zip(groups, cells, strict=True)), Counter(groups)
    kinds = Counter(group for group, _ in sizes)
    return np.array([(totals[g] / kinds[g] / sizes[g, c]) ** strength for g, c in zip(groups, cells, strict=True)])


def baseline(texts: Sequence[str], columns: NDArray[np.int64], asked: Sequence[str]) -> linear.Floats:
    """What TF-IDF over words and pairs of words with a balanced logistic regression answers: the figure to beat."""
    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(class_weight="balanced", max_iter=150, tol=1e-3)
    model.fit(vectors.fit_transform(texts), columns)
    answers: linear.Floats = model.predict_proba(vectors.transform(asked))
    return answers


def matrix(texts: Sequence[str], spec: features.Spec) -> sparse.csr_matrix:
    """Counts of the features, each row divided by the root of its sum as :class:`enrich.linear.Head` does."""
    owners, buckets = [], []
    for at in range(0, len(texts), 500):
        batch = features.read(texts[at : at + 500], spec.limit, spec.fold)
        for owner, bucket in features.groups(batch, spec):
            owners.append(owner + at)
            buckets.append(bucket)
    owner, bucket = np.concatenate(owners), np.concatenate(buckets)
    ones = np.ones(len(owner), dtype=np.float32)
    counts = sparse.csr_matrix((ones, (owner, bucket)), shape=(len(texts), 1 << spec.bits))
    counts.sum_duplicates()
    sums = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1)
    return sparse.diags((1 / np.sqrt(sums)).astype(np.float32)) @ counts


def scale_of(counts: sparse.csr_matrix, columns: NDArray[np.int64], spread: float) -> NDArray[np.float32]:
    """What every bucket is multiplied by before the fit; 0 where no row has it."""
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    scale = (np.log((1 + counts.shape[0]) / (1 + seen)) + 1) * (seen > 0)
    weighed = counts @ sparse.diags(scale.astype(np.float32))
    scale /= np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel()).mean()
    if spread:
        by_label = [
            np.asarray((counts[columns == column] > 0).sum(axis=0)).ravel() + 1.0 for column in np.unique(columns)
        ]
        chances = np.stack(by_label)
        tells = np.log(chances / chances.sum(axis=1, keepdims=True)).std(axis=0) ** spread
        scale *= tells / np.average(tells, weights=seen + 1e-9)
    scales: NDArray[np.float32] = scale.astype(np.float32)
    return scales
