"""Hiding comments on YouTube: held for review, and published again.

Only comments below videos of our own channel; YouTube refuses others. It has no call that likes a comment.
Source: developers.google.com/youtube/v3/docs/comments/setModerationStatus (50 units), as of 2026.
"""

from __future__ import annotations

from crm.errors import AuthorisationError
from crm.platforms.youtube import YouTube, YouTubeAnswerError, credentials
from crm.ports.responder import Account, Act, ActRule, AnsweredPostGoneError
from crm.words import Post
from responders.acting import HIDE, offered

GONE = frozenset({"commentNotFound"})
STATES: dict[Act, str] = {"hide": "heldForReview", "unhide": "published"}


def rules(account: Account | None) -> tuple[ActRule, ...]:
    """What YouTube offers for a comment."""
    try:
        reads_only = not credentials(account).signs_in
    except AuthorisationError:
        reads_only = False
    if reads_only:
        return tuple(ActRule(act, "reading_only", allowed=False) for act in HIDE)
    return offered(account, (HIDE, "review_hide"))


def carry_out(youtube: YouTube, act: Act, post: Post) -> None:
    """Errors as in :meth:`crm.ports.responder.Acting.act`."""
    try:
        youtube.post(
            "comments/setModerationStatus", {"id": post.native_id, "moderationStatus": STATES[act]}, {}
        )  # fmt: skip
    except YouTubeAnswerError as error:
        if error.reason in GONE:
            raise AnsweredPostGoneError(post.key) from error
        raise
