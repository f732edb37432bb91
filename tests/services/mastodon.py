"""A stand-in for a Mastodon server: recorded answers of a real one, with ids and texts put in.

It speaks the part of the interface that answering needs, recognises an Idempotency-Key, and
refuses a token as the recorded server did.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.services.form import File, form
from tests.services.web import Answer, Asked, Web, web

CASSETTES = "api_mastodonpy/tests/cassettes"
INSTANCE = "/api/v2/instance/"
STATUSES, ME, SEARCH = "/api/v1/statuses", "/api/v1/accounts/verify_credentials", "/api/v2/search"
MEDIA = "/api/v2/media"
TOKEN = "token-of-the-stand-in"


class Recordings:
    """Recorded exchanges by file name."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._read: dict[str, list[tuple[int, Any]]] = {}

    def answers(self, name: str) -> list[tuple[int, Any]]:
        """Status and decoded JSON of every answer in one file."""
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> list[tuple[int, Any]]:
        with tarfile.open(self._archive) as tar:
            member = tar.extractfile(f"{CASSETTES}/{name}.yaml")
            assert member
            exchanges = yaml.load(member, yaml.CSafeLoader)["interactions"]
        return [
            (each["response"]["status"]["code"], json.loads(each["response"]["body"]["string"])) for each in exchanges
        ]


class MastodonStandIn:
    """State and answers of the server. `statuses` are the newest last."""

    def __init__(self, recordings: Recordings) -> None:
        self.url = ""
        self.statuses: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}
        self.elsewhere: dict[str, str] = {}
        self.favourites: set[str] = set()
        self.media: dict[str, File] = {}
        self.described: dict[str, str] = {}
        self.pictures: list[File] = []
        self._by_key: dict[str, dict[str, Any]] = {}
        self._template = recordings.answers("test_id_hook_in_reply_to")[1][1]
        self._me = recordings.answers("test_verify_credentials")[0][1]
        self._refused = recordings.answers("test_home_tl_anonymous_throws")[0]
        self._empty = recordings.answers("test_status_empty")[0]
        self.instance, self.api_version = recordings.answers("test_instance")[0][1], 7
        self._missing = recordings.answers("test_status_missing")[0]

    def publish(self, text: str, answer_to: str | None = None, visibility: str = "public") -> dict[str, Any]:
        """A new status as the server shows it."""
        number = str(117020600000000000 + len(self.statuses))
        status = self._template | {
            "id": number,
            "in_reply_to_id": answer_to,
            "visibility": visibility,
            "content": f"<p>{escape(text)}</p>",
            "uri": f"{self.url}/ap/users/{self._me['id']}/statuses/{number}",
            "url": f"{self.url}/@{self._me['acct']}/{number}",
            "created_at": "2026-03-21T08:00:01.000Z",
        }
        self.statuses.append(status)
        self.texts[number] = text.strip()
        return status

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _json(*self._refused)
        path, query = urlsplit(asked.path).path, parse_qs(urlsplit(asked.path).query)
        if path == ME:
            return _json(200, self._me)
        if path == INSTANCE:
            return _json(200, self.instance | {"api_versions": {"mastodon": self.api_version}})
        if path == "/api/v1/instance/":
            return _json(200, {"version": self.instance["version"]})
        if path == SEARCH:
            return _json(200, {"accounts": [], "hashtags": [], "statuses": self._search(query["q"][0])})
        if path == MEDIA:
            return self._upload(asked)
        if path == STATUSES:
            return self._post(parse_qs(asked.body.decode()), asked.headers["idempotency-key"])
        if path == f"/api/v1/accounts/{self._me['id']}/statuses":
            return _json(200, self._page(query.get("max_id", [""])[0], int(query["limit"][0])))
        if path.endswith("/source"):
            number = path.split("/")[-2]
            return _json(200, {"id": number, "text": self.texts[number], "spoiler_text": ""})
        if path.endswith(("/favourite", "/unfavourite")):
            return self._favour(*path.split("/")[-2:])
        return _json(*self._missing)

    def _upload(self, asked: Asked) -> Answer:
        found = form(asked)
        assert found is not None
        fields, files = found
        number = str(len(self.media) + 1)
        self.media[number] = files["file"]
        self.described[number] = fields.get("description", "")
        return _json(200, {"id": number, "type": "image", "url": f"{self.url}/media/{number}.png"})

    def _favour(self, number: str, act: str) -> Answer:
        found = next((status for status in self.statuses if status["id"] == number), None)
        if found is None:
            return _json(*self._missing)
        (self.favourites.add if act == "favourite" else self.favourites.discard)(number)
        return _json(200, found | {"favourited": number in self.favourites})

    def _post(self, given: dict[str, list[str]], key: str) -> Answer:
        text, answered = given.get("status", [""])[0], given.get("in_reply_to_id", [None])[0]
        if key in self._by_key:
            return _json(200, self._by_key[key])
        if not text.strip():
            return _json(*self._empty)
        quoted = given.get("quoted_status_id", [None])[0]
        if (answered or quoted) not in self.texts:
            return _json(*self._missing)
        pictures = given.get("media_ids[]", [])
        if len(pictures) > 4 or not set(pictures) <= set(self.media):
            return _json(422, {"error": "Validation failed: Cannot attach more than 4 files"})
        self.pictures += [self.media[number] for number in pictures]
        status = self.publish(text, answered, given.get("visibility", ["public"])[0])
        status["quote"] = {"state": "accepted", "quoted_status": {"id": quoted}} if quoted else None
        self._by_key[key] = status
        return _json(200, self._by_key[key])

    def _search(self, url: str) -> list[dict[str, Any]]:
        return [status for status in self.statuses if status["id"] == self.elsewhere.get(url)]

    def _page(self, before: str, limit: int) -> list[dict[str, Any]]:
        rows = [status for status in reversed(self.statuses) if not before or int(status["id"]) < int(before)]
        return rows[:limit]


def _json(status: int, body: object) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})


@contextmanager
def mastodon_stand_in(recordings: Recordings) -> Iterator[tuple[MastodonStandIn, Web]]:
    """The stand-in on a free port of 127.0.0.1."""
    server = MastodonStandIn(recordings)
    with web(server.handle) as running:
        server.url = running.url
        yield server, running
