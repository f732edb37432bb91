"""Recorded exchanges with the real Reddit: what each is used for, and a transport that plays them again."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from collectors.reddit.normalise import things
from crm.ports.responder import Account
from crm.ports.transport import PAGE, Limits

NAME = "fixtures/reddit_praw.tar.gz"
TOKEN = "/api/v1/access_token"
ACCOUNT = Account(
    "reddit", "<USERNAME>", "", '{"client_id": "a", "client_secret": "b", "refresh_token": "<REFRESH_TOKEN>"}'
)
NO_POSTS = {"kind": "Listing", "data": {"children": [], "after": None}}
USED = {
    "signing in": "Our token request beside theirs; every answer signs us in",
    "posts, comments and messages": "Each becomes a post, or is known as deleted",
    "refusals": "Each becomes our error of its kind",
    "our account, pages without posts, answers sent": "Read as a collector or a responder reads them",
}
UNUSED = {
    "moderating": (
        "Moderating a community is no task of ours: modmail, the log, removals, settings",
        r"/r/[^/]+/about/(log|edit|traffic|sticky|unmoderated|modqueue|spam|reports|edited)"
        r"|/api/mod/|/api/v1/modactions|/api/(remove|approve|ignore_reports|unignore_reports|lock|unlock|show_comment"
        r"|distinguish|site_admin)|/r/[^/]+/api/|/api/v1/subreddit/",
    ),
    "publishing and uploading": (
        "We answer; we open no threads, edit nothing and upload nothing",
        r"/api/(submit|submit_poll_post|media|convert_rte_body_format|editusertext|validate_submission_field|del)\b|/$"
        r"|/api/v1/<TEST_SUBREDDIT>/post_requirements|/api/live/create",
    ),
    "votes, marks and blocks": (
        "Votes, saved and hidden posts, read marks and blocked people are left to people",
        r"/api/(vote|save|unsave|hide|unhide|report|block|block_user|sendreplies|collapse_message|uncollapse_message"
        r"|read_message|unread_message|read_all_messages|del_msg|store_visits|subscribe|add_whitelisted"
        r"|remove_whitelisted|v1/me/friends)|/prefs/",
    ),
    "people and communities": (
        "Who people are beyond their posts, and which communities there are, is not asked",
        r"/user/[^/]+/(about|moderated_subreddits)|/users/|/subreddits/|/r/[^/]+/about/$|/api/(username_available"
        r"|user_data_by_account_ids|multi|recommend|search_reddit_names|v1/user)|/api/live/",
    ),
    "share links": ("Short addresses of the app; posts come with their full ones", r"/r/[^/]+/s/"),
}  # fmt: skip


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer."""

    file: str
    method: str
    url: str
    body: str
    status: int
    headers: Mapping[str, str]
    answer: str

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path)

    @property
    def asked(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def said(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))

    @property
    def decoded(self) -> Any:
        with suppress(ValueError):
            return json.loads(self.answer)
        return None

    @property
    def label(self) -> str:
        """Where it is counted."""
        if self.path == TOKEN:
            return "signing in"
        if self.status >= 300 and "oauth." in self.url:
            return "refusals"
        if next(things(self.decoded), None):
            return "posts, comments and messages"
        if re.search(r"/message/|/api/v1/me$|/api/(info|comment|compose|morechildren)/|/comments/?$|/new$", self.path):
            return "our account, pages without posts, answers sent"
        return next((label for label, (_, pattern) in UNUSED.items() if re.match(pattern, self.path)), "?")


def recorded(archive: Path) -> list[Exchange]:
    """Every exchange of the archive, by file name."""
    with tarfile.open(archive) as tar:
        members = sorted((one for one in tar if one.isfile()), key=lambda one: one.name)
        read = [(one.name, tar.extractfile(one)) for one in members]
        return [exchange for name, file in read if file for exchange in _exchanges(name, json.load(file))]


def _exchanges(name: str, recorded: Any) -> Iterator[Exchange]:
    for one in recorded["interactions"]:
        asked, answered = one["request"], one["response"]
        body = asked["body"].get("string", "") if isinstance(asked["body"], dict) else asked["body"] or ""
        headers = {key.lower(): values[0] for key, values in answered["headers"].items()}
        yield Exchange(
            Path(name).stem, asked["method"], asked["uri"], body, answered["status"]["code"], headers,
            answered["body"].get("string", ""),
        )  # fmt: skip


@dataclass
class Replay(HTTPAdapter):  # type: ignore[misc]
    """Answers with what was recorded, in order, and keeps what was asked. Is its own transport."""

    answers: list[tuple[int, Mapping[str, str], str]]
    asked: list[requests.PreparedRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        self.asked.append(request)
        status, headers, body = self.answers.pop(0)
        kept = {name: value for name, value in headers.items() if not re.search("content-|encoding|cookie", name)}
        raw = HTTPResponse(body=io.BytesIO(body.encode()), headers=HTTPHeaderDict(kept), status=status,
                           preload_content=False)  # fmt: skip
        return self.build_response(request, raw)

    def session(self, limits: Limits = PAGE) -> requests.Session:
        del limits
        session = requests.Session()
        session.headers["User-Agent"] = "Shenava/0.1 (tests)"
        session.mount("https://", self)
        return session

    def http(self, limits: Limits = PAGE) -> httpx.Client:
        raise NotImplementedError

    def websocket(self, *_: object) -> Any:
        raise NotImplementedError


TOKEN_ANSWER: tuple[int, Mapping[str, str], str] = (
    200,
    {},
    '{"access_token": "t", "token_type": "bearer", "expires_in": 3600, "scope": "*"}',
)


def replay(*exchanges: Exchange | Any) -> Replay:
    """A sign-in, then these answers."""
    answers = [(one.status, one.headers, one.answer) if isinstance(one, Exchange) else (200, {}, json.dumps(one))
               for one in exchanges]  # fmt: skip
    return Replay([TOKEN_ANSWER, *answers])


def counted(exchanges: list[Exchange]) -> str:
    """The tables of the documentation."""
    counts = Counter(one.label for one in exchanges)
    used = [f"| {label} | {counts[label]} | {why}. |" for label, why in USED.items()]
    unused = [f"| {label} | {counts[label]} | {why}. |" for label, (why, _) in UNUSED.items()]
    total = sum(counts[label] for label in USED)
    left = len(exchanges) - total
    return "\n".join([
        f"`reddit_praw.tar.gz` holds {len(exchanges):,} exchanges; {total:,} are used, {left:,} are not.",
        "", "| used | exchanges | how |", "|---|---|---|", *used,
        "", "| not used | exchanges | why |", "|---|---|---|", *unused,
    ])  # fmt: skip
