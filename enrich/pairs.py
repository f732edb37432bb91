"""Every pair of sets with a Jaccard index of at least so much, exactly, without comparing all with all.

Two such sets share a word among the rarest of each: as many as may be missing from the other, and one more. So only
these go into an inverted index, and only sets that meet there are compared (Chaudhuri, Ganti and Kaushik, "A primitive
operator for similarity joins in data cleaning", 2006; Bayardo, Ma and Srikant, "Scaling up all pairs similarity
search", 2007).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from math import ceil
from typing import NamedTuple

_ROUNDING = 1e-9


class Pair(NamedTuple):
    """Two places, and the Jaccard index of what stands there."""

    one: int
    other: int
    jaccard: float


def similar(sets: Sequence[frozenset[Hashable]], least: float) -> Iterator[Pair]:
    """The pairs of places whose sets have a Jaccard index of `least` (above 0) or more, each once.

    Memory grows with the sets, not with the pairs. An empty set is like none.
    """
    counts = Counter(chain.from_iterable(sets))
    rank = {word: place for place, (word, _) in enumerate(reversed(counts.most_common()))}
    order = sorted((place for place, one in enumerate(sets) if one), key=lambda place: len(sets[place]))
    index: dict[Hashable, list[int]] = defaultdict(list)
    for place in order:
        mine = sets[place]
        smallest = ceil(least * len(mine) - _ROUNDING)
        rarest = sorted(mine, key=rank.__getitem__)[: len(mine) - smallest + 1]
        met = {other for word in rarest for other in index[word] if len(sets[other]) >= smallest}
        for other in met:
            shared = len(mine & sets[other])
            jaccard = shared / (len(mine) + len(sets[other]) - shared)
            if jaccard >= least - _ROUNDING:
                yield Pair(place, other, jaccard)
        for word in rarest:
            index[word].append(place)
