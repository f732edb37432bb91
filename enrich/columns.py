"""A table of linear models: many yes-or-no answers over one reading of a batch.

The n-grams of a text and its vector from the static encoder go into one table with a column for every answer, so that
reading and hashing, which cost most, are done once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from crm.errors import StoreError
from crm.ports.encoder import Encoder
from enrich import features
from enrich.linear import chunks

Floats = NDArray[np.float32]

GROUPS = ("fa", "en")
"""Persian in either script, and everything else."""


class Question(msgspec.Struct, frozen=True):
    """Some columns of the table, each an answer that stands for itself: yes or no.

    `bars` are the probabilities from which an answer is yes, one a label, by group of languages (see GROUPS).
    """

    name: str
    labels: tuple[str, ...]
    bars: Mapping[str, tuple[float, ...]]


class Table(msgspec.Struct, frozen=True):
    """`grams` (2**bits, columns), `dense` (dimensions of the encoder, columns), `bias` (columns,), float32; the columns
    are those of `questions`, one after the other."""

    spec: features.Spec
    questions: tuple[Question, ...]
    grams: Floats
    dense: Floats
    bias: Floats


class _Meta(msgspec.Struct, frozen=True):
    feature_version: int = msgspec.field(name="features")
    spec: features.Spec
    questions: tuple[Question, ...]
    encoder: str


def scores(table: Table, encoder: Encoder, texts: Sequence[str]) -> Floats:
    """The score of every column for every text, (texts, columns)."""
    parts = [_part(table, part) for part in chunks(texts, table.spec.limit)]
    counted = np.concatenate(parts) if parts else np.zeros((0, len(table.bias)), dtype=np.float32)
    found: Floats = counted + encoder.encode(texts) @ table.dense + table.bias
    return found


def _part(table: Table, texts: Sequence[str]) -> Floats:
    batch = features.read(texts, table.spec.limit, table.spec.fold)
    sums = np.zeros((len(texts), table.grams.shape[1]), dtype=np.float32)
    counts = np.zeros(len(texts))
    for owner, bucket in features.groups(batch, table.spec):
        if len(owner):
            order = np.argsort(owner, kind="stable") if (np.diff(owner) < 0).any() else slice(None)
            owner, bucket = owner[order], bucket[order]
            starts = np.flatnonzero(np.diff(owner, prepend=-1))
            sums[owner[starts]] += np.add.reduceat(table.grams[bucket], starts, axis=0)
            counts += np.bincount(owner, minlength=len(texts))[: len(texts)]
    return (sums / np.sqrt(np.maximum(counts, 1))[:, None]).astype(np.float32)


def probabilities(table: Table, found: Floats) -> dict[str, NDArray[np.float64]]:
    """By question the probabilities of its labels, (texts, labels)."""
    by_name, at = {}, 0
    for question in table.questions:
        part = found[:, at : at + len(question.labels)].astype(np.float64)
        at += len(question.labels)
        by_name[question.name] = 1 / (1 + np.exp(-part))
    return by_name


def save(path: Path, table: Table, encoder: Encoder) -> None:
    """Write a table as a compressed npz of float16; nothing is pickled and nothing is random."""
    meta = _Meta(features.VERSION, table.spec, table.questions, f"{encoder.name} {encoder.version}")
    encoded = np.frombuffer(msgspec.json.encode(meta), dtype=np.uint8)
    np.savez_compressed(
        path, meta=encoded, grams=table.grams.astype(np.float16), dense=table.dense.astype(np.float16), bias=table.bias
    )


def load(path: Path, encoder: Encoder) -> Table:
    """Read a table. Raises StoreError where it is missing, damaged, or of other features or another encoder."""
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            meta = msgspec.json.decode(stored["meta"].tobytes(), type=_Meta)
            grams, dense, bias = (stored[name].astype(np.float32) for name in ("grams", "dense", "bias"))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, msgspec.DecodeError) as error:
        raise StoreError(f"The weights {path} can't be read ({error}); install Shenava again or train them.") from error
    columns = sum(len(question.labels) for question in meta.questions)
    shapes = (grams.shape, dense.shape, bias.shape)
    wanted = ((1 << meta.spec.bits, columns), (encoder.dimensions, columns), (columns,))
    of_ours = (meta.feature_version, meta.encoder) == (features.VERSION, f"{encoder.name} {encoder.version}")
    if shapes != wanted or not of_ours:
        raise StoreError(f"The weights {path} don't fit this Shenava; install Shenava again or train them.")
    return Table(meta.spec, meta.questions, grams, dense, bias)
