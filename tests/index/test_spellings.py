"""200 Persian words in all their spellings, spoken words and Finglish: every index finds what the judge does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from crm.ports.index import PostIndex, Scope
from crm.query import Subject, compile_matcher, parse
from crm.text import heard
from crm.words import EnrichedPost
from index.sqlite import SQLiteIndex
from tests.conformance.index_judge import document, post
from tests.conformance.post_index import pages
from tests.index.months import kept, opened

WRITTEN = Path(__file__).parents[1] / "enrich" / "written" / "spellings_fa.jsonl"
SCOPE = Scope("acme", None, private=True)
EVERY = 5
"""Of the spellings, each so many is asked for; the matcher's test asks for all."""
SAID = ("می‌خواهم بروم خانه", "میخوام برم خونه", "کتاب‌ها را بیاور", "کتابا رو بیار", "سلام، خوبی؟", "this is bad, man")
FINGLISH = ("salam khoobi", "mikham beram khune", "goshi kharab shode bacheha")
ASKED = (
    "میخوام", "خانه", "«میخوام برم خونه»", "را", "salam", "salam khoobi", "«سلام خوبی»", "گوشی NEAR/2 خراب", "man",
    "NOT خونه", "بچه‌ها", "سل*", "رو OR گوشی",
)  # fmt: skip


def rows() -> list[dict[str, list[str]]]:
    return [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]


def written() -> list[EnrichedPost]:
    """One post for each spelling, each word that only looks alike, and some sentences."""
    texts = [text for row in rows() for text in (str(row["word"]), *row["variants"], *row["other"])]
    found = [document(post(str(at), text)) for at, text in enumerate([*texts, *SAID])]
    for at, text in enumerate(FINGLISH):
        plain = document(post(f"finglish{at}", text), language="fa-Latn")
        found.append(replace(plain, tokens=" ".join([plain.tokens, *heard(text)])))
    return found


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteIndex]:
    index = SQLiteIndex(tmp_path_factory.mktemp("spellings") / "index.sqlite")
    index.write(written())
    yield index
    index.close()


@pytest.fixture(scope="module")
def served(elasticsearch: str) -> Iterator[PostIndex]:
    with kept(elasticsearch) as address, opened(address) as index:
        everything = written()
        for start in range(0, len(everything), 200):
            index.write(everything[start : start + 200])
        yield index


def agrees(index: PostIndex) -> None:
    everything, forms = written(), [str(form) for row in rows() for form in (row["word"], *row["variants"])]
    for text in [*ASKED, *forms[::EVERY]]:
        query = parse(text)
        matches = compile_matcher(query)
        expected = {one.post.key for one in everything if matches(Subject.of(one))}
        assert expected, text
        found = [one.post.key for page in pages(index, query, "newest", 400, SCOPE) for one in page]
        assert sorted(found) == sorted(expected), text


def test_the_embedded_index_finds_the_same(embedded: SQLiteIndex) -> None:
    agrees(embedded)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.xdist_group("elasticsearch")
def test_elasticsearch_finds_the_same(served: PostIndex) -> None:
    agrees(served)
