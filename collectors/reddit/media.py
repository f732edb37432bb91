"""Pictures, videos and links that belong to a submission or a comment.

What of them is read is loose: Reddit leaves out, renames and empties these parts as it likes, and a post
without its picture is better than no post.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from collectors.addresses import is_address
from collectors.clean import clean
from crm.words import Media

KINDS = {"Image": "image", "AnimatedImage": "image", "RedditVideo": "video"}
LARGEST = 200
"""Pieces that are read of one post."""


class _Size(Struct):
    u: str = ""
    gif: str = ""
    mp4: str = ""


class _File(Struct):
    e: str = ""
    s: _Size = msgspec.field(default_factory=_Size)
    hlsUrl: str = ""  # noqa: N815 as Reddit writes it


class _Item(Struct):
    media_id: str = ""
    caption: str | None = None


class _Gallery(Struct):
    items: list[_Item] = []


class _Video(Struct):
    fallback_url: str = ""


class _Embed(Struct):
    url: str | None = None
    title: str | None = None
    thumbnail_url: str | None = None


class _Held(Struct):
    reddit_video: _Video | None = None
    oembed: _Embed | None = None


class _Source(Struct):
    url: str = ""


class _Picture(Struct):
    source: _Source = msgspec.field(default_factory=_Source)


class _Preview(Struct):
    images: list[_Picture] = []


def attached(files: object, gallery: object) -> Iterator[Media]:
    """The uploaded files, in the order of the gallery where there is one, with their captions."""
    found = {name: file for name, one in _entries(files) if (file := _as(one, _File))}
    listed = _as(gallery, _Gallery)
    captions = {item.media_id: item.caption or "" for item in listed.items[:LARGEST]} if listed else {}
    for name in dict.fromkeys((*captions, *found)):
        file = found.get(name)
        url = (file.s.u or file.s.gif or file.s.mp4 or file.hlsUrl) if file else ""
        if file and is_address(url):
            yield Media(KINDS.get(file.e, "image"), clean(url), clean(captions.get(name, "")))


def hosted(media: object) -> Iterator[Media]:
    """A video of Reddit's own, or what another site is embedded with."""
    held = _as(media, _Held)
    if held and held.reddit_video and is_address(held.reddit_video.fallback_url):
        yield Media("video", clean(held.reddit_video.fallback_url))
    if held and held.oembed and is_address(held.oembed.url or ""):
        yield Media("link", clean(held.oembed.url or ""), clean(held.oembed.title or ""))


def pictured(url: str, hint: str | None, preview: object) -> Iterator[Media]:
    """A link to a picture, as itself; a preview of anything else is somebody else's."""
    if hint == "image" and is_address(url):
        yield Media("image", clean(url))
        return
    shown = _as(preview, _Preview)
    if hint in ("link", "rich:video") and shown and shown.images and is_address(shown.images[0].source.url):
        yield Media("image", clean(shown.images[0].source.url))


def _entries(files: object) -> list[tuple[str, Any]]:
    return [(str(name), one) for name, one in files.items()][:LARGEST] if isinstance(files, dict) else []


def _as(value: object, kind: type[Any]) -> Any:
    """The part, or None where it is of another form."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError, OverflowError):
        return None
