"""Which path of a JSON object holds which part of a post: said by a person, else told by the names.

Names and spellings are those by which columns of a file are told (:mod:`collectors.file.columns`), and more that
only objects have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError
from collectors.file.columns import NAMES, by_name, known_names
from collectors.json.paths import Row, at, flat, lists

_MORE = {
    "text": "body.text body_text content.text content.rendered message_text cooked raw snippet "
    "body_html content_html excerpt.rendered note summary متن_دیدگاه دیدگاه",
    "id": "_id uuid guid key",
    "author": "user.login author.login author.handle author.user_name user.user_name sender.username from.username "
    "member.username creator.username sender.handle author_login nickname reviewer",
    "author_id": "sender.id from.id member.id creator.id sender_id author.user_id account.id author_object_guid",
    "author_name": "sender.name author.display_name user.display_name user.full_name author.full_name from.first_name "
    "author.nickname user.nickname member.name creator.name sender_name account.name",
    "created_at": "date_gmt created_on creation_date createdat sent_at date_created post_date ts",
    "parent": "reply_to.id parent.id reply_to_message_id reply_to_message.message_id parent_comment_id "
    "reply_to_post_number",
    "root": "thread.id topic_id discussion_id topic.id",
    "url": "html_url web_url href links.self links.html share_url guid.rendered",
    "title": "title.rendered topic_title post_title thread.title topic.title",
    "likes": "like_counts upvotes score_likes votes_up reactions.total_count favourites",
    "replies": "answers_count answer_count children_count",
    "views": "view_counts hits reads",
    "followers": "sender.followers_count author.followers author.followers_count",
    "language": "locale language_code lang_code",
    "place": "city.name location.name address.city",
}
FIELDS: Mapping[str, str] = {
    **{field: f"{names} {_MORE.get(field, '')}".strip() for field, names in NAMES.items()},
    "edited_at": "edited_at last_edited_at last_edit_at edit_date edited_on updated_at modified_at modified "
    "modified_gmt date_modified last_modified updated ویرایش",
    "media": "media_url image_url image picture photo photo_url video_url attachment_url attachment تصویر",
    "avatar": "avatar_url avatar user.avatar_url author.avatar_url user.avatar author.avatar sender.avatar",
    "private": "private is_private direct is_direct",
    "deleted": "deleted is_deleted removed is_removed",
}
"""The names by which each field is told, the better ones first."""

_KNOWN = known_names(FIELDS)
ITEMS = ("items", "data", "posts", "results", "entries", "messages", "comments", "reviews", "hits", "records", "value",
         "rows", "list", "children", "topics", "post_stream.posts", "feed", "statuses", "events")  # fmt: skip
INSIDE = ("post", "message", "comment", "review", "data", "payload", "object", "record", "item")
NEXT = ("next", "links.next", "paging.next", "pagination.next", "next_page", "next_url", "nextPage", "meta.next",
        "next_cursor", "paging.cursors.after", "meta.next_cursor", "pagination.next_cursor",
        "response_metadata.next_cursor", "nextPageToken", "next_page_token", "meta.next_token", "continuation",
        "cursor")  # fmt: skip


class Paths(Struct, frozen=True):
    """What a person said: the path of each field (an empty one leaves it out), of the items and of the next page."""

    fields: Mapping[str, str] = {}
    items: str = ""
    next: str = ""


def items_of(document: object, paths: Paths) -> list[object]:
    """The items of a document: at the path that was said, else a list that holds objects, else the document itself.

    Raises: NormaliseError where there are none.
    """
    if paths.items:
        found = at(document, paths.items)
        if isinstance(found, list):
            return found
        if isinstance(found, dict):
            return [found]
        raise NormaliseError(f"There is no list at {paths.items!r}.", "no_items", path=paths.items)
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return _found(document, paths)
    raise NormaliseError("It is neither a JSON object nor a list of them.", "no_object")


def _found(document: dict[str, object], paths: Paths) -> list[object]:
    if _is_post(document, paths):
        return [document]
    for name in ITEMS:
        found = at(document, name)
        if isinstance(found, list):
            return found
    if there := [one for _, one in lists(document)]:
        return there[0]
    inside = (one for name in INSIDE if isinstance(one := document.get(name), dict))
    if post := next((one for one in inside if _is_post(one, paths)), None):
        return [post]
    return [] if _says_none(document) else [document]


def _says_none(document: dict[str, object], depth: int = 2) -> bool:
    """Whether a document has a list of posts in which there are none."""
    if any(document.get(name) == [] for name in ITEMS):
        return True
    return depth > 0 and any(isinstance(one, dict) and _says_none(one, depth - 1) for one in document.values())


def _is_post(item: dict[str, object], paths: Paths) -> bool:
    """Whether an object has a text and at least one other thing that posts have, at its own level."""
    own = {name: one for name, one in item.items() if not isinstance(one, list)}
    told = settle(flat(own), paths.fields)
    return "text" in told and not told.keys().isdisjoint(("id", "author", "author_id", "created_at"))


def settle(row: Row, said: Mapping[str, str]) -> dict[str, str]:
    """The path of every field that the row has: what was said, and what its names tell for the rest."""
    told = by_name([name for name, cell in row.items() if cell != ""], _KNOWN)
    if "title" in told and "text" not in told and "text" not in said:
        told["text"] = told.pop("title")
    if "edited_at" in told and "created_at" not in told and "created_at" not in said:
        told["created_at"] = told.pop("edited_at")
    settled = {**told, **said}
    return {field: path for field, path in settled.items() if path and path in row}


def next_of(document: object, paths: Paths) -> str:
    """The address or the cursor of the next page; empty where there is none."""
    for path in [paths.next] if paths.next else NEXT:
        found = at(document, path)
        if isinstance(found, bool) or not isinstance(found, str | int):
            continue
        if str(found).strip():
            return str(found).strip()
    return ""


def guessed(items: Sequence[object], paths: Paths) -> dict[str, str]:
    """The paths that most of these items would be read by."""
    counted: dict[str, dict[str, int]] = {}
    for item in items:
        if isinstance(item, dict):
            for field, path in settle(flat(item), paths.fields).items():
                counted.setdefault(field, {})[path] = counted.get(field, {}).get(path, 0) + 1
    return {field: max(found, key=lambda one: found[one]) for field, found in sorted(counted.items())}


def decoded(body: bytes) -> object:
    """The document in an answer. Raises: NormaliseError."""
    try:
        return msgspec.json.decode(body.lstrip(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise NormaliseError(f"It is broken JSON: {error}.", "broken_json") from error
