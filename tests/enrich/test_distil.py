"""Fitting the encoder's rows, on little made-up data."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse  # type: ignore[import-untyped]

from enrich import descent
from enrich.descent import Lessons
from enrich.distil import targets


def test_ridge_finds_the_rows_that_made_the_targets() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(30, 4)).astype(np.float32)
    counted = sparse.csr_matrix((rng.random((400, 30)) < 0.2).astype(np.float32))
    found = descent.ridge(counted, counted @ rows, np.ones(400, dtype=np.float32), 1e-4)
    assert np.abs(found - rows).max() < 0.05


def test_refining_brings_texts_of_one_label_together() -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 4, 8192)
    words = rng.random((8192, 40)) < 0.1
    words[np.arange(8192), labels] = True
    counted = sparse.csr_matrix(words.astype(np.float32))
    target = rng.normal(size=(8192, 8)).astype(np.float32)
    start = rng.normal(size=(40, 8)).astype(np.float32)
    ticks: list[int] = []
    found = descent.refine(Lessons(counted, target, {"set": labels}), start, lambda: ticks.append(1))

    def together(rows: np.ndarray) -> float:
        unit = counted @ rows
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        close = unit[:1000] @ unit[:1000].T
        same = labels[:1000, None] == labels[None, :1000]
        return float(close[same].mean() - close[~same].mean())

    assert together(found) > together(start) + 0.02
    assert len(ticks) == descent.ROUNDS


def test_the_two_scripts_have_one_middle() -> None:
    rng = np.random.default_rng(5)
    texts = ["word"] * 300 + ["\u0633\u0644\u0627\u0645"] * 300
    vectors = rng.normal(size=(600, 384)).astype(np.float32)
    vectors[300:] += 5
    found = targets(vectors, texts)
    assert np.abs(found[:300].mean(axis=0) - found[300:].mean(axis=0)).max() < 1e-3
