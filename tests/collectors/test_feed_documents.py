"""All documents that feedparser is tested with, through our collector: none harms it, and the fields agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.clean import from_html
from collectors.feed.document import NotAFeedError
from crm.errors import ShenavaError
from tests.services.feed_documents import Document, Expected, documents, entry_of, post_of, said, wanted

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs/platforms/feeds.md"

CLASSES: dict[str, Callable[[Document, Expected], bool]] = {
    "Content-Location": lambda document, _: "content_location" in document.name,
    "made whole": lambda document, _: (
        document.name.rpartition("/")[2]
        in ("entry_id_with_attributes.xml", "entry_id_no_normalization_4.xml", "item_description_not_a_doctype.xml")
    ),
    "two texts": lambda document, _: (
        document.name.rpartition("/")[2]
        in ("entry_content_and_summary.xml", "item_description_and_summary.xml", "item_summary_and_description.xml")
    ),
    "e-mail": lambda _, expected: expected.ours == "author" and "@" in str(expected.value),
    "no entries": lambda document, _: "/cdf/" in document.name,
    "Content-Language": lambda document, _: document.name.endswith("http_content_language.xml"),
}
"""Why we read something else than the parser is expected to give; each is explained on the page."""


@pytest.fixture(scope="module")
def every(shared: Callable[[str], Path]) -> list[Document]:
    return list(documents(shared("fixtures/rss_feedparser.tar.gz")))


def test_no_document_harms_the_collector(every: list[Document]) -> None:
    assert len(every) == 1850
    found: Counter[str] = Counter()
    for document in every:
        try:
            feed = document.parse()
        except ShenavaError as error:
            found[type(error).__name__] += 1
            continue
        for number in range(len(feed.entries)):
            entry = entry_of(feed, number)
            assert entry is not None, document.name
            found["posts" if post_of(entry, feed) else "entries without words"] += 1
    assert found[NotAFeedError.__name__] == 8
    assert found["posts"] + found["entries without words"] == 1213
    line = f"{found['posts']} posts, {found['entries without words']} entries without words"
    assert line in PAGE.read_text(encoding="utf-8"), line


def test_the_fields_agree_with_what_is_expected(every: list[Document], capsys: pytest.CaptureFixture[str]) -> None:
    found: Counter[str] = Counter()
    unexplained = []
    for document in every:
        found["of the parser alone"] += document.other
        for expected in document.expected:
            verdict = _verdict(document, expected)
            found[verdict] += 1
            if not verdict:
                unexplained.append((document.name, expected))
    assert unexplained == []
    compared = found["agree"] + sum(found[name] for name in CLASSES)
    share = f"{found['agree']} of {compared} fields agree ({found['agree'] / compared:.1%})"
    with capsys.disabled():
        print(f"\nfeeds: {share}; {dict(found)}")
    page = PAGE.read_text(encoding="utf-8")
    assert share in page, share
    for name in CLASSES:
        assert f"| {name} | {found[name]} |" in page, (name, found[name])
    assert f"{found['not kept']} are of things that a post has no field for" in page, found["not kept"]
    assert f"{found['of the parser alone']} are of the parser alone" in page, found["of the parser alone"]


def _verdict(document: Document, expected: Expected) -> str:
    if not expected.ours:
        return "not kept"
    try:
        feed = document.parse()
    except NotAFeedError:
        return _why(document, expected)
    return "agree" if said(expected, feed) == wanted(expected) else _why(document, expected)


def _why(document: Document, expected: Expected) -> str:
    return next((name for name, fits in CLASSES.items() if fits(document, expected)), "")


def test_what_agrees_stands_in_the_posts(every: list[Document]) -> None:
    seen = 0
    for document in every:
        for expected in document.expected:
            if expected.ours not in ("title", "body") or expected.names[0] != "entries":
                continue
            if _verdict(document, expected) != "agree":
                continue
            feed = document.parse()
            entry = entry_of(feed, next(one for one in expected.path if isinstance(one, int)))
            assert entry is not None
            post = post_of(entry, feed)
            plain = from_html(str(expected.value))[0]
            if post is None:
                assert not plain, document.name
                continue
            assert entry.plain or plain in (post.text, post.title), document.name
            seen += bool(plain)
    assert seen > 200
