"""Mastodon: recorded statuses of a real server, given out by a stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from threading import Event
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.mastodon import MastodonSource
from collectors.mastodon.api import PAGE, Server
from collectors.mastodon.normalise import read, read_list, to_post
from collectors.mastodon.signals import signals
from collectors.mastodon.source import PAGES_A_LOOK
from crm.errors import AuthorisationError, PermanentError, RateLimitedError
from crm.ports.transport import BrokenConnectionError, UnreadableAnswerError
from crm.words import Collected
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, Stage, nobody
from tests.services.mastodon import Recordings
from tests.services.web import Answer, Asked, web

FIRST = 117020600000000000


@pytest.fixture(scope="session")
def recordings(shared: Callable[[str], Path]) -> Recordings:
    return Recordings(shared("fixtures/mastodon.tar.gz"))


@dataclass
class Stand:
    """A server with public timelines. `stream` is what its streams say; None: they want a token."""

    template: dict[str, Any]
    url: str = ""
    statuses: list[dict[str, Any]] = field(default_factory=list)
    hidden: dict[str, dict[str, Any]] = field(default_factory=dict)
    stream: bytes | None = None
    instead: Answer | None = None
    closed: str = ""
    asked: list[str] = field(default_factory=list)
    number: Iterator[int] = field(default_factory=lambda: count(1))

    def say(self, text: str, **more: Any) -> dict[str, Any]:
        """A new public status, in which the recorded one's own words are replaced."""
        n = next(self.number)
        status = self.template | {
            "id": str(FIRST + (n << 16)), "uri": f"https://far.example/statuses/{n}", "url": f"https://far.example/@ann/{n}",
            "content": text, "in_reply_to_id": None, "tags": [], "visibility": "public",
        } | more  # fmt: skip
        self.statuses.append(status)
        return status

    def handle(self, asked: Asked) -> Answer:
        parts = urlsplit(asked.path)
        self.asked.append(asked.path)
        if parts.path == "/api/v2/instance":
            return answer({"configuration": {"urls": {"streaming": self.url.replace("http", "ws")}}})
        if parts.path.startswith("/api/v1/streaming/"):
            if self.stream is None:
                return answer({"error": "Missing access token"}, 401)
            return Answer(200, self.stream, {"Content-Type": "text/event-stream"})
        if self.instead:
            return self.instead
        if self.closed and asked.path.startswith(self.closed):
            return answer({"error": "Record not found"}, 404)
        if parts.path.startswith("/api/v1/statuses/"):
            found = self.hidden.get(parts.path.rpartition("/")[2])
            return answer(found) if found else answer({"error": "Record not found"}, 404)
        return answer(self.page(unquote(parts.path), parse_qs(parts.query)))

    def page(self, path: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Statuses right after `min_id`, else the newest; the newest first."""
        tag = path.partition("/tag/")[2]
        rows = [one for one in self.statuses if not tag or tag in one["tags"]]
        limit = int(query["limit"][0])
        if since := query.get("min_id"):
            rows = [one for one in rows if int(one["id"]) > int(since[0])][:limit]
        return rows[-limit:][::-1]


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def signal(event: str, payload: object) -> bytes:
    data = payload if isinstance(payload, str) else json.dumps(payload)
    return f":thump\n\nevent: {event}\ndata: {data}\n\n".encode()


@pytest.fixture
def stand(recordings: Recordings) -> Iterator[Stand]:
    stand = Stand(recordings.answers("test_id_hook_in_reply_to")[1][1])
    with web(stand.handle) as running:
        stand.url = running.url
        for n in range(1, 6):
            stand.say(f"<p>status {n}</p>")
        yield stand


@pytest.fixture
def stage(stand: Stand) -> Stage:
    away = nobody()
    bad = {
        "server": {"server": "https://a.example/@ann"}, "stream": {"stream": "home"},
        "tags": {"stream": "tag", "tags": "two words!,#"},
    }  # fmt: skip
    return Stage(
        MastodonSource(Random(1)), {"server": stand.url},
        [f"mastodon:https://far.example/statuses/{n}" for n in range(1, 6)],
        bad, (urlsplit(stand.url).netloc, away), {"server": f"http://{away}"},
    )  # fmt: skip


def looks(stage: Stage, batches: int, cursor: str = "", **options: str) -> Heard:
    heard = Heard()
    with stage.running(stage.job(cursor, **options)) as running:
        heard.batches.extend(next(running) for _ in range(batches))
    return heard


class TestOptions(Options):
    def test_a_bare_name_is_a_server(self) -> None:
        assert MastodonSource(Random(1)).check({"server": "mastodon.example"}) == []

    def test_tags_in_any_script(self) -> None:
        options = {"server": "mastodon.example", "stream": "tag", "tags": "#بانک، persian\nبیمه"}
        assert MastodonSource(Random(1)).check(options) == []


class TestCollecting(Collecting):
    def test_new_statuses_come_and_known_ones_do_not(self, stage: Stage, stand: Stand) -> None:
        heard = Heard()
        with stage.running(stage.job()) as batches:
            heard.batches.extend([next(batches), next(batches)])
            status = stand.say("<p>six</p>")
            status["edited_at"] = None
            heard.batches.extend([next(batches), next(batches)])
            status |= {"content": "<p>six, corrected</p>", "edited_at": "2026-08-01T14:00:00.000Z"}
            heard.batches.append(next(batches))
        assert [event.post.text for event in heard.collected[5:]] == ["six", "six, corrected"]
        assert heard.collected[6].post.edited_at is not None

    def test_a_parent_is_known_by_its_address(self, stage: Stage, stand: Stand) -> None:
        stand.hidden["99"] = {**stand.template, "id": "99", "uri": "https://third.example/99"}
        local = stand.statuses[0]["id"]
        stand.statuses = stand.statuses[:1]
        for parent in (local, "99", "98"):
            stand.say("<p>an answer</p>", in_reply_to_id=parent)
        parents = [event.post.parent_key for event in looks(stage, 1).collected]
        assert parents == [
            None, "mastodon:https://far.example/statuses/1", "mastodon:https://third.example/99",
            f"mastodon:{stand.url}/statuses/98",
        ]  # fmt: skip

    def test_parents_are_asked_for_in_moderation(self, stage: Stage, stand: Stand) -> None:
        for n in range(30):
            stand.say("<p>an answer</p>", in_reply_to_id=str(n + 1000))
        looks(stage, 1)
        assert sum("/api/v1/statuses/" in path for path in stand.asked) == 20

    def test_hashtags(self, stage: Stage, stand: Stand) -> None:
        stand.say("<p>one</p>", tags=["بانک"])
        stand.say("<p>two</p>", tags=["bank"])
        heard = looks(stage, 3, stream="tag", tags="#بانک، bank")
        assert [event.post.text for event in heard.collected] == ["one", "two"]
        assert not any("streaming" in path for path in stand.asked)

    def test_a_hashtag_that_is_refused_holds_up_no_other(self, stage: Stage, stand: Stand) -> None:
        stand.say("tea", tags=["tea"])
        stand.closed = "/api/v1/timelines/tag/none"
        with stage.running(stage.job(stream="tag", tags="none, tea")) as batches:
            heard = [next(batches) for _ in range(2)]
        assert [one.where for batch in heard for one in batch.rejected] == ["tag/none"]
        assert any(batch.events for batch in heard)

    def test_the_local_timeline(self, stage: Stage, stand: Stand) -> None:
        looks(stage, 1, stream="public:local")
        assert "local=true" in stand.asked[-1]

    def test_a_status_at_fault_holds_up_nothing(self, stage: Stage, stand: Stand) -> None:
        stand.statuses[2]["created_at"] = "soon"
        heard = looks(stage, 1)
        assert len(heard.keys) == 4
        assert "'soon'" in heard.rejected[0].reason


class TestStreaming:
    """Where a server streams to strangers."""

    def test_a_stream_is_followed_after_a_look_back(self, stage: Stage, stand: Stand) -> None:
        new, edited, gone = (stand.say(f"<p>{word}</p>") for word in ("new", "draft", "gone"))
        del stand.statuses[-3:]
        later = edited | {"content": "<p>final</p>", "edited_at": "2026-08-01T14:00:00.000Z"}
        stand.stream = b"".join((
            signal("update", new), signal("update", edited), signal("update", gone), signal("status.update", later),
            signal("delete", gone["id"]), signal("delete", "404"), signal("update", "{"), signal("announcement", {}),
        ))  # fmt: skip
        heard = Heard()
        with pytest.raises(BrokenConnectionError), stage.running(stage.job()) as batches:
            heard.batches.extend(batches)
        assert [event.post.text for event in heard.collected[5:]] == ["new", "draft", "gone", "final"]
        assert [one.post_key for one in heard.removed] == [f"mastodon:{gone['uri']}"]
        assert len(heard.rejected) == 1
        assert json.loads(heard.cursor) == {"public": gone["id"]}

    def test_all_that_was_missed_comes_before_the_stream(self, stage: Stage, stand: Stand) -> None:
        stage.clock.advance(600)
        cursor = json.dumps({"public": stand.statuses[-1]["id"]})
        missed = [stand.say(f"<p>missed {n}</p>")["uri"] for n in range(PAGE * PAGES_A_LOOK + 100)]
        new = stand.say("<p>new</p>")
        del stand.statuses[-1]
        stand.stream = signal("update", new)
        heard = Heard()
        with pytest.raises(BrokenConnectionError), stage.running(stage.job(cursor)) as batches:
            heard.batches.extend(batches)
        assert heard.keys[5:] == [f"mastodon:{uri}" for uri in (*missed, new["uri"])]

    def test_a_stop_while_catching_up_leaves_the_stream_alone(self, stage: Stage, stand: Stand) -> None:
        cursor = json.dumps({"public": stand.statuses[-1]["id"]})
        missed = [stand.say(f"<p>missed {n}</p>") for n in range(PAGE * 2)]
        stand.stream = signal("update", stand.say("<p>new</p>"))
        del stand.statuses[-1]
        heard, stop = Heard(), Event()
        for batch in stage.source.collect(stage.job(cursor), stage.transport(), stage.clock, stop):
            heard.batches.append(batch)
            stop.set()
        assert json.loads(heard.cursor) == {"public": missed[PAGE - 6]["id"]}

    def test_signals_are_put_together_from_pieces(self) -> None:
        whole = signal("update", {"a": "سلام"}) + b"data: 1\r\ndata: 2\r\n\r\n"
        expected = [("update", json.dumps({"a": "سلام"}).encode()), ("message", b"1\n2")]
        for cut in range(len(whole)):
            found = [one for group in signals([whole[:cut], whole[cut:]]) for one in group]
            assert [(one.event, one.data) for one in found] == expected

    def test_a_signal_without_end(self) -> None:
        with pytest.raises(UnreadableAnswerError):
            list(signals([b"data: " + b"x" * 5_000_000]))


class TestResuming(Resuming):
    def test_what_was_said_meanwhile_comes_page_by_page(self, stage: Stage, stand: Stand) -> None:
        cursor = looks(stage, 2).cursor
        said = [stand.say(f"<p>later {n}</p>")["uri"] for n in range(100)]
        heard = stage.hear(cursor, [f"mastodon:{uri}" for uri in said])
        assert [key.removeprefix("mastodon:") for key in heard.keys if key not in stage.expected] == said

    def test_late_posts_of_other_servers_are_found(self, stage: Stage, stand: Stand) -> None:
        cursor = looks(stage, 2).cursor
        late = stand.say("<p>late</p>", id=str(int(stand.statuses[-1]["id"]) - 70_000))
        stand.statuses.sort(key=lambda one: int(one["id"]))
        assert f"mastodon:{late['uri']}" in looks(stage, 1, cursor).keys

    def test_a_server_with_much_to_say_is_not_looked_at_in_vain(self, stage: Stage, stand: Stand) -> None:
        with stage.running(stage.job(json.dumps({"public": stand.statuses[-1]["id"]}))) as batches:
            while len(stand.statuses) < PAGE * PAGES_A_LOOK:
                stand.say("<p>old</p>")
            while not next(batches).idle:
                pass
            stand.say("<p>new</p>")
            assert [event.post.text for event in next(batches).events if isinstance(event, Collected)] == ["new"]

    def test_a_status_at_fault_at_the_end_of_a_page_hides_nothing(self, stage: Stage, stand: Stand) -> None:
        cursor = json.dumps({"public": stand.statuses[-1]["id"]})
        said = [stand.say(f"<p>later {n}</p>") for n in range(100)]
        broken = said[PAGE - 6]
        del broken["content"]
        heard = stage.hear(cursor, [f"mastodon:{one['uri']}" for one in said if one is not broken])
        assert len(heard.keys) == 5 + 99


class TestReaching(Reaching):
    def test_refusals(self, stage: Stage, stand: Stand) -> None:
        stand.instead = Answer(429, b"{}", {"X-RateLimit-Reset": "2026-03-21T08:05:00.000000Z"})
        with pytest.raises(RateLimitedError) as caught:
            looks(stage, 1)
        assert caught.value.retry_after == 300
        stand.instead = answer({"error": "This method requires an authenticated user"}, 422)
        with pytest.raises(PermanentError):
            looks(stage, 1)
        stand.instead = answer({"error": "This API requires an authenticated user"}, 401)
        with pytest.raises(AuthorisationError, match="without signing in"):
            looks(stage, 1)
        stand.instead = Answer(200, b"<html>", {})
        with pytest.raises(PermanentError, match="no Mastodon server"):
            looks(stage, 1)


def test_only_so_many_addresses_are_remembered(stand: Stand, stage: Stage) -> None:
    server = Server(stand.url, stage.transport(), stage.clock, remembered=3)
    for n in range(5):
        server.parent_key(read(json.dumps(stand.say("<p>an answer</p>", in_reply_to_id=f"away{n}"))))
    kept = [server.address_of(f"away{n}") for n in range(5)]
    assert kept == [None, None, *(f"{stand.url}/statuses/away{n}" for n in range(2, 5))]


@pytest.mark.parametrize(
    "name", ["test_public_tl_anonymous", "test_hashtag_tl", "test_status_reply", "test_status_context"]
)
def test_recorded_statuses_are_read(recordings: Recordings, name: str) -> None:
    found = [status for _, body in recordings.answers(name) for status in statuses_in(body)]
    assert found
    for raw in found:
        post = to_post(read(json.dumps(raw)), "localhost:3000")
        assert (post.native_id, post.author.native_id) == (raw["uri"], raw["account"]["uri"])
        assert post.author.handle == f"{raw['account']['acct']}@localhost:3000"
        assert "<" not in post.text
        assert post.text
        assert post.links == ()


def statuses_in(body: Any) -> Iterator[dict[str, Any]]:
    """Every status anywhere in an answer."""
    if isinstance(body, dict):
        if "content" in body and "account" in body:
            yield body
        else:
            body = list(body.values())
    if isinstance(body, list):
        for one in body:
            yield from statuses_in(one)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
BARE = {"id": "1", "uri": "https://a.example/1", "created_at": "2026-03-21", "content": "", "account": {"acct": "ann"}}
fields = st.sampled_from(
    [*BARE, "url", "edited_at", "language", "mentions", "media_attachments", "card", "spoiler_text"]
)


@pytest.mark.slow
@given(
    st.dictionaries(fields, anything),
    st.dictionaries(st.sampled_from(["acct", "url", "note", "display_name"]), anything),
)
def test_only_its_own_error_escapes(raw: dict[str, Any], account: dict[str, Any]) -> None:
    with suppress(NormaliseError):
        to_post(read(json.dumps(BARE | {"account": {"acct": "ann"} | account} | raw)), "a.example")


@given(st.binary())
def test_bytes_that_are_no_list(raw: bytes) -> None:
    with suppress(NormaliseError):
        list(map(read, read_list(raw)))
