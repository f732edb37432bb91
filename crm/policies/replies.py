"""The life of a reply: what may follow what, and what a failed or doubtful send means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from crm.errors import ConflictError, InvalidInputError
from crm.ports.responder import Length, Way

ReplyStatus = Literal["proposed", "draft", "approved", "sending", "sent", "failed", "unknown", "cancelled"]

UNDO = timedelta(seconds=8)
"""How long an approved reply can be called back before it leaves."""
LEASE = timedelta(seconds=600)
"""How long one worker holds a reply; longer than all its requests to a platform take together."""
REMEMBERED = timedelta(minutes=30)
"""After a first attempt a repetition is safe this long: platforms remember its key for an hour or for ever."""
MAX_ATTEMPTS = 8

_NEXT: dict[ReplyStatus, frozenset[ReplyStatus]] = {
    "proposed": frozenset({"draft", "cancelled"}),
    "draft": frozenset({"approved", "cancelled"}),
    "approved": frozenset({"sending", "sent", "cancelled"}),
    "sending": frozenset({"approved", "sent", "failed", "unknown"}),
    "failed": frozenset({"approved", "cancelled"}),
    "unknown": frozenset({"sent", "failed"}),
    "sent": frozenset(),
    "cancelled": frozenset(),
}


class ReplyStateError(ConflictError):
    """The reply has gone further (or less far) than the step needs."""

    def __init__(self, old: ReplyStatus, new: ReplyStatus) -> None:
        self.old, self.new = old, new
        super().__init__(f"This reply is {old} by now, so it can't become {new}; look at the case again.")


class ReplyChangedError(ConflictError):
    """The text is not the one that was read."""

    def __init__(self) -> None:
        super().__init__("The text of this reply changed since you read it; read it again before you approve it.")


class WayClosedError(InvalidInputError):
    """The post can't be answered in this way."""

    def __init__(self, way: Way, able: Sequence[Way]) -> None:
        self.way, self.able = way, tuple(able)
        others = ", ".join(able)
        super().__init__(f"This post can't be answered by {way!r}; it can by {others}. Choose one of these.")


class AlreadyAnsweredError(ConflictError):
    """Somebody's answer to the same case was approved after this draft was begun. `replies` are their ids."""

    def __init__(self, replies: Sequence[str], names: Sequence[str]) -> None:
        self.replies, self.names = tuple(replies), tuple(names)
        who = ", ".join(dict.fromkeys(names))
        super().__init__(f"{who} answered this case while you were writing; read that answer, then send yours anyway.")


class SaidAlreadyError(ConflictError):
    """The same words were approved as an answer to the same post before."""

    def __init__(self) -> None:
        super().__init__("This post has been answered with these very words; look at the case again, or write others.")


def check_step(old: ReplyStatus, new: ReplyStatus) -> None:
    """Raise ReplyStateError where a reply that is `old` may not become `new`."""
    if new not in _NEXT[old]:
        raise ReplyStateError(old, new)


def check_text(text: str, length: Length | None, *, parted: bool = False) -> None:
    """Raise InvalidInputError where a text can't be sent: empty, or longer than its platform takes.

    A text that is `parted` may go out as several posts.
    """
    if not text.strip():
        raise InvalidInputError("The reply has no text; write one before you send it.")
    if not parted and length is not None and length.limit is not None and length.used > length.limit:
        over = length.used - length.limit
        raise InvalidInputError(f"The reply is {over} characters longer than the {length.limit} its platform takes.")


def may_repeat(first_attempt: datetime, now: datetime) -> bool:
    """Whether a send that the platform certainly does not show may be tried again with the same key."""
    return now - first_attempt < REMEMBERED


def retry_delay(attempts: int, chance: float) -> timedelta:
    """How long to wait after `attempts` tries: doubling from 5 s to 10 min; `chance` (0 to 1) takes off up to half."""
    longest = min(5.0 * 2 ** max(0, attempts - 1), 600.0)
    return timedelta(seconds=longest * (1 - chance / 2))
