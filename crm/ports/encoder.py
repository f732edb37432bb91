"""Texts as vectors: what means the same lies close together, in either language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Pure and deterministic; safe to share between threads.

    `version` changes whenever the same text may get another vector: vectors of two versions are never compared.
    """

    name: str
    version: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, (texts, dimensions), of length 1, so that a dot product is the cosine of two texts.

        Any string is a text. One without a letter, a digit or a picture gets a row of zeros: it is close to nothing.
        """
        ...
