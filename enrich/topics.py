"""Topics in the posts of a monitor: found with BERTopic on our encoder, told apart by vectors from then on.

Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure" (arXiv 2203.05794). Its own way of
assigning new texts reads tens of them a second; here a new post belongs to the nearest topic, if it is near enough.
"""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm.errors import InvalidInputError
from crm.ports.encoder import Encoder
from crm.ports.topics import FoundTopic, Vectors
from crm.text import located, tokens

LEAST = 20
"""Texts without which nothing is looked for."""
NEIGHBOURS, DIMENSIONS, SEED = 15, 5, 7
SMALLEST, ONE_IN = 10, 600
"""A topic has at least SMALLEST texts, or one in so many of all."""
WORDS = 10
NEAR = 10
"""Percentile of the nearness of a topic's own texts that a new text must reach."""
LOOSEST = 0.35
"""Cosine below which nothing belongs to a topic, however wide it is."""

_STOP = Path(__file__).parent / "stop_words.txt"
_NAMES = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@[\w.\-@]+")


class Topics:
    """See :class:`crm.ports.topics.TopicFinder`."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def find(self, texts: Sequence[str], seeds: Sequence[Sequence[str]] = ()) -> list[FoundTopic]:
        """See :class:`crm.ports.topics.TopicFinder`."""
        return find(texts, self._encoder, seeds)


def find(texts: Sequence[str], encoder: Encoder, seeds: Sequence[Sequence[str]] = ()) -> list[FoundTopic]:
    """The topics of these texts, largest first; none for fewer than LEAST. `seeds` are themes, each some words.

    Raises InvalidInputError where BERTopic is not installed.
    """
    if len(texts) < LEAST:
        return []
    vectors = encoder.encode(texts)
    smallest = max(SMALLEST, len(texts) // ONE_IN)
    model = bertopic(encoder, min(smallest, len(texts) // 4), seeds, min(NEIGHBOURS, len(texts) - 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        places, _ = model.fit_transform(list(texts), embeddings=vectors)
    return _topics(texts, vectors, np.array(places), model, encoder, seeds)


def bertopic(encoder: Encoder, smallest: int, seeds: Sequence[Sequence[str]] = (), neighbours: int = NEIGHBOURS) -> Any:
    """A BERTopic model on our encoder and our folding. Raises InvalidInputError where it is not installed."""
    # Else transformers, which BERTopic imports, tells everybody that there is no PyTorch.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from bertopic import BERTopic
            from bertopic.backend import BaseEmbedder
            from bertopic.vectorizers import ClassTfidfTransformer
            from hdbscan import HDBSCAN
            from sklearn.feature_extraction.text import CountVectorizer
            from umap import UMAP
        except ImportError as error:
            raise InvalidInputError(
                "Topics need packages that are not installed: run `make topics` in Shenava's folder, or "
                "`pip install 'shenava[topics]'`."
            ) from error

        class Ours(BaseEmbedder):  # type: ignore[misc]
            def embed(self, documents: list[str], verbose: bool = False) -> Vectors:
                del verbose
                return encoder.encode(documents)

        return BERTopic(
            embedding_model=Ours(),
            umap_model=UMAP(n_neighbors=neighbours, n_components=DIMENSIONS, min_dist=0.0, metric="cosine",
                            random_state=SEED, n_jobs=1),
            hdbscan_model=HDBSCAN(min_cluster_size=max(smallest, 2), min_samples=max(smallest // 2, 1),
                                  metric="euclidean", cluster_selection_method="eom", core_dist_n_jobs=1),
            vectorizer_model=CountVectorizer(analyzer=content_words),
            ctfidf_model=ClassTfidfTransformer(),
            seed_topic_list=[list(seed) for seed in seeds] or None,
            top_n_words=WORDS,
            calculate_probabilities=False,
            verbose=False,
        )  # fmt: skip


def content_words(text: str) -> list[str]:
    """The folded words of a text that say what it is about: no stop words, numbers, single letters or emoji.

    Addresses and handles say nothing either: a topic must name nobody.
    """
    stop = stop_words()
    said = tokens(_NAMES.sub(" ", text))
    return [one for one in said if len(one) > 1 and not one.isdigit() and one not in stop and one[:5] != "emoji"]


@cache
def stop_words() -> frozenset[str]:
    """Words of Persian and English that stand in texts about anything, folded."""
    return frozenset(token for word in _STOP.read_text("utf-8").split() for token in tokens(word))


def assign(vectors: Vectors, middles: Vectors, near: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each text the place of its topic, -1 for none: (texts, dimensions), (topics, dimensions), (topics,)."""
    if not len(middles) or not len(vectors):
        return np.full(len(vectors), -1)
    cosines = vectors @ middles.T
    best = cosines.argmax(axis=1)
    enough = cosines[np.arange(len(best)), best] >= near[best]
    return np.where(enough, best, -1)


def _topics(
    texts: Sequence[str], vectors: Vectors, places: NDArray[np.int64], model: Any, encoder: Encoder,
    seeds: Sequence[Sequence[str]],
) -> list[FoundTopic]:  # fmt: skip
    found = []
    for place in sorted(set(places.tolist()) - {-1}):
        members = np.flatnonzero(places == place)
        middle = vectors[members].mean(axis=0)
        middle /= max(float(np.linalg.norm(middle)), 1e-9)
        cosines = vectors[members] @ middle
        words = [word for word, weight in model.get_topic(place) if word and weight > 0]
        found.append(
            FoundTopic(
                words=_as_written(words, [texts[at] for at in members.tolist()]),
                vector=middle.astype(np.float32),
                near=max(float(np.percentile(cosines, NEAR)), LOOSEST),
                members=tuple(members.tolist()),
            )
        )
    found.sort(key=lambda topic: -len(topic.members))
    return _seeded(found, encoder, seeds)


def _as_written(words: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    """Folded words in the spelling that is commonest in these texts."""
    wanted: dict[str, Counter[str]] = {word: Counter() for word in words}
    for text in texts:
        for token, start, end in located(text):
            if token in wanted:
                wanted[token][text[start:end].strip("\u200c#").lower()] += 1
    return tuple(said.most_common(1)[0][0] if (said := wanted[word]) else word for word in words)


def _seeded(topics: Sequence[FoundTopic], encoder: Encoder, seeds: Sequence[Sequence[str]]) -> list[FoundTopic]:
    """Each theme that was sought is given to the topic nearest to it, if that is near enough."""
    if not seeds or not topics:
        return list(topics)
    asked = encoder.encode([" ".join(seed) for seed in seeds])
    cosines = asked @ np.stack([topic.vector for topic in topics]).T
    given: dict[int, int] = {}
    for flat in np.argsort(-cosines, axis=None).tolist():
        seed, place = divmod(flat, len(topics))
        if cosines[seed, place] >= LOOSEST and seed not in given.values() and place not in given:
            given[place] = seed
    return [_with_seed(topic, given.get(place)) for place, topic in enumerate(topics)]


def _with_seed(topic: FoundTopic, seed: int | None) -> FoundTopic:
    return FoundTopic(topic.words, topic.vector, topic.near, topic.members, seed)
