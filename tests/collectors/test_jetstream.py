"""Bluesky's stream: recorded messages, and a stand-in for the server that cuts in mid-message."""

from __future__ import annotations

import json
import socket
import struct
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from collectors.errors import NormaliseError
from collectors.jetstream import JetstreamSource
from collectors.jetstream.normalise import read, removed_author, removed_post, to_post
from collectors.jetstream.source import OVERLAP_US
from crm.errors import PermanentError, RateLimitedError, RetryableError
from crm.ports.transport import BrokenConnectionError
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, Stage, nobody

pytestmark = pytest.mark.slow

RECORDED = "api_bluesky_jetstream/internal/corpus/testdata/expected_v1.jsonl"
START = 1_783_175_888_000_000
DID = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"


def message(n: int, operation: str = "create", **record: Any) -> dict[str, Any]:
    """The message number `n`, a second after the one before."""
    commit: dict[str, Any] = {"operation": operation, "collection": "app.bsky.feed.post", "rkey": f"r{n}"}
    if operation != "delete":
        commit["record"] = {"text": f"post {n}", "createdAt": "2026-03-20T08:00:00Z"} | record
    return {"did": DID, "time_us": START + n * 1_000_000, "kind": "commit", "commit": commit}


def key(n: int) -> str:
    return f"bluesky:at://{DID}/app.bsky.feed.post/r{n}"


@dataclass
class Stand:
    """A Jetstream of our own. `cut_after` messages of the next connection it breaks off within the one after."""

    messages: list[dict[str, Any]]
    cut_after: int | None = None
    refuse: Response | None = None
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    url: str = ""

    def serve_one(self, connection: ServerConnection) -> None:
        assert connection.request
        asked = parse_qs(urlsplit(connection.request.path).query)
        self.asked.append(asked)
        since, cut = int(asked.get("cursor", ["0"])[0]), self.cut_after
        self.cut_after = None
        for number, one in enumerate(one for one in self.messages if one["time_us"] >= since):
            if number == cut:
                self.break_off(connection, json.dumps(one).encode())
                return
            connection.send(json.dumps(one))
        connection.recv()

    def break_off(self, connection: ServerConnection, payload: bytes) -> None:
        """Send half a message and close the line."""
        half = bytes([0x81, 126]) + struct.pack("!H", len(payload)) + payload[: len(payload) // 2]
        connection.socket.sendall(half)
        connection.socket.shutdown(socket.SHUT_RDWR)

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:  # noqa: ARG002
        return self.refuse


@contextmanager
def standing(messages: list[dict[str, Any]]) -> Iterator[Stand]:
    stand = Stand(messages)
    with serve(stand.serve_one, "127.0.0.1", 0, process_request=stand.answer) as server:
        stand.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/subscribe"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield stand
        server.shutdown()
        thread.join()


@pytest.fixture
def stand() -> Iterator[Stand]:
    with standing([message(n) for n in range(1, 41)]) as stand:
        yield stand


@pytest.fixture
def stage(stand: Stand) -> Stage:
    away = nobody()
    bad = {"url": {"url": "https://example.org"}}
    return Stage(
        JetstreamSource(), {"url": stand.url}, [key(n) for n in range(1, 41)], bad, (urlsplit(stand.url).netloc, away),
        {"url": f"ws://{away}/subscribe"},
    )  # fmt: skip


class TestOptions(Options):
    @pytest.mark.parametrize("url", ["wss://[", "example.org", "wss://", "ws://a b"])
    def test_addresses_at_fault(self, url: str) -> None:
        assert [problem.code for problem in JetstreamSource().check({"url": url})] == ["bad_url"]


class TestCollecting(Collecting):
    def test_only_posts_are_asked_for(self, stage: Stage, stand: Stand) -> None:
        stage.hear()
        assert stand.asked == [{"wantedCollections": ["app.bsky.feed.post"]}]

    def test_changes_and_removals(self, stage: Stage, stand: Stand) -> None:
        account = {"did": DID, "kind": "account", "account": {"active": False, "status": "deleted"}}
        stand.messages = [
            message(1), message(2, "update", text="better"), message(3, "delete"),
            account | {"time_us": START + 4_000_000},
            account | {"time_us": START + 5_000_000, "account": {"active": False, "status": "deactivated"}}, message(6),
            account | {"time_us": START + 7_000_000, "account": {"active": False, "status": "takendown"}}, message(8),
        ]  # fmt: skip
        heard = stage.hear(wanted=[key(8)])
        assert heard.keys == [key(1), key(2), key(6), key(8)]
        assert heard.collected[1].post.edited_at is not None
        author = f"bluesky:{DID}"
        assert [(one.post_key, one.author_key, one.for_good) for one in heard.removed] == [
            (key(3), None, True), (None, author, True), (None, author, False),
        ]  # fmt: skip

    def test_a_message_at_fault_holds_up_nothing(self, stage: Stage, stand: Stand) -> None:
        stand.messages = [message(1), message(2, text=None), {"time_us": START + 3_000_000}, message(4)]
        heard = stage.hear(wanted=[key(4)])
        assert heard.keys == [key(1), key(4)]
        assert [one.where for one in heard.rejected] == [f"cursor {START + 1_000_000}", f"cursor {START + 1_000_000}"]


class TestResuming(Resuming):
    def test_a_line_cut_in_mid_message_leaves_no_gap(self, stage: Stage, stand: Stand) -> None:
        stand.cut_after = 17
        heard = Heard()
        with pytest.raises(BrokenConnectionError), stage.running(stage.job()) as batches:
            heard.batches.extend(batches)
        keys, cursor = heard.keys, heard.cursor
        assert keys == [key(n) for n in range(1, 18)]
        again = stage.hear(cursor, [key(40)]).keys
        assert stand.asked[1]["cursor"] == [str(START + 17_000_000 - OVERLAP_US)]
        assert list(dict.fromkeys(keys + again)) == list(stage.expected)

    def test_silence_ends_the_connection(self, stage: Stage, stand: Stand) -> None:
        stand.messages = []
        with pytest.raises(RetryableError, match="silent"), stage.running(stage.job()) as batches:
            list(map(stage.clock.advance, (61 for _ in batches)))


class TestReaching(Reaching):
    def test_refusals(self, stage: Stage, stand: Stand) -> None:
        from websockets.datastructures import Headers

        kinds = {429: RateLimitedError, 503: RetryableError, 404: PermanentError}
        for status, kind in kinds.items():
            stand.refuse = Response(status, "no", Headers({"Retry-After": "7", "Content-Length": "0"}), b"")
            with pytest.raises(kind) as caught, stage.running(stage.job(), Event()) as batches:
                next(batches)
            assert status != 429 or caught.value.retry_after == 7  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def recorded(shared: Callable[[str], Path]) -> list[bytes]:
    with tarfile.open(shared("fixtures/bluesky_jetstream.tar.gz")) as tar:
        member = tar.extractfile(RECORDED)
        assert member
        return member.read().splitlines()


def test_every_recorded_post_is_read(recorded: list[bytes]) -> None:
    messages = [read(line) for line in recorded]
    posts = [post for post in map(to_post, messages) if post]
    made = [
        one["commit"]
        for one in map(json.loads, recorded)
        if one.get("commit", {}).get("record", {}).get("$type") == "app.bsky.feed.post"
    ]
    assert [post.text for post in posts] == [one["record"]["text"] for one in made]
    assert [post.parent_key for post in posts] == [
        f"bluesky:{one['record']['reply']['parent']['uri']}" if "reply" in one["record"] else None for one in made
    ]
    assert sum(len(post.media) for post in posts) >= 5
    assert len([one for one in messages if removed_post(one)]) == 1
    assert not any(map(removed_author, messages))


def test_everything_of_a_post() -> None:
    text = "سلام @ann.example ببین example.com"
    spans = [text[: text.index("@")].encode(), text[: text.index(" ببین")].encode()]
    post = to_post(read(json.dumps(message(
        1, text=text, langs=["fa-IR", "en"], createdAt="2029-01-01T00:00:00Z",
        reply={"root": {"uri": "at://did:plc:r/app.bsky.feed.post/1"}, "parent": {"uri": "at://did:plc:p/app.bsky.feed.post/2"}},
        facets=[
            {"index": {"byteStart": len(spans[0]), "byteEnd": len(spans[1])}, "features": [{"did": "did:plc:ann"}]},
            {"index": {"byteStart": 0, "byteEnd": 1}, "features": [{"uri": "https://example.com"}]},
        ],
        embed={
            "$type": "app.bsky.embed.recordWithMedia",
            "record": {"record": {"uri": "at://did:plc:q/app.bsky.feed.post/3", "cid": "c"}},
            "media": {"images": [{"image": {"ref": {"$link": "bafy"}}, "alt": "یک عکس"}, {"image": {"cid": "old"}}]},
        },
    ))))  # fmt: skip
    assert post
    assert (post.mentions, post.language_hint) == (("ann.example",), "fa")
    assert post.links == ("https://example.com", "https://bsky.app/profile/did:plc:q/post/3")
    assert [(one.kind, one.alt) for one in post.media] == [("image", "یک عکس"), ("image", "")]
    assert (post.parent_key, post.root_key) == (
        "bluesky:at://did:plc:p/app.bsky.feed.post/2", "bluesky:at://did:plc:r/app.bsky.feed.post/1",
    )  # fmt: skip
    assert post.posted_at.timestamp() == START / 1e6 + 1, "an author's clock that runs ahead does not count"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["text", "createdAt", "langs", "reply", "facets", "embed", "$type"])


@given(st.dictionaries(fields, anything), st.sampled_from(["did", "time_us", "commit", "account", "none"]), anything)
def test_only_its_own_error_escapes(record: dict[str, Any], spoilt: str, value: Any) -> None:
    one = message(1, **record)
    if spoilt != "none":
        one[spoilt] = value
    with suppress(NormaliseError):
        to_post(read(json.dumps(one)))


@given(st.binary() | st.text())
def test_bytes_that_are_no_message(raw: bytes | str) -> None:
    with suppress(NormaliseError):
        to_post(read(raw))
