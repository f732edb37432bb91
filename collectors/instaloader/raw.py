"""What is read of a post on Instagram."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError

if TYPE_CHECKING:
    from instaloader import Post


class RawPicture(Struct, frozen=True):
    """One picture or film of a post."""

    url: str | None
    film: bool = False
    alt: str | None = None


class RawPost(Struct, frozen=True):
    """A post as the library gives it."""

    media_id: int
    shortcode: str
    at: datetime
    owner_id: int
    owner: str
    caption: str | None = None
    owner_name: str | None = None
    likes: int = 0
    comments: int = 0
    views: int | None = None
    pictures: tuple[RawPicture, ...] = ()


def raw_of(post: Post) -> RawPost:
    """What the library found, checked. Asks nobody. Raises: NormaliseError."""
    try:
        said = {
            "media_id": post.mediaid, "shortcode": post.shortcode, "at": post.date_utc, "caption": post.caption,
            "owner_id": int(post.owner_id), "owner": post.owner_username, "owner_name": _name(post),
            "likes": post.likes, "comments": post.comments, "views": post.video_view_count,
            "pictures": [{"url": url, "film": film, "alt": alt} for url, film, alt in _pictures(post)],
        }  # fmt: skip
        return msgspec.convert(said, RawPost)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, OSError, AssertionError) as error:
        raise NormaliseError(f"A post of Instagram can't be read: {error!r}.", "bad_item") from error


def _name(post: Post) -> str:
    owner = post._field("owner")
    return str(owner.get("full_name") or "")


def _pictures(post: Post) -> list[tuple[str | None, bool, str | None]]:
    alt = post.accessibility_caption
    if post.typename == "GraphSidecar":
        nodes = post.get_sidecar_nodes()
        return [(node.video_url or node.display_url if node.is_video else node.display_url, node.is_video, None)
                for node in nodes]  # fmt: skip
    return [(post.video_url if post.is_video else post.url, post.is_video, alt)]
