"""Private messages of Instagram and of Messenger, by conversation.

Source: developers.facebook.com/docs/messenger-platform/conversations: of an Instagram conversation only the 20 newest
messages are given out.
"""

from __future__ import annotations

import msgspec

from collectors.meta.desk import Desk, Listing, Us
from collectors.meta.lists import Reader
from collectors.meta.normalise import INSTAGRAM, of_message
from collectors.meta.raw import RawConversation, RawMessage, read
from crm.words import Post

MESSAGE = "id,created_time,from,message,attachments,shares"
NEWEST = 20
CONVERSATION = f"id,link,messages.limit({NEWEST}){{{MESSAGE}}}"


def messages(us: Us, reader: Reader, desk: Desk) -> Listing:
    """Conversations of the account, the last one that was spoken in first, each with its messages."""
    medium = "instagram" if us.platform == INSTAGRAM else "messenger"

    def all_of(raw: msgspec.Raw) -> list[Post]:
        conversation = read(raw, RawConversation, "conversation")

        def one(message: msgspec.Raw) -> list[Post]:
            return [of_message(read(message, RawMessage, "message"), us.platform, conversation)]

        below = Listing("messages", f"{conversation.id}/messages", {"fields": MESSAGE}, one)
        if us.platform != INSTAGRAM:
            return reader.rest(conversation.messages, below)
        listed = conversation.messages
        posts = desk.posts(listed.data, below) if listed else []
        _note_lost(desk, posts, known=bool(listed and not listed.after()))
        return posts

    return Listing(
        "messages", f"{us.page}/conversations", {"fields": CONVERSATION, "platform": medium}, all_of,
        size=25, weight=NEWEST,
    )  # fmt: skip


def _note_lost(desk: Desk, posts: list[Post], *, known: bool) -> None:
    """Say so when more was written since the last look than Instagram gives out."""
    if known or len(posts) < NEWEST or any(map(desk.is_known, posts)):
        return
    desk.lost(posts, "messages", "too_many")
