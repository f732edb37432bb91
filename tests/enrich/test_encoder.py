"""The static encoder: what its vectors are, and what they are good for on written pairs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import StoreError
from enrich import encoder, features
from enrich.encoder import WEIGHTS, StaticEncoder
from enrich.neighbours import nearest
from enrich.pieces import pieces

WRITTEN = Path(__file__).parent / "written"


@pytest.fixture(scope="module")
def static() -> StaticEncoder:
    return StaticEncoder()


def test_it_is_small_enough_to_ship(static: StaticEncoder) -> None:
    assert WEIGHTS.stat().st_size <= 16_000_000
    assert static.dimensions == 256


@given(st.lists(st.text(), max_size=5))
def test_any_text_has_a_vector_of_length_one_or_none(texts: list[str]) -> None:
    vectors = _shared().encode(texts)
    assert vectors.shape == (len(texts), 256)
    assert all(abs(length - 1) < 1e-4 or length == 0 for length in np.linalg.norm(vectors, axis=1))


@given(st.lists(st.text(min_size=1), min_size=2, max_size=4))
def test_a_text_has_the_same_vector_in_any_company(texts: list[str]) -> None:
    together = _shared().encode(texts)
    alone = np.concatenate([_shared().encode([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize("text", ["", "   ", "…!؟", "https://example.org/a", "@somebody"])
def test_what_says_nothing_is_close_to_nothing(static: StaticEncoder, text: str) -> None:
    assert not static.encode([text]).any()


def test_spellings_of_one_word_are_one(static: StaticEncoder) -> None:
    one, other = static.encode(["كتابِ عالييييي", "کتاب عالی"])
    assert one @ other > 0.999


def test_a_misspelt_word_is_close_to_the_right_one(static: StaticEncoder) -> None:
    right, wrong, other = static.encode(["the delivery was late", "the delivvery was late", "the music was loud"])
    assert right @ wrong > right @ other


def test_sentences_of_one_meaning_lie_side_by_side_in_both_languages(static: StaticEncoder) -> None:
    rows = [json.loads(line) for line in (WRITTEN / "pairs_fa_en.jsonl").read_text(encoding="utf-8").splitlines()]
    persian, english = (static.encode([row[language] for row in rows]) for language in ("fa", "en"))
    there = float((nearest(persian, english) == np.arange(len(rows))).mean())
    back = float((nearest(english, persian) == np.arange(len(rows))).mean())
    assert min(there, back) > 0.72


def test_unknown_words_share_their_weight_among_their_letters() -> None:
    known = features.runs(features.read(["price"], 100, "sense"))
    vocabulary = np.unique(known.hashes)
    found = pieces(features.read(["price", "prices!", "of"], 100, "sense"), vocabulary, 10)
    sums = np.bincount(found.owner, weights=found.share, minlength=3)
    assert np.allclose(sums[:2], 1)
    assert (found.row[found.owner == 0] < len(vocabulary)).all()
    assert (found.row[found.owner == 1] >= len(vocabulary)).all()
    assert sums[2] > 0


def test_weights_that_are_damaged_or_of_other_features_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "encoder.npz"
    vectors = np.ones((1 + (1 << 4), 8), dtype=np.float32)
    encoder.save(path, encoder.pack(np.array([5], dtype=np.uint32), 4, vectors))
    assert StaticEncoder(path).encode(["price"]).shape == (1, 8)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match="install Shenava again"):
        StaticEncoder(path)
    encoder.save(path, encoder.pack(np.array([5], dtype=np.uint32), 5, vectors))
    with pytest.raises(StoreError, match="don't fit"):
        StaticEncoder(path)


_one: list[StaticEncoder] = []


def _shared() -> StaticEncoder:
    if not _one:
        _one.append(StaticEncoder())
    return _one[0]
