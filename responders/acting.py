"""What the responders share that like or hide."""

from __future__ import annotations

from crm.errors import PermanentError
from crm.ports.responder import Account, Act, ActRule
from crm.words import Post
from responders.text import connected

LIKE: tuple[Act, ...] = ("like", "unlike")
HIDE: tuple[Act, ...] = ("hide", "unhide")


def offered(account: Account | None, *kinds: tuple[tuple[Act, ...], str]) -> tuple[ActRule, ...]:
    """Acts, each with its rule; without an account they are closed."""
    here = connected(account)
    return tuple(ActRule(act, rule if here else "not_connected", here) for acts, rule in kinds for act in acts)


def check_offered(act: Act, post: Post, rules: tuple[ActRule, ...]) -> None:
    """Raise PermanentError where the platform does not offer the act for this post."""
    if act not in {rule.act for rule in rules}:
        raise PermanentError(f"{post.platform} lets nobody {act} {post.key} through its interface.")
