"""What a workspace's own answers add to a shipped model: a small head that starts at the model and departs from it.

Logits are the logarithms of the shipped model's shares plus a linear map of the text's vector. With nothing learned the
map is zero, and the answers are the shipped ones; a penalty on its size lets few answers change little.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PENALTY = 1.0
STEPS, PACE = 400, 1.0
KEPT_ONE_IN = 3
PILOT = 0.1
"""The share of posts on which a head is tried beside the one in use."""
LEAST_KEPT = 10


class Head(Struct, frozen=True, eq=False):
    """`weights` are (labels, dimensions + 1), the last column being the bias; `labels` in the shipped model's order.

    `share` of the posts are answered by it, chosen by their keys: 1 for all.
    """

    version: str
    labels: tuple[str, ...]
    weights: Floats
    share: float = 1.0

    def answers(self, key: str) -> bool:
        """Whether it answers for the post with this key."""
        return self.share >= 1 or _part(key, "pilot") < self.share

    def shares(self, shipped: Floats, vectors: NDArray[np.float32]) -> Floats:
        """Better shares of texts, (texts, labels), from the shipped ones and the vectors, (texts, dimensions)."""
        return _softmax(np.log(np.maximum(shipped, 1e-6)) + _with_one(vectors) @ self.weights.T)


class Judged(Struct, frozen=True):
    """How a new head does on rows that were kept from it, beside what is in use: right answers of `kept`."""

    taught: int
    kept: int
    right: int
    before: int

    @property
    def accepted(self) -> bool:
        """Whether it may take the place of what is in use: enough rows to tell, and no worse on them."""
        return self.kept >= LEAST_KEPT and self.right >= self.before


def kept(key: str) -> bool:
    """Whether the answer about this post is kept for judging and teaches nothing: one in three, always the same."""
    return _part(key, "kept") < 1 / KEPT_ONE_IN


def learned(shipped: Floats, vectors: NDArray[np.float32], truths: Sequence[int]) -> Floats:
    """The weights of a head from shares, vectors and the places of the right labels; the optimum is the only one."""
    given, offset = _with_one(vectors), np.log(np.maximum(shipped, 1e-6))
    wanted = np.eye(shipped.shape[1])[np.array(truths, dtype=np.int64)]
    weights = np.zeros((shipped.shape[1], given.shape[1]))
    if not len(given):
        return weights
    # Half the largest curvature of the loss, which bounds a step that can't overshoot.
    pace = PACE / (0.5 * float(np.linalg.norm(given, 2) ** 2) + PENALTY)
    momentum = weights.copy()
    for step in range(STEPS):
        slope = (_softmax(offset + given @ momentum.T) - wanted).T @ given + PENALTY * momentum
        stepped = momentum - pace * slope
        momentum = stepped + step / (step + 3) * (stepped - weights)
        weights = stepped
    return weights


def _with_one(vectors: NDArray[np.float32]) -> Floats:
    return np.hstack([vectors.astype(np.float64), np.ones((len(vectors), 1))])


def _softmax(logits: Floats) -> Floats:
    grown = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    shares: Floats = grown / grown.sum(axis=1, keepdims=True)
    return shares


def _part(key: str, use: str) -> float:
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, person=use.encode()).digest()
    return int.from_bytes(digest, "big") / (1 << 64)
