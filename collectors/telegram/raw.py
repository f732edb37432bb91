"""Updates as the Bot API writes them: only what is read.

Source: core.telegram.org/bots/api (objects Update and Message), docs.bale.ai for the same of Bale. What is marked
optional there may be missing or null here. Ids come as numbers; Bale's may come as text.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from collectors.errors import NormaliseError

PRIVATE = "private"


class RawUser(Struct, frozen=True):
    """A person or a bot."""

    id: int
    is_bot: bool = False
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None


class RawChat(Struct, frozen=True):
    """Where a message stands; `type` is private, group, supergroup or channel."""

    id: int
    type: str = PRIVATE
    title: str | None = None
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class RawEntity(Struct, frozen=True):
    """A stretch of a text that means something; counted in UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    user: RawUser | None = None


class RawFile(Struct, frozen=True):
    """Anything attached: what is read of it are the words that name it."""

    file_name: str | None = None
    performer: str | None = None
    title: str | None = None
    emoji: str | None = None


class RawOption(Struct, frozen=True):
    """One answer of a poll, or one task of a checklist."""

    text: str = ""


class RawPoll(Struct, frozen=True):
    """A question with answers to choose from."""

    question: str = ""
    options: tuple[RawOption, ...] = ()


class RawChecklist(Struct, frozen=True):
    """A list of tasks."""

    title: str = ""
    tasks: tuple[RawOption, ...] = ()


class RawLocation(Struct, frozen=True):
    """A point on the map."""

    latitude: float
    longitude: float


class RawVenue(Struct, frozen=True):
    """A place with a name."""

    title: str = ""
    address: str = ""


class RawOrigin(Struct, frozen=True):
    """Whose words a forwarded message passes on: a user, a hidden user, a chat or a channel."""

    sender_user: RawUser | None = None
    sender_user_name: str | None = None
    sender_chat: RawChat | None = None
    chat: RawChat | None = None
    message_id: int | None = None


class RawExternalReply(Struct, frozen=True):
    """A message of another chat or topic that is answered."""

    chat: RawChat | None = None
    message_id: int | None = None


class RawQuote(Struct, frozen=True):
    """The words of the answered message that the answer is about."""

    text: str = ""


class RawPreview(Struct, frozen=True):
    """The link that is shown below a text."""

    url: str | None = None


class RawRich(Struct, frozen=True):
    """A message with headings, lists and tables."""

    blocks: tuple[dict[str, Any], ...] = ()


class RawMessage(Struct, frozen=True):
    """A message, also one that another message answers."""

    message_id: int
    date: int
    chat: RawChat
    sender: RawUser | None = field(name="from", default=None)
    sender_chat: RawChat | None = None
    sender_business_bot: RawUser | None = None
    business_connection_id: str | None = None
    message_thread_id: int | None = None
    is_topic_message: bool = False
    is_automatic_forward: bool = False
    edit_date: int | None = None
    media_group_id: str | None = None
    text: str | None = None
    entities: tuple[RawEntity, ...] | None = None
    caption: str | None = None
    caption_entities: tuple[RawEntity, ...] | None = None
    rich_message: RawRich | None = None
    link_preview_options: RawPreview | None = None
    photo: tuple[RawFile, ...] | None = None
    video: RawFile | None = None
    animation: RawFile | None = None
    video_note: RawFile | None = None
    audio: RawFile | None = None
    voice: RawFile | None = None
    document: RawFile | None = None
    sticker: RawFile | None = None
    dice: RawFile | None = None
    story: RawFile | None = None
    paid_media: RawFile | None = None
    contact: RawFile | None = None
    poll: RawPoll | None = None
    checklist: RawChecklist | None = None
    location: RawLocation | None = None
    venue: RawVenue | None = None
    forward_origin: RawOrigin | None = None
    forward_from: RawUser | None = None
    forward_from_chat: RawChat | None = None
    forward_from_message_id: int | None = None
    reply_to_message: RawMessage | None = None
    external_reply: RawExternalReply | None = None
    quote: RawQuote | None = None
    forum_topic_created: RawFile | None = None
    migrate_to_chat_id: int | None = None


class RawDeletions(Struct, frozen=True):
    """Messages that were deleted in a chat of a connected business account."""

    business_connection_id: str
    chat: RawChat
    message_ids: tuple[int, ...]


class RawUpdate(Struct, frozen=True):
    """One thing that happened: at most one of the others is set."""

    update_id: int
    message: RawMessage | None = None
    edited_message: RawMessage | None = None
    channel_post: RawMessage | None = None
    edited_channel_post: RawMessage | None = None
    business_message: RawMessage | None = None
    edited_business_message: RawMessage | None = None
    deleted_business_messages: RawDeletions | None = None

    @property
    def said(self) -> RawMessage | None:
        """The message that is new or changed."""
        return (
            self.message or self.edited_message or self.channel_post or self.edited_channel_post
            or self.business_message or self.edited_business_message
        )  # fmt: skip


class _Head(Struct, frozen=True):
    update_id: int


UPDATES = tuple(name for name in RawUpdate.__struct_fields__ if name != "update_id")
"""The kinds of updates that are asked for."""

_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


def read(raw: bytes | msgspec.Raw) -> RawUpdate:
    """An update out of its JSON. Raises: NormaliseError."""
    try:
        return msgspec.json.decode(raw, type=RawUpdate, strict=False)
    except _UNREADABLE as error:
        raise NormaliseError(f"An update can't be read: {error}.", "bad_item") from error


def number_of(raw: bytes | msgspec.Raw) -> int | None:
    """The number of an update, of one that can't be read otherwise too; None where it has none."""
    try:
        return msgspec.json.decode(raw, type=_Head, strict=False).update_id
    except _UNREADABLE:
        return None
