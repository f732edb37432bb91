"""Videos and comments as posts.

A video's id is 11 signs, a comment's is longer; an answer's begins with that of the comment it stands below, and a dot.
YouTube has no deeper answers: those to answers name whom they answer with an at sign.
"""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct

from collectors.clean import clean, linked, mentioned
from collectors.errors import NormaliseError
from collectors.moments import DateError, moment
from collectors.youtube.raw import Number, RawAbout, RawChannel, RawComment, RawSaid, RawThread, RawVideo, read
from crm.words import Author, Counts, Media, Post

PLATFORM = "youtube"
SITE = "https://www.youtube.com"
LARGEST = 2**62
VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
CHANNEL_ID = re.compile(r"UC[A-Za-z0-9_-]{22}")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_HANDLE = re.compile(r"@[^\s/?#]{1,100}")
_SIZES = ("maxres", "standard", "high", "medium", "default")


class Person(Struct, frozen=True):
    """What a channel tells beyond its name."""

    handle: str = ""
    followers: int | None = None
    place: str = ""
    bio: str = ""


def of_video(raw: RawVideo) -> Post:
    """A video: its title, and its whole description. Raises: NormaliseError."""
    native, about, counted = _id(raw.id), raw.snippet, raw.statistics
    text, title = clean(about.description or ""), clean(about.title or "")
    return Post(
        PLATFORM,
        native,
        _channel(about),
        text,
        when(about.publishedAt),
        url=f"{SITE}/watch?v={native}",
        title=title,
        language_hint=clean(about.defaultLanguage or about.defaultAudioLanguage or "")[:35],
        mentions=mentioned(text),
        links=linked(text),
        media=(Media("video", f"{SITE}/watch?v={native}", title), *_picture(about)),
        counts=Counts(_count(counted.likeCount), _count(counted.commentCount), views=_count(counted.viewCount)),
    )


def of_comment(raw: RawComment, video: str = "", replies: int = 0) -> Post:
    """A comment or an answer, below the video with this id. Raises: NormaliseError."""
    native, said = _id(raw.id), raw.snippet
    video = clean(video or said.videoId or "")
    above = clean(said.parentId or native.partition(".")[0])
    text = clean(said.textOriginal or said.textDisplay or "")
    posted, changed = when(said.publishedAt), _changed(said)
    root = f"{PLATFORM}:{video}" if VIDEO_ID.fullmatch(video) else None
    below = f"{PLATFORM}:{above}" if above != native else root
    return Post(
        PLATFORM,
        native,
        _author(said),
        text,
        posted,
        url=f"{SITE}/watch?v={video}&lc={native}" if root else "",
        parent_key=below,
        root_key=root or below,
        edited_at=changed if changed and changed > posted else None,
        mentions=mentioned(text),
        links=linked(text),
        counts=Counts(_count(said.likeCount), min(max(0, replies), LARGEST)),
    )


def of_thread(raw: RawThread) -> Post:
    """The first comment of a thread. Raises: NormaliseError."""
    top = read(raw.snippet.topLevelComment, RawComment, "comment")
    return of_comment(top, raw.snippet.videoId or "", raw.snippet.totalReplyCount)


def of_channel(raw: RawChannel) -> Person:
    """What we keep of a channel. Raises: NormaliseError."""
    about, counted = raw.snippet, raw.statistics
    followers = None if counted.hiddenSubscriberCount or counted.subscriberCount is None else counted.subscriberCount
    return Person(
        clean(about.customUrl or "").removeprefix("@"),
        None if followers is None else _count(followers),
        clean(about.country or ""),
        clean(about.description or ""),
    )


def when(said: str) -> datetime:
    """A moment as YouTube writes it. Raises: NormaliseError."""
    try:
        found = moment(said)
    except DateError as error:
        raise NormaliseError(f"The time {said[:40]!r} is none: {error}.", "bad_item") from error
    if not 1971 <= found.year < 2100:
        raise NormaliseError(f"The time {said[:40]!r} is none of a post.", "bad_item")
    return found


def _changed(said: RawSaid) -> datetime | None:
    return when(said.updatedAt) if said.updatedAt else None


def _id(said: str) -> str:
    if not _ID.fullmatch(said):
        raise NormaliseError("An item has no id of YouTube's.", "bad_item")
    return said


def _channel(about: RawAbout) -> Author:
    native = clean(about.channelId)
    if not native:
        raise NormaliseError("A video has no channel.", "bad_item")
    return Author(PLATFORM, native, name=clean(about.channelTitle or ""), url=f"{SITE}/channel/{native}")


def _author(said: RawSaid) -> Author:
    """Who said it; a closed channel has a name and no id."""
    name, page = clean(said.authorDisplayName or ""), clean(said.authorChannelUrl or "")
    handle = _HANDLE.fullmatch(name) or _HANDLE.search(page.partition("://")[2])
    native = clean((said.authorChannelId.value if said.authorChannelId else "") or "") or (
        handle[0] if handle else name
    )
    if not native:
        raise NormaliseError("A comment has no author.", "bad_item")
    known = CHANNEL_ID.fullmatch(native)
    return Author(
        PLATFORM,
        native,
        handle=handle[0].removeprefix("@") if handle else "",
        name=name,
        url=f"{SITE}/channel/{native}" if known else page if page.startswith("http") else "",
        avatar_url=clean(said.authorProfileImageUrl or ""),
    )


def _picture(about: RawAbout) -> tuple[Media, ...]:
    found = [about.thumbnails[size].url for size in _SIZES if size in about.thumbnails]
    return (Media("image", clean(found[0]), clean(about.title or "")),) if found and found[0] else ()


def _count(said: Number) -> int:
    if isinstance(said, str):
        said = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0
    return min(max(0, said or 0), LARGEST)
