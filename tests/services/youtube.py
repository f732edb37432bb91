"""A stand-in for YouTube's Data API v3 and Google's token address, written from their reference.

Source: developers.google.com/youtube/v3/docs and /identity/protocols/oauth2/web-server#offline. No recordings of real
answers exist. Lists come page by page with tokens, the newest first; every call costs units of the day, refused ones
too; errors look as the reference says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services.web import Answer, Asked, Web, web

KEY, TOKEN, REFRESH = "AIza-key-of-the-stand-in", "ya29.token-of-the-stand-in", "1//refresh-of-the-stand-in"
ME, HANDLE, NAME = "UC" + "a" * 22, "azarbank", "Azar Bank"
SARA = "UC" + "s" * 22
NOW = int(datetime(2026, 3, 21, 8, 0, tzinfo=UTC).timestamp())
HOLD_SECONDS = 30.0
COSTS = {"search": 100}
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
        return self.random.choice(["often", "busy", "failed", "lost", "cut", "html", "expired", "twice", "mixed"])


@dataclass
class YouTube:
    """What the platform holds. `instead` are answers that come first, by the end of the path they are for."""

    address: str = ""
    page_size: int = 100
    """The largest page that is given out."""
    inlined: int = 5
    """How many answers come along with a thread."""
    most_found: int = 500
    """How many hits a search gives out."""
    daily: int = 10_000
    used: int = 0
    token: str = TOKEN
    """The access token that is good now."""
    refreshed: int = 0
    videos: dict[str, Item] = field(default_factory=dict)
    comments: dict[str, Item] = field(default_factory=dict)
    channels: dict[str, Item] = field(default_factory=dict)
    strict: bool = False
    """Whether an id that is gone spoils the answer for all."""
    disabled: set[str] = field(default_factory=set)
    """Videos without comments."""
    instead: list[tuple[str, Answer]] = field(default_factory=list)
    mischief: Mischief = field(default_factory=lambda: Mischief(Random(1)))
    late: str = ""
    """The end of a path whose answer is held back until `released`."""
    released: Event = field(default_factory=Event)
    published: list[str] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    """Comments that wait for review."""
    said: int = 0

    def __post_init__(self) -> None:
        self.settle(ME, NAME, HANDLE, 1_200)

    def settle(self, channel: str, title: str, handle: str = "", followers: int | None = 7) -> str:
        """A channel."""
        counted = {"hiddenSubscriberCount": True} if followers is None else {"subscriberCount": str(followers)}
        self.channels[channel] = {
            "kind": "youtube#channel", "id": channel,
            "snippet": {"title": title, "customUrl": f"@{handle}", "country": "IR", "description": "About us"},
            "statistics": {"viewCount": "9", "hiddenSubscriberCount": False, **counted},
        }  # fmt: skip
        return channel

    def show(self, at: int, title: str, description: str = "", channel: str = ME) -> str:
        """A new video."""
        self.said += 1
        number = f"v{self.said:010d}"
        self.videos[number] = {
            "kind": "youtube#video", "id": number,
            "snippet": {
                "publishedAt": stamp(at), "channelId": channel, "title": title, "description": description,
                "channelTitle": NAME if channel == ME else "Somebody", "defaultAudioLanguage": "fa",
                "thumbnails": {"high": {"url": f"https://i.example.org/{number}.jpg", "width": 480, "height": 360}},
            },
            "statistics": {"viewCount": "120", "likeCount": "7", "favoriteCount": "0"},
        }  # fmt: skip
        return number

    def remark(self, at: int, video: str, text: str, author: str = SARA, above: str = "", name: str = "@sara") -> str:
        """A new comment below a video, or an answer to one."""
        self.said += 1
        number = f"{above}.9r{self.said:08d}" if above else f"Ugx{self.said:010d}_4AaABAg"
        snippet = {
            "channelId": self.videos[video]["snippet"]["channelId"], "videoId": video, "textDisplay": text,
            "textOriginal": text, "authorDisplayName": name, "authorProfileImageUrl": "https://i.example.org/s.jpg",
            "authorChannelUrl": f"http://www.youtube.com/{name}", "authorChannelId": {"value": author},
            "canRate": True, "viewerRating": "none", "likeCount": 2, "publishedAt": stamp(at), "updatedAt": stamp(at),
        }  # fmt: skip
        if above:
            snippet["parentId"] = above
        self.comments[number] = {"kind": "youtube#comment", "etag": "x", "id": number, "snippet": snippet}
        return number

    def edit(self, number: str, at: int, text: str) -> None:
        """Change a comment."""
        self.comments[number]["snippet"] |= {"textDisplay": text, "textOriginal": text, "updatedAt": stamp(at)}

    def remove(self, number: str) -> None:
        """Take a video or a comment away, with all that is below it."""
        self.videos.pop(number, None)
        gone = [
            one for one, item in self.comments.items()
            if number in (one, item["snippet"].get("parentId"), item["snippet"]["videoId"])
        ]  # fmt: skip
        for one in gone:
            del self.comments[one]

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        split = urlsplit(asked.path)
        said = {name: values[0] for name, values in parse_qs(split.query).items()}
        if self.late and split.path.endswith(self.late):
            self.released.wait(HOLD_SECONDS)
        for n, (end, answer) in enumerate(self.instead):
            if split.path.endswith(end):
                del self.instead[n]
                return answer
        if split.path == "/token":
            return self.refresh({name: values[0] for name, values in parse_qs(asked.body.decode()).items()})
        what = split.path.removeprefix("/youtube/v3/")
        self.used += COSTS.get(what, 50 if asked.method == "POST" else 1)
        if refused := self.refused(asked):
            return refused
        fault = self.mischief.strikes()
        if faulty := _FAULTS.get(fault):
            return faulty
        if what == "comments/setModerationStatus":
            return self.moderate(said["id"], said["moderationStatus"])
        if asked.method == "POST":
            return self.publish(what, json.loads(asked.body), mine=bool(asked.headers.get("authorization")))
        return self.spoilt(fault, getattr(self, f"on_{what.lower()}")(said))

    def refused(self, asked: Asked) -> Answer | None:
        """Who may not ask, or not today."""
        bearer, key = asked.headers.get("authorization"), asked.headers.get("x-goog-api-key")
        if bearer is not None and bearer != f"Bearer {self.token}":
            return error(401, "authError", "Invalid Credentials", "global")
        if bearer is None and key != KEY:
            return error(400, "badRequest", "API key not valid. Please pass a valid API key.", "global")
        if self.used > self.daily:
            return error(
                403, "quotaExceeded", "The request cannot be completed, the quota is exceeded.", "youtube.quota"
            )
        return None

    def refresh(self, said: Item) -> Answer:
        """A new access token."""
        if said.get("refresh_token") != REFRESH or said.get("grant_type") != "refresh_token":
            body = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return Answer(400, json.dumps(body).encode())
        self.refreshed += 1
        return ok({"access_token": self.token, "expires_in": 3_599, "token_type": "Bearer", "scope": "youtube"})

    def spoilt(self, fault: str, answer: Answer) -> Answer:
        """The answer with the fault in it."""
        body = answer.body
        if fault == "cut":
            body = body[: len(body) // 2]
        if fault in ("twice", "mixed"):
            listed = json.loads(body)
            if isinstance(listed.get("items"), list):
                items = listed["items"] * 2 if fault == "twice" else listed["items"][::-1]
                body = json.dumps(listed | {"items": items}).encode()
        return Answer(answer.status, body, answer.headers)

    def on_search(self, said: Item) -> Answer:
        """Videos that have the words, the newest first."""
        found = [
            one for one in self.videos.values()
            if said["publishedAfter"] <= one["snippet"]["publishedAt"] <= said["publishedBefore"]
            and matches(said["q"], one["snippet"])
        ]  # fmt: skip
        hits = [
            {"kind": "youtube#searchResult", "id": {"kind": "youtube#video", "videoId": one["id"]},
             "snippet": one["snippet"] | {"description": one["snippet"]["description"][:40]}}
            for one in newest(found)[: self.most_found]
        ]  # fmt: skip
        return ok(self.page(hits, said, 50))

    def on_videos(self, said: Item) -> Answer:
        """Videos by their ids."""
        return self.by_id(said["id"], self.videos, "video")

    def by_id(self, ids: str, items: dict[str, Item], name: str) -> Answer:
        """Those that are there."""
        wanted = ids.split(",")
        if self.strict and not set(wanted) <= set(items):
            return error(404, f"{name}NotFound", f"A {name} could not be found.", f"youtube.{name}")
        return ok(listed([item for one, item in items.items() if one in wanted]))

    def on_channels(self, said: Item) -> Answer:
        """Channels by their ids, by handle, or ours."""
        if said.get("mine"):
            return ok(listed([self.channels[ME]]))
        if handle := said.get("forHandle"):
            found = [one for one in self.channels.values() if one["snippet"]["customUrl"] == handle]
            return ok(listed(found))
        wanted = said["id"].split(",")
        return ok(listed([item for one, item in self.channels.items() if one in wanted]))

    def on_commentthreads(self, said: Item) -> Answer:
        """Threads of a video, of a channel's videos, or by their ids."""
        tops = [one for one in self.comments.values() if "parentId" not in one["snippet"]]
        if video := said.get("videoId"):
            if video not in self.videos:
                return error(404, "videoNotFound", "The video could not be found.", "youtube.commentThread")
            if video in self.disabled:
                return error(403, "commentsDisabled", "The video has disabled comments.", "youtube.commentThread")
            tops = [one for one in tops if one["snippet"]["videoId"] == video]
        elif channel := said.get("allThreadsRelatedToChannelId"):
            tops = [one for one in tops if one["snippet"]["channelId"] == channel]
        else:
            wanted = said["id"].split(",")
            return ok(listed([self.thread(one) for one in tops if one["id"] in wanted]))
        return ok(self.page([self.thread(one) for one in newest(tops)], said, 100))

    def on_comments(self, said: Item) -> Answer:
        """Answers to a comment, or comments by their ids."""
        if parent := said.get("parentId"):
            return ok(self.page(newest(self.below(parent)), said, 100))
        return self.by_id(said["id"], self.comments, "comment")

    def below(self, number: str) -> list[Item]:
        """The answers to a comment."""
        return [one for one in self.comments.values() if one["snippet"].get("parentId") == number]

    def thread(self, top: Item) -> Item:
        """A thread with some of its answers."""
        below, snippet = self.below(top["id"]), top["snippet"]
        more = {"replies": {"comments": newest(below)[: self.inlined]}} if below else {}
        return {
            "kind": "youtube#commentThread", "etag": "x", "id": top["id"],
            "snippet": {
                "channelId": snippet["channelId"], "videoId": snippet["videoId"], "topLevelComment": top,
                "canReply": True, "totalReplyCount": len(below), "isPublic": True,
            },
            **more,
        }  # fmt: skip

    def moderate(self, number: str, status: str) -> Answer:
        """Hold a comment below a video of ours for review, or publish it."""
        if number not in self.comments:
            return error(404, "commentNotFound", "The comment could not be found.", "youtube.comment")
        if self.comments[number]["snippet"]["channelId"] != ME:
            return error(403, "forbidden", "The request might not be properly authorized.", "youtube.comment")
        {"heldForReview": self.held.add, "published": self.held.discard}[status](number)
        return Answer(204)

    def publish(self, what: str, said: Item, *, mine: bool) -> Answer:
        """An answer to a comment, or a comment below a video."""
        if not mine:
            return error(401, "required", "Login Required", "global")
        if what == "comments":
            text, parent = said["snippet"]["textOriginal"], said["snippet"]["parentId"]
            if parent not in self.comments:
                return error(404, "parentCommentNotFound", "The parent comment could not be found.", "youtube.comment")
            video = self.comments[parent]["snippet"]["videoId"]
        else:
            snippet = said["snippet"]
            text, video, parent = snippet["topLevelComment"]["snippet"]["textOriginal"], snippet["videoId"], ""
            if video in self.disabled:
                return error(403, "commentsDisabled", "The video has disabled comments.", "youtube.commentThread")
        if len(text) > 10_000:
            return error(400, "commentTextTooLong", "The comment has too many characters.", "youtube.comment")
        self.published.append(text)
        made = self.comments[self.remark(NOW + 1, video, text, ME, parent, f"@{HANDLE}")]
        return ok(made if parent else self.thread(made))

    def page(self, items: list[Item], said: Item, most: int) -> Item:
        """A page of a list."""
        start = int(said.get("pageToken", "P0")[1:])
        size = min(int(said.get("maxResults", most)), self.page_size, most)
        page: Item = {
            "kind": "youtube#listResponse", "pageInfo": {"totalResults": len(items), "resultsPerPage": size},
            "items": items[start : start + size],
        }  # fmt: skip
        if start + size < len(items):
            page["nextPageToken"] = f"P{start + size}"
        return page


def listed(items: list[Item]) -> Item:
    """What was asked for by id comes on one page."""
    count = len(items)
    return {
        "kind": "youtube#listResponse", "pageInfo": {"totalResults": count, "resultsPerPage": count}, "items": items
    }  # fmt: skip


def matches(query: str, snippet: Item) -> bool:
    """Whether a video has the words: all of them, of those with bars between them one, of those with a minus none."""
    text = f"{snippet['title']} {snippet['description']}".lower()
    return all(
        word[1:] not in text if word.startswith("-") else any(one in text for one in word.split("|"))
        for word in query.lower().split()
    )


def newest(items: list[Item]) -> list[Item]:
    """The newest first."""
    return sorted(items, key=lambda one: str(one["snippet"]["publishedAt"]), reverse=True)


def stamp(at: int) -> str:
    """A moment as YouTube writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ok(body: object) -> Answer:
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json; charset=UTF-8"})


def error(status: int, reason: str, message: str = "", domain: str = "youtube") -> Answer:
    """A refusal in Google's form."""
    detail = {"message": message, "domain": domain, "reason": reason}
    body = {"error": {"code": status, "message": message, "errors": [detail]}}
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=UTF-8"})


_FAULTS = {
    "often": error(403, "rateLimitExceeded", "Too many requests", "usageLimits"),
    "busy": error(503, "backendError", "Backend Error", "global"),
    "failed": error(400, "processingFailure", "The request could not be processed.", "youtube.commentThread"),
    "expired": error(401, "authError", "Invalid Credentials", "global"),
    "lost": Answer(cut=0),
    "html": Answer(502, b"<html>Bad gateway</html>"),
}


@contextmanager
def youtube_stand_in() -> Iterator[tuple[YouTube, Web]]:
    """The stand-in on a free port of 127.0.0.1."""
    server = YouTube()
    with web(server.handle) as running:
        server.address = running.url
        yield server, running
