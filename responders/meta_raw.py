"""What is read of Meta's answers while answering."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from crm.errors import RetryableError


class Person(Struct, frozen=True):
    """An account."""

    id: str = ""
    username: str = ""
    name: str = ""


class People(Struct, frozen=True):
    """Several accounts."""

    data: tuple[Person, ...] = ()


class Me(Struct, frozen=True):
    """The Page of a token, with the Instagram account behind it."""

    id: str
    name: str = ""
    username: str = ""
    instagram_business_account: Person | None = None


class Item(Struct, frozen=True):
    """A comment or a message; Instagram and Facebook name its text and its time each in their way."""

    id: str
    text: str = ""
    message: str = ""
    timestamp: str = ""
    created_time: str = ""
    username: str = ""
    from_: Person = msgspec.field(name="from", default=Person())

    @property
    def at(self) -> datetime:
        """When it was said. Raises: RetryableError where that can't be read."""
        try:
            return datetime.strptime(self.timestamp or self.created_time, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
        except ValueError as error:
            raise RetryableError(f"Meta gave a time that can't be read for {self.id}.") from error


class Cursors(Struct, frozen=True):
    """Where a page ends."""

    after: str = ""


class Paging(Struct, frozen=True):
    """How to go on."""

    cursors: Cursors = Cursors()
    next: str = ""


class Listed(Struct, frozen=True):
    """A page of a list, the first one of which came along in an answer."""

    data: tuple[Item, ...] = ()
    paging: Paging = Paging()

    @property
    def after(self) -> str:
        """Where the next page begins; empty at the end."""
        return self.paging.cursors.after if self.paging.next else ""


class Answered(Struct, frozen=True):
    """What is answered, with what stands below it; for a message, who wrote it and to whom."""

    id: str
    replies: Listed = Listed()
    comments: Listed = Listed()
    from_: Person = msgspec.field(name="from", default=Person())
    to: People = People()


class Conversation(Struct, frozen=True):
    """A conversation with its newest messages."""

    id: str = ""
    messages: Listed = Listed()


class Conversations(Struct, frozen=True):
    """Those with one person."""

    data: tuple[Conversation, ...] = ()


class Said(Struct, frozen=True):
    """A comment that was published."""

    id: str


class Told(Struct, frozen=True):
    """A message that was sent."""

    message_id: str
