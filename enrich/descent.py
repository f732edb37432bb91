"""Fitting the rows of the encoder's table: ridge regression by conjugate gradients, then Adam on cosines and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import scipy.sparse as sparse  # type: ignore[import-untyped]
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

ROUNDS, BATCH, RATE = 5, 1024, 0.003
SHARPNESS, LABELS_COUNT, FORGET = 12.0, 4.0, 0.15
"""How sharply labels are told apart, how much they count beside the sentence encoder, which share of pieces is left
out each time."""
_SEED, _STEPS = 1, 20


class Lessons(msgspec.Struct, frozen=True):
    """What is learned: the pieces of each text, (texts, rows), where it should lie, (texts, dimensions), and for some
    sets the label of each text, (texts,), -1 where it is of another set."""

    counted: sparse.csr_matrix
    target: Vectors
    labels: Mapping[str, NDArray[np.int64]]


class _Adam:
    """Kingma and Ba, arXiv 1412.6980."""

    def __init__(self, values: Vectors, steps: int, rate: float) -> None:
        self.values, self._steps, self._rate, self._step = values, steps, rate, 0
        self._first, self._second = np.zeros_like(values), np.zeros_like(values)

    def move(self, gradient: Vectors) -> None:
        self._step += 1
        self._first += 0.1 * (gradient - self._first)
        self._second += 0.01 * (gradient * gradient - self._second)
        rate = self._rate * min(1, self._step / 20) * (1 - self._step / (self._steps + 1))
        first, second = self._first / (1 - 0.9**self._step), self._second / (1 - 0.99**self._step)
        self.values -= np.float32(rate) * first / (np.sqrt(second) + np.float32(1e-8))


def ridge(counted: sparse.csr_matrix, target: Vectors, weights: NDArray[np.float32], strength: float) -> Vectors:
    """The rows whose sums lie nearest to the targets, each text weighed, long rows made to cost (rows, dimensions)."""
    scale = sparse.diags(np.sqrt(weights))
    left, right = (scale @ counted).tocsr(), (scale @ target).astype(np.float32)
    back = left.T.tocsr()
    ease = (1 / (np.asarray(left.multiply(left).sum(axis=0)).ravel() + strength)).astype(np.float32)[:, None]
    rest: Vectors = back @ right
    found = np.zeros_like(rest)
    eased = ease * rest
    way, size = eased.copy(), (rest * eased).sum(axis=0)
    for _ in range(_STEPS):
        image = back @ (left @ way) + strength * way
        step = size / np.maximum((way * image).sum(axis=0), 1e-12)
        found += step * way
        rest -= step * image
        eased = ease * rest
        before, size = size, (rest * eased).sum(axis=0)
        way = eased + (size / np.maximum(before, 1e-12)) * way
    return found


def refine(lessons: Lessons, start: Vectors, tick: Callable[[], None]) -> Vectors:
    """Better rows than `start`; `tick` is called after each of ROUNDS rounds over the texts."""
    rng = np.random.default_rng(_SEED)
    rows = start / np.sqrt((start**2).sum(axis=1).mean())
    many = lessons.counted.shape[0] // BATCH
    table = _Adam(rows, ROUNDS * many, RATE)
    wanted = _unit(lessons.target)[0]
    spots = {name: _Adam(_centres(lessons, rows, name), ROUNDS * many, 3 * RATE) for name in lessons.labels}
    for _ in range(ROUNDS):
        order = rng.permutation(lessons.counted.shape[0])
        for at in range(many):
            some = order[at * BATCH : (at + 1) * BATCH]
            part = lessons.counted[some].copy()
            part.data = part.data * (rng.random(len(part.data)) >= FORGET)
            unit, length = _unit(part @ table.values)
            pull = -wanted[some] / np.float32(BATCH)
            for name, labels in lessons.labels.items():
                _tell_apart(labels[some], unit, pull, spots[name])
            table.move((part.T.tocsr() @ _through(unit, length, pull)).astype(np.float32))
        tick()
    return table.values


def _tell_apart(labels: NDArray[np.int64], unit: Vectors, pull: Vectors, spots: _Adam) -> None:
    """Add to `pull` what moves texts towards the spot of their label and away from the others', and move the spots."""
    mine = np.flatnonzero(labels >= 0)
    if not len(mine):
        return
    spot, length = _unit(spots.values)
    chances = np.exp(SHARPNESS * (unit[mine] @ spot.T - 1))
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.arange(len(mine)), labels[mine]] -= 1
    pull[mine] += np.float32(LABELS_COUNT / BATCH) * (chances @ spot)
    spots.move(_through(spot, length, np.float32(LABELS_COUNT / BATCH) * (chances.T @ unit[mine])))


def _centres(lessons: Lessons, rows: Vectors, name: str) -> Vectors:
    labels = lessons.labels[name]
    mine = np.flatnonzero(labels >= 0)
    unit, _ = _unit(lessons.counted[mine] @ rows)
    sums = np.zeros((labels.max(initial=0) + 1, rows.shape[1]), dtype=np.float32)
    np.add.at(sums, labels[mine], unit)
    return _unit(sums)[0]


def _unit(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Vectors of length 1, and the lengths they had."""
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6).astype(np.float32)
    return (vectors / length).astype(np.float32), length


def _through(unit: Vectors, length: Vectors, pull: Vectors) -> Vectors:
    """The gradient before vectors were made of length 1."""
    found: Vectors = (pull - unit * (pull * unit).sum(axis=1, keepdims=True)) / length
    return found
