"""What is read of the answers of YouTube's Data API v3.

Source: developers.google.com/youtube/v3/docs (search, videos, channels, commentThreads, comments). What is counted of
videos and channels comes as text. Nearly everything may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError

T = TypeVar("T")
Number = int | str | None


class PageInfo(Struct, frozen=True):
    """How much there is, by a guess of YouTube's."""

    totalResults: int = 0  # noqa: N815  # their name


class Listed(Struct, frozen=True):
    """A page of a list; each item is still to be read."""

    kind: str = ""
    items: tuple[msgspec.Raw, ...] = ()
    nextPageToken: str | None = None  # noqa: N815
    pageInfo: PageInfo | None = None  # noqa: N815


class Value(Struct, frozen=True):
    """An id within an object of its own."""

    value: str | None = None


class RawSaid(Struct, frozen=True):
    """What a comment says. `textOriginal` comes to its author alone."""

    publishedAt: str = ""  # noqa: N815
    updatedAt: str | None = None  # noqa: N815
    textDisplay: str | None = None  # noqa: N815
    textOriginal: str | None = None  # noqa: N815
    authorDisplayName: str | None = None  # noqa: N815
    authorChannelId: Value | None = None  # noqa: N815
    authorChannelUrl: str | None = None  # noqa: N815
    authorProfileImageUrl: str | None = None  # noqa: N815
    parentId: str | None = None  # noqa: N815
    videoId: str | None = None  # noqa: N815
    likeCount: Number = None  # noqa: N815


class RawComment(Struct, frozen=True):
    """A comment below a video, or an answer to one."""

    id: str
    snippet: RawSaid


class RawReplies(Struct, frozen=True):
    """Some of the answers to a comment."""

    comments: tuple[msgspec.Raw, ...] = ()


class RawTop(Struct, frozen=True):
    """Whose thread it is, below which video, and its first comment."""

    topLevelComment: msgspec.Raw  # noqa: N815
    channelId: str = ""  # noqa: N815
    videoId: str | None = None  # noqa: N815
    totalReplyCount: int = 0  # noqa: N815


class RawThread(Struct, frozen=True):
    """A comment with its answers, not always all of them."""

    id: str
    snippet: RawTop
    replies: RawReplies | None = None


class Picture(Struct, frozen=True):
    """A picture of one size."""

    url: str = ""


class RawAbout(Struct, frozen=True):
    """What a video or a channel is about."""

    publishedAt: str = ""  # noqa: N815
    channelId: str = ""  # noqa: N815
    channelTitle: str | None = None  # noqa: N815
    title: str | None = None
    description: str | None = None
    customUrl: str | None = None  # noqa: N815
    country: str | None = None
    defaultLanguage: str | None = None  # noqa: N815
    defaultAudioLanguage: str | None = None  # noqa: N815
    thumbnails: Mapping[str, Picture] = {}


class RawCounts(Struct, frozen=True):
    """What YouTube counted; likes and comments are missing where the owner hides them."""

    viewCount: Number = None  # noqa: N815
    likeCount: Number = None  # noqa: N815
    commentCount: Number = None  # noqa: N815
    subscriberCount: Number = None  # noqa: N815
    hiddenSubscriberCount: bool = False  # noqa: N815


class RawVideo(Struct, frozen=True):
    """A video."""

    id: str
    snippet: RawAbout
    statistics: RawCounts = RawCounts()


class RawChannel(Struct, frozen=True):
    """A channel: an account."""

    id: str
    snippet: RawAbout = RawAbout()
    statistics: RawCounts = RawCounts()


class FoundId(Struct, frozen=True):
    """What a search found; channels and playlists have no `videoId`."""

    videoId: str = ""  # noqa: N815


class RawFound(Struct, frozen=True):
    """A hit of a search: too little to be a post, its text is cut."""

    id: FoundId
    snippet: RawAbout = RawAbout()


def read(raw: bytes | msgspec.Raw, kind: type[T], name: str) -> T:
    """A thing out of its JSON. Raises: NormaliseError."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"It is no {name}: {error}.", "bad_item") from error
