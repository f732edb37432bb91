"""A post on Instagram, as a visitor sees it, as a post of ours."""

from __future__ import annotations

from datetime import UTC

from collectors.addresses import is_address
from collectors.clean import clean, linked, mentioned
from collectors.errors import NormaliseError
from collectors.instaloader.raw import RawPost
from crm.words import Author, Counts, Media, Post

PLATFORM = "instagram"
SITE = "https://www.instagram.com"


def to_post(raw: RawPost, followers: int | None = None) -> Post:
    """The post; its id is the media's number, which is not the id that the official interface calls it by.

    Raises: NormaliseError.
    """
    if raw.media_id < 0 or raw.owner_id < 0 or not raw.shortcode:
        raise NormaliseError("A post of Instagram has no id.", "bad_item")
    text, handle = clean(raw.caption or "").strip(), clean(raw.owner)
    media = tuple(
        Media("video" if one.film else "image", one.url, clean(one.alt or ""))
        for one in raw.pictures
        if one.url and is_address(one.url)
    )
    if not text and not media:
        raise NormaliseError("A post of Instagram has neither words nor pictures.", "empty_entry")
    author = Author(
        PLATFORM, str(raw.owner_id), handle, clean(raw.owner_name or ""), f"{SITE}/{handle}/", followers=followers
    )
    return Post(
        PLATFORM,
        str(raw.media_id),
        author,
        text,
        raw.at.replace(tzinfo=UTC) if raw.at.tzinfo is None else raw.at.astimezone(UTC),
        url=f"{SITE}/p/{clean(raw.shortcode)}/",
        mentions=mentioned(text),
        links=linked(text),
        media=media,
        counts=Counts(max(0, raw.likes), max(0, raw.comments), views=max(0, raw.views or 0)),
    )
