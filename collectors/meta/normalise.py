"""What people say on Instagram and on Facebook Pages, as posts.

A comment's id is ``POST_COMMENT`` on both platforms: so writes Facebook, and answers on Instagram need both.
Messages begin with ``dm:``. Where the platform names no author, the post has an unknown one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from collectors.clean import clean, linked, mentioned
from collectors.errors import NormaliseError
from collectors.meta.raw import (
    Attachment,
    Listed,
    Named,
    Person,
    Place,
    RawChild,
    RawComment,
    RawConversation,
    RawFile,
    RawMedia,
    RawMessage,
    RawPost,
    RawRemark,
    RawShare,
    Shown,
    read,
)
from collectors.moments import DateError, moment
from crm.words import Author, Counts, Media, Post

INSTAGRAM, FACEBOOK = "instagram", "facebook"
SITES = {INSTAGRAM: "https://www.instagram.com", FACEBOOK: "https://www.facebook.com"}
LARGEST = 2**62
_KINDS = {"IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "image", "REELS": "video"}


def of_media(raw: RawMedia) -> Post:
    """A picture, video or album on Instagram. Raises: NormaliseError."""
    text, native = clean(raw.caption or ""), _id(raw.id)
    return Post(
        INSTAGRAM,
        native,
        _author(INSTAGRAM, Person(raw.owner.id if raw.owner else "", raw.username), native),
        text,
        _date(raw.timestamp),
        url=clean(raw.permalink or ""),
        mentions=mentioned(text),
        links=linked(text),
        media=tuple(_pictures(raw)),
        counts=Counts(_count(raw.like_count), _count(raw.comments_count), views=_count(raw.view_count)),
    )


def of_remark(raw: RawRemark, media: str = "", url: str = "") -> Post:
    """A comment on Instagram, below the media with this id and page. Raises: NormaliseError."""
    media = media or (raw.media.id if raw.media else "")
    url = url or (raw.media.permalink if raw.media else None) or ""
    native, text = _below(media, raw.id), clean(raw.text or "")
    said = raw.from_ or Person()
    person = Person(said.id or (raw.user.id if raw.user else ""), said.username or raw.username)
    above = _below(media, raw.parent_id) if raw.parent_id else media
    return Post(
        INSTAGRAM,
        native,
        _author(INSTAGRAM, person, native),
        text,
        _date(raw.timestamp),
        url=clean(url),
        parent_key=f"{INSTAGRAM}:{above}" if above else None,
        root_key=f"{INSTAGRAM}:{media}" if media else None,
        mentions=mentioned(text),
        links=linked(text),
        counts=Counts(_count(raw.like_count), len(raw.replies.data) if raw.replies else 0),
    )


def of_post(raw: RawPost) -> Post:
    """A post on Facebook. Raises: NormaliseError."""
    native, text = _id(raw.id), clean(raw.message or raw.story or "")
    media, links = _attached(_attachments(raw.attachments))
    return Post(
        FACEBOOK,
        native,
        _author(FACEBOOK, raw.from_, native),
        text,
        _date(raw.created_time),
        url=clean(raw.permalink_url or f"{SITES[FACEBOOK]}/{native}"),
        mentions=_tagged(raw.message_tags),
        links=tuple(dict.fromkeys((*linked(text), *links))),
        media=media,
        counts=Counts(
            _count(raw.reactions.total if raw.reactions else 0),
            _count(raw.comments.total if raw.comments else 0),
            _count(raw.shares.count if raw.shares else 0),
        ),
        place=_place(raw.place),
    )


def of_comment(raw: RawComment, post: str = "") -> Post:
    """A comment on Facebook, below the post with this id. Raises: NormaliseError."""
    native, text = _comment_id(raw), clean(raw.message or "")
    media, links = _attached([raw.attachment] if raw.attachment else [])
    root = post or _whole(native, raw.permalink_url or "")
    above = _short(raw.parent.id) if raw.parent and raw.parent.id else root
    return Post(
        FACEBOOK,
        native,
        _author(FACEBOOK, raw.from_, native),
        text,
        _date(raw.created_time),
        url=clean(raw.permalink_url or f"{SITES[FACEBOOK]}/{native}"),
        parent_key=f"{FACEBOOK}:{clean(above)}" if above else None,
        root_key=f"{FACEBOOK}:{clean(root)}" if root else None,
        mentions=_tagged(raw.message_tags),
        links=tuple(dict.fromkeys((*linked(text), *links))),
        media=media,
        counts=Counts(_count(raw.like_count), _count(raw.comment_count)),
        private=raw.is_private,
    )


def of_message(raw: RawMessage, platform: str, conversation: RawConversation | None = None) -> Post:
    """A private message; those of one conversation are one thread. Raises: NormaliseError."""
    native, text = f"dm:{_id(raw.id)}", clean(raw.message or "")
    media = tuple(_files(raw))
    shared = tuple(clean(one.link) for one in _shares(raw) if one.link)
    return Post(
        platform,
        native,
        _author(platform, raw.from_, native),
        text,
        _date(raw.created_time),
        url=_inbox(platform, conversation),
        root_key=f"{platform}:dm:{_id(conversation.id)}" if conversation else None,
        links=tuple(dict.fromkeys((*linked(text), *shared))),
        media=media,
        private=True,
    )


def when(text: str) -> datetime:
    """The moment that the platform names. Raises: NormaliseError."""
    return _date(text)


def _author(platform: str, said: Person | None, native: str) -> Author:
    person = said or Person()
    handle = clean(person.username or "")
    url = f"{SITES[platform]}/{handle}" if handle else ""
    return Author(
        platform, clean(person.id) or handle or f"unknown-{native}", handle, clean(person.name or ""), url=url
    )


def _id(said: str) -> str:
    if not (native := clean(said).strip()):
        raise NormaliseError("An item has no id.", "bad_item")
    return native


def _below(media: str, comment: str) -> str:
    return f"{clean(media)}_{_id(comment)}" if media else _id(comment)


def _short(comment: str) -> str:
    """A comment's id in its last two parts: older answers name the Page before them."""
    return "_".join(clean(comment).split("_")[-2:])


def _comment_id(raw: RawComment) -> str:
    if raw.id:
        return _short(_id(raw.id))
    parts, asked = _link(raw.permalink_url or "")
    number = (asked.get("reply_comment_id") or asked.get("comment_id") or [""])[0]
    if not (number and parts):
        raise NormaliseError("A comment has no id.", "bad_item")
    return clean(f"{parts[-1]}_{number}")


def _whole(comment: str, url: str) -> str:
    """The id of the post that a comment is below, as the feed writes it (``PAGE_POST``), by the comment's link."""
    parts, _ = _link(url)
    if len(parts) == 3 and parts[1] == "posts" and parts[0].isdecimal():
        return f"{parts[0]}_{parts[2]}"
    return comment.rpartition("_")[0]


def _link(url: str) -> tuple[list[str], dict[str, list[str]]]:
    try:
        split = urlsplit(url)
    except ValueError:
        return [], {}
    return [part for part in split.path.split("/") if part], parse_qs(split.query)


def _tagged(tags: tuple[Named, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean(one.name) for one in tags if one.name))


def _pictures(raw: RawMedia) -> Iterator[Media]:
    children = [read(one, RawChild, "picture") for one in raw.children.data] if raw.children else []
    own = RawChild(raw.media_type, raw.media_url, raw.thumbnail_url, raw.alt_text)
    for one in children or [own]:
        if url := one.media_url or one.thumbnail_url:
            yield Media(_KINDS.get(one.media_type or "", "link"), clean(url), clean(one.alt_text or ""))


def _attachments(listed: Listed | None) -> list[Attachment]:
    found: list[Attachment] = []
    for one in listed.data if listed else ():
        attachment = read(one, Attachment, "attachment")
        within = attachment.subattachments.data if attachment.subattachments else ()
        found += [read(part, Attachment, "attachment") for part in within] or [attachment]
    return found


def _attached(attachments: list[Attachment]) -> tuple[tuple[Media, ...], tuple[str, ...]]:
    media, links = list[Media](), list[str]()
    for one in attachments:
        alt, page = clean(one.title or one.description or ""), clean(one.unshimmed_url or one.url or "")
        shown = one.media or Shown()
        picture = clean((shown.image.src if shown.image else None) or "")
        if "video" in (one.type or "") and shown.source:
            media.append(Media("video", clean(shown.source), alt))
        elif picture:
            media.append(Media("image", picture, alt))
        if page and "photo" not in (one.type or ""):
            links.append(page)
    return tuple(media), tuple(link for link in links if link.startswith(("http://", "https://")))


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    where = place.location
    parts = (place.name, where.city if where else None, where.country if where else None)
    return ", ".join(dict.fromkeys(clean(part) for part in parts if part))


def _files(raw: RawMessage) -> Iterator[Media]:
    for one in raw.attachments.data if raw.attachments else ():
        file = read(one, RawFile, "file of a message")
        for kind, url in (("image", file.image_data), ("video", file.video_data)):
            if url and url.url:
                yield Media(kind, clean(url.url), clean(file.name or ""))
        if file.file_url:
            kind = (file.mime_type or "").partition("/")[0]
            yield Media(kind if kind == "audio" else "link", clean(file.file_url), clean(file.name or ""))


def _shares(raw: RawMessage) -> list[RawShare]:
    return [read(one, RawShare, "shared link") for one in raw.shares.data] if raw.shares else []


def _inbox(platform: str, conversation: RawConversation | None) -> str:
    if conversation and conversation.link and conversation.link.startswith("/"):
        return SITES[platform] + clean(conversation.link)
    return f"{SITES[platform]}/direct/inbox/" if platform == INSTAGRAM else f"{SITES[platform]}/latest/inbox"


def _count(value: int | None) -> int:
    return min(max(0, value or 0), LARGEST)


def _date(text: str) -> datetime:
    try:
        return moment(text)
    except DateError as error:
        raise NormaliseError(f"An item has a date that can't be read: {error}.", "bad_item") from error
