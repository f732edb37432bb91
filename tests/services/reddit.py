"""A stand-in for Reddit that speaks its interface over HTTP: tokens, listings with paging, search, inbox, answering.

It keeps count of the rate as Reddit does, and does mischief on request: answers that are put in place of others,
pages that overlap or are out of order, tokens that are taken back before their time.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.services.web import Answer, Asked, Web, web

START = 1774080000
"""2026-03-21 08:00 UTC."""
ME, MY_ID = "azarbank", "t2_me"
APP, SECRET, REFRESH = "app-id", "app-secret", "refresh-of-the-stand-in"
TOKEN, INBOX, SENT, INFO = "/api/v1/access_token", "/message/inbox/", "/message/sent/", "/api/info/"
COMMENT, COMPOSE, WHO, MINE = "/api/comment/", "/api/compose/", "/api/v1/me", f"/user/{ME}/comments"
WINDOW = 600
_PIECE = re.compile(r'\(|\)|"[^"]*"|[^\s()"]+')

Thing = dict[str, Any]


def secret(**changes: str) -> str:
    """What the account of the stand-in keeps."""
    return json.dumps({"client_id": APP, "client_secret": SECRET, "refresh_token": REFRESH} | changes)


@dataclass
class RedditStandIn:
    """State and answers. Things are kept the newest last; `remaining` is what is left of the rate."""

    posts: list[Thing] = field(default_factory=list)
    comments: list[Thing] = field(default_factory=list)
    inbox: list[Thing] = field(default_factory=list)
    sent: list[Thing] = field(default_factory=list)
    instead: dict[str, list[Answer]] = field(default_factory=dict)
    faults: list[Answer | None] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    remaining: float = 600.0
    ends: int = 1000
    overlapping: int = 0
    shuffled: Random | None = None
    url: str = ""
    closed: set[str] = field(default_factory=set)
    """Communities that are not shown, alone or together with others."""
    _made: int = 0

    def submit(self, title: str, text: str = "", **more: Any) -> Thing:
        """A new submission."""
        return self._keep(
            self.posts, "t3", {"title": title, "selftext": text, "is_self": True, "num_comments": 0}, more
        )

    def comment(self, text: str, on: Thing, **more: Any) -> Thing:
        """A new comment on a submission or a comment."""
        link = on["data"].get("link_id") or on["data"]["name"]
        made = {"body": text, "link_id": link, "parent_id": on["data"]["name"], "subreddit": on["data"]["subreddit"]}
        return self._keep(self.comments, "t1", made, more)

    def message(self, text: str, subject: str = "Hello", **more: Any) -> Thing:
        """A new private message to us."""
        made = {"body": text, "subject": subject, "dest": ME, "parent_id": None, "first_message_name": None}
        return self._keep(self.inbox, "t4", made, more)

    def notify(self, comment: Thing, kind: str = "comment_reply") -> Thing:
        """A comment shows in our inbox, in the form that it has there."""
        kept = {"id", "name", "author", "author_fullname", "body", "parent_id", "subreddit", "created_utc"}
        link = comment["data"]["link_id"].removeprefix("t3_")
        shown = {name: value for name, value in comment["data"].items() if name in kept} | {
            "type": kind, "was_comment": True, "dest": ME,
            "context": f"/r/{comment['data']['subreddit']}/comments/{link}/slug/{comment['data']['id']}/?context=3",
        }  # fmt: skip
        self.inbox.append({"kind": "t1", "data": shown})
        return self.inbox[-1]

    def delete(self, thing: Thing, mark: str = "[deleted]", *, author: str = "[deleted]") -> None:
        """Somebody took it away: its words and its author are gone, its id stays."""
        thing["data"]["body" if thing["kind"] == "t1" else "selftext"] = mark
        thing["data"] |= {"author": author}
        if author == "[deleted]":
            thing["data"].pop("author_fullname", None)

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        path, query = unquote(urlsplit(asked.path).path), parse_qs(urlsplit(asked.path).query)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            return fault
        if waiting := self.instead.get(path):
            return waiting.pop(0)
        form = {name: values[0] for name, values in parse_qs(asked.body.decode(), keep_blank_values=True).items()}
        if path == TOKEN:
            return self._token(asked, form)
        if asked.headers.get("authorization", "").removeprefix("bearer ") not in self.tokens:
            refused = {"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'}
            return _json({"message": "Unauthorized", "error": 401}, 401, refused)
        self.remaining -= 1
        if self.remaining < 0:
            return _json({"message": "Too Many Requests", "error": 429}, 429, self._rate())
        if asked.method == "POST":
            return _json(self._posted(path, form), 200, self._rate())
        return self._got(path, {name: values[0] for name, values in query.items()})

    def _token(self, asked: Asked, form: dict[str, str]) -> Answer:
        if asked.headers.get("authorization") != f"Basic {base64.b64encode(f'{APP}:{SECRET}'.encode()).decode()}":
            return _json({"message": "Unauthorized", "error": 401}, 401)
        if form.get("refresh_token") != REFRESH and (form.get("username"), form.get("password")) != (ME, "pass"):
            return _json({"message": "Bad Request", "error": 400}, 400)
        token = f"token-{len(self.tokens)}"
        self.tokens.add(token)
        return _json({"access_token": token, "token_type": "bearer", "expires_in": 3600, "scope": "*"})

    def _got(self, path: str, query: dict[str, str]) -> Answer:
        if path == WHO:
            return _json({"name": ME, "id": MY_ID.removeprefix("t2_")}, 200, self._rate())
        if path == INFO:
            wanted = query["id"].split(",")
            found = {one["data"]["name"]: one for one in (*self.posts, *self.comments)}
            return _json(_listing([found[name] for name in wanted if name in found]), 200, self._rate())
        rows = self._rows(path, query)
        if rows is None:
            return _json({"message": "Not Found", "error": 404}, 404, self._rate())
        return _json(self._page(rows, query), 200, self._rate())

    def _rows(self, path: str, query: dict[str, str]) -> list[Thing] | None:
        lists = {INBOX: self.inbox, SENT: self.sent}
        if path in lists:
            return lists[path]
        if path == MINE:
            return [one for one in self.comments if one["data"]["author"] == ME]
        found = re.fullmatch(r"/r/([\w+]+)/(search/|new|comments/)", path)
        if found is None or self.closed & set(found[1].split("+")):
            return None
        rows = self.comments if found[2] == "comments/" else self.posts
        if found[1] != "all":
            rows = [one for one in rows if one["data"]["subreddit"] in found[1].split("+")]
        return [one for one in rows if matches(query["q"], one)] if found[2] == "search/" else rows

    def _page(self, rows: list[Thing], query: dict[str, str]) -> Thing:
        rows = rows[::-1][: self.ends]
        limit, after = int(query.get("limit", "25")), query.get("after", "")
        names = [one["data"]["name"] for one in rows]
        start = names.index(after) + 1 if after in names else 0
        shown = rows[max(0, start - self.overlapping) : start + limit]
        last = shown[-1]["data"]["name"] if shown and start + limit < len(rows) else None
        if self.shuffled:
            self.shuffled.shuffle(shown)
        return _listing(shown, last)

    def _posted(self, path: str, form: dict[str, str]) -> Thing:
        text = form.get("text", "").strip()
        if not text:
            return _errors(["NO_TEXT", "we need something here", "text"])
        if len(text) > 10_000:
            return _errors(["TOO_LONG", "this is too long (max: 10000)", "text"])
        if path == COMPOSE:
            made = {"body": text, "subject": form["subject"], "dest": form["to"], "parent_id": None}
            self._keep(self.sent, "t4", made, {"author": ME, "author_fullname": MY_ID})
            return {"json": {"errors": []}}
        return self._answered(form["thing_id"], text)

    def _answered(self, name: str, text: str) -> Thing:
        ours = {"author": ME, "author_fullname": MY_ID}
        found = {one["data"]["name"]: one for one in (*self.posts, *self.comments, *self.inbox)}.get(name)
        if found is None or found["data"]["author"] == "[deleted]":
            return _errors(["DELETED_COMMENT", "that comment has been deleted", "parent"])
        if found["kind"] == "t4":
            made = {"body": text, "subject": "re: Hello", "dest": found["data"]["author"], "parent_id": name}
            thing = self._keep(self.sent, "t4", made, ours)
        else:
            thing = self.comment(text, found, **ours)
        return {"json": {"errors": [], "data": {"things": [thing]}}}

    def _keep(self, rows: list[Thing], kind: str, made: Thing, more: Thing) -> Thing:
        self._made += 1
        name = f"{kind}_{self._made:x}z"
        data = {
            "id": name[3:], "name": name, "author": "customer", "author_fullname": "t2_customer", "subreddit": "iran",
            "created_utc": float(START + self._made), "edited": False, "score": 1,
        } | made | more  # fmt: skip
        if kind == "t3":
            data["permalink"] = f"/r/{data['subreddit']}/comments/{data['id']}/slug/"
            data.setdefault("url", f"https://www.reddit.com{data['permalink']}")
        rows.append({"kind": kind, "data": data})
        return rows[-1]

    def _rate(self) -> dict[str, str]:
        left = max(0.0, self.remaining)
        return {
            "x-ratelimit-remaining": f"{left:.1f}", "x-ratelimit-used": f"{600 - left:.0f}", "x-ratelimit-reset": "300",
        }  # fmt: skip


def matches(query: str, thing: Thing) -> bool:
    """Whether a submission is found by a search: words, phrases, author:, AND, OR, NOT and parentheses."""
    pieces = _PIECE.findall(query)
    text = f"{thing['data']['title']} {thing['data']['selftext']}".lower()

    def either() -> bool:
        found = both()
        while pieces and pieces[0] == "OR":
            pieces.pop(0)
            found = both() or found
        return found

    def both() -> bool:
        found = one()
        while pieces and pieces[0] not in ("OR", ")"):
            if pieces[0] == "AND":
                pieces.pop(0)
            found = one() and found
        return found

    def one() -> bool:
        piece = pieces.pop(0)
        if piece == "NOT":
            return not one()
        if piece == "(":
            found = either()
            pieces.pop(0)
            return found
        if piece.startswith("author:"):
            return bool(thing["data"]["author"].lower() == piece.removeprefix("author:").lower())
        return re.search(rf"\b{re.escape(piece.strip(chr(34)).lower())}\b", text) is not None

    return either()


def _listing(children: list[Thing], after: str | None = None) -> Thing:
    return {"kind": "Listing", "data": {"after": after, "before": None, "dist": len(children), "children": children}}


def _errors(*errors: list[str]) -> Thing:
    return {"json": {"errors": list(errors)}}


def _json(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return Answer(status, json.dumps(body).encode(), kind | (headers or {}))


@contextmanager
def reddit_stand_in() -> Iterator[tuple[RedditStandIn, Web]]:
    """The stand-in on a free port of 127.0.0.1."""
    server = RedditStandIn()
    with web(server.handle) as running:
        yield server, running
