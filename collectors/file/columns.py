"""Which column of a file holds which part of a post."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from statistics import mean

from collectors.errors import UnusableFileError
from collectors.file.form import look_at
from collectors.file.reviews import PLAY, is_play
from collectors.file.rows import Row, sample
from collectors.moments import DateError, moment

Mapping = dict[str, str]
"""Column names by field."""

NAMES: dict[str, str] = {
    "text": "text full_text tweet tweet_text content body message comment comment_text caption review review_text "
    "post_text description متن متن_پیام متن_نظر نظر پیام کامنت توضیحات محتوا",
    "id": "id id_str tweet_id post_id comment_id status_id message_id review_id msgid uri شناسه آیدی کد",
    "author": "author username user user_name screen_name handle author_username author_handle from_user from account "
    "channel user.screen_name user.username author.username نویسنده کاربر نام_کاربری کانال",
    "author_id": "author_id user_id from_id authorid userid user.id_str user.id author.id شناسه_کاربر شناسه_نویسنده",
    "author_name": "author_name name display_name full_name user.name author.name نام نام_نویسنده نام_کامل",
    "created_at": "created_at date created datetime time timestamp published_at posted_at published created_time "
    "created_utc date_time tweet_created at modified_at updated_at تاریخ زمان تاریخ_ایجاد تاریخ_انتشار تاریخ_ثبت",
    "parent": "in_reply_to in_response_to in_response_to_tweet_id in_reply_to_status_id_str in_reply_to_status_id "
    "in_reply_to_id parent parent_id reply_to reply_to_id در_پاسخ_به پاسخ_به",
    "root": "conversation_id thread_id root_id root main_tweet_id",
    "post": "post media_id shortcode post_shortcode پست",
    "url": "url link permalink post_url tweet_url permalink_url نشانی لینک پیوند آدرس",
    "title": "title subject headline عنوان موضوع",
    "likes": "likes like_count likes_count favorite_count favorites favourites_count public_metrics.like_count لایک "
    "پسند تعداد_لایک لایک_ها",
    "reposts": "retweets retweet_count reposts repost_count shares share_count reblogs_count "
    "public_metrics.retweet_count بازنشر ریتوییت ریتویت",
    "replies": "replies reply_count replies_count comments comments_count comment_count public_metrics.reply_count "
    "پاسخ_ها تعداد_پاسخ تعداد_کامنت",
    "views": "views view_count views_count impressions impression_count public_metrics.impression_count بازدید",
    "followers": "followers followers_count follower_count author_followers user.followers_count "
    "author.public_metrics.followers_count دنبال_کننده دنبال_کنندگان فالوور فالوورها",
    "language": "lang language زبان",
    "place": "location place tweet_location city country user.location مکان شهر موقعیت",
}

Known = AnyMapping[str, tuple[str, int]]
"""The field and the rank of each folded name of a column; the lowest rank wins."""


def known_names(names: AnyMapping[str, str]) -> Known:
    """What :func:`by_name` looks columns up in."""
    return {name: (field, rank) for field, said in names.items() for rank, name in enumerate(said.split())}


_KNOWN = known_names(NAMES)
_SAMPLE = 200
_SPELLING = str.maketrans("يك\u200c", "یک_")
_SHORT_TEXT = 12


def guess_mapping(path: Path, encoding: str = "") -> Mapping:
    """The columns of a file by field (see NAMES), told by their names and, where those say nothing, their values.

    Raises: UnusableFileError as :func:`collectors.file.form.look_at` does, or where no column holds texts.
    """
    return guess(path.name, sample(look_at(path, encoding), _SAMPLE))


def parse_map(text: str, fields: Collection[str] = NAMES) -> Mapping:
    """Columns by field out of ``text=body,author=user``; an empty column leaves a field out.

    Raises: UnusableFileError for a field that no post has, or anything else than pairs.
    """
    found: Mapping = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not equals:
            raise UnusableFileError(
                f"{pair!r} is no pair; write field=column, for example text=body.", "no_pair", value=pair
            )
        if field not in fields:
            there = ", ".join(fields)
            raise UnusableFileError(
                f"A post has no field {field!r}; it has {there}.", "no_field", value=field, fields=there
            )
        found[field] = column
    return found


def settle(name: str, rows: Sequence[Row], said: AnyMapping[str, str]) -> Mapping:
    """The mapping that a file called `name` is read with: what a person `said`, and guesses for the rest.

    Raises: UnusableFileError for a column that the file lacks, or where no column holds texts.
    """
    columns = _columns(rows)
    for field, column in said.items():
        if column and column not in columns:
            there = ", ".join(columns)[:300]
            message = f"{name} has no column {column!r} for {field}; it has {there}."
            raise UnusableFileError(message, "no_column", name=name, value=column, columns=there)
    free = [{key: cell for key, cell in row.items() if key not in said.values()} for row in rows]
    guessed = {} if said.get("text") and not any(free) else guess(name, free, needs_text=not said.get("text"))
    return {field: column for field, column in {**guessed, **said}.items() if column}


def late(columns: AnyMapping[str, str], left_out: Collection[str], names: Iterable[str]) -> Mapping:
    """Columns of fields that no row of the sample named: rows of JSON leave out what they don't have.

    What was settled, or left out by a person, stays as it is; so do texts and dates, which every row must have.
    """
    settled = {*columns, *left_out, "text", "created_at"}
    return {field: column for field, column in by_name(list(names)).items() if field not in settled}


def guess(name: str, rows: Sequence[Row], *, needs_text: bool = True) -> Mapping:
    """See :func:`guess_mapping`."""
    if not rows:
        message = f"No row of {name} could be read; one row a post is expected, with named columns."
        raise UnusableFileError(message, "no_rows", name=name)
    columns = _columns(rows)
    if is_play(columns):
        return {field: column for field, column in PLAY.items() if column in columns}
    found = by_name(columns)
    values = {column: [str(row[column]) for row in rows if row.get(column) not in (None, "")] for column in columns}
    if "post" in found and any(" " in value for value in values[found["post"]]):
        column = found.pop("post")
        found.setdefault("text", column)
    rest = [column for column in columns if column not in found.values()]
    if needs_text and "text" not in found:
        found["text"] = _wordiest(name, rest, values, columns, known=bool(found))
        rest = [column for column in rest if column != found["text"]]
    if "created_at" not in found and (dated := [column for column in rest if _are_dates(values[column])]):
        found["created_at"] = dated[0]
    return {field: found[field] for field in NAMES if field in found}


def folded(name: str) -> str:
    """A column's name in one spelling: ``Created At``, ``createdAt`` and ``created-at`` are one."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower().translate(_SPELLING)
    return re.sub(r"[\s_-]+", "_", name).strip("_")


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))


def by_name(columns: Sequence[str], known: Known = _KNOWN) -> Mapping:
    """Columns by field, told by their names alone."""
    best: dict[str, tuple[int, str]] = {}
    for column in columns:
        if found := known.get(folded(column)):
            field, rank = found
            best[field] = min(best.get(field, (rank, column)), (rank, column))
    return {field: column for field, (_, column) in best.items()}


def _wordiest(name: str, rest: list[str], values: dict[str, list[str]], columns: list[str], *, known: bool) -> str:
    """The column with the longest values, where they look like sentences."""
    lengths = {
        column: mean(map(len, values[column])) for column in rest if values[column] and not _are_dates(values[column])
    }
    worded = [column for column in lengths if any(" " in value.strip() for value in values[column])]
    if not known and any(_is_value(column) for column in columns):
        raise UnusableFileError(
            f"The first line of {name} must name the columns, for example id,text,author,created_at.",
            "no_heads", name=name,
        )  # fmt: skip
    if not worded or max(lengths[column] for column in worded) < _SHORT_TEXT:
        there = ", ".join(columns)[:300]
        raise UnusableFileError(
            f"No column of {name} looks like the texts of posts; name it (--map text=COLUMN). It has {there}.",
            "no_texts", name=name, columns=there,
        )  # fmt: skip
    return max(worded, key=lambda column: lengths[column])


def _is_value(name: str) -> bool:
    return len(name) > 60 or _are_dates([name]) or bool(re.fullmatch(r"\d{3,}", name))


def _are_dates(values: Sequence[str]) -> bool:
    def reads(value: str) -> bool:
        try:
            moment(value, day_first=True)
        except DateError:
            return False
        return not re.fullmatch(r"[\d.]+", value)

    return bool(values) and mean(map(reads, values)) > 0.8
