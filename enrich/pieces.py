"""What the encoder adds up: the words that it knows, and of others their runs of three and four letters."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from enrich import features
from enrich.features import DIGIT, HANDLE, LETTER, LINK, PICTURE, Batch, Hashes, Ints, Runs

SIZES = (3, 4)
"""Letters of a run; the character before and the one after a word count as letters of it."""
_SALT = 300


class Pieces(Struct, frozen=True):
    """Rows of the encoder's table and how much each counts for its text, sorted by text."""

    owner: Ints
    row: Ints
    share: NDArray[np.float32]


def spoken(batch: Batch, found: Runs) -> NDArray[np.bool_]:
    """Which runs are words or pictures; links and handles say nothing."""
    first = batch.codes[found.starts]
    silent = (first == ord(LINK)) | (first == ord(HANDLE))
    said: NDArray[np.bool_] = (found.kinds == LETTER) | ((found.kinds == PICTURE) & ~silent)
    return said


def pieces(batch: Batch, vocabulary: Hashes, bits: int, hide: float = 0.0, chance: int = 0) -> Pieces:
    """A known word is one piece, its row its place in the sorted `vocabulary`.

    An unknown one is as many pieces as it has runs of letters, which share its weight; their rows follow the
    vocabulary's, in 2**bits buckets. This share of the known words is treated as unknown, drawn by `chance`: so the
    runs are learned.
    """
    found = features.runs(batch)
    said = spoken(batch, found)
    at = np.searchsorted(vocabulary, found.hashes).clip(max=max(len(vocabulary) - 1, 0))
    known = said & (vocabulary[at] == found.hashes)
    if hide:
        known &= np.random.default_rng(chance).random(len(known)) >= hide
    rows, words = [at[known]], [np.flatnonzero(known)]
    shares = [np.ones(len(rows[0]), dtype=np.float32)]
    unknown = said & ~known & (batch.kinds[found.starts] <= DIGIT)
    for size in SIZES:
        word, bucket = _grams(batch, found, unknown, size, bits)
        count = np.bincount(word, minlength=len(found.starts))
        words.append(word)
        rows.append(bucket + len(vocabulary))
        shares.append((1 / (count[word] * len(SIZES))).astype(np.float32))
    owner = found.owner[np.concatenate(words)]
    order = np.argsort(owner, kind="stable")
    return Pieces(owner[order], np.concatenate(rows)[order], np.concatenate(shares)[order])


def _grams(batch: Batch, found: Runs, unknown: NDArray[np.bool_], size: int, bits: int) -> tuple[Ints, Ints]:
    """The word of every run of so many letters within an unknown word, and its bucket."""
    most = max(len(found.of) - size + 1, 0)
    word = found.of[1 : most + 1]  # it may begin on the character before its word, and end on the one after
    inside = unknown[word] & (found.of[size - 2 : most + size - 2] == word)
    at, ends = np.arange(most), (found.starts + found.lengths)[word]
    begins = (found.of[:most] == word) | (found.starts[word] == at + 1)
    inside &= begins & ((found.of[size - 1 : most + size - 1] == word) | (ends == at + size - 1))
    begun = np.flatnonzero(inside)
    return word[begun], features.gram_buckets(batch, begun, size, _SALT + size, bits)
