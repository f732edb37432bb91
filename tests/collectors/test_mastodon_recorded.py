"""Recorded exchanges with real Mastodon servers: their posts read as ours, our requests beside those recorded."""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from msgspec import Struct

from collectors.mastodon.normalise import read, to_post
from collectors.mastodon.signed import Me, signed_in
from collectors.rounds.found import Found
from crm.ports.responder import Account
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.responder import customer_post
from tests.services.web import Answer, web

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs/platforms/mastodon.md"


class Exchange(Struct, frozen=True):
    """One request, and what was answered; `use` says what it is for us."""

    method: str
    path: str
    query: dict[str, list[str]]
    status: int
    body: str

    @property
    def said(self) -> Any:
        """The answer, decoded; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def use(self) -> str:
        """Posts (it holds some), refusal, or why it is not used."""
        if self.path.startswith("/api/v1/streaming"):
            return "streams"
        if self.status >= 400:
            return "refusals"
        if list(statuses_in(self.said)):
            return "posts"
        return "nothing said"


def statuses_in(body: Any) -> Iterator[dict[str, Any]]:
    """Every post anywhere in an answer, those in others too."""
    if isinstance(body, dict):
        if {"content", "account", "uri", "in_reply_to_id"} <= set(body):
            yield body
        body = list(body.values())
    if isinstance(body, list):
        for one in body:
            yield from statuses_in(one)


@pytest.fixture(scope="session")
def exchanges(shared: Callable[[str], Path]) -> list[Exchange]:
    found: list[Exchange] = []
    with tarfile.open(shared("fixtures/mastodon.tar.gz")) as tar:
        for member in tar:
            if not member.name.endswith(".yaml"):
                continue
            file = tar.extractfile(member)
            assert file
            for one in yaml.load(file, yaml.CSafeLoader)["interactions"]:
                parts, body = urlsplit(one["request"]["uri"]), one["response"]["body"]["string"]
                text = body if isinstance(body, str) else body.decode(errors="replace")
                path, method = re.sub(r"/$", "", parts.path), one["request"]["method"]
                found.append(Exchange(method, path, parse_qs(parts.query), one["response"]["status"]["code"], text))
    return found


def test_every_recorded_post_is_read(exchanges: list[Exchange]) -> None:
    read_ones, uses = 0, Counter(one.use for one in exchanges)
    for exchange in exchanges:
        if exchange.use != "posts":
            continue
        for raw in statuses_in(exchange.said):
            post = to_post(read(json.dumps(raw)), "localhost:3000")
            assert (post.native_id, post.url) == (raw["uri"], raw["url"] or raw["uri"])
            assert post.author.native_id == raw["account"].get("uri", raw["account"]["url"])
            assert post.author.followers == raw["account"].get("followers_count")
            assert post.private == (raw["visibility"] in ("private", "direct"))
            assert (post.edited_at is not None) == bool(raw.get("edited_at"))
            assert post.counts.replies == (raw.get("replies_count") or 0)
            assert "<p>" not in post.text
            read_ones += 1
    text = PAGE.read_text()
    assert f"| recorded exchanges | {len(exchanges)} |" in text
    assert f"{uses['posts']} hold {read_ones} posts" in text
    assert f"{uses['refusals']} are refusals" in text
    assert f"{uses['streams']} are of streams" in text
    assert f"{uses['nothing said']} hold no post" in text


CALLS = {
    "/api/v1/notifications": "notifications", "/api/v1/conversations": "conversations", "/api/v2/search": "search",
    "/api/v1/statuses/N/context": "above", "/api/v1/statuses/N": "again", "/api/v1/timelines/tag/X": "tagged",
    "/api/v1/accounts/N/statuses": "own", "/api/v1/accounts/verify_credentials": "me",
}  # fmt: skip


KNOWN = """
account_id exclude_replies exclude_reblogs exclude_types[] exclude_unreviewed following limit local max_id min_id offset
only_media pinned q remote resolve since_id supported_types[] tagged type types[]
"""
"""Parameters that the library was recorded with."""


def general(path: str) -> str:
    """A path without the ids and tags in it."""
    return re.sub(r"/tag/[^/]+", "/tag/X", re.sub(r"/\d{3,}", "/N", path))


def test_our_requests_are_those_recorded(exchanges: list[Exchange]) -> None:
    """Each list is asked for as the library was recorded asking, and its recorded answers become pages."""
    mine = (one for one in exchanges if one.method == "GET" and general(one.path) in CALLS)
    recorded = [one for one in mine if one.status == 200 and one.said is not None]
    beside = Counter(CALLS[general(one.path)] for one in recorded)
    assert set(beside) == set(CALLS.values())
    assert f"{sum(beside.values())} are answers to requests of ours" in PAGE.read_text()
    for exchange in recorded:
        asked = _asked_for(CALLS[general(exchange.path)], exchange)
        assert general(re.sub(r"/$", "", asked.path)) == general(exchange.path)
        assert set(parse_qs(asked.query)) | set(exchange.query) <= set(KNOWN.split())


def _asked_for(call: str, exchange: Exchange) -> Any:
    """What we ask where the server answers as recorded."""
    asked = []

    def handle(one: Any) -> Answer:
        asked.append(urlsplit(one.path))
        return Answer(200, exchange.body.encode(), {"Content-Type": "application/json"})

    clock = ManualClock()
    with web(handle) as running:
        account = Account("mastodon", "ours", running.url, "token")
        transport = OutboundTransport(Guard(frozenset({running.host})))
        with signed_in(account, transport, clock, private=True) as api:
            api._me = Me("1000", "ours")
            page = _call(api, call)
    number = len(list(statuses_in(exchange.said))) if call in ("own", "tagged", "notifications") else None
    assert number is None or len(page.found) + len(page.rejected) <= number
    assert page is None or page.rejected == ()
    return asked[0]


def _call(api: Any, call: str) -> Any:
    post = customer_post("mastodon", "https://a.example/1", "https://a.example/1", "ann")
    if call == "me":
        api._me = None
        assert api.me.id
        return None
    if call == "search":
        return api.search("bank", 40, 1.0e9, "")
    if call == "tagged":
        return api.tagged("bank", 40, "")
    if call == "above":
        return api.above(Found(post, "1234 ", 0.0), 40)
    if call == "again":
        api._several = False
        return api.again({"https://a.example/1": "1234 "})
    return getattr(api, call)(40, 0.0, 0.0, "")
