"""A stand-in for X: speaks the part of API v2 that collecting and answering need, over HTTP, with X's limits.

Requests are held against X's own description where one is given, and what departs from it is kept in `wrong`.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.services.web import Answer, Asked, Web, web
from tests.services.x_openapi import Description
from tests.services.x_posts import Writer, XMedia, XMessage, XPost, XUser, id_of, problem, time_of, user
from tests.services.x_query import BadQueryError, compiled

TOKEN = "token-of-the-stand-in"
KEYS = "key key-secret access access-secret"
SEARCH, MESSAGES, POSTS = "/2/tweets/search/recent", "/2/dm_events", "/2/tweets"
LIMIT, WINDOW = 300, 900
PICTURE = 5 * 1024 * 1024
NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author "
    "of the post you are replying to."
)
Fault = Callable[[Answer], Answer]


@dataclass
class X:
    """State and answers. `disorder` shuffles, repeats and swaps pages; `faults` meet the next requests, one each."""

    now: Callable[[], datetime]
    description: Description | None = None
    newer: bool = False
    closed: dict[str, Answer] = field(default_factory=dict)
    """What paths answer instead, each time."""
    page: int = 100
    disorder: Random | None = None
    faults: list[Fault | None] = field(default_factory=list)
    posts: list[XPost] = field(default_factory=list)
    messages: list[XMessage] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    us: XUser = field(default_factory=lambda: XUser("1001", "azarbank"))
    them: XUser = field(default_factory=lambda: XUser("2002", "customer"))
    bodies: list[dict[str, Any]] = field(default_factory=list)
    uploaded: dict[str, bytes] = field(default_factory=dict)
    described: dict[str, str] = field(default_factory=dict)
    liked: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    _number: int = 0
    _used: int = 0
    _lists: dict[str, list[Any]] = field(default_factory=dict)

    def say(self, text: str, author: XUser | None = None, ago: timedelta = timedelta(0), **more: Any) -> XPost:
        """A new post, by somebody else and now where nothing is said."""
        post = XPost([(self.new_id(ago), text)], author or self.them, **more)
        self.posts.append(post)
        if post.quotes:
            post.quotes.quoted_by.append(post)
        return post

    def edit(self, post: XPost, text: str) -> None:
        """Another version of a post, with another id."""
        post.versions.append((self.new_id(), text))

    def tell(self, text: str, sender: XUser | None = None, ago: timedelta = timedelta(0)) -> XMessage:
        """A direct message between them and us."""
        message = XMessage(self.new_id(ago), text, sender or self.them, f"{self.us.id}-{self.them.id}")
        self.messages.append(message)
        return message

    def new_id(self, ago: timedelta = timedelta(0)) -> str:
        """An id of a moment."""
        self._number += 1
        return id_of(self.now() - ago, self._number)

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        parts = urlsplit(asked.path)
        query, body = dict(parse_qsl(parts.query)), json.loads(asked.body) if asked.body else None
        self.asked.append((parts.path, query))
        if self.description is not None:
            self.wrong += self.description.request_faults(asked.method, parts.path, query, body)
        self._used += 1
        answer = self._refused(asked) or self._answered(asked.method, parts.path, query, body)
        if self.description is not None and self.newer and answer.status < 300:
            self.wrong += self.description.answer_faults(asked.method, parts.path, json.loads(answer.body))
        fault = self.faults.pop(0) if self.faults else None
        answer = Answer(answer.status, answer.body, self.limits() | dict(answer.headers), answer.cut)
        return fault(answer) if fault else answer

    def limits(self) -> dict[str, str]:
        """The headers that come with every answer."""
        reset = int(self.now().timestamp()) + WINDOW
        left = max(0, LIMIT - self._used)
        return {"x-rate-limit-limit": str(LIMIT), "x-rate-limit-remaining": str(left), "x-rate-limit-reset": str(reset)}

    def _refused(self, asked: Asked) -> Answer | None:
        signed = asked.headers.get("authorization", "")
        if signed == f"Bearer {TOKEN}" or 'oauth_token="access"' in signed:
            return None
        return refused(401, "Unauthorized", "Unauthorized")

    def _answered(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if path in self.closed:
            return self.closed[path]
        if method != "GET" and (done := self._acted(method, path, body)):
            return done
        if method == "POST":
            return self._written(path, body)
        if path == SEARCH:
            return self._search(query)
        if path == POSTS:
            return self._looked_up(query["ids"].split(","), query)
        if path == MESSAGES:
            rows = sorted(self.messages, key=lambda one: int(one.id), reverse=True)
            return self._listed(rows, query, Writer(query, newer=self.newer).messages)
        if found := re.fullmatch(r"/2/dm_conversations/([\d-]+)/dm_events", path):
            rows = [one for one in sorted(self.messages, key=lambda one: -int(one.id)) if one.conversation == found[1]]
            return self._listed(rows, query, Writer(query, newer=self.newer).messages)
        if path == "/2/tweets/counts/recent":
            return self._counted(query)
        if found := re.fullmatch(r"/2/users/by/username/(\w+)", path):
            return self._account(found[1])
        if path == "/2/users/me":
            return ok({"data": user(self.us, newer=self.newer)})
        if found := re.fullmatch(r"/2/users/(\d+)/(mentions|tweets)", path):
            return self._timeline(found[2], query)
        if found := re.fullmatch(r"/2/tweets/(\d+)/quote_tweets", path):
            quoted = self._by_id(found[1])
            return self._posts_listed([one for one in self._visible() if one.quotes is quoted], query)
        if found := re.fullmatch(r"/2/tweets/(\d+)", path):
            return self._looked_up([found[1]], query)
        return refused(404, "Not Found", "Not Found")

    def _search(self, query: dict[str, str]) -> Answer:
        try:
            matches = compiled(query["query"])
        except BadQueryError as error:
            return refused(400, "Invalid Request", f"There were errors processing your request: {error}")
        oldest = self.now() - timedelta(days=7)
        if "since_id" in query and time_of(query["since_id"]) < oldest:
            return refused(400, "Invalid Request", "'since_id' must be a tweet id created after 7 days ago.")
        rows = [post for post in self._visible() if matches(post) and time_of(post.id) >= oldest]
        return self._posts_listed(rows, query)

    def _timeline(self, kind: str, query: dict[str, str]) -> Answer:
        if kind == "tweets":
            return self._posts_listed([post for post in self._visible() if post.author == self.us], query)
        named = [post for post in self._visible() if self.us.handle in post.mentions and post.author != self.us]
        return self._posts_listed(named[:800], query)

    def _visible(self) -> list[XPost]:
        """The newest first."""
        return sorted((post for post in self.posts if not post.gone), key=lambda post: int(post.id), reverse=True)

    def _posts_listed(self, rows: list[XPost], query: dict[str, str]) -> Answer:
        since = int(query.get("since_id", "0"))
        return self._listed(
            [post for post in rows if int(post.id) > since], query, Writer(query, newer=self.newer).page
        )

    def _listed(self, rows: list[Any], query: dict[str, str], write: Callable[[list[Any]], dict[str, Any]]) -> Answer:
        """A page of a list that stays as it was when its first page was asked for."""
        token = query.get("next_token") or query.get("pagination_token") or ""
        size = min(int(query.get("max_results", "10")), self.page)
        if token and token.rpartition("-")[0] not in self._lists:
            return refused(400, "Invalid Request", "The 'next_token' query parameter value is not valid")
        name, _, place = token.rpartition("-") if token else (f"list{len(self._lists):012}", "", "0")
        if not token:
            self._lists[name] = self._disordered(rows)
        rows, at = self._lists[name], int(place)
        page = rows[at : at + size]
        self.read += [one.id for one in page]
        answer = write(page)
        if at + size < len(rows):
            answer["meta"]["next_token"] = f"{name}-{at + size}"
        return ok(answer)

    def _disordered(self, rows: list[Any]) -> list[Any]:
        """Pages shuffled, repeated and swapped."""
        if self.disorder is None:
            return rows
        pages = [rows[at : at + self.page] for at in range(0, len(rows), self.page)]
        pages = [page for page in pages for _ in range(self.disorder.choice((1, 1, 2)))]
        if len(pages) > 2 and self.disorder.random() < 0.5:
            at = self.disorder.randrange(len(pages) - 1)
            pages[at], pages[at + 1] = pages[at + 1], pages[at]
        return [one for page in pages for one in self.disorder.sample(page, len(page))]

    def forget_lists(self) -> None:
        """No token that was given out is known any more."""
        self._lists.clear()

    def _looked_up(self, ids: list[str], query: dict[str, str]) -> Answer:
        by_version = {native: post for post in self.posts for native, _ in post.versions}
        found = [(by_version[one], one) for one in ids if one in by_version and not by_version[one].gone]
        self.read += [native for _, native in found]
        answer = Writer(query, newer=self.newer).page([post for post, _ in found], [native for _, native in found])
        answer.pop("meta")
        seen = {native for _, native in found}
        missing = [(one, by_version[one].gone if one in by_version else "") for one in ids if one not in seen]
        if missing:
            answer["errors"] = [problem(one, gone or "resource-not-found") for one, gone in missing]
        if "ids" not in query and "data" in answer:
            answer["data"] = answer["data"][0]
        return ok(answer)

    def _counted(self, query: dict[str, str]) -> Answer:
        matches = compiled(query["query"])
        count = sum(map(matches, self._visible()))
        return ok({"data": [], "meta": {"total_post_count" if self.newer else "total_tweet_count": count}})

    def _account(self, handle: str) -> Answer:
        found = next((one for one in (self.us, self.them) if one.handle.casefold() == handle.casefold()), None)
        return ok(
            {"data": user(found, newer=self.newer)} if found else {"errors": [problem(handle, "resource-not-found")]}
        )

    def _acted(self, method: str, path: str, body: Any) -> Answer | None:
        """A like, or an answer that is hidden in a conversation of ours."""
        if found := re.fullmatch(rf"/2/users/{self.us.id}/likes(?:/(\d+))?", path):
            native = found[1] or body["tweet_id"]
            kept, on, name = self.liked, method == "POST", "liked"
        elif found := re.fullmatch(r"/2/tweets/(\d+)/hidden", path):
            native, kept, on, name = found[1], self.hidden, body["hidden"], "hidden"
        else:
            return None
        post = self._by_id(native)
        if post is None or post.gone:
            return refused(404, "Not Found Error", f"Could not find tweet with id: [{native}].")
        if name == "hidden" and (post.answered is None or post.answered.author != self.us):
            return refused(403, "Forbidden", "You are not permitted to perform this action.")
        (kept.add if on else kept.discard)(native)
        return ok({"data": {name: on}})

    def _written(self, path: str, body: dict[str, Any]) -> Answer:
        if path.startswith("/2/media/"):
            return self._media(path, body)
        self.bodies.append(body)
        pictures = (body.get("media") or {}).get("media_ids", [])
        pictures += [one["media_id"] for one in body.get("attachments", [])]
        if any(one not in self.uploaded for one in pictures):
            return refused(400, "Invalid Request", "Your media IDs are invalid.")
        if not body.get("text", "").strip():
            return refused(400, "Invalid Request", "One or more parameters to your request was invalid.")
        if path != POSTS:
            shown = f" https://x.com/messages/media/{self.new_id()}" if pictures else ""
            message = self.tell(body["text"].strip() + shown, self.us)
            return ok({"data": {"dm_conversation_id": message.conversation, "dm_event_id": message.id}}, 201)
        answered = self._by_id((body.get("reply") or {}).get("in_reply_to_tweet_id"))
        quoted = self._by_id(body.get("quote_tweet_id"))
        if (answered or quoted) is None or (answered or quoted).gone:  # type: ignore[union-attr]
            return refused(403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you.")
        ours = (answered or quoted).author == self.us  # type: ignore[union-attr]
        if not ours and self.us.handle not in (answered or quoted).mentions:  # type: ignore[union-attr]
            return refused(403, "Forbidden", NOT_SUMMONED)
        if any(post.author == self.us and _said(post) == body["text"].strip() for post in self._visible()):
            return refused(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
        if pictures and quoted:
            return refused(400, "Invalid Request", "You can only provide one of media, quote_tweet_id.")
        return self._published(body["text"].strip(), answered, quoted, pictures)

    def _media(self, path: str, body: dict[str, Any]) -> Answer:
        """A picture, or its description."""
        if path == "/2/media/metadata":
            if body["id"] not in self.uploaded:
                return refused(400, "Invalid Request", "No such media.")
            self.described[body["id"]] = body["metadata"]["alt_text"]["text"]
            return ok({"data": {"id": body["id"], "associated_metadata": body["metadata"]}})
        content = b64decode(body["media"], validate=True)
        if len(content) > PICTURE:
            return refused(400, "Invalid Request", "File size exceeds 5242880 bytes.")
        if not content.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF")):
            return refused(400, "Invalid Request", "Media type unrecognized.")
        native = self.new_id()
        self.uploaded[native] = content
        return ok({"data": {"id": native, "media_key": f"3_{native}", "size": len(content)}})

    def _published(self, text: str, answered: XPost | None, quoted: XPost | None, pictures: list[str]) -> Answer:
        if answered:
            text = f"@{answered.author.handle} {text}"
        elif quoted:
            text = f"{text} https://x.com/{quoted.author.handle}/status/{quoted.id}"
        post = self.say(text, self.us, answered=answered, quotes=quoted)
        if pictures:
            post.media = [XMedia(f"3_{one}", self.described.get(one, "")) for one in pictures]
        return ok({"data": {"id": post.id, "text": text, "edit_history_tweet_ids": [post.id]}}, 201)

    def _by_id(self, native: str | None) -> XPost | None:
        return next((post for post in self.posts if native in dict(post.versions)), None)


def _said(post: XPost) -> str:
    """What was written, without what X puts before a reply and behind a quotation."""
    text = re.sub(r"^(@\w+ )+", "", post.text) if post.answered else post.text
    return re.sub(r"\s*https://x\.com/\w+/status/\d+$", "", text) if post.quotes else text


def ok(body: object, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})


def refused(status: int, title: str, detail: str, kind: str = "about:blank") -> Answer:
    """A refusal in X's form."""
    body = {"title": title, "detail": detail, "type": kind, "status": status}
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/problem+json"})


@contextmanager
def x_stand_in(now: Callable[[], datetime], description: Description | None = None) -> Iterator[tuple[X, Web]]:
    """The stand-in on a free port of 127.0.0.1."""
    server = X(now, description)
    with web(server.handle) as running:
        yield server, running


__all__ = ["KEYS", "NOT_SUMMONED", "TOKEN", "X", "XMedia", "XUser", "ok", "refused", "x_stand_in"]
