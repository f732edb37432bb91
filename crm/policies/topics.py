"""What becomes of topics when they are found anew: which one is which, and what people are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

SAME = 0.75
"""Cosine of their vectors from which a topic found anew is one that was there."""
SHOWN = 3
"""Words in a label."""

Change = Literal["new", "merged", "split", "gone"]
Vectors = NDArray[np.float32]


class Step(Struct, frozen=True):
    """What became of one topic: `new` (place of a new one), `gone` (place of an old one), an old one `merged` into a
    new one, a new one `split` off an old one."""

    change: Change
    old: int | None = None
    new: int | None = None


class Succession(Struct, frozen=True):
    """`kept` are pairs of places (old, new) of topics that go on; `steps` what happened beside that."""

    kept: tuple[tuple[int, int], ...]
    steps: tuple[Step, ...]


def succession(old: Vectors, new: Vectors) -> Succession:
    """Tell topics found anew, (new, dimensions), from those that were there, (old, dimensions); nearest pairs first."""
    if not len(old) or not len(new):
        steps = [Step("gone", old=at) for at in range(len(old))] + [Step("new", new=at) for at in range(len(new))]
        return Succession((), tuple(steps))
    cosines = old @ new.T
    mine: dict[int, int] = {}
    for flat in np.argsort(-cosines, axis=None, kind="stable").tolist():
        before, after = divmod(flat, len(new))
        if cosines[before, after] < SAME:
            break
        if before not in mine and after not in mine.values():
            mine[before] = after
    taken = set(mine.values())
    found = []
    for before in sorted(set(range(len(old))) - mine.keys()):
        into = int(cosines[before].argmax())
        near = cosines[before, into] >= SAME
        found.append(Step("merged", before, into) if near else Step("gone", old=before))
    for after in sorted(set(range(len(new))) - taken):
        off = int(cosines[:, after].argmax())
        near = cosines[off, after] >= SAME
        found.append(Step("split", off, after) if near else Step("new", new=after))
    return Succession(tuple(sorted(mine.items())), tuple(found))


def label(words: Sequence[str], language: str) -> str:
    """A topic's name for a reader of `language`: its first words in the script of that language, else in any."""
    persian = language == "fa"
    ours = [word for word in words if any("\u0600" <= letter <= "\u06ff" for letter in word) == persian]
    chosen = ours if len(ours) >= SHOWN else [*ours, *(word for word in words if word not in ours)]
    return "، ".join(chosen[:SHOWN]) if persian else ", ".join(chosen[:SHOWN])
