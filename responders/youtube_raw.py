"""What answering reads of YouTube's answers."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct


class Value(Struct, frozen=True):
    """An id within an object of its own."""

    value: str = ""


class Said(Struct, frozen=True):
    """What a comment says."""

    textOriginal: str = ""  # noqa: N815  # their name
    textDisplay: str = ""  # noqa: N815
    authorChannelId: Value = Value()  # noqa: N815
    publishedAt: str = ""  # noqa: N815

    @property
    def at(self) -> datetime | None:
        """When it was said; None where that can't be read."""
        with suppress(ValueError):
            found = datetime.fromisoformat(self.publishedAt)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        return None


class Comment(Struct, frozen=True):
    """A comment or an answer."""

    id: str = ""
    snippet: Said = Said()


class Comments(Struct, frozen=True):
    """A page of comments."""

    kind: str
    items: tuple[Comment, ...] = ()
    nextPageToken: str | None = None  # noqa: N815


class Replies(Struct, frozen=True):
    """Some of the answers of a thread."""

    comments: tuple[Comment, ...] = ()


class Top(Struct, frozen=True):
    """Below which video a thread stands, and its first comment."""

    topLevelComment: Comment | None = None  # noqa: N815
    videoId: str = ""  # noqa: N815
    totalReplyCount: int = 0  # noqa: N815


class Thread(Struct, frozen=True):
    """A comment with its answers, not always all of them."""

    id: str = ""
    snippet: Top = Top()
    replies: Replies = Replies()


class Threads(Struct, frozen=True):
    """A page of threads."""

    kind: str
    items: tuple[Thread, ...] = ()
    nextPageToken: str | None = None  # noqa: N815


class About(Struct, frozen=True):
    """What a channel or a video is."""

    title: str = ""
    customUrl: str = ""  # noqa: N815
    channelId: str = ""  # noqa: N815


class Thing(Struct, frozen=True):
    """A channel or a video."""

    id: str = ""
    snippet: About = About()


class Channels(Struct, frozen=True):
    """A page of channels."""

    kind: str
    items: tuple[Thing, ...] = ()


class Videos(Struct, frozen=True):
    """A page of videos."""

    kind: str
    items: tuple[Thing, ...] = ()


class Made(Said, frozen=True):
    """What a new comment says, or a new thread holds."""

    topLevelComment: Comment | None = None  # noqa: N815
    videoId: str = ""  # noqa: N815


class Published(Struct, frozen=True):
    """A new comment, or a new thread."""

    kind: str
    id: str = ""
    snippet: Made = Made()
