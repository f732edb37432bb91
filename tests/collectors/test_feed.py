"""Feeds: the documents that feedparser is tested with, and a server that plays tricks."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.feed import FeedSource
from collectors.feed.document import Feed, NotAFeedError, parse
from collectors.feed.normalise import to_post
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.words import Post
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, Stage, nobody
from tests.services.web import Answer, Asked, web

ADDRESS = "https://news.example.org/feed.xml"
NOW = datetime(2026, 3, 21, 8, tzinfo=UTC)


def entry(n: int, **more: str) -> str:
    said = {
        "guid": f"https://news.example.org/{n}", "title": f"News {n}", "link": f"https://news.example.org/{n}",
        "description": f"&lt;p&gt;Text {n}&lt;/p&gt;", "pubDate": f"Sat, 21 Mar 2026 07:{n:02d}:00 GMT",
    } | more  # fmt: skip
    return "<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in said.items() if value) + "</item>"


def rss(*entries: str) -> bytes:
    head = "<title>Daily News</title><link>https://news.example.org/</link><language>en</language>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(entries)}</channel></rss>'.encode()


def posts_of(body: bytes, content_type: str = "") -> list[Post]:
    feed = parse(ADDRESS, body, content_type)
    return [to_post(one, feed, NOW) for one in feed.read() if not isinstance(one, NormaliseError)]


@dataclass
class Site:
    """A web site with one feed, which remembers what it was asked."""

    body: bytes = rss(*(entry(n) for n in range(5, 0, -1)))
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/rss+xml"})
    status: int = 200
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def handle(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.headers.get("if-none-match", "-") == self.headers.get("ETag"):
            return Answer(304)
        return Answer(self.status, self.body, self.headers)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with web(site.handle) as running:
        site.url = f"{running.url}/feed"
        yield site


@pytest.fixture
def stage(site: Site) -> Stage:
    away = nobody()
    bad = {"url": {"url": "feed.xml"}, "every": {"every": "0"}}
    return Stage(
        FeedSource(Random(1)), {"url": site.url}, [f"rss:https://news.example.org/{n}" for n in range(1, 6)], bad,
        (site.url.split("/")[2], away), {"url": f"http://{away}/feed"},
    )  # fmt: skip


def looks(stage: Stage, count: int, cursor: str = "") -> Heard:
    """What the next `count` looks give."""
    heard = Heard()
    with stage.running(stage.job(cursor)) as batches:
        heard.batches.extend(next(batches) for _ in range(count))
    return heard


class TestOptions(Options):
    @pytest.mark.parametrize("every", ["-1", "x", "1441", "1.5", "٣x"])
    def test_minutes_at_fault(self, stage: Stage, every: str) -> None:
        assert [one.code for one in stage.source.check({**stage.options, "every": every})] == ["bad_number"]


class TestCollecting(Collecting):
    def test_an_unchanged_feed_gives_nothing_again(self, stage: Stage, site: Site) -> None:
        site.headers |= {"ETag": '"v1"', "Last-Modified": "Sat, 21 Mar 2026 07:00:00 GMT"}
        heard = looks(stage, 2)
        assert [batch.idle for batch in heard.batches] == [False, True]
        assert site.asked[1].headers["if-none-match"] == '"v1"'
        assert site.asked[1].headers["if-modified-since"] == "Sat, 21 Mar 2026 07:00:00 GMT"
        assert 540 <= stage.clock.slept[-1] <= 660

    def test_a_feed_that_ignores_the_etag_gives_nothing_again(self, stage: Stage) -> None:
        assert [len(batch.events) for batch in looks(stage, 2).batches] == [5, 0]

    def test_new_and_changed_entries(self, stage: Stage, site: Site) -> None:
        first = looks(stage, 1)
        site.body = rss(entry(6), entry(2, description="corrected"), entry(1))
        again = looks(stage, 1, first.cursor)
        assert again.keys == ["rss:https://news.example.org/2", "rss:https://news.example.org/6"]
        changed = again.collected[0].post
        assert (changed.text, changed.edited_at) == ("corrected", stage.clock.now())
        assert changed.source_seconds > first.collected[1].post.source_seconds

    def test_an_entry_at_fault_holds_up_nothing(self, stage: Stage, site: Site) -> None:
        site.body = rss(entry(2), entry(9, title="", description=""), entry(1))
        heard = looks(stage, 1)
        assert len(heard.keys) == 2
        assert "neither a title nor a text" in heard.rejected[0].reason


class TestResuming(Resuming):
    def test_a_restart_waits_for_the_next_look(self, stage: Stage, site: Site) -> None:
        cursor = looks(stage, 1).cursor
        looks(stage, 1, cursor)
        assert 540 <= stage.clock.slept[-1] <= 660
        assert len(site.asked) == 2


class TestReaching(Reaching):
    @pytest.mark.parametrize(
        ("status", "kind"),
        [(429, RateLimitedError), (503, RateLimitedError), (500, RetryableError), (404, PermanentError),
         (410, PermanentError), (401, AuthorisationError), (403, AuthorisationError)],
    )  # fmt: skip
    def test_refusals(self, stage: Stage, site: Site, status: int, kind: type[ShenavaError]) -> None:
        site.status, site.headers = status, {"Retry-After": "Sat, 21 Mar 2026 08:02:00 GMT"}
        with pytest.raises(kind) as caught:
            looks(stage, 1)
        assert not isinstance(caught.value, RateLimitedError) or caught.value.retry_after == 120

    def test_a_page_names_its_feed(self, stage: Stage, site: Site) -> None:
        link = b'<link rel="alternate" type="application/rss+xml" href="/rss.xml">'
        site.body = b"<!DOCTYPE html><html><head>" + link + b"</head><body>News</body></html>"
        with pytest.raises(NotAFeedError, match=r"/feed is not a feed; its feed is http://127.0.0.1:\d+/rss.xml\."):
            looks(stage, 1)

    def test_an_empty_answer_may_be_tried_again(self, stage: Stage, site: Site) -> None:
        site.body = b" "
        with pytest.raises(RetryableError):
            looks(stage, 1)


@pytest.mark.slow
def test_every_document_gives_posts_or_a_clear_reason(shared: Callable[[str], Path]) -> None:
    outcomes: Counter[str] = Counter()
    with tarfile.open(shared("fixtures/rss_feedparser.tar.gz")) as tar:
        for member in tar:
            if stream := tar.extractfile(member) if member.isfile() else None:
                outcomes[outcome(member.name, stream.read())] += 1
    assert outcomes.total() >= 1850
    assert outcomes["posts"] >= 480
    assert outcomes["not a feed"] < 20


def outcome(name: str, body: bytes) -> str:
    """What comes of a document; anything but our own errors escapes."""
    try:
        feed = parse(ADDRESS, body)
    except NotAFeedError:
        return "not a feed"
    except RetryableError:
        return "empty"
    posts = 0
    for one in feed.read():
        assert not isinstance(one, NormaliseError), name
        try:
            to_post(one, feed, NOW)
            posts += 1
        except NormaliseError:
            assert not one.title.strip() or not one.body.strip(), name
    return "posts" if posts else "nothing said" if feed.entries else "no entries"


def test_markup_is_gone_and_nothing_runs() -> None:
    body = (
        "<![CDATA[<p>One <b>two</b><script>alert(1)</script></p><p>سلام&nbsp;<a href='/more'>more</a>"
        "<img src=x onerror=alert(1)> &amp;lt;</p>]]>"
    )
    post = posts_of(rss(entry(1, title="A &amp;lt;b&amp;gt; title", description=body)))[0]
    assert post.text == "One two\n\nسلام\xa0more &lt;"
    assert post.title == "A <b> title"
    assert post.links == ("https://news.example.org/more",)


def test_ids_that_are_only_unique_in_their_feed() -> None:
    here, there = (parse(address, rss(entry(1, guid="17"))) for address in (ADDRESS, "https://other.example.org/feed"))
    ids = [
        to_post(one, feed, NOW).native_id
        for feed in (here, there)
        for one in feed.read()
        if not isinstance(one, NormaliseError)
    ]
    assert len(set(ids)) == 2


def test_dates() -> None:
    dates = {"": NOW, "2026-03-20T08:00:00+03:30": None, "۱۴۰۴/۱۲/۲۹ ۰۴:۳۰": None, "not a date": NOW}
    for written, expected in dates.items():
        post = posts_of(rss(entry(1, pubDate=written)))[0]
        assert post.posted_at == (expected or datetime(2026, 3, 20, 4, 30, tzinfo=UTC)), written


JSON_FEED: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1", "title": "Blog", "home_page_url": "https://blog.example.org",
    "items": [
        {"id": 1, "content_text": "1 < 2 & https://example.org/x", "date_published": "2026-03-20T08:00:00Z"},
        {"id": "https://blog.example.org/2", "url": "https://blog.example.org/2", "title": "Two",
         "content_html": "<p>Hi</p>", "authors": [{"name": "Mina"}], "date_published": "2026-03-20T08:00:00Z",
         "date_modified": "2026-03-20T09:00:00Z",
         "attachments": [{"url": "https://blog.example.org/a.mp3", "mime_type": "audio/mpeg"}]},
    ],
}  # fmt: skip


def test_json_feeds() -> None:
    one, two = posts_of(json.dumps(JSON_FEED).encode())
    assert (one.text, one.links) == ("1 < 2 & https://example.org/x", ("https://example.org/x",))
    assert (two.text, two.title, two.author.name, two.author.native_id) == (
        "Hi",
        "Two",
        "Mina",
        "blog.example.org/Mina",
    )
    assert two.edited_at == datetime(2026, 3, 20, 9, tzinfo=UTC)
    assert two.media[0].kind == "audio"


@pytest.mark.parametrize("body", [b"{", b'{"version": "2"}', b"plain words", b"{}"])
def test_what_is_no_feed(body: bytes) -> None:
    with pytest.raises(NotAFeedError):
        parse(ADDRESS, body)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([
    "id", "url", "link", "title", "summary", "content", "content_html", "content_text", "author", "authors",
    "published", "published_parsed", "date_published", "updated", "attachments", "enclosures", "media_content",
    "slash_comments",
])  # fmt: skip


@pytest.mark.slow
@given(st.dictionaries(names, anything), st.booleans(), st.text(st.characters(codec=None)))
def test_only_its_own_error_escapes(raw: dict[str, Any], as_json: bool, title: str) -> None:
    feed = Feed(ADDRESS, title, entries=[raw], json=as_json)
    for one in feed.read():
        if not isinstance(one, NormaliseError):
            with suppress(NormaliseError):
                to_post(one, feed, NOW).text.encode()


@given(st.binary() | st.text(alphabet="<>/&;![]CDATA xmlrssitem\"'=?-").map(str.encode))
def test_bytes_that_are_no_feed(body: bytes) -> None:
    with suppress(PermanentError, RetryableError):
        posts_of(body)


@pytest.mark.parametrize(
    "end", ["<item><title>Half</title><li", "<item><title>Hal", "<item><title>Half</title><guid>https://ne"]
)
def test_the_last_entry_of_half_a_document_waits_for_the_whole(end: str) -> None:
    whole = rss(entry(2), entry(1))
    half = whole.replace(b"</channel></rss>", end.encode())
    assert [post.key for post in posts_of(half)] == [post.key for post in posts_of(whole)]


def test_a_channel_that_closes_before_its_items_is_no_end_of_the_document() -> None:
    head = '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    head += 'xmlns="http://purl.org/rss/1.0/"><channel><title>Daily News</title></channel>'
    whole = f"{head}<item><title>One</title><link>https://news.example.org/1</link></item>"
    keys = [post.key for post in posts_of(f"{whole}</rdf:RDF>".encode())]
    assert len(keys) == 1
    assert [post.key for post in posts_of(f"{whole}<item><title>Half</title><li".encode())] == keys


def test_a_document_that_is_only_badly_made_is_read_to_its_end() -> None:
    assert len(posts_of(rss(entry(2), entry(1)).replace(b"News 2", b"News & 2"))) == 2
