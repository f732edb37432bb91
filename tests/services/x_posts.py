"""Posts and accounts of the stand-in for X, and how its API writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_ZERO = 1288834974657
_LINK = re.compile(r"https?://\S+")


def time_of(native: str) -> datetime:
    """When an id was given out."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=(int(native) >> 22) + _ZERO)


def id_of(at: datetime, number: int) -> str:
    """The id of the `number`-th thing of a moment."""
    return str((round(at.timestamp() * 1000) - _ZERO << 22) | number)


@dataclass
class XUser:
    """An account."""

    id: str
    handle: str
    protected: bool = False


@dataclass
class XMedia:
    """A picture, or a video with variants."""

    key: str
    alt: str = ""
    video: bool = False


@dataclass
class XPost:
    """A post. `versions` are (id, text), the oldest first; `gone` is the problem that X reports instead of it."""

    versions: list[tuple[str, str]]
    author: XUser
    answered: XPost | None = None
    passes_on: XPost | None = None
    quotes: XPost | None = None
    quoted_by: list[XPost] = field(default_factory=list)
    media: list[XMedia] = field(default_factory=list)
    place: str = ""
    gone: str = ""

    @property
    def id(self) -> str:
        """The id of its newest version."""
        return self.versions[-1][0]

    @property
    def text(self) -> str:
        """Its newest text."""
        return self.versions[-1][1]

    @property
    def key(self) -> str:
        """Our key of it."""
        return f"x:{self.versions[0][0]}"

    @property
    def root(self) -> XPost:
        """The first post of its conversation."""
        return self.answered.root if self.answered else self

    @property
    def links(self) -> list[str]:
        """Web addresses in it."""
        return _LINK.findall(self.text)

    @property
    def mentions(self) -> list[str]:
        """Handles in it, that of whom it answers too."""
        said = re.findall(r"@(\w+)", self.text)
        return said + ([self.answered.author.handle] if self.answered else [])


@dataclass
class XMessage:
    """A direct message."""

    id: str
    text: str
    sender: XUser
    conversation: str


class Writer:
    """Writes answers in X's older or its newer words; only the fields that were asked for."""

    def __init__(self, query: dict[str, str], *, newer: bool) -> None:
        self._fields = set(query.get("tweet.fields", "").split(","))
        self._expansions = set(query.get("expansions", "").split(","))
        self._newer = newer

    def page(self, posts: list[XPost], ids: list[str] | None = None) -> dict[str, Any]:
        """Posts with what they refer to; `ids` name their versions where not the newest."""
        wanted = ids or [post.id for post in posts]
        data = [self._post(post, native) for post, native in zip(posts, wanted, strict=True)]
        return self._with_includes(data, [post.author for post in posts], posts)

    def messages(self, messages: list[XMessage]) -> dict[str, Any]:
        """Direct messages with their senders."""
        data = [self._message(one) for one in messages]
        users = [one.sender for one in messages] if "sender_id" in self._expansions else []
        return self._with_includes(data, users, [])

    def _with_includes(self, data: list[dict[str, Any]], users: list[XUser], posts: list[XPost]) -> dict[str, Any]:
        includes: dict[str, Any] = {}
        if users and {"author_id", "sender_id"} & self._expansions:
            includes["users"] = [user(one, newer=self._newer) for one in {one.id: one for one in users}.values()]
        if (media := [one for post in posts for one in post.media]) and "attachments.media_keys" in self._expansions:
            includes["media"] = [_media(one) for one in media]
        if (places := {post.place for post in posts if post.place}) and "geo.place_id" in self._expansions:
            includes["places"] = [{"id": one, "full_name": one, "country": "Iran"} for one in sorted(places)]
        answer: dict[str, Any] = {"meta": {"result_count": len(data)}}
        return answer | ({"data": data} if data else {}) | ({"includes": includes} if includes else {})

    def _post(self, post: XPost, native: str) -> dict[str, Any]:
        said = dict(post.versions)[native]
        text, entities = _shortened(post, said)
        found: dict[str, Any] = {"text": text, "id": native}
        references = [("replied_to", post.answered)] if post.answered else []
        references += [("retweeted", post.passes_on)] if post.passes_on else []
        references += [("quoted", post.quotes)] if post.quotes else []
        counts = {"like_count": 3, "reply_count": 2, "bookmark_count": 0, "impression_count": 500}
        counts["quote_count"] = len(post.quoted_by)
        whole: dict[str, Any] = {
            "author_id": post.author.id,
            "conversation_id": post.root.versions[0][0],
            "created_at": time_of(native).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "edit_history_tweet_ids": [one for one, _ in post.versions],
            "entities": entities,
            "lang": "fa" if re.search("[آ-ی]", said) else "en",
            "public_metrics": counts | {"repost_count" if self._newer else "retweet_count": 4},
        }
        if references:
            whole["referenced_tweets"] = [{"type": kind, "id": one.versions[0][0]} for kind, one in references]
        if post.media:
            whole["attachments"] = {"media_keys": [one.key for one in post.media]}
        if post.place:
            whole["geo"] = {"place_id": post.place}
        if len(text) > 280:
            urls = [{name: one[name] for name in one if name != "media_key"} for one in entities["urls"]]
            whole["note_tweet"] = {"text": text, "entities": entities | {"urls": urls}}
            found["text"] = text[:270] + "…"
        found |= {name: value for name, value in whole.items() if name in self._fields}
        return {_NEWER.get(name, name): value for name, value in found.items()} if self._newer else found

    def _message(self, one: XMessage) -> dict[str, Any]:
        return {
            "id": one.id, "event_type": "MessageCreate", "text": one.text, "dm_conversation_id": one.conversation,
            "created_at": time_of(one.id).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        } | ({"sender_id": one.sender.id} if "sender_id" in self._expansions else {})  # fmt: skip


_NEWER = {
    "referenced_tweets": "referenced_posts", "note_tweet": "note_post",
    "edit_history_tweet_ids": "edit_history_post_ids",
}  # fmt: skip


def user(one: XUser, *, newer: bool) -> dict[str, Any]:
    """An account as X writes it."""
    counts = {"followers_count": 1234, "following_count": 5, "listed_count": 0}
    return {
        "id": one.id, "username": one.handle, "name": one.handle.title(), "protected": one.protected,
        "description": "Ordinary & kind https://t.co/bio", "location": "Tehran", "url": "https://t.co/home",
        "profile_image_url": f"https://pbs.example/{one.id}.jpg",
        "public_metrics": counts | {"post_count" if newer else "tweet_count": 9},
        "entities": {
            "url": {"urls": [_url("https://t.co/home", "https://home.example")]},
            "description": {"urls": [_url("https://t.co/bio", "https://bio.example")]},
        },
    }  # fmt: skip


def problem(native: str, kind: str) -> dict[str, Any]:
    """What X says of a post that it does not show."""
    return {
        "value": native, "resource_id": native, "parameter": "ids", "resource_type": "tweet",
        "title": "Not Found Error", "detail": f"Could not find tweet with ids: [{native}].", "type": f"https://api.x.com/2/problems/{kind}",
    }  # fmt: skip


def _media(one: XMedia) -> dict[str, Any]:
    said = {"media_key": one.key, "type": "video" if one.video else "photo"} | (
        {"alt_text": one.alt} if one.alt else {}
    )
    if not one.video:
        return said | {"url": f"https://pbs.example/{one.key}.jpg"}
    films = [
        {"content_type": "application/x-mpegURL", "url": f"https://video.example/{one.key}.m3u8"},
        {"content_type": "video/mp4", "bit_rate": 832000, "url": f"https://video.example/{one.key}-small.mp4"},
        {"content_type": "video/mp4", "bit_rate": 2176000, "url": f"https://video.example/{one.key}.mp4"},
    ]
    return said | {"preview_image_url": f"https://pbs.example/{one.key}.jpg", "variants": films}


def _url(short: str, full: str) -> dict[str, Any]:
    return {"start": 0, "end": len(short), "url": short, "expanded_url": full, "display_url": full[8:]}


def _shortened(post: XPost, said: str) -> tuple[str, dict[str, Any]]:
    """A text as X writes it: three signs escaped, links shortened, and a short link for its media."""
    text = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    urls = []
    for number, full in enumerate(dict.fromkeys(_LINK.findall(said))):
        short = f"https://t.co/{post.versions[0][0][-4:]}{number}"
        text = text.replace(full.replace("&", "&amp;"), short)
        urls.append(_url(short, full))
    if post.media:
        short = f"https://t.co/{post.versions[0][0][-4:]}m"
        text += f" {short}"
        page = f"https://x.com/{post.author.handle}/status/{post.versions[0][0]}/photo/1"
        urls.append(_url(short, page) | {"media_key": post.media[0].key})
    mentions = [{"start": 0, "end": 1, "username": one, "id": "1"} for one in dict.fromkeys(post.mentions)]
    return text, {"urls": urls, "mentions": mentions}
