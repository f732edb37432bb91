"""An object of JSON as a post, by paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from urllib.parse import urljoin

from msgspec import Struct
from msgspec.structs import replace

from collectors.addresses import is_address
from collectors.clean import clean, from_html, linked, mentioned
from collectors.errors import NormaliseError
from collectors.file.normalise import Plan
from collectors.file.normalise import to_post as row_to_post
from collectors.json.mapping import Paths, settle
from collectors.json.paths import Row, flat
from collectors.moments import DateError, moment
from crm.words import Media, Origin, Post, content_id

ON = frozenset(("true", "1", "yes", "on"))
_MARKUP = re.compile(r"<(?:p|br|div|a|span|strong|em|b|i|ul|ol|li|blockquote|h\d|img|pre|code)\b[^<>]*>", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:$|\?)", re.IGNORECASE)
_FILM = re.compile(r"\.(?:mp4|webm|mov|m3u8)(?:$|\?)", re.IGNORECASE)
_IN_LIST = re.compile(r"(?:media|images|photos|pictures|attachments|files)\.\d+(?:\.(?:url|src|href|link))?")
_ID = "#"
"""Where an id that we made stands in a row; no path looks like this."""


class Rules(Struct, frozen=True):
    """How objects become posts: their platform, paths, the zone of dates without one, and what addresses begin with."""

    platform: str
    paths: Paths
    zone: tzinfo
    base: str = ""
    origin: Origin = "stream"


class Said(Struct, frozen=True):
    """An object as a post, and whether its platform says that it is gone."""

    post: Post
    deleted: bool = False


def to_post(item: object, rules: Rules, seen_at: datetime) -> Said:
    """The post in an object; one without a date was said when it was first seen.

    Without an id it gets one of what it says, so that it is the same post each time. Raises: NormaliseError.
    """
    if not isinstance(item, dict):
        raise NormaliseError("It is no JSON object.", "no_object")
    row = flat(item)
    columns = settle(row, rules.paths.fields)
    deleted = _on(row, columns, "deleted")
    _complete(row, columns, deleted=deleted)
    try:
        post = row_to_post(row, Plan(rules.platform, columns, rules.zone, seen_at))
    except (ValueError, OverflowError, TypeError) as error:
        raise NormaliseError(f"It can't be read: {error}.", "bad_item") from error
    return Said(_dressed(post, row, columns, rules), deleted)


def _complete(row: Row, columns: dict[str, str], *, deleted: bool) -> None:
    """Make up for what rows of a file must have and objects may lack."""
    if deleted and "id" in columns:
        row[_ID] = "deleted"
        columns["text"] = _ID
        columns.pop("created_at", None)
        return
    if "text" not in columns:
        there = ", ".join(row)[:300]
        raise NormaliseError(f"No part of it is known as its text; it has {there}.", "no_text_path", paths=there)
    if row.get(columns.get("id", _ID)) in (None, ""):
        known = [str(row.get(columns.get(field, _ID), "")) for field in ("author", "created_at", "url", "text")]
        row[_ID], columns["id"] = content_id(*known), _ID


def _dressed(post: Post, row: Row, columns: Mapping[str, str], rules: Rules) -> Post:
    """The post with what files don't have: markup made plain, addresses made whole, media, edits, private."""
    text, links = from_html(post.text) if _MARKUP.search(post.text) else (post.text, ())
    title = from_html(post.title)[0] if "<" in post.title or "&" in post.title else post.title
    media = _media(row, columns, rules.base)
    if not text and not title and not media:
        raise NormaliseError("It has no text.", "no_text", column=columns.get("text", ""))
    edited = _edited(row, columns, rules.zone)
    return replace(
        post,
        text=text or title,
        title=title if text else "",
        url=_address(post.url, rules.base),
        links=tuple(dict.fromkeys((*links, *linked(text)))),
        mentions=mentioned(text),
        media=media,
        edited_at=edited if edited and edited > post.posted_at else None,
        private=_on(row, columns, "private"),
        author=replace(post.author, avatar_url=_address(_text(row, columns, "avatar"), rules.base)),
    )


def _media(row: Row, columns: Mapping[str, str], base: str) -> tuple[Media, ...]:
    """What the mapping names, and the members of lists that are called so."""
    said = [row.get(columns.get("media", "")), *(value for path, value in row.items() if _IN_LIST.fullmatch(path))]
    whole = dict.fromkeys(_address(one, base) for one in said if isinstance(one, str))
    return tuple(Media(_kind(url), url) for url in whole if url)


def _text(row: Row, columns: Mapping[str, str], field: str) -> str:
    value = row.get(columns.get(field, ""))
    return value.strip() if isinstance(value, str) else ""


def _on(row: Row, columns: Mapping[str, str], field: str) -> bool:
    return str(row.get(columns.get(field, ""), "")).strip().lower() in ON


def _edited(row: Row, columns: Mapping[str, str], zone: tzinfo) -> datetime | None:
    try:
        return moment(row.get(columns.get("edited_at", ""), ""), zone)
    except DateError:
        return None


def _address(said: str, base: str) -> str:
    """An address of the web, made whole where it is a path; empty for anything else."""
    if not said or len(said) > 2000:
        return ""
    try:
        whole = urljoin(base, clean(said).strip()) if base else clean(said).strip()
    except ValueError:
        return ""
    return whole if is_address(whole) else ""


def _kind(url: str) -> str:
    return "image" if _PICTURE.search(url) else "video" if _FILM.search(url) else "link"
