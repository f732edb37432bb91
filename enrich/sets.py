"""The labelled rows that the shipped weights are learned from, and how they are split for measuring."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import msgspec

from crm.errors import InvalidInputError
from enrich import features

HELD_SHARE = 0.2
_MOODS = {label: label for label in ("negative", "neutral", "positive")}
_SCALE = {**_MOODS, "very_negative": "negative", "very_positive": "positive"}
_SPACED = {label.replace("_", " "): ours for label, ours in _SCALE.items()}
_ADVICE = {"not_recommend": "negative", "no_idea": "neutral", "recommend": "positive"}
_FEELINGS = {"anger": "negative", "sadness": "negative", "joy": "positive", "optimism": "positive"}
_XLMT = {
    "english": "en",
    "arabic": "ar",
    **dict.fromkeys(("french", "german", "italian", "portuguese", "spanish"), "other"),
}
"""Without Hindi: its tweets are half English, and in Latin letters."""


class Example(msgspec.Struct, frozen=True):
    """A text with its label, the set it comes from and whether it is held out for measuring."""

    text: str
    label: str
    origin: str
    held: bool


class Source(msgspec.Struct, frozen=True):
    """A set of sentiment: its file, what its labels mean to us, the heads it teaches and how much it counts.

    `column` holds the label; `only` keeps rows of one value of `lang`.
    """

    file: str
    licence: str
    labels: Mapping[str, str]
    heads: tuple[str, ...]
    weight: float = 1.0
    column: str = "label"
    only: str = ""


SENTIMENT = (
    Source("fa_instagram_comments", "none stated (arXiv 2306.12679)", _MOODS, ("fa",), 4.0),
    Source("fa_snappfood", "none stated (ParsBERT release, research)", _MOODS, ("fa",)),
    Source("fa_deepsentipers", "none stated (arXiv 2004.05328)", _SCALE, ("fa",)),
    Source("fa_digikala", "none stated", _ADVICE, ("fa",), 0.5),
    Source("tweeteval_sentiment", "TweetEval, Twitter terms", _MOODS, ("en", "multi")),
    Source("brand_product_tweets", "CrowdFlower Data for Everyone", _MOODS, ("en",)),
    Source("app_reviews_vu", "none stated (VU Amsterdam)", _SPACED, ("en",), column="sentiment"),
    Source("tweeteval_emotion", "TweetEval, Twitter terms", _FEELINGS, ("en",), 0.3),
    Source("xlmt_multilingual_sentiment", "Apache-2.0, SemEval terms", _MOODS, ("en",), only="english"),
    Source("xlmt_multilingual_sentiment", "Apache-2.0, SemEval terms", _MOODS, ("multi",)),
)

PERSIAN = ("fa_instagram_comments", "fa_snappfood", "fa_deepsentipers", "fa_tweets_topics", "fa_parsoffensive")
ENGLISH = ("tweeteval_sentiment", "brand_product_tweets", "tweeteval_offensive", "banking77", "app_reviews_googleplay")
UNSEEN = ("airline_tweets",)
"""Measured whole, never learned from."""


def sentiment(data: Path, head: str) -> list[Example]:
    """Rows that teach one head."""
    return [
        Example(str(row["text"]), source.labels[label], source.file, held(str(row["text"])))
        for source in SENTIMENT
        if head in source.heads
        for row in rows(data, source.file)
        if (label := str(row.get(source.column))) in source.labels and source.only in ("", row.get("lang"))
    ]


def weight(origin: str, head: str) -> float:
    """How much a row of this set counts for a head."""
    return next(source.weight for source in SENTIMENT if source.file == origin and head in source.heads)


def language(data: Path) -> list[Example]:
    """Rows for both heads of the language model; `label` is finer than the model's: `de`, `tr`, `hi-Latn`…"""
    return [
        Example(text, label, origin, held(text))
        for text, label, origin in _tongues(data)
        if not origin.startswith("fa_") or features.arabic_share(text) >= features.ARABIC_SHARE
    ]


def _tongues(data: Path, most: int = 3000) -> Iterator[tuple[str, str, str]]:
    for row in rows(data, "langid_lingua"):
        yield str(row["text"]), str(row["label"]), f"langid_lingua {row['kind']}"
    for row in rows(data, "finglish_pairs"):
        yield str(row["text"]), "fa-Latn", "finglish_pairs"
    for label, files in (("fa", PERSIAN), ("en", ENGLISH)):
        for file in files:
            yield from ((str(row["text"]), label, file) for row in rows(data, file)[:most])
    for row in rows(data, "xlmt_multilingual_sentiment"):
        if row["lang"] in _XLMT:
            yield str(row["text"]), _XLMT[str(row["lang"])], f"xlmt {row['lang']}"


def short_examples(examples: Sequence[Example], most: int, chance: Random) -> list[Example]:
    """Single words and runs of two or three, cut from longer rows: short posts are where languages are confused."""
    spoken: dict[str, list[str]] = {}
    for one in examples:
        words = features.words(one.text)
        if len(words) >= 4:
            spoken.setdefault(one.label, []).extend(words)
    cut = []
    for label, words in sorted(spoken.items()):
        single = sorted(set(words))
        chance.shuffle(single)
        runs = [chance.randrange(max(1, len(words) - 3)) for _ in range(most // 3)]
        texts = single[:most] + [" ".join(words[at : at + chance.choice((2, 2, 3))]) for at in runs]
        cut += [Example(text, label, "words", held=False) for text in texts]
    return cut


def rows(data: Path, file: str) -> list[dict[str, object]]:
    """All rows of a set. Raises InvalidInputError where the folder lacks it."""
    path = data / f"{file}.jsonl.gz"
    if not path.exists():
        raise InvalidInputError(f"{path.name} is missing in {data}; training needs all sets of docs/models.md.")
    with gzip.open(path, "rb") as lines:
        return [msgspec.json.decode(line, type=dict[str, object]) for line in lines]


def held(text: str) -> bool:
    """Whether a text is held out. Copies that differ in links, handles, marks or spelling fall on the same side."""
    letters = "".join(char for char in features.folded([text], 400, "sense")[0] if char.isalpha())
    return hashlib.blake2b(letters.encode("utf-8", "replace")).digest()[0] < HELD_SHARE * 256
