"""Messages as posts.

Source: core.telegram.org/bots/api, object Message. A message is known by its chat and its number there; a message of
a connected business account also by the connection, because its chats count on their own. Files can only be fetched
with the bot's token, so media carry the message's page instead of an address of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from collectors.clean import clean
from collectors.errors import NormaliseError
from collectors.telegram.raw import PRIVATE, RawChat, RawEntity, RawMessage, RawOrigin, RawUser
from collectors.telegram.text import handles, links, marked, plain
from crm.words import Author, Media, Post

NO_ALBUMS: Mapping[str, int] = {}


class Platform(Struct, frozen=True):
    """A messenger whose bots speak the Bot API. `pages` says whether a single message has a page at `site`."""

    name: str
    title: str
    base: str
    site: str
    pages: bool
    members: str


TELEGRAM = Platform("telegram", "Telegram", "https://api.telegram.org", "https://t.me", True, "getChatMemberCount")
BALE = Platform("bale", "Bale", "https://tapi.bale.ai", "https://ble.ir", False, "getChatMembersCount")


def native_id(chat: int, number: int, connection: str | None = None) -> str:
    """The id of a message: ``chat/number``, or ``connection/chat/number``."""
    return f"{clean(connection)}/{chat}/{number}" if connection else f"{chat}/{number}"


def album_of(message: RawMessage) -> str:
    """What the parts of an album share; empty for a message that is in none."""
    return f"{message.chat.id}/{message.media_group_id}" if message.media_group_id else ""


def to_post(
    platform: Platform, parts: Sequence[RawMessage], albums: Mapping[str, int] = NO_ALBUMS, followers: int | None = None
) -> Post | None:
    """The post that a message is, or all parts of an album together; None for a notice of the messenger itself.

    `albums` are the numbers by which albums are known, `followers` the readers of the channel that speaks.
    Telegram tells the language of a person's app and not of a text, so there is no hint of it.
    Raises: NormaliseError.
    """
    try:
        return _post(platform, sorted(parts, key=lambda part: part.message_id), albums, followers)
    except (ValueError, OverflowError, OSError, RecursionError) as error:
        raise NormaliseError(f"A message can't be read: {error}.", "bad_item") from error


def _post(
    platform: Platform, parts: Sequence[RawMessage], albums: Mapping[str, int], followers: int | None
) -> Post | None:
    first = parts[0]
    number = albums.get(album_of(first), first.message_id)
    text = "\n\n".join(dict.fromkeys(filter(None, map(_text, parts))))
    media = tuple(one for part in parts for one in _media(platform, part))
    place = _place(first)
    if not (text or media or place):
        return None
    if not first.message_id:
        raise NormaliseError("A message has no number until it is really sent.", "bad_item")
    marks = [mark for part in parts for mark in _marks(part)]
    parent, root = _above(platform, first, albums)
    return Post(
        platform.name,
        native_id(first.chat.id, number, first.business_connection_id),
        author(platform, first, followers),
        clean(text),
        _date(first.date),
        url=page(platform, first.chat, number),
        parent_key=parent,
        root_key=root,
        edited_at=max((_date(part.edit_date) for part in parts if part.edit_date), default=None),
        mentions=tuple(dict.fromkeys(clean(one) for one in handles(marks))),
        links=tuple(dict.fromkeys(clean(one) for one in (*links(marks), *_shown(platform, first)))),
        media=media,
        place=clean(place),
        private=first.chat.type == PRIVATE,
    )


def page(platform: Platform, chat: RawChat | None, number: int | None) -> str:
    """Where a message is read: in public, or for members of a supergroup or channel; empty for other chats."""
    if chat is None or not number or chat.type == PRIVATE or not platform.pages:
        return ""
    if chat.username:
        return f"{platform.site}/{clean(chat.username)}/{number}"
    inner = str(chat.id).removeprefix("-100")
    return f"{platform.site}/c/{inner}/{number}" if chat.type in ("supergroup", "channel") else ""


def author(platform: Platform, message: RawMessage, followers: int | None = None) -> Author:
    """Who said it: a person, a bot, or a chat in whose name somebody wrote."""
    who: RawChat | RawUser = message.sender_chat or message.sender or message.chat
    handle = clean(who.username or "")
    url = f"{platform.site}/{handle}" if handle else ""
    return Author(platform.name, str(who.id), handle, clean(_name(who)), url, followers=followers)


def _name(who: RawChat | RawUser) -> str:
    called = " ".join(filter(None, (who.first_name, who.last_name)))
    return (who.title if isinstance(who, RawChat) else None) or called


def _above(platform: Platform, message: RawMessage, albums: Mapping[str, int]) -> tuple[str | None, str | None]:
    """The keys of the message that this one answers, and of the one that began it all.

    All that is said in a private chat is one conversation, which goes by the number 0 of its chat. A topic of a
    group is none: many people talk in it of many things, and Telegram calls each message an answer to its beginning.
    """
    chat, connection = message.chat, message.business_connection_id

    def key(number: int, where: int = chat.id) -> str:
        return f"{platform.name}:{native_id(where, number, connection)}"

    answered, elsewhere, origin = message.reply_to_message, message.external_reply, message.forward_origin
    parent = None
    if answered and answered.message_id and not _begins_topic(message, answered):
        parent = key(albums.get(album_of(answered), answered.message_id))
    elif elsewhere and elsewhere.chat and elsewhere.message_id:
        parent = f"{platform.name}:{native_id(elsewhere.chat.id, elsewhere.message_id)}"
    elif message.is_automatic_forward and origin and origin.chat and origin.message_id:
        parent = f"{platform.name}:{native_id(origin.chat.id, origin.message_id)}"
    if chat.type == PRIVATE:
        return parent, key(0)
    thread = message.message_thread_id
    if not (parent and thread) or message.is_topic_message or thread == message.message_id:
        return parent, None
    return parent, None if message.is_automatic_forward else key(thread)


def _begins_topic(message: RawMessage, answered: RawMessage) -> bool:
    return answered.forum_topic_created is not None or (
        message.is_topic_message and answered.message_id == message.message_thread_id
    )


def _text(message: RawMessage) -> str:
    """The words of a message, of whatever kind."""
    if words := message.text or message.caption:
        return words
    if message.rich_message:
        return plain(list(message.rich_message.blocks))
    if message.poll:
        return "\n".join(filter(None, (message.poll.question, *(one.text for one in message.poll.options))))
    if message.checklist:
        return "\n".join(filter(None, (message.checklist.title, *(one.text for one in message.checklist.tasks))))
    return (message.dice and message.dice.emoji) or ""


def _marks(message: RawMessage) -> Iterator[tuple[RawEntity, str]]:
    text = message.text or message.caption or ""
    yield from marked(text, (message.entities if message.text else message.caption_entities) or ())


def _place(message: RawMessage) -> str:
    if message.venue:
        return ", ".join(filter(None, (message.venue.title, message.venue.address)))
    return f"{message.location.latitude}, {message.location.longitude}" if message.location else ""


def _shown(platform: Platform, message: RawMessage) -> Iterator[str]:
    """Links that belong to a message and stand in no text: its preview, what it passes on or answers elsewhere."""
    if message.link_preview_options and message.link_preview_options.url:
        yield message.link_preview_options.url
    origin, answered = _origin(message), message.external_reply
    yield from filter(None, (
        page(platform, origin.chat, origin.message_id) if origin else "",
        page(platform, answered.chat, answered.message_id) if answered else "",
    ))  # fmt: skip


def _origin(message: RawMessage) -> RawOrigin | None:
    """Whose words are passed on, in today's form; Bale writes the older one."""
    if message.forward_origin:
        return message.forward_origin
    if message.forward_from or message.forward_from_chat:
        return RawOrigin(
            sender_user=message.forward_from, chat=message.forward_from_chat, message_id=message.forward_from_message_id
        )
    return None


def _media(platform: Platform, message: RawMessage) -> Iterator[Media]:
    """What is attached, what is passed on, and the words of another chat that are answered."""
    url = page(platform, message.chat, message.message_id)
    if message.photo:
        yield Media("image", url)
    # an animation comes as a document too, for older programs
    document = None if message.animation else message.document
    for kind, file in (
        ("video", message.video), ("video", message.animation), ("video", message.video_note), ("audio", message.audio),
        ("audio", message.voice), ("document", document), ("sticker", message.sticker), ("story", message.story),
        ("image", message.paid_media), ("contact", message.contact),
    ):  # fmt: skip
        if file:
            yield Media(kind, url, clean(file.file_name or file.emoji or _song(file.performer, file.title)))
    if message.external_reply and message.quote:
        yield Media("quote", page(platform, message.external_reply.chat, message.external_reply.message_id),
                    clean(message.quote.text))  # fmt: skip
    origin = _origin(message)
    if origin and not message.is_automatic_forward:
        who = origin.chat or origin.sender_chat or origin.sender_user
        name = _name(who) if who else origin.sender_user_name
        yield Media("forward", page(platform, origin.chat, origin.message_id), clean(name or ""))


def _song(*words: str | None) -> str:
    return " – ".join(filter(None, words))


def _date(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
