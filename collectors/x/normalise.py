"""Posts and direct messages of X as ours.

A post that is edited gets another id; ours keeps the first one, so that it stays one post. Ids are times. Source:
docs.x.com/fundamentals/x-ids and docs.x.com/x-api/fundamentals/edit-posts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from collectors.clean import clean, linked, mentioned
from collectors.errors import NormaliseError
from collectors.moments import DateError, moment
from collectors.x.raw import Entities, Included, RawMedia, RawMessage, RawPost, RawUser, Url
from crm.words import Author, Counts, Media, Post

PLATFORM = "x"
SITE = "https://x.com"
FIRST_MILLISECOND = 1288834974657
"""When ids began to be times: X's zero."""
FIRST_TIMED = 30_000_000_000
"""Smaller ids were counted, not timed."""
LARGEST = 2**62
_STRANGER = "unknown"
_ID = re.compile(r"[0-9]{1,19}")
_OWN_MEDIA = re.compile(r"https?://(?:www\.)?(?:x|twitter)\.com/\w+/status/\d+/(?:photo|video)/\d+")
_NO_LANGUAGE = re.compile(r"und|zxx|q..|art")
_KINDS = {"photo": "image", "animated_gif": "video"}


def to_post(raw: RawPost, included: Included) -> Post:
    """The post that `raw` is, in its newest version; `included` are what came along with it.

    Raises: NormaliseError.
    """
    native, said = _first(raw), _date(raw.created_at, raw.id)
    author = included.users.get(raw.author_id or "")
    note = raw.note_tweet or raw.note_post
    text, links = _text(note.text if note else raw.text, raw.entities, note.entities if note else None)
    parent = raw.referred("replied_to")
    root = raw.conversation_id if raw.conversation_id not in (None, raw.id, native) else None
    return Post(
        PLATFORM,
        native,
        _author(raw.author_id, author, native),
        text,
        moment_of(native) or said,
        url=f"{SITE}/{(author and author.username) or 'i'}/status/{checked(raw.id)}",
        title=clean((raw.article and raw.article.title) or ""),
        parent_key=_key(parent),
        root_key=_key(root),
        edited_at=said if raw.id != native else None,
        language_hint="" if _NO_LANGUAGE.fullmatch(raw.lang or "") else clean(raw.lang or "")[:35],
        mentions=_mentions(text, raw.entities, note.entities if note else None),
        links=links,
        media=tuple(_media(raw.attachments.media_keys if raw.attachments else None, included)),
        counts=_counts(raw),
        place=_place(raw, included),
        private=bool(author and author.protected),
    )


def to_message(raw: RawMessage, included: Included) -> Post:
    """The direct message that `raw` is, private, in a thread of its conversation. Raises: NormaliseError."""
    conversation = clean(raw.dm_conversation_id or "")
    author = included.users.get(raw.sender_id or "")
    text, links = _text(raw.text or "", raw.entities, None)
    return Post(
        PLATFORM,
        f"dm:{checked(raw.id)}",
        _author(raw.sender_id, author, raw.id),
        text,
        _date(raw.created_at, raw.id),
        url=f"{SITE}/messages/{conversation}" if conversation else "",
        root_key=f"{PLATFORM}:dm:{conversation}" if conversation else None,
        mentions=_mentions(text, raw.entities, None),
        links=links,
        media=tuple(_media(raw.attachments.media_keys if raw.attachments else None, included)),
        private=True,
    )


def moment_of(native: str) -> datetime | None:
    """When an id was given out, to the millisecond; None for one from before ids were times."""
    number = int(native)
    if number < FIRST_TIMED:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=(number >> 22) + FIRST_MILLISECOND)


def id_at(at: datetime) -> str:
    """The smallest id that can be given out at a moment."""
    return str(max(0, int(at.timestamp() * 1000) - FIRST_MILLISECOND) << 22)


def _first(raw: RawPost) -> str:
    """The id of its first version; edits that don't name it are versions of nothing else."""
    return checked(raw.versions[0] if raw.id in raw.versions else raw.id)


def checked(native: str) -> str:
    """An id as X gives it out. Raises: NormaliseError."""
    if not (native.isascii() and _ID.fullmatch(native)):
        raise NormaliseError(f"{native[:40]!r} is no id of X.", "bad_item")
    return native


def _key(native: str | None) -> str | None:
    return None if native is None else f"{PLATFORM}:{checked(native)}"


def _date(said: str | None, native: str) -> datetime:
    by_id = moment_of(checked(native))
    if by_id is not None:
        return by_id
    try:
        return moment(said or "")
    except DateError as error:
        raise NormaliseError(f"The post {native} has no date that can be read: {error}.", "bad_item") from error


def _text(text: str, *entities: Entities | None) -> tuple[str, tuple[str, ...]]:
    """The text with its links written out, and these; X's own short links to a post's pictures are left out."""
    links: dict[str, None] = {}
    for url in _urls(*entities):
        short, full = url.url or "", url.expanded_url or ""
        if not short:
            continue
        if url.media_key or _OWN_MEDIA.fullmatch(full):
            text = text.replace(short, "")
        elif full:
            text = text.replace(short, full)
            links[clean(full)] = None
    # X hands these three signs out escaped, and no others
    text = clean(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")).strip()
    return text, tuple(links) or linked(text)


def _urls(*entities: Entities | None) -> Iterator[Url]:
    for one in entities:
        yield from (one.urls or () if one else ())


def _mentions(text: str, *entities: Entities | None) -> tuple[str, ...]:
    said = [one.username for part in entities if part for one in part.mentions or () if one.username]
    return tuple(dict.fromkeys(clean(one) for one in said)) or mentioned(text)


def _author(native: str | None, user: RawUser | None, item: str) -> Author:
    """The account; where X names none, one of its own for each item, so that strangers are never one person."""
    if user is None:
        return Author(PLATFORM, clean(native or "") or f"{_STRANGER}-{item}")
    handle = clean(user.username or "")
    metrics, entities = user.public_metrics, user.entities
    bio, said = _text(user.description or "", entities.description if entities else None)
    _, own = _text(user.url or "", entities.url if entities else None)
    return Author(
        PLATFORM,
        clean(user.id),
        handle,
        clean(user.name or ""),
        url=f"{SITE}/{handle}" if handle else "",
        avatar_url=clean(user.profile_image_url or ""),
        followers=None if metrics is None or metrics.followers_count is None else _count(metrics.followers_count),
        bio=bio,
        place=clean(user.location or ""),
        links=tuple(dict.fromkeys((*own, *said))),
    )


def _media(keys: tuple[str, ...] | None, included: Included) -> Iterator[Media]:
    for key in keys or ():
        found = included.media.get(key)
        if found and (address := _address(found)):
            yield Media(clean(_KINDS.get(found.type, found.type)), clean(address), clean(found.alt_text or ""))


def _address(media: RawMedia) -> str:
    """Where a picture, or the largest form of a video, is."""
    films = [one for one in media.variants or () if one.url and one.content_type == "video/mp4"]
    best = max(films, key=lambda one: one.bit_rate or 0, default=None)
    return (best.url if best else None) or media.url or media.preview_image_url or ""


def _place(raw: RawPost, included: Included) -> str:
    found = included.places.get((raw.geo and raw.geo.place_id) or "")
    if found is None:
        return ""
    name, country = clean(found.full_name or ""), clean(found.country or "")
    return ", ".join(dict.fromkeys(one for one in (name, country) if one))


def _counts(raw: RawPost) -> Counts:
    said = raw.public_metrics
    if said is None:
        return Counts()
    reposts = _count(said.retweet_count or said.repost_count) + _count(said.quote_count)
    return Counts(_count(said.like_count), _count(said.reply_count), reposts, _count(said.impression_count))


def _count(value: int | None) -> int:
    return min(max(0, value or 0), LARGEST // 2)
