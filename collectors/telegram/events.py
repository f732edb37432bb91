"""What an update tells: posts, whether they are ours or were said to us, what they answer, and what was deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from collectors.seen import Seen
from collectors.telegram.albums import Albums
from collectors.telegram.normalise import Platform, native_id, to_post
from collectors.telegram.raw import PRIVATE, RawDeletions, RawMessage, RawUpdate, RawUser
from collectors.telegram.text import marked
from crm.ports.source import Job
from crm.words import Collected, CollectedEvent, Origin, Removed

REMEMBERED = 2000


class Reader:
    """Turns the updates of one bot into events. `ours` are the channels that it manages, `began` is in seconds."""

    def __init__(
        self, platform: Platform, job: Job, me: RawUser, began: float, members: Callable[[int], int | None]
    ) -> None:
        self._platform, self._job, self._me, self._began, self._members = platform, job, me, began, members
        self.albums = Albums()
        self.ours: set[int] = set()
        self._seen = Seen(REMEMBERED)

    def events(self, update: RawUpdate, now: datetime) -> Iterator[CollectedEvent]:
        """What is to be handed over. Raises: NormaliseError."""
        if update.deleted_business_messages:
            yield from self._removed(update.deleted_business_messages, now)
        message = update.said
        if message is None or _is_start(message):
            return
        channel = update.channel_post or update.edited_channel_post
        if channel:
            self.ours.add(channel.chat.id)
        followers = self._members(channel.chat.id) if channel else None
        post = to_post(self._platform, self.albums.whole(message), self.albums.numbers, followers)
        if post is None:
            return
        yield from self._answered(message, post.parent_key, now)
        own = self._is_own(message)
        origin: Origin = "own" if own else "addressed" if self._is_addressed(message) else "stream"
        yield Collected(self._job.source, post, now, origin, self._job.workspace, own=own)

    def _answered(self, message: RawMessage, parent_key: str | None, now: datetime) -> Iterator[CollectedEvent]:
        """The answered message where it is older than this source: a newer one came by itself, and more completely."""
        answered = message.reply_to_message
        if answered is None or answered.date >= self._began:
            return
        post = to_post(self._platform, (answered,))
        if post is not None and post.key == parent_key and self._seen.take(post.key, ""):
            yield Collected(
                self._job.source, post, now, "context", self._job.workspace, own=self._is_own(answered)
            )  # fmt: skip

    def _is_own(self, message: RawMessage) -> bool:
        """Whether the bot said it, a channel that it manages, or the business account that it is connected to."""
        if message.sender_chat:
            return message.sender_chat.id in self.ours
        if message.sender is None:
            return message.chat.id in self.ours
        # the private chat of a business account goes by the other person's id
        connected = message.business_connection_id is not None
        return message.sender.id == self._me.id or (connected and message.sender.id != message.chat.id)

    def _is_addressed(self, message: RawMessage) -> bool:
        """Whether it was said to us: in private, as an answer or a comment, or by calling the bot."""
        answered = message.reply_to_message
        if message.chat.type == PRIVATE or (answered is not None and self._is_own(answered)):
            return True
        text, entities = (
            (message.text, message.entities) if message.text else (message.caption or "", message.caption_entities)
        )
        called = f"@{self._me.username}".casefold()
        return any(
            (mark.type == "mention" and words.casefold() == called)
            or (mark.user is not None and mark.user.id == self._me.id)
            for mark, words in marked(text, entities or ())
        )

    def _removed(self, gone: RawDeletions, now: datetime) -> Iterator[CollectedEvent]:
        for number in gone.message_ids:
            key = f"{self._platform.name}:{native_id(gone.chat.id, number, gone.business_connection_id)}"
            yield Removed(self._job.source, now, post_key=key, workspace=self._job.workspace)


def _is_start(message: RawMessage) -> bool:
    """Whether somebody only pressed the button that begins a chat with a bot."""
    return message.chat.type == PRIVATE and (message.text or "").partition(" ")[0] == "/start"
