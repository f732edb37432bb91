"""A stand-in for Bluesky's servers with everything behind them: sessions, AppView and chat.

A real server is in :mod:`tests.services.bluesky`, but has no AppView. Every request must be as the lexicons say, and so
is every answer; the lexicons of chat are not in the archive, so its answers are held against the library's models.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services.lexicon import Lexicons
from tests.services.web import Answer, Asked, Web, web

PASSWORD = "app-password-of-the-stand-in"
XRPC = "/xrpc/"
SEARCH, TOLD = "app.bsky.feed.searchPosts", "app.bsky.notification.listNotifications"
THREAD, POSTS, FEED = "app.bsky.feed.getPostThread", "app.bsky.feed.getPosts", "app.bsky.feed.getAuthorFeed"
PROFILES = "app.bsky.actor.getProfiles"
SIGN_IN, RENEW = "com.atproto.server.createSession", "com.atproto.server.refreshSession"
CONVOS, MESSAGES, LOG = "chat.bsky.convo.listConvos", "chat.bsky.convo.getMessages", "chat.bsky.convo.getLog"
SEND, FOR_MEMBERS = "chat.bsky.convo.sendMessage", "chat.bsky.convo.getConvoForMembers"
CHAT = "did:web:api.bsky.chat#bsky_chat"
OUTSIDE = (SIGN_IN, RENEW)
"""Lexicons that are not in the archive, and are not of chat."""


@dataclass
class Member:
    """Somebody on Bluesky."""

    did: str
    handle: str
    followers: int = 7

    @property
    def basic(self) -> dict[str, Any]:
        """The profile that comes with posts."""
        return {"did": self.did, "handle": self.handle, "displayName": self.handle.partition(".")[0]}

    @property
    def detailed(self) -> dict[str, Any]:
        """The profile with its counts."""
        return self.basic | {"followersCount": self.followers, "description": f"I am {self.handle}"}


@dataclass
class SkyPost:
    """A post; `cid` changes with its text."""

    number: int
    author: Member
    text: str
    at: datetime
    answers: SkyPost | None = None
    quotes: SkyPost | None = None
    gone: bool = False
    edits: int = 0

    @property
    def uri(self) -> str:
        """Its address."""
        return f"at://{self.author.did}/app.bsky.feed.post/post{self.number:09}"

    @property
    def key(self) -> str:
        """The key of our post."""
        return f"bluesky:{self.uri}"

    @property
    def cid(self) -> str:
        """The hash of its content."""
        return f"bafyreistandin{self.number:09}v{self.edits:03}"

    @property
    def ref(self) -> dict[str, str]:
        """What points at it."""
        return {"uri": self.uri, "cid": self.cid}

    @property
    def root(self) -> SkyPost:
        """The first post of its thread."""
        return self.answers.root if self.answers else self

    @property
    def record(self) -> dict[str, Any]:
        """What its author's server keeps."""
        record: dict[str, Any] = {
            "$type": "app.bsky.feed.post", "text": self.text, "createdAt": written(self.at), "langs": ["fa-IR"],
        }  # fmt: skip
        if self.answers:
            record["reply"] = {"root": self.root.ref, "parent": self.answers.ref}
        if self.quotes:
            record["embed"] = {"$type": "app.bsky.embed.record", "record": self.quotes.ref}
        return record

    @property
    def view(self) -> dict[str, Any]:
        """As the AppView shows it."""
        return {
            **self.ref, "author": self.author.basic, "record": self.record, "indexedAt": written(self.at),
            "likeCount": 3, "replyCount": 2, "repostCount": 1, "quoteCount": 0,
        }  # fmt: skip


@dataclass
class Message:
    """A direct message."""

    id: str
    rev: str
    convo: str
    sender: Member
    text: str
    at: datetime
    deleted: bool = False

    @property
    def key(self) -> str:
        """The key of our post."""
        return f"bluesky:dm:{self.convo}/{self.id}"

    @property
    def view(self) -> dict[str, Any]:
        """As the chat service shows it."""
        kind = "deletedMessageView" if self.deleted else "messageView"
        view = {
            "$type": f"chat.bsky.convo.defs#{kind}", "id": self.id, "rev": self.rev,
            "sender": {"did": self.sender.did}, "sentAt": written(self.at),
        }  # fmt: skip
        return view if self.deleted else view | {"text": self.text}


@dataclass
class Sky:
    """State and answers of the servers. `instead` replaces the next answers of a method, `page` cuts its pages,
    `ends` is where its search ends."""

    now: Callable[[], datetime]
    lexicons: Lexicons | None = None
    url: str = ""
    page: int = 100
    ends: int = 10_000
    disorder: Random | None = None
    no_messages: bool = False
    posts: list[SkyPost] = field(default_factory=list)
    reposts: list[SkyPost] = field(default_factory=list)
    convos: dict[str, list[Message]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    instead: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    valid: str = ""
    renewable: str = ""
    sessions: int = 0

    def __post_init__(self) -> None:
        self.us = Member("did:plc:azarbankazarbankazarbank", "azarbank.test", 4000)
        self.them = Member("did:plc:maryammaryammaryammaryam", "maryam.test", 12)

    def say(
        self, text: str, author: Member | None = None, ago: timedelta = timedelta(), answers: SkyPost | None = None,
        quotes: SkyPost | None = None,
    ) -> SkyPost:  # fmt: skip
        """A new post."""
        post = SkyPost(len(self.posts) + 1, author or self.them, text, self.now() - ago, answers, quotes)
        self.posts.append(post)
        return post

    def tell(
        self, text: str, sender: Member | None = None, ago: timedelta = timedelta(), convo: str = "3kconvo1"
    ) -> Message:
        """A new direct message."""
        number = sum(map(len, self.convos.values())) + 1
        message = Message(f"3kmsg{number:08}", self._rev(), convo, sender or self.them, text, self.now() - ago)
        self.convos.setdefault(convo, []).append(message)
        self._happened("logCreateMessage", message)
        return message

    def take_back(self, message: Message) -> None:
        """Delete a message."""
        message.deleted, message.rev = True, self._rev()
        self._happened("logDeleteMessage", message)

    def _rev(self) -> str:
        return f"2222222{len(self.log) + 1:06}"

    def _happened(self, kind: str, message: Message) -> None:
        self.log.append(
            {"$type": f"chat.bsky.convo.defs#{kind}", "rev": message.rev, "convoId": message.convo,
             "message": message.view}
        )  # fmt: skip

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        parts = urlsplit(asked.path)
        name, query = parts.path.removeprefix(XRPC), parse_qs(parts.query)
        self.asked.append((name, query))
        self._check(name, query, asked)
        if waiting := self.instead.get(name):
            return waiting.pop(0)
        if name in OUTSIDE:
            return self._session(name, asked)
        if asked.headers.get("authorization") != f"Bearer {self.valid}":
            return refused(400, "ExpiredToken", "Token has expired")
        if name.startswith("chat.") and (self.no_messages or asked.headers.get("atproto-proxy") != CHAT):
            return refused(401, "InvalidToken", "Bad token method")
        return self._answer(name, query, asked)

    def _check(self, name: str, query: dict[str, list[str]], asked: Asked) -> None:
        if self.lexicons and self.lexicons.knows(name):
            if asked.method == "GET":
                self.wrong += self.lexicons.params_faults(name, query)
            else:
                self.wrong += self.lexicons.input_faults(name, json.loads(asked.body))

    def _answer(self, name: str, query: dict[str, list[str]], asked: Asked) -> Answer:
        one = {key: values[-1] for key, values in query.items()}
        answers: dict[str, Callable[[], Any]] = {
            SEARCH: lambda: self._searched(one), TOLD: lambda: self._told(one), THREAD: lambda: self._thread(one),
            FEED: lambda: self._fed(one),
            POSTS: lambda: {"posts": [post.view for post in self.posts if post.uri in query["uris"] and not post.gone]},
            PROFILES: lambda: {"profiles": [who.detailed for who in self._members() if who.did in query["actors"]]},
            CONVOS: self._convos, MESSAGES: lambda: self._messages(one), LOG: lambda: self._logged(one),
            SEND: lambda: self._sent(json.loads(asked.body)),
            FOR_MEMBERS: lambda: {"convo": self._convo("3kconvo1")},
        }  # fmt: skip
        if name not in answers:
            return refused(501, "MethodNotImplemented", "Method Not Implemented")
        body = answers[name]()
        if isinstance(body, Answer):
            return body
        if self.lexicons and self.lexicons.knows(name):
            self.wrong += self.lexicons.output_faults(name, body)
        elif name.startswith("chat."):
            self.wrong += chat_faults(name, body)
        return ok(body, self.headers)

    def _session(self, name: str, asked: Asked) -> Answer:
        if name == RENEW:
            if asked.headers.get("authorization") != f"Bearer {self.renewable}" or not self.renewable:
                return refused(400, "ExpiredToken", "Token has been revoked")
        else:
            body = json.loads(asked.body)
            if (body["identifier"], body["password"]) != (self.us.handle, PASSWORD):
                return refused(401, "AuthenticationRequired", "Invalid identifier or password")
        self.sessions += 1
        self.valid, self.renewable = f"access-{self.sessions}", f"refresh-{self.sessions}"
        tokens = {"accessJwt": self.valid, "refreshJwt": self.renewable}
        return ok({"did": self.us.did, "handle": self.us.handle, "active": True, **tokens}, self.headers)

    def _members(self) -> list[Member]:
        return [self.us, self.them, *(post.author for post in self.posts if post.author not in (self.us, self.them))]

    def _visible(self) -> list[SkyPost]:
        return sorted((post for post in self.posts if not post.gone), key=lambda one: one.at, reverse=True)

    def _searched(self, query: dict[str, str]) -> object:
        words = query["q"].replace('"', "").split()
        found = [
            post for post in self._visible()
            if query.get("since", "") <= written(post.at) < query.get("until", "9")
            and all(_has(post, word) for word in words)
        ]  # fmt: skip
        return self._cut("posts", [post.view for post in found], query, offsets=True)

    def _told(self, query: dict[str, str]) -> object:
        items = []
        for post in self._visible():
            if (reason := self._reason(post)) and post.author != self.us:
                view = {key: value for key, value in post.view.items() if not key.endswith("Count")}
                items.append(view | {"reason": reason, "isRead": False})
        return self._cut("notifications", items, query)

    def _reason(self, post: SkyPost) -> str:
        if post.answers and post.answers.author == self.us:
            return "reply"
        if post.quotes and post.quotes.author == self.us:
            return "quote"
        return "mention" if f"@{self.us.handle}" in post.text else ""

    def _fed(self, query: dict[str, str]) -> object:
        found = [post for post in self._visible() if query["actor"] in (post.author.did, post.author.handle)]
        reason = {"$type": "app.bsky.feed.defs#reasonRepost", "by": self.us.basic, "indexedAt": written(self.now())}
        passed_on = [{"post": post.view, "reason": reason} for post in self.reposts]
        return self._cut("feed", [*passed_on, *({"post": post.view} for post in found)], query)

    def _cut(self, name: str, items: list[Any], query: dict[str, str], *, offsets: bool = False) -> object:
        """A page, perhaps in disorder and with something twice, and where the next begins."""
        start = int(query.get("cursor", "0"))
        if offsets and start >= self.ends:
            return refused(400, "BadQueryString", "cursor out of range")
        size = min(self.page, int(query.get("limit", "50")))
        page = items[start : start + size]
        if self.disorder:
            page = [*page, *page[:1]][: max(1, size)]
            self.disorder.shuffle(page)
        more = {"cursor": str(start + size)} if start + size < len(items) else {}
        return {name: page, **more}

    def _thread(self, query: dict[str, str]) -> object:
        post = next((one for one in self.posts if one.uri == query["uri"] and not one.gone), None)
        if post is None:
            return refused(400, "NotFound", f"Post not found: {query['uri']}")
        return {"thread": _level(post, int(query["parentHeight"]))}

    def _convo(self, convo: str) -> dict[str, Any]:
        messages = self.convos.get(convo, [])
        return {
            "id": convo, "rev": max((one.rev for one in messages), default="2222222000000"),
            "members": [self.us.basic, self.them.basic], "muted": False, "unreadCount": 0,
        }  # fmt: skip

    def _convos(self) -> object:
        return {"convos": [self._convo(convo) for convo in self.convos]}

    def _messages(self, query: dict[str, str]) -> object:
        messages = [one.view for one in reversed(self.convos.get(query["convoId"], []))]
        return self._cut("messages", messages, query)

    def _logged(self, query: dict[str, str]) -> object:
        found = [entry for entry in self.log if entry["rev"] > query.get("cursor", "")][: self.page]
        return {"logs": found, **({"cursor": found[-1]["rev"]} if found else {})}

    def _sent(self, body: dict[str, Any]) -> object:
        if body["convoId"] not in self.convos:
            return refused(400, "InvalidConvo", "Convo not found")
        return self.tell(body["message"]["text"], self.us, convo=body["convoId"]).view


def _has(post: SkyPost, word: str) -> bool:
    if word.startswith("from:"):
        return word.removeprefix("from:") in (post.author.did, post.author.handle)
    return word.casefold() in post.text.casefold().replace("@", " ").replace(".", " ").split()


def _level(post: SkyPost, height: int) -> dict[str, Any]:
    level: dict[str, Any] = {"$type": "app.bsky.feed.defs#threadViewPost", "post": post.view}
    if post.answers and height:
        gone = {"$type": "app.bsky.feed.defs#notFoundPost", "uri": post.answers.uri, "notFound": True}
        level["parent"] = gone if post.answers.gone else _level(post.answers, height - 1)
    return level


def chat_faults(name: str, body: object) -> list[str]:
    """What the library's models say of an answer of chat."""
    from atproto_client import models
    from atproto_client.exceptions import ModelError
    from atproto_client.models.utils import get_or_create

    kinds = {
        CONVOS: models.ChatBskyConvoListConvos.Response, MESSAGES: models.ChatBskyConvoGetMessages.Response,
        LOG: models.ChatBskyConvoGetLog.Response, SEND: models.ChatBskyConvoDefs.MessageView,
        FOR_MEMBERS: models.ChatBskyConvoGetConvoForMembers.Response,
    }  # fmt: skip
    try:
        get_or_create(body, kinds[name])
    except (ModelError, ValueError) as error:
        return [f"{name}: {error}"]
    return []


def written(at: datetime) -> str:
    """A time as Bluesky writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ok(body: object, headers: dict[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return Answer(
        200, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    )


def refused(status: int, error: str, message: str) -> Answer:
    """A refusal in atproto's form."""
    body = json.dumps({"error": error, "message": message}).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8"})


@contextmanager
def sky(now: Callable[[], datetime], lexicons: Lexicons | None = None) -> Iterator[tuple[Sky, Web]]:
    """The stand-in on a free port of 127.0.0.1."""
    server = Sky(now, lexicons)
    with web(server.handle) as running:
        server.url = running.url
        yield server, running
