"""What ``shenava train DATA --only encoder`` does: learn the encoder, and measure it beside what it has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from enrich import card, distil, encoder
from enrich.distil import Corpus, Vectors
from enrich.encoder import StaticEncoder
from enrich.neighbours import nearest

MARK = "encoder"
UNTOLD = "shorttext_stackoverflow"
"""A set whose texts were embedded and whose labels nothing learned."""


class EncoderFigure(msgspec.Struct, frozen=True):
    """How often the nearest taught row carries the label of a held-out row of a set."""

    name: str
    n: int
    static: float
    sentence: float
    lsa: float
    tfidf: float


def train_encoder(data: Path, out: Path, cache: Path | None, model_card: Path | None) -> list[dict[str, object]]:
    """Learn the encoder twice, on four fifths of the rows, to measure it, and on all, which is what ships.

    Returns the figures, which go into ``figures_encoder.json`` beside the weights and into `model_card`. Raises
    InvalidInputError where a set is missing or the card has no place.
    """
    out.mkdir(parents=True, exist_ok=True)
    with Progress(console=Console(stderr=True)) as progress:
        found = distil.corpus(data, cache, progress)
        figures = list(_figures(found, StaticEncoder(distil.learn(found, everything=False, progress=progress))))
        encoder.save(out / "encoder.npz", distil.learn(found, everything=True, progress=progress))
    (out / "figures_encoder.json").write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    if model_card:
        card.put(model_card, MARK, table(figures))
    return msgspec.convert(msgspec.to_builtins(figures), type=list[dict[str, object]])


def table(figures: Sequence[EncoderFigure]) -> str:
    """The figures as a Markdown table, with their means over the sets whose labels were learned."""
    lines = ["| held-out rows of | rows | encoder | sentence encoder | LSA | TF-IDF |", "|---|---|---|---|---|---|"]
    for one in figures:
        shown = " | ".join(f"{value:.3f}" for value in (one.static, one.sentence, one.lsa, one.tfidf))
        lines.append(f"| {one.name} | {one.n} | {shown} |")
    told = [one for one in figures if one.name in distil.LABELLED]
    means = [np.mean([getattr(one, name) for one in told]) for name in ("static", "sentence", "lsa", "tfidf")]
    lines.append(f"| mean of the first {len(told)} | | {' | '.join(f'{mean:.3f}' for mean in means)} |")
    return "\n".join(lines)


def _figures(found: Corpus, static: StaticEncoder) -> Iterator[EncoderFigure]:
    for name in (*distil.LABELLED, UNTOLD):
        rows = np.array([at for at, one in enumerate(found.examples) if one.origin == name])
        texts, held = [found.examples[row].text for row in rows], found.held[rows]
        labels = np.array([found.examples[row].label for row in rows])

        def right(said: np.ndarray, labels: np.ndarray = labels, held: np.ndarray = held) -> float:
            return round(float((labels[~held][said] == labels[held]).mean()), 4)

        def close(vectors: Vectors, held: np.ndarray = held) -> np.ndarray:
            return nearest(vectors[held], vectors[~held])

        lexical = TfidfVectorizer(sublinear_tf=True).fit([t for t, one in zip(texts, held, strict=True) if not one])
        words = lexical.transform(texts)
        hidden = TruncatedSVD(min(256, words.shape[1] - 1), random_state=1).fit(words[~held]).transform(words)
        yield EncoderFigure(
            name, int(held.sum()), right(close(static.encode(texts))), right(close(found.vectors[rows])),
            right(close(_unit(hidden))), right(np.asarray((words[held] @ words[~held].T).argmax(axis=1)).ravel()),
        )  # fmt: skip


def _unit(vectors: np.ndarray) -> Vectors:
    unit: Vectors = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit
