"""What the responders share: measuring a text, and the way that is always open."""

from __future__ import annotations

from apsw.unicode import grapheme_length

from crm.policies.tokens import access_token
from crm.ports.responder import Account, WayRule
from crm.words import Post


def graphemes(text: str) -> int:
    """How many characters a reader sees (Unicode's grapheme clusters): a family emoji is one."""
    return int(grapheme_length(text))


def connected(account: Account | None) -> bool:
    """Whether there is an account with a secret to sign in with."""
    return account is not None and bool(access_token(account.secret))


def open_on_platform(post: Post) -> WayRule:
    """A person answers on the post's own page and marks the reply as sent."""
    return WayRule("open", "on_platform", url=post.url)
