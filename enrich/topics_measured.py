"""How good topics are: against labels, and by how their words stand together, beside two plain ways of finding them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from crm.errors import InvalidInputError
from crm.ports.clock import Clock
from crm.ports.encoder import Encoder
from crm.ports.topics import FoundTopic
from enrich import topics
from enrich.evaluate import Row

TOP = 10


class WayFigures(msgspec.Struct, frozen=True):
    """One way of finding topics. `near_labels` is the adjusted mutual information with the labels (texts in no topic
    left out), `outliers` the share of these; `npmi` runs from -1 to 1 and `diversity` from 0 to 1, over ten words."""

    topics: int
    near_labels: float
    outliers: float
    npmi: float
    diversity: float
    seconds: float


class TopicFigures(msgspec.Struct, frozen=True):
    """What ``shenava eval topics`` prints: ours, BERTopic as it comes on the same vectors, and LDA with as many topics
    as there are labels. `assigned_per_second` counts encoding and assigning; `assigned_again` is the share of texts
    in a topic that the online rule puts into the same one."""

    task: str
    n: int
    labels: int
    ours: WayFigures
    plain_bertopic: WayFigures
    lda: WayFigures
    assigned_per_second: float
    assigned_again: float
    model: str


class _Found(msgspec.Struct, frozen=True):
    places: NDArray[np.int64]
    words: list[list[str]]


def evaluate_topics(rows: Sequence[Row], encoder: Encoder, clock: Clock) -> TopicFigures:
    """Labelled texts to figures; the labels are shown to none of the three.

    Raises InvalidInputError for fewer than a hundred rows or where BERTopic is not installed.
    """
    if len(rows) < 100:
        raise InvalidInputError("Topics are measured on at least a hundred rows; the file holds fewer.")
    texts, labels = [row.text for row in rows], [row.label for row in rows]
    known = len(set(labels))
    held = _held(texts)
    found = topics.find(texts, encoder)  # the first call compiles; the second is timed

    def timed(way: Callable[[], _Found]) -> WayFigures:
        start = clock.monotonic()
        result = way()
        return _figures(result, labels, held, clock.monotonic() - start)

    ours = timed(lambda: _ours(found, topics.find(texts, encoder), len(texts)))
    plain = timed(lambda: _plain(texts, encoder))
    lda = timed(lambda: _lda(texts, known))
    middles = np.stack([one.vector for one in found]) if found else np.zeros((0, encoder.dimensions), dtype=np.float32)
    near = np.array([one.near for one in found], dtype=np.float32)
    start = clock.monotonic()
    again = topics.assign(encoder.encode(texts), middles, near)
    seconds = clock.monotonic() - start
    places = _ours(found, found, len(texts)).places
    within = places >= 0
    return TopicFigures(
        "topics", len(texts), known, ours, plain, lda, round(len(texts) / max(seconds, 1e-9), 1),
        round(float((again[within] == places[within]).mean()) if within.any() else 0.0, 4),
        f"{encoder.name} {encoder.version}",
    )  # fmt: skip


def _ours(found: Sequence[FoundTopic], again: Sequence[FoundTopic], texts: int) -> _Found:
    del again
    places = np.full(texts, -1)
    for place, topic in enumerate(found):
        places[list(topic.members)] = place
    return _Found(places, [[token for word in one.words for token in topics.content_words(word)] for one in found])


def _plain(texts: Sequence[str], encoder: Encoder) -> _Found:
    """BERTopic with the settings that it comes with; only the random state is set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bertopic import BERTopic
        from umap import UMAP

        reduced = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=topics.SEED)
        model = BERTopic(embedding_model=topics.bertopic(encoder, 10).embedding_model, umap_model=reduced)
        places, _ = model.fit_transform(list(texts), embeddings=encoder.encode(texts))
    names = sorted(set(places) - {-1})
    return _Found(np.array(places), [[word for word, _ in model.get_topic(one)] for one in names])


def _lda(texts: Sequence[str], many: int) -> _Found:
    from sklearn.decomposition import LatentDirichletAllocation
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=topics.content_words, min_df=2)
    counts = counter.fit_transform(texts)
    model = LatentDirichletAllocation(many, random_state=topics.SEED, learning_method="online")
    shares = model.fit_transform(counts)
    names = counter.get_feature_names_out()
    words = [[str(names[at]) for at in np.argsort(-row)[:TOP]] for row in model.components_]
    return _Found(shares.argmax(axis=1), words)


def _held(texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """For every word the texts that hold it, sorted."""
    found: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        for word in {*topics.content_words(text), *text.lower().split()}:
            found.setdefault(word, []).append(at)
    return {word: np.array(places) for word, places in found.items()}


def _figures(found: _Found, labels: Sequence[str], held: dict[str, NDArray[np.int64]], seconds: float) -> WayFigures:
    from sklearn.metrics import adjusted_mutual_info_score

    within = np.flatnonzero(found.places >= 0)
    words = [one[:TOP] for one in found.words]
    every = [word for one in words for word in one]
    mutual = (
        adjusted_mutual_info_score([labels[at] for at in within.tolist()], found.places[within]) if len(within) else 0.0
    )
    return WayFigures(
        topics=len(words),
        near_labels=round(float(mutual), 4),
        outliers=round(1 - len(within) / len(labels), 4),
        npmi=round(float(np.mean([coherence(one, held, len(labels)) for one in words])) if words else 0.0, 4),
        diversity=round(len(set(every)) / max(len(every), 1), 4),
        seconds=round(seconds, 1),
    )


def coherence(words: Sequence[str], held: dict[str, NDArray[np.int64]], texts: int) -> float:
    """Mean normalised pointwise mutual information of all pairs of words over whole texts (Bouma 2009), -1 to 1."""
    found = []
    nothing = np.zeros(0, dtype=np.int64)
    for at, one in enumerate(words):
        for other in words[:at]:
            first, second = held.get(one, nothing), held.get(other, nothing)
            both = len(np.intersect1d(first, second, assume_unique=True)) / texts
            if not both:
                found.append(-1.0)
            elif both == 1:
                found.append(1.0)
            else:
                apart = len(first) * len(second) / texts**2
                found.append(float(np.log(both / apart) / -np.log(both)))
    return float(np.mean(found)) if found else 0.0
