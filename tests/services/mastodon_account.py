"""A stand-in for a Mastodon server as an account of ours sees it: recorded posts with our own words put in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from random import Random
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.services.mastodon import ME, SEARCH, STATUSES, TOKEN, Recordings
from tests.services.web import Answer, Asked, Web, web

TOLD, TALKS = "/api/v1/notifications", "/api/v1/conversations/"
TAG = "/api/v1/timelines/tag/"
FIRST = 117_020_600_000_000_000
US, THEM = "azarbank", "maryam@far.example"


@dataclass
class Toot:
    """A post, with what only the server knows of it."""

    status: dict[str, Any]
    text: str
    at: datetime
    answers: Toot | None = None
    gone: bool = False

    @property
    def key(self) -> str:
        """The key of our post."""
        return f"mastodon:{self.status['uri']}"

    @property
    def id(self) -> str:
        """The server's id."""
        return str(self.status["id"])

    @property
    def author(self) -> str:
        """Whose it is."""
        return str(self.status["account"]["acct"])


@dataclass
class Server:
    """State and answers. `instead` replaces the next answers of a path, `page` cuts its pages."""

    template: dict[str, Any]
    now: Callable[[], datetime]
    page: int = 40
    searches: bool = True
    several: bool = True
    disorder: Random | None = None
    toots: list[Toot] = field(default_factory=list)
    instead: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def say(
        self, text: str, author: str = THEM, ago: timedelta = timedelta(), answers: Toot | None = None,
        visibility: str = "public",
    ) -> Toot:  # fmt: skip
        """A new post."""
        at = self.now() - ago
        number = FIRST + (int(at.timestamp() * 1000) << 8) + len(self.toots)
        account = self.template["account"] | {
            "acct": author, "username": author.partition("@")[0], "uri": f"https://far.example/users/{author}",
            "followers_count": 12,
        }  # fmt: skip
        status = self.template | {
            "id": str(number), "uri": f"https://far.example/statuses/{len(self.toots) + 1}",
            "url": f"https://far.example/@x/{len(self.toots) + 1}", "content": f"<p>{escape(text)}</p>",
            "account": account, "created_at": written(at), "edited_at": None, "visibility": visibility,
            "in_reply_to_id": answers.id if answers else None, "mentions": [], "media_attachments": [],
        }  # fmt: skip
        self.toots.append(Toot(status, text, at, answers))
        return self.toots[-1]

    def edit(self, toot: Toot, text: str) -> None:
        """Change a post."""
        toot.text = text
        toot.status |= {"content": f"<p>{escape(text)}</p>", "edited_at": written(self.now())}

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        parts = urlsplit(asked.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        self.asked.append((path, query))
        if waiting := self.instead.get(path):
            return waiting.pop(0)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._json({"error": "The access token is invalid"}, 401)
        found = self._answer(path, query)
        return found if isinstance(found, Answer) else self._json(found)

    def _answer(self, path: str, query: dict[str, list[str]]) -> object:
        visible = sorted((one for one in self.toots if not one.gone), key=lambda one: int(one.id), reverse=True)
        public = [one for one in visible if one.status["visibility"] == "public"]
        if path == ME:
            return self.template["account"] | {"acct": US, "id": "1"}
        if path == TOLD:
            return [self._notification(one) for one in self._cut([one for one in visible if self._to_us(one)], query)]
        if path == TALKS:
            direct = [one for one in visible if one.status["visibility"] == "direct"]
            last = [one for one in direct if not any(other.answers is one for other in direct)]
            return [{"id": f"c{one.id}", "last_status": one.status} for one in self._cut(last, query)]
        if path == "/api/v1/accounts/1/statuses":
            return [one.status for one in self._cut([one for one in visible if one.author == US], query)]
        if path.startswith(TAG):
            tag = f"#{path.removeprefix(TAG)}".casefold()
            return [one.status for one in self._cut([one for one in public if tag in one.text.casefold()], query)]
        if path == SEARCH:
            return self._search(public, query)
        return self._single(path, query, visible)

    def _single(self, path: str, query: dict[str, list[str]], visible: list[Toot]) -> object:
        if path == STATUSES and self.several:
            return [one.status for one in visible if one.id in query.get("id[]", [])]
        number = path.removeprefix(f"{STATUSES}/").partition("/")[0]
        found = next((one for one in visible if one.id == number), None)
        if found is None:
            return self._json({"error": "Record not found"}, 404)
        if path.endswith("/context"):
            return {"ancestors": [one.status for one in _above(found)], "descendants": []}
        return found.status

    def _search(self, public: list[Toot], query: dict[str, list[str]]) -> object:
        words = [word for word in query["q"][0].replace('"', "").split() if not word.startswith("after:")]
        (since,) = [word[6:] for word in query["q"][0].split() if word.startswith("after:")]
        found = [
            one for one in public
            if self.searches and written(one.at)[:10] > since
            and all(word.casefold() in one.text.casefold().split() for word in words)
        ]  # fmt: skip
        start, limit = int(query["offset"][0]), min(self.page, int(query["limit"][0]))
        assert query["type"] == ["statuses"]
        assert "resolve" not in query
        return {"accounts": [], "hashtags": [], "statuses": [one.status for one in found[start : start + limit]]}

    def _cut(self, toots: list[Toot], query: dict[str, list[str]]) -> list[Toot]:
        """A page, perhaps in disorder and with something twice."""
        if before := query.get("max_id"):
            toots = [one for one in toots if int(one.id) < int(before[0].lstrip("n"))]
        page = toots[: min(self.page, int(query["limit"][0]))]
        if self.disorder and len(page) > 2:
            # the last one stays: a client goes on from its id
            first = [*page[:-1]]
            self.disorder.shuffle(first)
            page = [*first[:1], *first[1:], page[-1]]
        return page

    def _to_us(self, toot: Toot) -> bool:
        answered = toot.answers is not None and toot.answers.author == US
        return toot.author != US and (f"@{US}" in toot.text or answered)

    def _notification(self, toot: Toot) -> dict[str, Any]:
        return {
            "id": f"n{toot.id}", "type": "mention", "created_at": written(toot.at), "account": toot.status["account"],
            "status": toot.status,
        }  # fmt: skip

    def _json(self, body: object, status: int = 200) -> Answer:
        headers = {"Content-Type": "application/json; charset=utf-8"} | self.headers
        return Answer(status, json.dumps(body).encode(), headers)


def _above(toot: Toot) -> list[Toot]:
    if toot.answers is None or toot.answers.gone:
        return []
    return [*_above(toot.answers), toot.answers]


def written(at: datetime) -> str:
    """A time as Mastodon writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def account_server(recordings: Recordings, now: Callable[[], datetime]) -> Iterator[tuple[Server, Web]]:
    """The stand-in on a free port of 127.0.0.1."""
    server = Server(recordings.answers("test_id_hook_in_reply_to")[1][1], now)
    with web(server.handle) as running:
        yield server, running
