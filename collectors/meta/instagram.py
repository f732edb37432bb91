"""What of Instagram is asked, and how its answers are read.

Source: developers.facebook.com/docs/instagram-platform (ig-user/media, ig-media/comments, ig-user/tags,
mentioned_media, mentioned_comment) and /docs/messenger-platform/conversations, as of 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from collectors.meta.api import Api, ForbiddenError
from collectors.meta.cursor import Thread
from collectors.meta.desk import Desk, Listing, Us
from collectors.meta.lists import Reader
from collectors.meta.normalise import INSTAGRAM, of_media, of_remark
from collectors.meta.raw import RawMedia, RawRemark, read
from crm.errors import PermanentError
from crm.ports.source import Batch, Rejected
from crm.words import Post

_ALBUM = "children{media_type,media_url,thumbnail_url}"
MEDIA = f"id,caption,media_type,media_url,permalink,timestamp,comments_count,like_count,{_ALBUM}"
OWN = f"{MEDIA},thumbnail_url,username,owner"
TAGGED = f"{MEDIA},username"
_REMARK = "id,text,timestamp,username,from,user,like_count,parent_id"
REPLIES = 10
"""Replies that come along with a comment; further ones are asked for."""
REMARK = f"{_REMARK},replies.limit({REPLIES}){{{_REMARK}}}"
MENTIONED = "id,text,timestamp,username,like_count,media{id,permalink}"
ME = "id,name,instagram_business_account{id,username,name}"
MENTION = re.compile(r"(\d{1,25})(?:/(\d{1,25}))?", re.ASCII)


class _Mentioned(Struct, frozen=True):
    mentioned_media: RawMedia | None = None
    mentioned_comment: RawRemark | None = None


def identify(api: Api) -> Us:
    """The Page of the token and the Instagram account behind it. Raises: PermanentError where there is none."""
    me = api.me(ME)
    account = me.instagram_business_account
    if account is None or not account.id:
        raise PermanentError(
            f"The Page {me.name or me.id} has no Instagram business account; link one in the Page's settings."
        )
    return Us(INSTAGRAM, me.id, account.id, account.username or "")


def own(us: Us) -> Listing:
    """Our media."""
    return Listing("posts", f"{us.number}/media", {"fields": OWN}, _media)


def tagged(us: Us) -> Listing:
    """Media in which our account was tagged."""
    return Listing("mentions", f"{us.number}/tags", {"fields": TAGGED}, _media, bare=True, late=True)


def comments(native: str, thread: Thread, reader: Reader) -> Listing:
    """Comments on a media of ours, each with its replies."""
    listing = Listing(f"comments:{native}", "", {"fields": _REMARK}, lambda raw: [_remark(raw, native, thread)])

    def all_of(raw: msgspec.Raw) -> list[Post]:
        remark = read(raw, RawRemark, "comment")
        post = of_remark(remark, native, thread.url)
        below = msgspec.structs.replace(
            listing, path=f"{remark.id}/replies", read=lambda one: [_remark(one, native, thread, remark.id)]
        )
        return [post, *reader.rest(remark.replies, below)]

    return msgspec.structs.replace(
        listing, path=f"{native}/comments", params={"fields": REMARK}, read=all_of, weight=1 + REPLIES
    )


def mentioned(api: Api, desk: Desk, said: list[str]) -> Iterator[Batch]:
    """What Meta's notifications named: media or ``MEDIA/COMMENT`` in which our account was mentioned, each once."""
    listing = Listing("mentioned", "", {}, _media)
    for one in said:
        found = MENTION.fullmatch(one)
        if found is None or desk.room("") < 1 or not desk.once(one):
            continue
        fields = f"mentioned_media.media_id({found[1]}){{{TAGGED}}}"
        if found[2]:
            fields = f"mentioned_comment.comment_id({found[2]}){{{MENTIONED}}}"
        try:
            answer = api.one(desk.us.number, _Mentioned, fields=fields)
            posts = [of_remark(answer.mentioned_comment, found[1])] if answer.mentioned_comment else []
            posts += [of_media(answer.mentioned_media)] if answer.mentioned_media else []
        except (PermanentError, ForbiddenError) as error:
            desk.reject(Rejected(f"mention {one}", str(error), "mention_gone", {"mention": one}))
            posts = []
        yield desk.batch(desk.handed(posts, listing, again=False))


def comment_of(native: str) -> str:
    """Instagram's own id of a comment."""
    return native.rpartition("_")[2]


def _media(raw: msgspec.Raw) -> list[Post]:
    return [of_media(read(raw, RawMedia, "media"))]


def _remark(raw: msgspec.Raw, native: str, thread: Thread, above: str = "") -> Post:
    remark = read(raw, RawRemark, "comment")
    if above and not remark.parent_id:
        remark = msgspec.structs.replace(remark, parent_id=above)
    return of_remark(remark, native, thread.url)
