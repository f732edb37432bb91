"""A row of a file as a post."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from datetime import datetime, tzinfo

from msgspec import Struct
from msgspec.structs import replace

from collectors.clean import clean, linked, mentioned
from collectors.errors import NormaliseError
from collectors.file.columns import Mapping, folded, late
from collectors.file.reviews import Review, answer_to, dressed, review_id, review_of, worded
from collectors.file.rows import Row
from collectors.moments import DateError, moment
from crm.words import Author, Counts, Post, content_id

_NOTHING = frozenset(("", "null", "none", "nan", "n/a", "<na>", "-"))
_LONGEST_NOTHING = max(map(len, _NOTHING))
_FLOAT = re.compile(r"(\d+)\.0+")
_DAMAGED = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")
_LARGEST_EXACT = 2**53
_LARGEST_COUNT = 2**62
_COUNTS = ("likes", "replies", "reposts", "views")
_NO_COUNTS = Counts()
_X = frozenset(("x", "twitter"))
_X_ID = re.compile(r"\d{15,20}")


class Plan(Struct, frozen=True):
    """How rows become posts: the platform, the columns, the zone and order of dates, and the date of undated files.

    `seen` are the names of all columns that were looked at, `left_out` the fields that a person wants none of.
    """

    platform: str
    columns: Mapping
    zone: tzinfo
    undated: datetime
    day_first: bool | None = None
    seen: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    review: Review | None = None

    def widened(self, names: AbstractSet[str]) -> Plan:
        """The same for rows that have further columns."""
        columns = {**self.columns, **late(self.columns, self.left_out, names - self.seen)}
        seen = self.seen.union(names)
        return replace(self, columns=columns, seen=seen, review=review_in(seen, columns))


def review_in(names: AbstractSet[str], columns: Mapping) -> Review | None:
    """The columns of a review among these names, but for those that hold other parts of a post."""
    return review_of({folded(name): name for name in sorted(names - set(columns.values()))})


def to_posts(row: Row, plan: Plan) -> list[tuple[Post, bool]]:
    """The post in a row, and the seller's answer where it is a review; each with whether it is our own.

    Raises: as :func:`to_post`.
    """
    if plan.review is None:
        return [(to_post(row, plan), False)]
    post = to_post(worded(row, plan.review, plan.columns["text"]), plan)
    if found := review_id(post.url):
        post = replace(post, native_id=found, author=_reviewer(post, found))
    post = dressed(post, row, plan.review, plan.zone)
    answer = answer_to(post, row, plan.review, plan.zone)
    return [(post, False), *([(answer, True)] if answer else [])]


def _reviewer(post: Post, native: str) -> Author:
    """The author again: one who was not named is called by the review's id."""
    nameless = post.author.native_id == f"unknown-{post.native_id}"
    return replace(post.author, native_id=f"unknown-{native}") if nameless else post.author


def to_post(row: Row, plan: Plan) -> Post:
    """The post in a row.

    A row without an id gets one from author, date and text; a row without an author gets an
    author of its own, so that strangers are never taken for one person.
    Raises: NormaliseError naming the column and the value.
    """
    text, at, columns = _text(row, plan), _date(row, plan), plan.columns
    native = _id(row, columns, "id")
    author = _author(row, plan, native)
    if not native:
        native = content_id(author.native_id, at.isoformat(), text)
        author = author if author.native_id else _author(row, plan, native)
    parent, root = _key(plan.platform, _id(row, columns, "parent")), _key(plan.platform, _id(row, columns, "root"))
    return Post(
        plan.platform,
        native,
        author,
        text,
        at,
        url=_word(row, columns, "url") or _address(plan.platform, native, _word(row, columns, "post")),
        title=_word(row, columns, "title"),
        parent_key=parent,
        root_key=None if root == f"{plan.platform}:{native}" else root,
        language_hint=_word(row, columns, "language")[:35],
        mentions=mentioned(text),
        links=linked(text),
        counts=_counts(row, columns),
        place=_word(row, columns, "place"),
    )


def _author(row: Row, plan: Plan, native: str) -> Author:
    """The author that the row names, else one made of the post's id `native`."""
    columns = plan.columns
    handle, author_id = _word(row, columns, "author"), _id(row, columns, "author_id")
    return Author(
        plan.platform,
        author_id or handle or (f"unknown-{native}" if native else ""),
        handle or author_id,
        _word(row, columns, "author_name"),
        followers=_count(row, columns, "followers") if "followers" in columns else None,
    )


def _counts(row: Row, columns: Mapping) -> Counts:
    if columns.keys().isdisjoint(_COUNTS):
        return _NO_COUNTS
    return Counts(*[_count(row, columns, field) for field in _COUNTS])


def _text(row: Row, plan: Plan) -> str:
    value = row.get(plan.columns["text"])
    if value is not None and not isinstance(value, str):
        column = plan.columns["text"]
        raise NormaliseError(f"column {column}: {str(value)[:60]!r} is no text", "not_text", column=column)
    if not value or value.isspace():
        raise NormaliseError(f"column {plan.columns['text']}: there is no text", "no_text", column=plan.columns["text"])
    if "&" in value and plan.platform in _X:
        # X hands these three signs out escaped, and no others
        value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return clean(value)


def _date(row: Row, plan: Plan) -> datetime:
    column = plan.columns.get("created_at")
    if column is None:
        return plan.undated
    value = row.get(column)
    if value is None or value == "":
        raise NormaliseError(f"column {column}: the date is missing", "no_date", column=column)
    try:
        return moment(value, plan.zone, plan.day_first)
    except DateError as error:
        code = "two_dates" if error.ambiguous else "bad_date"
        raise NormaliseError(f"column {column}: {error}", code, column=column, value=str(value)[:60]) from error


def _word(row: Row, columns: Mapping, field: str) -> str:
    """A short text; the empty one where there is nothing, or one of the words that stand for nothing."""
    column = columns.get(field)
    if column is None or (value := row.get(column)) is None or isinstance(value, (list, dict, bool)):
        return ""
    text = clean(value if type(value) is str else str(value)).strip()
    return "" if len(text) <= _LONGEST_NOTHING and text.lower() in _NOTHING else text


def _id(row: Row, columns: Mapping, field: str) -> str:
    """An id as text; spreadsheets make ``3.0`` of 3, and of long ones something that can't be mended."""
    column = columns.get(field)
    if column is None:
        return ""
    value = row.get(column)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _LARGEST_EXACT else ""
    text = _word(row, columns, field)
    if text.isdigit():
        return text
    if found := _FLOAT.fullmatch(text):
        return found[1]
    return "" if _DAMAGED.fullmatch(text) else text


def _count(row: Row, columns: Mapping, field: str) -> int:
    """A number that only decorates: what can't be read counts as none."""
    column = columns.get(field)
    if column is None:
        return 0
    value = row.get(column)
    if type(value) is int:
        return max(0, min(value, _LARGEST_COUNT))
    text = _word(row, columns, field)
    try:
        return max(0, min(int(float(text.replace(",", "").replace("٬", ""))), _LARGEST_COUNT))
    except (ValueError, OverflowError):
        return 0


def _key(platform: str, native: str) -> str | None:
    return f"{platform}:{native}" if native else None


def _address(platform: str, native: str, post: str) -> str:
    """Where a post can be opened, if its platform's addresses follow from the ids."""
    if platform == "instagram" and post:
        return f"https://www.instagram.com/p/{post}/"
    if platform in _X and _X_ID.fullmatch(native):
        return f"https://x.com/i/status/{native}"
    return ""
