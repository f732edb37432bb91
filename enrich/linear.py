"""A linear model over hashed n-grams: load, score a batch, turn scores into calibrated labels."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from crm.errors import InvalidInputError, StoreError
from crm.words import Label
from enrich import features

Floats = NDArray[np.float64]

CHUNK = 40_000
"""Characters scored at once: big enough for numpy, small enough for the cache."""


class Head(msgspec.Struct, frozen=True):
    """One trained model: `weights` is (labels, 2**bits) float32, `bias` (labels,) in logits.

    `temperature` divides the logits, so that probabilities come true as often as they say.
    """

    spec: features.Spec
    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: Floats
    temperature: float = 1.0

    def logits(self, texts: Sequence[str]) -> Floats:
        """Calibrated logits, (texts, labels); a text without any feature gets the bias alone."""
        parts = [self._score(part) for part in chunks(texts, self.spec.limit)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.labels)))

    def _score(self, texts: Sequence[str]) -> Floats:
        batch = features.read(texts, self.spec.limit, self.spec.fold)
        sums, counts = np.zeros((len(self.labels), batch.size)), np.zeros(batch.size)
        for owner, bucket in features.groups(batch, self.spec):
            counts += np.bincount(owner, minlength=batch.size)
            for total, row in zip(sums, self.weights, strict=True):
                total += np.bincount(owner, weights=row[bucket], minlength=batch.size)
        scaled: Floats = (sums / np.sqrt(np.maximum(counts, 1))).T + self.bias
        return scaled / self.temperature


class _Meta(msgspec.Struct, frozen=True):
    feature_version: int = msgspec.field(name="features")
    spec: features.Spec
    labels: tuple[str, ...]
    temperature: float


def save(path: Path, head: Head) -> None:
    """Write a head as a compressed npz of float16 weights; nothing is pickled and nothing is random."""
    meta = _Meta(features.VERSION, head.spec, head.labels, head.temperature)
    encoded = np.frombuffer(msgspec.json.encode(meta), dtype=np.uint8)
    np.savez_compressed(path, meta=encoded, weights=head.weights.astype(np.float16), bias=head.bias)


def load(path: Path) -> Head:
    """Read a head. Raises StoreError where the file is missing, damaged or of other features."""
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            meta = msgspec.json.decode(stored["meta"].tobytes(), type=_Meta)
            weights, bias = stored["weights"].astype(np.float32), stored["bias"].astype(np.float64)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, msgspec.DecodeError) as error:
        raise StoreError(f"The weights {path} can't be read ({error}); install Shenava again or train them.") from error
    if meta.feature_version != features.VERSION or weights.shape != (len(meta.labels), 1 << meta.spec.bits):
        raise StoreError(f"The weights {path} belong to another version of Shenava; train them again.")
    return Head(spec=meta.spec, labels=meta.labels, weights=weights, bias=bias, temperature=meta.temperature)


def chosen(labels: Sequence[str], among: Sequence[str] | None) -> list[int]:
    """Columns of the labels asked for. Raises InvalidInputError for none or an unknown one."""
    if among is None:
        return list(range(len(labels)))
    unknown = sorted(set(among) - set(labels))
    if unknown or not among:
        what = f"{', '.join(unknown)} is not among the labels" if unknown else "no label was asked for; the labels are"
        raise InvalidInputError(f"{what} {', '.join(labels)}.")
    return [column for column, label in enumerate(labels) if label in among]


def probabilities(logits: Floats, columns: Sequence[int]) -> Floats:
    """Softmax over some columns, (texts, columns)."""
    picked = logits[:, columns]
    grown = np.exp(picked - picked.max(axis=1, keepdims=True, initial=-np.inf))
    shares: Floats = grown / grown.sum(axis=1, keepdims=True)
    return shares


def answers(shares: Floats, labels: Sequence[str], sure: NDArray[np.bool_], name: str, version: str) -> list[Label]:
    """A label a row: the likeliest where `sure`, else abstained with its probability kept."""
    best = shares.argmax(axis=1)
    tops = shares[np.arange(len(shares)), best].round(4).tolist()
    return [
        Label(value=labels[at] if certain else None, probability=top, model=name, version=version)
        for at, top, certain in zip(best.tolist(), tops, sure.tolist(), strict=True)
    ]


def chunks(texts: Sequence[str], limit: int) -> list[Sequence[str]]:
    """Split a batch into runs of about CHUNK characters, `limit` of each text counted."""
    cuts, filled = [0], 0
    for at, text in enumerate(texts):
        filled += min(len(text), limit) + 3
        if filled >= CHUNK:
            cuts.append(at + 1)
            filled = 0
    if cuts[-1] != len(texts):
        cuts.append(len(texts))
    return [texts[start:end] for start, end in pairwise(cuts)]
