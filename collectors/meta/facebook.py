"""What of a Facebook Page is asked, and how its answers are read.

Source: developers.facebook.com/docs/graph-api/reference (page/feed, page/tagged, object/comments, conversation), as of
2026. The feed holds what the Page and its visitors post; authors are named where the permissions allow it.
"""

from __future__ import annotations

import msgspec

from collectors.meta.api import Api
from collectors.meta.cursor import Thread
from collectors.meta.desk import Listing, Us
from collectors.meta.lists import Reader
from collectors.meta.normalise import FACEBOOK, of_comment, of_post
from collectors.meta.raw import RawComment, RawPost, read
from crm.words import Post

_ATTACHED = "type,title,description,media,url,unshimmed_url"
POST = (
    "id,message,story,created_time,permalink_url,from,message_tags,place,shares,"
    f"attachments{{{_ATTACHED},subattachments}},reactions.limit(0).summary(total_count),"
    "comments.filter(stream).limit(0).summary(total_count)"
)
COMMENT = (
    "id,message,created_time,permalink_url,from,parent{id},message_tags,attachment,like_count,comment_count,is_private"
)
ME = "id,name,username,category"


def identify(api: Api) -> Us:
    """The Page of the token."""
    me = api.me(ME)
    return Us(FACEBOOK, me.id, me.id, me.username or "")


def own(us: Us) -> Listing:
    """What the Page and its visitors post."""
    return Listing("posts", f"{us.number}/feed", {"fields": POST}, _post)


def tagged(us: Us) -> Listing:
    """Public posts that tag the Page."""
    return Listing("mentions", f"{us.number}/tagged", {"fields": POST}, _post, late=True)


def comments(native: str, thread: Thread, reader: Reader) -> Listing:
    """All comments below a post, answers to comments among them."""
    del thread, reader
    asked = {"fields": COMMENT, "filter": "stream", "order": "reverse_chronological"}
    return Listing(
        f"comments:{native}", f"{native}/comments", asked,
        lambda raw: [of_comment(read(raw, RawComment, "comment"), native)],
    )  # fmt: skip


def comment_of(native: str) -> str:
    """Facebook's own id of a comment."""
    return native


def _post(raw: msgspec.Raw) -> list[Post]:
    return [of_post(read(raw, RawPost, "post"))]
