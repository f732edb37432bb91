"""The static encoder: a vector per word, learned from a sentence encoder; a text is the sum of its words.

Wieting et al., "Towards universal paraphrastic sentence embeddings" (arXiv 1511.08198), is where averaging word vectors
that were fitted on sentences comes from; runs of letters for unknown words are fastText's (arXiv 1607.04606).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from crm.errors import StoreError
from enrich import features, linear
from enrich.pieces import pieces

LIMIT = 500
"""Characters of a text that are read."""
BLOCK = 512
"""Pieces that are added up at once: few enough for the processor's cache, which makes it three times as fast."""
WEIGHTS = Path(__file__).parent / "weights" / "encoder.npz"


class Table(msgspec.Struct, frozen=True):
    """`vocabulary` are the sorted hashes of the known words, (words,); `rows` their vectors and those of the 2**bits
    buckets for runs of letters, (words + buckets, dimensions) int8, each times its `scales` entry."""

    vocabulary: features.Hashes
    bits: int
    rows: NDArray[np.int8]
    scales: NDArray[np.float32]


class _Meta(msgspec.Struct, frozen=True):
    feature_version: int = msgspec.field(name="features")
    bits: int


class StaticEncoder:
    """See :class:`crm.ports.encoder.Encoder`."""

    name = "encoder-static"
    version = "1"

    def __init__(self, weights: Path | Table = WEIGHTS) -> None:
        """Raises StoreError where the weights can't be read."""
        self._table = load(weights) if isinstance(weights, Path) else weights
        self.dimensions = self._table.rows.shape[1]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See :class:`crm.ports.encoder.Encoder`."""
        parts = [self._part(part) for part in linear.chunks(texts, LIMIT)]
        return np.concatenate(parts) if parts else np.zeros((0, self.dimensions), dtype=np.float32)

    def _part(self, texts: Sequence[str]) -> NDArray[np.float32]:
        table = self._table
        found = pieces(features.read(texts, LIMIT, "sense"), table.vocabulary, table.bits)
        sums = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        share = found.share * table.scales[found.row]
        starts = np.flatnonzero(np.diff(found.owner, prepend=-1))
        for begin, end in _blocks(starts, len(found.owner)):
            ours = starts[slice(*np.searchsorted(starts, [begin, end]))]
            weighed = table.rows[found.row[begin:end]] * share[begin:end, None]
            sums[found.owner[ours]] = np.add.reduceat(weighed, ours - begin, axis=0)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(sums, length, out=np.zeros_like(sums), where=length > 0)
        return unit


def _blocks(starts: NDArray[np.int64], end: int) -> Iterator[tuple[int, int]]:
    """Spans of about BLOCK pieces, each beginning where a text does."""
    places = np.searchsorted(starts, np.arange(0, end, BLOCK))
    yield from pairwise([*np.unique(starts[places[places < len(starts)]]).tolist(), end])


def pack(vocabulary: features.Hashes, bits: int, vectors: NDArray[np.float32]) -> Table:
    """Vectors in eight bits, each row with a scale of its own."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / 127
    return Table(vocabulary, bits, np.rint(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32))


def save(path: Path, table: Table) -> None:
    """Write a table as a compressed npz; nothing is pickled and nothing is random."""
    meta = np.frombuffer(msgspec.json.encode(_Meta(features.VERSION, table.bits)), dtype=np.uint8)
    np.savez_compressed(
        path, meta=meta, vocabulary=table.vocabulary, rows=table.rows, scales=table.scales.astype(np.float16)
    )


def load(path: Path) -> Table:
    """Read a table. Raises StoreError where the file is missing, damaged or of other features."""
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            meta = msgspec.json.decode(stored["meta"].tobytes(), type=_Meta)
            vocabulary, rows, scales = stored["vocabulary"], stored["rows"], stored["scales"].astype(np.float32)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, msgspec.DecodeError) as error:
        raise StoreError(f"The weights {path} can't be read ({error}); install Shenava again or train them.") from error
    if meta.feature_version != features.VERSION or len(rows) != len(vocabulary) + (1 << meta.bits) != len(scales):
        raise StoreError(f"The weights {path} don't fit this Shenava; install Shenava again or train them.")
    return Table(vocabulary, meta.bits, rows, scales)
