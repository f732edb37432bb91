"""A stand-in for the Graph API: Instagram and a Facebook Page behind one token, written from Meta's documentation.

Source: developers.facebook.com/docs/graph-api and /docs/instagram-platform. Lists are given out page by page with
cursors, the newest first; the token comes in a header or as a parameter; errors look as the recorded ones do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services.form import form
from tests.services.web import Answer, Asked, Web, web

TOKEN = "token-of-the-stand-in"
PAGE, ACCOUNT = "2121008874780932", "17841406338772941"
NAME, HANDLE = "Azar Bank", "azarbank"
NOW = int(datetime(2026, 3, 21, 8, 0, tzinfo=UTC).timestamp())
HOLD_SECONDS = 30.0
Item = dict[str, Any]


@dataclass
class Mischief:
    """What goes wrong now and then, in the share of calls (0 to 1) that `share` says."""

    random: Random
    share: float = 0.0

    def strikes(self) -> str:
        """The name of a fault, or nothing."""
        if self.random.random() >= self.share:
            return ""
        return self.random.choice(["limited", "busy", "unknown", "lost", "cut", "html", "twice", "mixed"])


@dataclass
class Meta:
    """What the platform holds. `instead` are answers that come first, by the end of the path they are for."""

    address: str = ""
    page_size: int = 50
    """The largest page that is given out."""
    media: list[Item] = field(default_factory=list)
    feed: list[Item] = field(default_factory=list)
    tags: list[Item] = field(default_factory=list)
    tagged: list[Item] = field(default_factory=list)
    comments: dict[str, list[Item]] = field(default_factory=dict)
    pictures: list[bytes] = field(default_factory=list)
    replies: dict[str, list[Item]] = field(default_factory=dict)
    conversations: dict[str, list[Item]] = field(default_factory=dict)
    hashtags: dict[str, list[Item]] = field(default_factory=dict)
    searched: list[str] = field(default_factory=list)
    mentioned: dict[str, Item] = field(default_factory=dict)
    liked: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    instead: list[tuple[str, Answer]] = field(default_factory=list)
    usage: dict[str, str] = field(default_factory=dict)
    mischief: Mischief = field(default_factory=lambda: Mischief(Random(1)))
    late: str = ""
    """The end of a path whose answer is held back until `released`."""
    released: Event = field(default_factory=Event)
    permission: str = ""
    """An edge that the token may not read."""
    published: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """Comments that were answered in private."""
    said: int = 0

    def number(self) -> str:
        """A new id."""
        self.said += 1
        return str(17_900_000_000_000_000 + self.said)

    def show(self, at: int, caption: str, username: str = HANDLE, where: str = "media", tag: str = "") -> str:
        """A new media on Instagram, ours or, in `tags` or below a hashtag, somebody else's."""
        number = self.number()
        item = {
            "id": number, "caption": caption, "media_type": "IMAGE", "timestamp": stamp(at), "username": username,
            "media_url": f"https://cdn.example.org/{number}.jpg", "permalink": f"https://www.instagram.com/p/C{number}/",
            "like_count": 3, "comments_count": 0,
        }  # fmt: skip
        if tag:
            del item["username"]
            self.hashtags.setdefault(tag, []).append(item)
        else:
            {"media": self.media, "tags": self.tags}[where].append(item)
        return number

    def remark(self, at: int, media: str, text: str, username: str = "sara", above: str = "") -> str:
        """A new comment on a media of ours, or an answer to one; returns its own number."""
        number = self.number()
        item = {
            "id": number, "text": text, "timestamp": stamp(at), "username": username, "like_count": 1,
            "from": {"id": f"9{sum(map(ord, username))}", "username": username},
        }  # fmt: skip
        (self.replies.setdefault(above, []) if above else self.comments.setdefault(media, [])).append(item)
        return number

    def post(self, at: int, text: str, author: tuple[str, str] = (PAGE, NAME), where: str = "feed") -> str:
        """A new post on the Page, or one that tags it."""
        number = f"{PAGE if where == 'feed' else author[0]}_{self.number()}"
        item = {
            "id": number, "message": text, "created_time": stamp(at), "updated_time": stamp(at),
            "permalink_url": f"https://www.facebook.com/{number.replace('_', '/posts/')}",
            "from": {"id": author[0], "name": author[1]},
        }  # fmt: skip
        {"feed": self.feed, "tagged": self.tagged}[where].append(item)
        return number

    def comment(self, at: int, post: str, text: str, author: tuple[str, str] = ("501", "Sara"), above: str = "") -> str:
        """A new comment below a post of the Page, or an answer to one."""
        number = f"{post.partition('_')[2]}_{self.number()}"
        item: Item = {
            "id": number, "message": text, "created_time": stamp(at), "like_count": 0,
            "from": {"id": author[0], "name": author[1]},
        }  # fmt: skip
        if above:
            item["parent"] = {"id": above, "created_time": stamp(at)}
        self.comments.setdefault(post, []).append(item)
        return number

    def tell(self, at: int, conversation: str, text: str, author: str = "501") -> str:
        """A new private message in a conversation with the account 501."""
        number = f"m_{self.number()}"
        other = PAGE if author != PAGE else "501"
        item: Item = {"id": number, "created_time": stamp(at), "message": text, "from": {"id": author, "name": "Sara"}}
        self.conversations.setdefault(conversation, []).append(item | {"to": {"data": [{"id": other}]}})
        return number

    def remove(self, number: str) -> None:
        """Take something away, with all that is below it."""
        self.gone.add(number)
        for items in (self.media, self.feed, *self.comments.values(), *self.replies.values()):
            items[:] = [one for one in items if one["id"] != number]

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        split = urlsplit(asked.path)
        path = re.sub(r"^/v\d+\.\d+", "", split.path)
        if self.late and path.endswith(self.late):
            self.released.wait(HOLD_SECONDS)
        for n, (end, answer) in enumerate(self.instead):
            if path.endswith(end):
                del self.instead[n]
                return answer
        said: Item = {name: values[0] for name, values in parse_qs(split.query).items()}
        if sent := form(asked):
            said |= sent[0]
            self.pictures += [sent[1]["source"].content]
        else:
            said |= json.loads(asked.body or b"{}")
        if (asked.headers.get("authorization") or f"Bearer {said.get('access_token')}") != f"Bearer {TOKEN}":
            return error(190, "Error validating access token: Session has expired", 463, status=400)
        fault = self.mischief.strikes()
        if faulty := _FAULTS.get(fault):
            return faulty
        answer = self.answer(asked.method, path.strip("/").split("/"), said)
        return self.spoilt(fault, answer)

    def spoilt(self, fault: str, answer: Answer) -> Answer:
        """The answer with the fault in it, and how much of the limits is used up."""
        body = answer.body
        if fault == "cut":
            body = body[: len(body) // 2]
        if fault in ("twice", "mixed"):
            listed = json.loads(body)
            if isinstance(listed.get("data"), list):
                data = listed["data"] * 2 if fault == "twice" else listed["data"][::-1]
                body = json.dumps(listed | {"data": data}).encode()
        return Answer(answer.status, body, {"Content-Type": "application/json", **self.usage})

    def answer(self, method: str, parts: list[str], said: Item) -> Answer:
        """What an edge or a node answers."""
        if method == "DELETE" or parts[-1] == "likes" or {"hide", "is_hidden"} & said.keys():
            return self.act(method, parts[0], said)
        if method == "POST":
            return self.publish(parts, said)
        if self.permission and parts[-1] == self.permission:
            return error(10, f"(#10) Requires the permission to read {self.permission}", status=403)
        if parts == ["me"]:
            return ok(self.me(said))
        if parts == ["ig_hashtag_search"]:
            return self.search(said)
        if len(parts) == 1:
            return self.node(parts[0], said)
        return self.edge(parts[0], parts[1], said)

    def act(self, method: str, number: str, said: Item) -> Answer:
        """A like of the Page, or a comment that is hidden."""
        if self.find(number) is None:
            return missing(number)
        hide = said.get("hide", said.get("is_hidden"))
        kept, on = (self.liked, method == "POST") if hide is None else (self.hidden, hide)
        (kept.add if on else kept.discard)(number)
        return ok({"success": True})

    def publish(self, parts: list[str], said: Item) -> Answer:
        """A comment, an answer to one, a comment where we were mentioned, or a private message."""
        if parts[1] == "messages":
            return self.send(said)
        if parts[1] == "mentions":
            number = said.get("comment_id") or said["media_id"]
            if number not in self.mentioned:
                return missing(number)
            self.published.append(said["message"])
            return ok({"id": self.number()})
        if self.find(parts[0]) is None:
            return missing(parts[0])
        self.published.append(said["message"])
        if "_" in parts[0]:
            root = self.root(parts[0])
            return ok({"id": self.comment(NOW + 1, root, said["message"], (PAGE, NAME), parts[0])})
        if parts[1] == "replies":
            return ok({"id": self.remark(NOW + 1, "", said["message"], HANDLE, above=parts[0])})
        return ok({"id": self.remark(NOW + 1, parts[0], said["message"], HANDLE)})

    def root(self, number: str) -> str:
        """The post of the Page that a comment is below, or the post itself."""
        return next(
            (post for post, items in self.comments.items() if any(one["id"] == number for one in items)), number
        )

    def send(self, said: Item) -> Answer:
        """A private message, once to a comment, or into a conversation."""
        to, text = said["recipient"], said["message"]["text"]
        if comment := to.get("comment_id"):
            if comment in self.told:
                return error(10900, "(#10900) Activity already replied to")
            self.told.append(comment)
        self.published.append(text)
        person = to.get("id") or (self.find(comment) or {})["from"]["id"]
        return ok({"recipient_id": person, "message_id": self.tell(NOW + 1, f"t_{person}", text, PAGE)})

    def find(self, number: str) -> Item | None:
        """Something that is there, by its id."""
        lists = (self.media, self.feed, *self.comments.values(), *self.replies.values(), *self.conversations.values())
        return next((item for items in lists for item in items if item["id"] == number), None)

    def me(self, said: Item) -> Item:
        """The Page of the token."""
        account = {"id": ACCOUNT, "username": HANDLE, "name": NAME}
        more = {"instagram_business_account": account} if "instagram_business_account" in said["fields"] else {}
        return {"id": PAGE, "name": NAME, "username": HANDLE, **more}

    def search(self, said: Item) -> Answer:
        """The id of a hashtag; at most 30 in a week."""
        tag = said["q"]
        if tag not in self.hashtags:
            return error(24, "The requested resource does not exist", 2207024)
        if tag not in self.searched and len(self.searched) >= 30:
            return error(18, "(#18) This hashtag limit was reached", 2207034)
        self.searched = [*dict.fromkeys((*self.searched, tag))]
        return ok({"data": [{"id": f"178{sorted(self.hashtags).index(tag)}"}]})

    def node(self, number: str, said: Item) -> Answer:
        """One thing by its id."""
        fields = said.get("fields", "")
        if number == ACCOUNT and (found := re.match(r"mentioned_(media|comment)\.\w+_id\((\d+)\)", fields)):
            item = self.mentioned.get(found[2])
            return ok({f"mentioned_{found[1]}": item, "id": ACCOUNT}) if item else missing(found[2])
        item = self.find(number)
        if item is None:
            return missing(number)
        below = "replies" if "replies" in fields else "comments"
        if f"{below}." not in fields:
            return ok(item)
        items = self.replies.get(number, []) if below == "replies" else self.answers(number)
        return ok(item | {below: self.page(items[::-1], {"limit": "50"}, f"{number}/{below}")} if items else item)

    def answers(self, number: str) -> list[Item]:
        """What stands directly below a post or a comment of the Page, or a media."""
        below = [one for one in self.comments.get(self.root(number), []) if one.get("parent", {}).get("id") == number]
        return below or [one for one in self.comments.get(number, []) if "parent" not in one]

    def edge(self, number: str, edge: str, said: Item) -> Answer:
        """A page of a list."""
        if number in self.gone:
            return missing(number)
        items: list[Item] = {
            "media": self.media, "tags": self.tags, "feed": self.feed, "tagged": self.tagged,
            "comments": self.comments.get(number, []), "replies": self.replies.get(number, []),
        }.get(edge, [])  # fmt: skip
        if edge == "recently_searched_hashtags":
            return ok({"data": [{"id": f"178{n}", "name": tag} for n, tag in enumerate(self.searched)]})
        if edge == "recent_media":
            items = self.hashtags[sorted(self.hashtags)[int(number[3:])]]
        if edge == "conversations":
            wanted = f"t_{said['user_id']}" if "user_id" in said else ""
            items = [self.conversation(one) for one in self.conversations if wanted in ("", one)]
        if edge == "messages":
            items = self.conversations[number]
        if edge == "media":
            items = [one | {"comments_count": self.below(one["id"])} for one in items]
        if edge == "feed":
            items = [
                one | {"comments": {"data": [], "summary": {"total_count": self.below(one["id"])}}} for one in items
            ]
        if edge == "comments" and number.partition("_")[0] != PAGE and "_" in number:
            items = self.answers(number)
        if edge == "comments" and "replies" in said.get("fields", ""):
            items = [self.with_replies(one) for one in items]
        newest = sorted(
            items, key=lambda one: str(one.get("timestamp") or one.get("created_time") or one["updated_time"])
        )
        return ok(self.page(newest[::-1], said, f"{number}/{edge}"))

    def below(self, number: str) -> int:
        """How many comments there are below a post, answers among them."""
        comments = self.comments.get(number, [])
        return len(comments) + sum(len(self.replies.get(one["id"], [])) for one in comments)

    def with_replies(self, item: Item) -> Item:
        """A comment with its first answers."""
        replies = self.replies.get(item["id"], [])
        if not replies:
            return item
        return item | {"replies": self.page(replies[::-1], {"limit": "2"}, f"{item['id']}/replies")}

    def conversation(self, number: str) -> Item:
        """A conversation with its newest messages."""
        messages = sorted(self.conversations[number], key=lambda one: str(one["created_time"]))[::-1]
        return {
            "id": number, "updated_time": messages[0]["created_time"], "link": f"/{PAGE}/inbox/{number}/",
            "messages": self.page(messages, {"limit": "20"}, f"{number}/messages"),
        }  # fmt: skip

    def page(self, items: list[Item], said: Item, path: str) -> Item:
        """A page of a list, the way to the next one in a link that holds the token."""
        start, size = int(said.get("after", "0")), min(int(said.get("limit", "25")), self.page_size)
        page: Item = {"data": items[start : start + size]}
        if start + size < len(items):
            after = str(start + size)
            page["paging"] = {"cursors": {"after": after}}
            if not path.endswith("/tags"):
                page["paging"]["next"] = f"https://graph.example.org/v24.0/{path}?access_token=x&after={after}"
        return page


def stamp(at: int) -> str:
    """A moment as Meta writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def ok(body: object) -> Answer:
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


def error(code: int, message: str, subcode: int = 0, status: int = 400, **more: object) -> Answer:
    """A refusal in Meta's form."""
    said = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode, **more}
    return Answer(status, json.dumps({"error": said}).encode(), {"Content-Type": "application/json"})


def missing(number: str) -> Answer:
    return error(100, f"Unsupported get request. Object with ID '{number}' does not exist", 33)


_FAULTS = {
    "limited": error(32, "(#32) Page request limit reached"),
    "busy": error(2, "An unexpected error has occurred. Please retry", status=500, is_transient=True),
    "unknown": error(1, "An unknown error occurred"),
    "lost": Answer(cut=0),
    "html": Answer(502, b"<html>Bad gateway</html>"),
}


@contextmanager
def meta_stand_in() -> Iterator[tuple[Meta, Web]]:
    """The stand-in on a free port of 127.0.0.1."""
    server = Meta()
    with web(server.handle) as running:
        server.address = running.url
        yield server, running
