"""How well an encoder puts what belongs together side by side: the label of the nearest other text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crm.errors import InvalidInputError

Vectors = NDArray[np.float32]
_BLOCK = 512


def nearest(asked: Vectors, known: Vectors, same: bool = False) -> NDArray[np.int64]:
    """The row of `known` with the greatest cosine for each row of `asked`; where both are the `same`, another row."""
    found = [np.zeros(0, dtype=np.int64)]
    for at in range(0, len(asked), _BLOCK):
        close = asked[at : at + _BLOCK] @ known.T
        if same:
            close[np.arange(len(close)), at + np.arange(len(close))] = -np.inf
        found.append(close.argmax(axis=1))
    return np.concatenate(found)


def labels_of_nearest(vectors: Vectors, labels: Sequence[str]) -> list[str]:
    """For each text the label of the one nearest to it, itself left out.

    Raises InvalidInputError for fewer than two texts.
    """
    if len(labels) < 2:
        raise InvalidInputError("An encoder is measured on at least two rows; the file holds fewer.")
    return [labels[row] for row in nearest(vectors, vectors, same=True)]
