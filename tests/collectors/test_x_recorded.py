"""Recorded exchanges with X: its answers read as ours, our requests beside those that were recorded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.file import FileSource
from collectors.x.api import Api, signed_in
from collectors.x.normalise import moment_of, to_message, to_post
from collectors.x.raw import read_message, read_page, read_post, read_user
from crm.ports.responder import Account
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.conformance.source import Heard, Stage
from tests.services.web import Answer, web
from tests.services.x import TOKEN
from tests.services.x_openapi import Description
from tests.services.x_recordings import Exchange, older_answers, statuses_in, tweepy_exchanges

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs/platforms/x.md"


@pytest.fixture(scope="session")
def exchanges(shared: Callable[[str], Path]) -> list[Exchange]:
    return list(tweepy_exchanges(shared("fixtures/x_tweepy.tar.gz")))


@pytest.fixture(scope="session")
def older(shared: Callable[[str], Path]) -> dict[str, list[dict[str, Any]]]:
    """The statuses in each answer of the older interface."""
    return {name: list(statuses_in(lines_of(body))) for name, body in older_answers(shared("fixtures/x_v11.tar.gz"))}


def lines_of(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return [json.loads(line) for line in body.decode().splitlines() if line.strip()]


def used(exchanges: list[Exchange], use: str) -> Iterator[Exchange]:
    return (one for one in exchanges if one.use == use)


class TestAnswers:
    def test_posts(self, exchanges: list[Exchange]) -> None:
        read = 0
        for exchange in used(exchanges, "posts"):
            page, said = read_page(exchange.body), json.loads(exchange.body)
            items = said["data"] if isinstance(said["data"], list) else [said["data"]]
            assert (len(page.data), page.meta.next_token) == (len(items), said.get("meta", {}).get("next_token"))
            for raw, item in zip(page.data, items, strict=True):
                post = to_post(read_post(raw), page.included)
                assert post.native_id == item["edit_history_tweet_ids"][0]
                assert post.posted_at == moment_of(post.native_id)
                assert post.text == item["text"].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").strip()
                assert post.url == f"https://x.com/i/status/{item['id']}"
                read += 1
        assert read == 664

    def test_a_known_post(self, exchanges: list[Exchange]) -> None:
        (exchange,) = [one for one in exchanges if one.file == "test_client_get_users_mentions.yaml"]
        page = read_page(exchange.body)
        post = to_post(read_post(page.data[0]), page.included)
        assert post.key == "x:1578516295611748353"
        assert post.posted_at.isoformat() == "2022-10-07T22:43:06.945000+00:00"
        assert post.mentions == ("Twitter", "TwitterSupport")
        assert post.links == ("https://t.co/W5GxALkkZd",)
        assert post.text.startswith("@Twitter @TwitterSupport this is my ENTIRE feed")

    def test_accounts(self, exchanges: list[Exchange]) -> None:
        read = 0
        for exchange in used(exchanges, "accounts"):
            said = json.loads(exchange.body)["data"]
            for raw, item in zip(
                read_page(exchange.body).data, said if isinstance(said, list) else [said], strict=True
            ):
                user = read_user(raw)
                assert (user.id, user.username, user.name) == (item["id"], item["username"], item["name"])
                read += 1
        assert read == 955

    def test_messages(self, exchanges: list[Exchange]) -> None:
        found = []
        for exchange in used(exchanges, "messages"):
            page = read_page(exchange.body)
            found += [to_message(read_message(raw), page.included) for raw in page.data]
        assert len(found) == 8
        assert {post.text for post in found} == {"Testing 1", "Testing 2"}
        assert all(post.private and post.native_id.startswith("dm:") for post in found)


OLDER = (
    "edit_history_tweet_ids", "total_tweet_count", "tweet_count", "post_count", "retweet_count", "referenced_tweets",
    "community_id",
)  # fmt: skip


def test_recorded_answers_are_those_described_but_for_older_words(
    exchanges: list[Exchange], shared: Callable[[str], Path]
) -> None:
    description, held = Description(shared("fixtures/x_openapi.json.gz")), 0
    for one in exchanges:
        if one.use in ("posts", "accounts", "messages", "count", "published"):
            faults = description.answer_faults(one.method, one.path, json.loads(one.body))
            assert [fault for fault in faults if not any(f".{name} is" in fault for name in OLDER)] == [], one.file
            held += 1
    assert held == 59


@pytest.fixture
def replayed(exchanges: list[Exchange]) -> Iterator[Replay]:
    with web(lambda _: replay.answer) as running:
        replay = Replay(exchanges, running.asked, Account("x", "Twitter", running.url, TOKEN))
        yield replay


class Replay:
    """Answers with what was recorded."""

    def __init__(self, exchanges: list[Exchange], asked: list[Any], account: Account) -> None:
        self.exchanges, self.asked, self.account = exchanges, asked, account
        self.answer = Answer()

    def __iter__(self) -> Iterator[tuple[Exchange, Callable[[], Any]]]:
        """Each exchange of a call that is ours, with that call."""
        host = self.account.base_url.removeprefix("http://")
        with signed_in(self.account, OutboundTransport(Guard(frozenset({host}))), ManualClock()) as api:
            for one in self.exchanges:
                if call := ours(api, one):
                    self.answer = Answer(one.status, one.body, {"Content-Type": "application/json"})
                    yield one, call


def ours(api: Api, one: Exchange) -> Callable[[], Any] | None:
    """What we would call for a recorded request."""
    if one.method != "GET":
        return None
    match one.path.split("/")[2:]:
        case ["tweets", "search", "recent"]:
            return lambda: api.search(one.query["query"], 10, "1")
        case ["users", native, "mentions"]:
            return lambda: api.mentions(native, 10, "1")
        case ["tweets"]:
            return lambda: api.posts(one.query["ids"].split(","))
        case ["users", "by", "username", handle]:
            return lambda: api.user(handle)
        case ["dm_events"]:
            return lambda: api.messages(10)
        case ["tweets", "counts", "recent"]:
            return lambda: api.count(one.query["query"])
    return None


def test_our_requests_are_those_recorded_and_those_described(replayed: Replay, shared: Callable[[str], Path]) -> None:
    from urllib.parse import parse_qsl, urlsplit

    description = Description(shared("fixtures/x_openapi.json.gz"))
    called: Counter[str] = Counter()
    for exchange, call in replayed:
        call()
        asked = replayed.asked[-1]
        parts = urlsplit(asked.path)
        query = dict(parse_qsl(parts.query))
        assert (asked.method, parts.path) == (exchange.method, exchange.path)
        assert query.items() >= exchange.query.items()
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert description.request_faults(asked.method, parts.path, query) == []
        called[exchange.path] += 1
    assert called == {
        "/2/tweets/search/recent": 2, "/2/users/783214/mentions": 2, "/2/tweets": 2, "/2/users/by/username/Twitter": 2,
        "/2/dm_events": 2, "/2/tweets/counts/recent": 2,
    }  # fmt: skip


def test_a_recorded_count(replayed: Replay) -> None:
    counts = [call() for exchange, call in replayed if exchange.use == "count"]
    assert counts == [json.loads(one.body)["meta"]["total_tweet_count"] for one in used(replayed.exchanges, "count")]


def test_the_older_interface_s_posts_are_imported_as_files(
    exchanges: list[Exchange], older: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """A timeline saved from the older interface is a file of posts to us."""
    recorded = [list(statuses_in(json.loads(one.body))) for one in used(exchanges, "imported")]
    for number, statuses in enumerate([*recorded, *older.values()]):
        if not statuses:
            continue
        path = tmp_path / f"{number}.jsonl"
        path.write_text("".join(json.dumps(status) + "\n" for status in statuses))
        heard = Heard()
        stage = Stage(FileSource(), {"path": str(path), "platform": "x"}, [], {}, workspace="w1", platform="x")
        with stage.running(stage.job()) as batches:
            heard.batches.extend(batches)
        assert heard.rejected == []
        for event, status in zip(heard.collected, statuses, strict=True):
            post = event.post
            assert post.native_id == status["id_str"]
            assert post.author.handle in (status["user"].get("screen_name"), status["user"]["id_str"])
            assert post.posted_at.strftime("%b %d %H:%M:%S %Y") == " ".join(
                status["created_at"].split()[part] for part in (1, 2, 3, 5)
            )


def table(exchanges: list[Exchange], older: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The rows of the documentation's table."""
    uses = {
        "posts": "posts read", "accounts": "accounts read", "messages": "direct messages read", "count": "counts read",
        "published": "requests that publish, beside ours", "imported": "the older interface's posts, imported as files",
    }  # fmt: skip
    counted = Counter(uses.get(one.use) or f"not used: {one.why}" for one in exchanges)
    rows = [
        f"| x_tweepy | {count} | {what} |" for what, count in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    ]
    full = sum(map(bool, older.values()))
    what = f"{sum(map(len, older.values()))} posts in answers of the older interface, imported as files"
    rows.append(f"| x_v11 | {full} | {what} |")
    rows.append(f"| x_v11 | {len(older) - full} | not used: answers of the older interface without posts |")
    return rows


def test_the_documentation_names_every_exchange(
    exchanges: list[Exchange], older: dict[str, list[dict[str, Any]]]
) -> None:
    assert len(exchanges) == 226
    rows = table(exchanges, older)
    text = PAGE.read_text()
    missing = [row for row in rows if row not in text]
    assert not missing, "\n".join(rows)
