"""Liking posts and hiding answers on X.

Hiding is for answers in conversations that our account began, unhiding for what it hid; of others X refuses it. Likes
need an app whose plan includes them. Neither call says whether it changed anything, so twice is once.
Source: docs.x.com/x-api/posts/hide-replies, docs.x.com/x-api/posts/likes (manage-likes, scopes like.write and
tweet.moderate.write).
"""

from __future__ import annotations

from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError
from crm.ports.responder import Account, Act, ActRule, AnsweredPostGoneError
from crm.words import Post
from responders.acting import HIDE, LIKE, offered
from responders.x_api import XApi


class _Whose(Struct, frozen=True):
    id: str


class _Me(Struct, frozen=True):
    data: _Whose


class _State(Struct, frozen=True):
    liked: bool | None = None
    hidden: bool | None = None


class _Done(Struct, frozen=True):
    data: _State


class _Found(Struct, frozen=True):
    data: dict[str, object] | None = None


def rules(post: Post, account: Account | None) -> tuple[ActRule, ...]:
    """What X offers for a post."""
    native = post.native_id
    if post.private or not (native.isascii() and native.isdigit()):
        return ()
    return offered(account, (LIKE, "x_like"), *([(HIDE, "x_hide")] if post.parent_key else []))


def carry_out(api: XApi, act: Act, post: Post) -> None:
    """Errors as in :meth:`crm.ports.responder.Acting.act`."""
    try:
        _ask(api, act, post.native_id)
    except (AuthorisationError, PermanentError) as error:
        # X words the refusal for a post that is gone in more than one way, so it is asked for the post itself
        if api.read(lambda client: client.get_tweet(post.native_id, user_auth=api.as_user), _Found).data is None:
            raise AnsweredPostGoneError(post.key) from error
        raise


def _ask(api: XApi, act: Act, native: str) -> None:
    said: dict[str, object]
    if act in HIDE:
        way, path, said = "PUT", f"/2/tweets/{native}/hidden", {"hidden": act == "hide"}
    else:
        me = api.read(lambda client: client.get_me(user_auth=api.as_user), _Me).data.id
        path = f"/2/users/{me}/likes"
        way, path, said = ("POST", path, {"tweet_id": native}) if act == "like" else ("DELETE", f"{path}/{native}", {})
    api.read(lambda client: client.request(way, path, json=said or None, user_auth=api.as_user), _Done)
