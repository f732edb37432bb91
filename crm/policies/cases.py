"""What opens a case, what moves it, and who stands in whose way."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from crm.errors import ConflictError, InvalidInputError
from crm.policies.clock import PRIORITIES, Priority
from crm.words import EnrichedPost, Label, Post

Status = Literal["new", "open", "waiting", "resolved"]
STATUSES: tuple[Status, ...] = ("new", "open", "waiting", "resolved")

_MOVES: dict[Status, frozenset[Status]] = {
    "new": frozenset({"open", "waiting", "resolved"}),
    "open": frozenset({"waiting", "resolved"}),
    "waiting": frozenset({"open", "resolved"}),
    "resolved": frozenset({"open"}),
}

STALE_AFTER = timedelta(days=7)
"""A mention older than this opens no case by itself: nobody waits for that answer any more."""

TITLE_LENGTH = 80
PREVIEW_LENGTH = 200
TAG_LENGTH = 100

_PLAIN_REPOST = re.compile(r"\s*(RT @\S+|♻️?|🔁)\s*:?", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


class CaseChangedError(ConflictError):
    """Somebody else changed the same thing of the case since it was looked at."""

    def __init__(self, who: str, kind: str, at: datetime) -> None:
        self.who, self.kind, self.at = who, kind, at
        super().__init__(f"{who} changed this case ({kind}) at {at:%H:%M} UTC; look at it again and repeat your step.")


class DemoColleagueError(InvalidInputError):
    """A customer's case can't be given to somebody whom the demo made up: nobody would work on it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} belongs to the demo and takes the demo's cases only; choose somebody else.")


def tag_name(name: str) -> str:
    """A tag's name on one line. Raises InvalidInputError where it is empty or too long."""
    name = " ".join(name.split())
    if not 0 < len(name) <= TAG_LENGTH:
        raise InvalidInputError(f"A tag needs a name of at most {TAG_LENGTH} characters.")
    return name


def check_move(old: Status, new: Status) -> None:
    """Raise InvalidInputError where a person may not move a case from `old` to `new`."""
    if new not in _MOVES[old]:
        able = ", ".join(sorted(_MOVES[old]))
        raise InvalidInputError(f"A case that is {old} can't become {new}; it can become {able}.")


def after_customer_post(status: Status) -> Status:
    """What a newer post of the customer makes of a case: a new one stays new, all others are open again."""
    return "new" if status == "new" else "open"


def after_our_post(status: Status) -> Status:
    """What our answer makes of a case: it waits for the customer, unless it was already resolved."""
    return "resolved" if status == "resolved" else "waiting"


def more_open(one: Status, other: Status) -> Status:
    """The status of two cases that become one: whichever asks more of the team."""
    order: tuple[Status, ...] = ("open", "new", "waiting", "resolved")
    return min(one, other, key=order.index)


def is_plain_repost(post: Post) -> bool:
    """Whether the post only passes on what somebody else said."""
    return bool(_PLAIN_REPOST.match(post.text))


def wants_answer(event: EnrichedPost, opening: Collection[str], now: datetime) -> bool:
    """Whether a post opens a case (or re-opens one that it belongs to).

    `opening` are the ids of the own brand's monitors that open cases. What was said to an account of
    ours always wants an answer, private messages too. Imported and demo posts do only where the import
    asked for it; context and our own posts never do, nor do plain reposts and mentions older than a week.
    """
    if event.own or event.origin in ("own", "context") or is_plain_repost(event.post):
        return False
    if event.origin in ("import", "demo") and not event.open_cases:
        return False
    if not event.open_cases and now - event.post.posted_at > STALE_AFTER:
        return False
    return event.post.private or event.origin == "addressed" or any(monitor in opening for monitor in event.monitors)


def first_priority(urgency: Label, *, vip: bool) -> Priority:
    """The priority that a case begins with: the post's urgency (normal where unsure), one step higher for a VIP."""
    start = PRIORITIES.index(urgency.value) if urgency.value in PRIORITIES else 1
    return PRIORITIES[min(start + vip, len(PRIORITIES) - 1)]


def title_of(post: Post) -> str:
    """A case's title: the post's own, else the beginning of its text."""
    return cut(post.title or post.text, TITLE_LENGTH)


def preview_of(post: Post) -> str:
    """What the queue shows of the newest post, on one line."""
    return cut(post.text or post.title, PREVIEW_LENGTH)


def cut(text: str, length: int) -> str:
    """`text` on one line, at most `length` characters, cut at a word and marked where it was cut."""
    line = _SPACE.sub(" ", text).strip()
    if len(line) <= length:
        return line
    head = line[: length - 1]
    return (head.rpartition(" ")[0] or head).rstrip() + "…"
