"""A stand-in for any server that answers in JSON: pages by link or cursor, ETags, a token, limits and faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services.web import Answer, Asked, Web, web

PAGE = 3


@dataclass
class JsonServer:
    """Posts, the newest first, `PAGE` a page. `style` is how the next page is named; `faults` are answered first."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    style: str = "link"
    token: str = ""
    header: str = "authorization"
    faults: list[Answer] = field(default_factory=list)
    limits: dict[str, str] = field(default_factory=dict)
    tagged: bool = False
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    def handle(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.faults:
            return self.faults.pop(0)
        if self.token and asked.headers.get(self.header) not in (self.token, f"Bearer {self.token}"):
            return answer({"error": "who are you?"}, 401)
        tag = f'"{hash(json.dumps(self.posts))}"'
        if self.tagged and asked.headers.get("if-none-match") == tag:
            return Answer(304, headers={"ETag": tag})
        query = parse_qs(urlsplit(asked.path).query)
        start = int(query.get("cursor", ["0"])[0])
        more = start + PAGE < len(self.posts)
        headers = {**self.limits, **({"ETag": tag} if self.tagged else {})}
        body: dict[str, Any] = {"data": {"posts": self.posts[start : start + PAGE]}, "ok": True}
        if more and self.style == "link":
            body["paging"] = {"next": f"{self.url}/posts?cursor={start + PAGE}"}
        elif more and self.style == "cursor":
            body["next_cursor"] = str(start + PAGE)
        elif more:
            headers["Link"] = f'</posts?cursor={start + PAGE}>; rel="next"'
        return answer(body, 200, headers)


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


def a_post(number: int, **more: Any) -> dict[str, Any]:
    """A made-up post of a shop's forum."""
    return {
        "id": number, "content": f"<p>made-up post {number}</p>", "createdAt": f"2026-08-01T10:{number:02}:00Z",
        "user": {"login": f"person{number}", "id": 1000 + number, "followers_count": number},
        "permalink": f"/t/{number}", **more,
    }  # fmt: skip


@contextmanager
def json_server(count: int, **more: Any) -> Iterator[JsonServer]:
    """A server with `count` posts."""
    server = JsonServer([a_post(n) for n in range(count, 0, -1)], **more)
    with web(server.handle) as running:
        server.url = running.url
        yield server


__all__ = ["PAGE", "JsonServer", "Web", "a_post", "answer", "json_server"]
