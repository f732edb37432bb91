"""Finding the topics of many texts, and telling to which of them a new text belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class FoundTopic(Struct, frozen=True):
    """A theme of some texts: its `words`, likeliest first and as people write them, its middle and how near they lie.

    `vector` is of length 1, (dimensions,); `near` a cosine; `members` are the places of its texts; `seed` is the
    place of the theme by which it was sought, if it was.
    """

    words: tuple[str, ...]
    vector: Vectors
    near: float
    members: tuple[int, ...]
    seed: int | None = None


class TopicFinder(Protocol):
    """Finds topics; slow, seconds to minutes."""

    def find(self, texts: Sequence[str], seeds: Sequence[Sequence[str]] = ()) -> list[FoundTopic]:
        """The topics of these texts, largest first; `seeds` are themes that people look for, each some words.

        Raises InvalidInputError where what it needs is not installed.
        """
        ...


class TopicBook(Struct, frozen=True, eq=False):
    """The topics of one monitor, as new posts are held against them: (topics,), (topics, dimensions), (topics,)."""

    ids: tuple[str, ...]
    vectors: Vectors
    near: NDArray[np.float32]

    def of(self, vector: Vectors) -> str | None:
        """The topic to which a text with this vector, (dimensions,), belongs: the nearest, if it is near enough."""
        if not self.ids:
            return None
        cosines = self.vectors @ vector
        best = int(cosines.argmax())
        return self.ids[best] if cosines[best] >= self.near[best] else None
