"""Hiding comments on Instagram and Facebook, and liking on Facebook as the Page.

Instagram hides comments below our own media and lets no program like; Facebook hides comments below posts of the Page,
which their author and the author's friends still see. Source: developers.facebook.com/docs/instagram-platform
(comment-moderation, ig-comment: hide) and /docs/graph-api/reference (comment: is_hidden, object/likes), as of 2026.
"""

from __future__ import annotations

from msgspec import Struct

from crm.ports.responder import Account, Act, ActRule
from crm.words import Post
from responders.acting import HIDE, LIKE, offered
from responders.meta_api import MetaApi

DM = "dm:"


class _Done(Struct, frozen=True):
    success: bool


def instagram(post: Post, account: Account | None) -> tuple[ActRule, ...]:
    """What Instagram offers for a post."""
    comment = post.parent_key and "_" in post.native_id and not post.private
    return offered(account, (HIDE, "comment_hide")) if comment else ()


def facebook(post: Post, account: Account | None) -> tuple[ActRule, ...]:
    """What Facebook offers for a post."""
    if post.private or post.native_id.startswith(DM) or not post.native_id.replace("_", "").isdigit():
        return ()
    return offered(account, (LIKE, "page_like"), *([(HIDE, "page_hide")] if post.parent_key else []))


def carry_out(api: MetaApi, act: Act, post: Post, number: str, hides: str) -> None:
    """`number` is Meta's own id of the post and `hides` how the platform calls the state of a hidden one."""
    if act in HIDE:
        api.change("POST", number, post.key, _Done, **{hides: act == "hide"})
    else:
        api.change("POST" if act == "like" else "DELETE", f"{number}/likes", post.key, _Done)
