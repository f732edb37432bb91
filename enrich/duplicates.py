"""Near-duplicates: what many accounts post in nearly the same words is found by a few hashes of a text.

MinHash over the set of a text's folded words: the least of a hash over a set is the same for two sets as often as they
share members, so equal minima estimate the Jaccard index (Broder, "On the resemblance and containment of documents",
1997). ROWS minima hashed together make a band (Leskovec, Rajaraman and Ullman, "Mining of massive datasets", 3.4), and
texts that share two of BANDS are compared. At a Jaccard index s a band is shared with the probability p = s**ROWS, and
two or more with 1 - (1-p)**BANDS - BANDS*p*(1-p)**(BANDS-1): 0.983 at 0.8, 0.17 at 0.5, 0.004 at 0.3 and 0.0002 at 0.2.
One band in common would be chance too often: in ten thousand tweets to airlines four fillers ("to the i a") brought 72
together that had nothing else in common.

Twice as many minima make a seed, which near-copies share with 0.43 at 0.9 and 0.17 at 0.8, others hardly ever (0.00007
at 0.3): posts are counted by it, so that the largest groups are found first. A text of fewer than five words has one
hash, of all of them. Where words aren't parted by spaces, a clause is one word.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from crm.ports.likeness import FEWEST, Words
from enrich import features, linear
from enrich.features import Hashes, Ints

BANDS, ROWS = 12, 4
SEEDS = 2
"""Made of the minima of the first bands, two for each."""
LIMIT = 500
"""Characters of a text that are read."""

VERSION = f"1.{features.VERSION}"
"""Changes whenever the same text may get other bands: those of two versions find nothing of each other."""

_DIGITS = np.frombuffer(b"0123456789abcdefghijklmnopqrstuv", np.uint8)
_PLACES, _BITS = 6, 30
_SEEDS = np.random.default_rng(1997).integers(1, 1 << 32, (BANDS * ROWS, 1), dtype=np.uint32)
_MIX, _STIR = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_STEP = np.uint32(0x01000193)


class MinHash:
    """See :class:`crm.ports.likeness.Likeness`."""

    name = "minhash"
    version = VERSION

    def bands(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """See :class:`crm.ports.likeness.Likeness`."""
        found: list[tuple[str, ...]] = []
        for part in linear.chunks(texts, LIMIT):
            found += _bands(len(part), *_sets(part))
        return found

    def words(self, texts: Sequence[str]) -> list[Words]:
        """See :class:`crm.ports.likeness.Likeness`."""
        found: list[Words] = []
        for part in linear.chunks(texts, LIMIT):
            owner, words = _sets(part)
            edges = np.searchsorted(owner, np.arange(len(part) + 1)).tolist()
            plain = words.tolist()
            found += [frozenset(plain[start:end]) for start, end in pairwise(edges)]
        return found


def _sets(texts: Sequence[str]) -> tuple[Ints, Hashes]:
    """The different words of all texts: the text of each, rising, and its hash."""
    batch = _plain_digits(features.read(texts, LIMIT, "sense"))
    runs = features.runs(batch)
    if not len(runs.starts):
        return runs.owner, runs.hashes
    letters = np.maximum.reduceat(batch.kinds == features.LETTER, runs.starts)
    words = runs.kinds == features.LETTER
    # Numbers alone say nothing: a text needs a letter.
    spoken = np.zeros(batch.size, bool)
    spoken[runs.owner[words & letters]] = True
    words &= spoken[runs.owner]
    owner, hashes = runs.owner[words], _mixed(runs.hashes[words])
    ordered = np.sort(owner << 32 | hashes)
    once = ordered[np.flatnonzero(np.diff(ordered, prepend=-1))]
    return once >> 32, (once & 0xFFFFFFFF).astype(np.uint32)


def _plain_digits(batch: features.Batch) -> features.Batch:
    """Each number as one digit, however long it is."""
    digit = batch.kinds == features.DIGIT
    keep = np.ones(len(digit), bool)
    keep[1:] = ~(digit[1:] & digit[:-1])
    return structs.replace(
        batch, codes=batch.codes[keep], kinds=batch.kinds[keep], owner=batch.owner[keep], left=batch.left[keep]
    )


def _bands(size: int, owner: Ints, words: Hashes) -> list[tuple[str, ...]]:
    if not len(owner):
        return [()] * size
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    least = np.minimum.reduceat((words ^ _SEEDS) * _STIR, starts, axis=1)
    bands = _rolled(least.reshape(BANDS, ROWS, -1))
    seeds = _rolled(least[: 2 * SEEDS * ROWS].reshape(SEEDS, 2 * ROWS, -1))
    # The number of a hash goes in, lest the same words in another one be taken for likeness.
    numbers = np.concatenate((seeds, bands))
    numbers = _mixed(numbers + np.arange(1, len(numbers) + 1, dtype=np.uint32)[:, None] * _STIR)
    counts = np.diff(starts, append=len(owner))
    short = counts < FEWEST
    numbers[0, short] = _mixed(np.add.reduceat(words, starts) * _STEP + counts.astype(np.uint32))[short]
    found: list[tuple[str, ...]] = [()] * size
    for text, few, spelt in zip(owner[starts].tolist(), short.tolist(), _spelt(numbers.T), strict=True):
        found[text] = tuple(spelt[:1] if few else spelt)
    return found


def _rolled(rows: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Hashes of the rows together, (bands, rows, texts) to (bands, texts)."""
    rolled = np.zeros((len(rows), rows.shape[2]), np.uint32)
    for row in rows.swapaxes(0, 1):
        rolled = (rolled ^ row) * _STEP + _MIX
    return rolled


def _mixed(hashes: Hashes) -> Hashes:
    stirred = (hashes ^ (hashes >> np.uint32(16))) * _MIX
    stirred = (stirred ^ (stirred >> np.uint32(13))) * _STIR
    return stirred ^ (stirred >> np.uint32(16))


def _spelt(numbers: NDArray[np.uint32]) -> list[list[str]]:
    """Rows of numbers, of 30 bits each, as six digits in base 32; zero, which stands for none, becomes one."""
    shifts = np.arange(5 * (_PLACES - 1), -1, -5, dtype=np.uint32)
    digits = _DIGITS[(np.maximum(numbers >> np.uint32(32 - _BITS), 1)[..., None] >> shifts) & np.uint32(31)]
    spelt: list[list[str]] = digits.view(f"S{_PLACES}")[..., 0].astype(f"U{_PLACES}").tolist()
    return spelt
