"""Recorded exchanges with X: what of them we read, and why the rest is of no use to us."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import yaml

Use = Literal["posts", "accounts", "messages", "count", "published", "imported", "unused"]


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; `use` is what of ours reads it, `why` says why nothing does."""

    file: str
    method: str
    path: str
    query: dict[str, str]
    asked: Any
    status: int
    body: bytes
    use: Use
    why: str = ""


_POSTS = "|".join((
    r"/2/tweets/search/(recent|all)", r"/2/tweets(/\d+(/quote_tweets)?)?", r"/2/lists/\d+/tweets",
    r"/2/users/\d+/(mentions|tweets|liked_tweets|bookmarks|timelines/reverse_chronological)",
))  # fmt: skip
_ACCOUNTS = "|".join((
    r"/2/users/(me|by|by/username/\w+)", r"/2/users/\d+/(followers|following|muting)",
    r"/2/tweets/\d+/(liking_users|retweeted_by)", r"/2/lists/\d+/(members|followers)",
))  # fmt: skip
_STATUSES = "|".join((
    r"/1\.1/statuses/(home_timeline|user_timeline|mentions_timeline|show|retweets/\d+|retweets_of_me)\.json",
    r"/1\.1/(search/tweets|favorites/list|lists/statuses)\.json",
))  # fmt: skip
_GET: tuple[tuple[str, Use, str], ...] = (
    (_POSTS, "posts", ""),
    (_ACCOUNTS, "accounts", ""),
    (r"/2/dm_events|/2/dm_conversations/.*/dm_events", "messages", ""),
    (r"/2/tweets/counts/recent", "count", ""),
    (_STATUSES, "imported", ""),
    (r"/2/tweets/counts/all", "unused", "counts of the full archive, which is not searched"),
    (r"/2/(lists|users/\d+/\w*lists).*|/2/users/\d+/list_memberships", "unused", "lists of accounts"),
    (r"/2/spaces.*", "unused", "live audio"),
    (r"/2/compliance.*", "unused", "compliance jobs need the ids of all stored posts, which a source does not know"),
    (r"/1\.1/.*", "unused", "the older interface, beside posts"),
)
_WRITTEN: tuple[tuple[str, Use, str], ...] = (
    (r"POST /2/tweets", "published", ""),
    (r"POST /2/dm_conversations/(with/)?[\d-]+/messages", "published", ""),
    (r"POST /2/dm_conversations", "unused", "messages to groups"),
    (r"\w+ /2/.*", "unused", "likes, reposts, follows, mutes, bookmarks, lists, hiding and deleting"),
    (r"\w+ /1\.1/.*", "unused", "writing through the older interface"),
)


def tweepy_exchanges(archive: Path) -> Iterator[Exchange]:
    """All of x_tweepy, in the order of their files."""
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda one: one.name):
            file = tar.extractfile(member) if member.isfile() else None
            if file is None:
                continue
            text = file.read()
            said = json.loads(text) if member.name.endswith(".json") else yaml.load(text, yaml.CSafeLoader)
            for one in said["interactions"]:
                yield _exchange(Path(member.name).name, one["request"], one["response"])


def older_answers(archive: Path) -> Iterator[tuple[str, bytes]]:
    """All answers of x_v11 by their file names."""
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda one: one.name):
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None and member.name.endswith(".json"):
                yield member.name.partition("testdata/")[2], file.read()


def statuses_in(body: object) -> Iterator[dict[str, Any]]:
    """Every status of the older interface in an answer, except those within another."""
    if isinstance(body, dict):
        if "user" in body and "id_str" in body and ("text" in body or "full_text" in body):
            yield body
        else:
            for one in body.values():
                yield from statuses_in(one)
    if isinstance(body, list):
        for one in body:
            yield from statuses_in(one)


def _exchange(file: str, request: dict[str, Any], response: dict[str, Any]) -> Exchange:
    parts = urlsplit(request["uri"])
    method, path = request["method"], parts.path
    use, why = _use(method, path)
    asked = request.get("body")
    said = response["body"]
    return Exchange(
        file, method, path, dict(parse_qsl(parts.query)), _decoded(asked), response["status"]["code"],
        _unpacked(said.get("string") if isinstance(said, dict) else said), use, why,
    )  # fmt: skip


def _use(method: str, path: str) -> tuple[Use, str]:
    rows = _GET if method == "GET" else _WRITTEN
    text = path if method == "GET" else f"{method} {path}"
    return next((use, why) for pattern, use, why in rows if re.fullmatch(pattern, text))


def _decoded(body: Any) -> Any:
    text = body.get("string") if isinstance(body, dict) and "string" in body else body
    return json.loads(text) if isinstance(text, str | bytes) and text else text


def _unpacked(body: str | bytes | None) -> bytes:
    raw = body.encode() if isinstance(body, str) else body or b""
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
