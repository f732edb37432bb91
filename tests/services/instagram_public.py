"""A stand-in for Instagram's public pages, as instaloader 4.16 reads them: profiles, posts, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from crm.ports.transport import PAGE, Limits, Transport
from tests.services.web import Answer, Asked, web

FIRST_PAGE = 12
SITE = "https://www.instagram.com"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def shortcode(number: int) -> str:
    found = ""
    while number:
        number, rest = divmod(number, 64)
        found = _LETTERS[rest] + found
    return found


def a_post(number: int, owner: str, **more: Any) -> dict[str, Any]:
    """A made-up post, as the web app's query gives it."""
    media = 3_700_000_000_000_000_000 + number
    return {
        "pk": str(media), "code": shortcode(media), "media_type": 1, "taken_at": 1_785_000_000 + number * 60,
        "user": {"pk": "77", "username": owner, "full_name": "Made Up"},
        "caption": {"text": f"made-up post {number} @ann"},
        "image_versions2": {"candidates": [{"url": f"https://cdn.example/{number}.jpg"}]}, "like_count": number,
        "comment_count": 1, "accessibility_caption": "a made-up picture", **more,
    }  # fmt: skip


@dataclass
class Instagram:
    """Profiles with their posts, the newest first. `faults` are answered before anything else.

    After `most` posts were given out the server is busy.
    """

    profiles: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    faults: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    most: int = 10**6

    def handle(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.faults:
            return self.faults.pop(0)
        path = urlsplit(asked.path).path.strip("/")
        if path == "api/graphql":
            return self.query(parse_qs(asked.body.decode()))
        if not path:
            return Answer(200, b'"LSD",[],{"token":"lsd"} "IG_USER_EIMU":"0"', {"Set-Cookie": "csrftoken=c; Path=/"})
        return self.page(path) if path in self.profiles else Answer(404)

    def page(self, name: str) -> Answer:
        user: dict[str, Any] = {
            "pk": "77", "id": f"page-{name}", "username": name, "full_name": "Made Up", "follower_count": 9,
            "is_private": name in self.private,
        }  # fmt: skip
        if name not in self.private:
            user["polaris_ordered_timeline_connection"] = self.connection(name, 0)
        data = {"require": [{"__bbox": {"result": {"data": {"xig_user_by_username": user}}}}]}
        return Answer(200, f'<html><script type="application/json">{json.dumps(data)}</script></html>'.encode())

    def connection(self, name: str, start: int) -> dict[str, Any]:
        posts = self.profiles[name]
        end = start + FIRST_PAGE
        edges = [{"node": {"code": one["code"]}} for one in posts[start:end]]
        return {"edges": edges, "page_info": {"has_next_page": end < len(posts), "end_cursor": str(end)}}

    def query(self, form: Mapping[str, list[str]]) -> Answer:
        variables = json.loads(form["variables"][0])
        if code := variables.get("shortcode"):
            if self.fetched > self.most:
                return Answer(503)
            found = [one for posts in self.profiles.values() for one in posts if one["code"] == code]
            return answer({"data": {"xdt_api__v1__media__shortcode__web_info": {"items": found}}})
        name = str(variables["id"]).removeprefix("page-")
        page = self.connection(name, int(variables["after"]))
        return answer({"data": {"node": {"polaris_ordered_timeline_connection": page}}})

    @property
    def fetched(self) -> int:
        """How many posts were asked for."""
        return sum(b"shortcode" in one.body for one in self.asked)


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


class Detour(BaseAdapter):
    """Sends what is meant for Instagram to the stand-in."""

    def __init__(self, inner: BaseAdapter, url: str) -> None:
        super().__init__()
        self._inner, self._url = inner, url

    def send(self, request: requests.PreparedRequest, *more: Any, **named: Any) -> requests.Response:
        asked = request.url or ""
        assert asked.startswith(SITE), asked
        request.url = self._url + asked.removeprefix(SITE)
        response = self._inner.send(request, *more, **named)
        response.url = asked
        return response

    def close(self) -> None:
        self._inner.close()


@dataclass
class Detoured:
    """A transport whose sessions reach the stand-in under Instagram's name."""

    inner: Transport
    url: str

    def session(self, limits: Limits = PAGE) -> requests.Session:
        session = self.inner.session(limits)
        session.mount("https://", Detour(session.get_adapter("https://"), self.url))
        return session


@contextmanager
def instagram(**profiles: int) -> Iterator[Instagram]:
    """A server with profiles of so many posts each."""
    server = Instagram({name: [a_post(n, name) for n in range(count, 0, -1)] for name, count in profiles.items()})
    with web(server.handle) as running:
        server.url = running.url
        yield server
