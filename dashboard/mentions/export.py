"""Posts as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from crm.words import EnrichedPost

HEADS = (
    "key", "platform", "posted_at", "author", "handle", "followers", "title", "text", "url", "language", "sentiment",
    "sentiment_probability", "urgency", "intents", "emotion", "offensive", "aspects", "monitors", "thread", "likes",
    "replies", "reposts", "views", "own", "made_up",
)  # fmt: skip


def post_rows(posts: Iterable[EnrichedPost], zone: ZoneInfo, monitors: Mapping[str, str]) -> Iterator[list[object]]:
    """One row for each post, in the columns of HEADS; times in `zone`, `monitors` gives names to ids."""
    for hit in posts:
        post, author, counts = hit.post, hit.post.author, hit.post.counts
        yield [
            post.key, post.platform, post.posted_at.astimezone(zone).isoformat(timespec="seconds"), author.name,
            author.handle, author.followers, post.title, post.text, post.url, hit.language.value, hit.sentiment.value,
            round(hit.sentiment.probability, 3), hit.urgency.value,
            "; ".join(hit.wants), hit.emotion.value if hit.emotion else None, _offensive(hit),
            "; ".join(f"{one.name}/{one.sentiment.value or ''}".rstrip("/") for one in hit.aspects),
            "; ".join(monitors.get(one, one) for one in hit.monitors), hit.thread_key,
            counts.likes, counts.replies, counts.reposts, counts.views, int(hit.own), int(hit.made_up),
        ]  # fmt: skip


def _offensive(hit: EnrichedPost) -> int | None:
    """1, 0, or nothing where the model abstained."""
    return None if hit.offence is None or hit.offence.value is None else int(hit.offence.value == "offensive")
