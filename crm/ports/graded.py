"""A classifier whose answers can be built upon: it tells the share of every label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crm.ports.classifier import Decisive


class Graded(Decisive, Protocol):
    """See :class:`crm.ports.classifier.Classifier`."""

    threshold: float

    def shares(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each of `labels`, (texts, labels)."""
        ...
