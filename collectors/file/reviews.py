"""Reviews of apps and shops: their stars, what they are about, and what the seller answered.

Sources: the monthly reports of Google Play's console (reviews_PACKAGE_YYYYMM.csv, UTF-16, with the columns of `PLAY`);
other stores are told by a column of stars beside one of texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from collectors.clean import clean, linked, mentioned
from collectors.file.rows import Row
from collectors.moments import DateError, moment
from crm.words import Author, Post

MOST_STARS = 5
PLAY: Mapping[str, str] = {
    "text": "Review Text", "title": "Review Title", "created_at": "Review Submit Millis Since Epoch",
    "url": "Review Link", "language": "Reviewer Language",
}  # fmt: skip
"""The columns of Google Play's reports by the field of a post."""

_NAMES = {
    "stars": "star_rating stars star rate rating امتیاز ستاره ستاره_ها",
    "app": "package_name package app_id app_name نام_بسته نام_برنامه برنامه",
    "version": "app_version_name version_name app_version version app_version_code version_code نسخه نسخه_برنامه",
    "device": "device device_name device_model مدل_دستگاه دستگاه مدل_گوشی",
    "reply": "developer_reply_text developer_reply developer_response reply_text reply reply_content response "
    "seller_reply developer_comment پاسخ پاسخ_توسعه_دهنده پاسخ_فروشنده",
    "replied_at": "developer_reply_millis_since_epoch developer_reply_date_and_time reply_date replied_at "
    "reply_created_at response_date تاریخ_پاسخ زمان_پاسخ",
    "edited_at": "review_last_update_millis_since_epoch review_last_update_date_and_time",
}
_FIELDS = {name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names.split())}


class Review(Struct, frozen=True):
    """The columns of a review, each empty where there is none."""

    stars: str
    app: str = ""
    version: str = ""
    device: str = ""
    reply: str = ""
    replied_at: str = ""
    edited_at: str = ""


def is_play(columns: Iterable[str]) -> bool:
    """Whether these are the columns of a report of Google Play's console."""
    return {"Star Rating", "Review Text", "Review Submit Millis Since Epoch"} <= set(columns)


def review_of(columns: Mapping[str, str]) -> Review | None:
    """The columns of a review among these, each by its folded name; None where there are no stars."""
    best: dict[str, tuple[int, str]] = {}
    for folded, column in columns.items():
        if found := _FIELDS.get(folded):
            best[found[0]] = min(best.get(found[0], (found[1], column)), (found[1], column))
    return Review(**{field: column for field, (_, column) in best.items()}) if "stars" in best else None


def worded(row: Row, review: Review, text: str) -> Row:
    """The row with its stars for a text where it has none: many rate and say nothing."""
    said, stars = row.get(text), _stars(row, review)
    return {**row, text: stars} if stars and not str(said or "").strip() else row


def dressed(post: Post, row: Row, review: Review, zone: tzinfo) -> Post:
    """The post of a review: stars, version and device stand in its title, for a post has no field for them."""
    about = " · ".join(filter(None, (_word(row, review.version), _word(row, review.device))))
    title = " ".join(filter(None, (_stars(row, review), post.title, f"({about})" if about else "")))
    edited = _moment(row, review.edited_at, zone)
    return replace(post, title=title, edited_at=edited if edited and edited > post.posted_at else post.edited_at)


def review_id(url: str) -> str:
    """The id that a link of Google Play's console carries; empty where there is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    found = parse_qs(parts.query).get("reviewId") or parse_qs(parts.fragment.partition(":")[2]).get("id") or [""]
    return found[0].strip()[:200]


def answer_to(post: Post, row: Row, review: Review, zone: tzinfo) -> Post | None:
    """What the seller answered, as a post of theirs below the review; None where nothing was."""
    text = _word(row, review.reply)
    if not text:
        return None
    app = _word(row, review.app)
    author = Author(post.platform, f"developer-{app}" if app else "developer", app, app)
    at = _moment(row, review.replied_at, zone) or post.edited_at or post.posted_at
    return Post(
        post.platform, f"{post.native_id}-reply", author, text, at, url=post.url, parent_key=post.key,
        root_key=post.root_key or post.key, mentions=mentioned(text), links=linked(text),
    )  # fmt: skip


def _stars(row: Row, review: Review) -> str:
    said = row.get(review.stars)
    try:
        number = round(float(str(said).strip()))
    except (ValueError, OverflowError):
        return ""
    return "★" * number + "☆" * (MOST_STARS - number) if 1 <= number <= MOST_STARS else ""


def _word(row: Row, column: str) -> str:
    value = row.get(column)
    return clean(str(value)).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _moment(row: Row, column: str, zone: tzinfo) -> datetime | None:
    try:
        return moment(row.get(column, ""), zone)
    except DateError:
        return None
