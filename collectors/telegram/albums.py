"""Albums: several messages that a person sent as one, of which each comes as an update of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collectors.telegram.normalise import album_of
from collectors.telegram.raw import RawMessage, RawUpdate

TAIL = 20
"""An album of ten may come mixed with what is said elsewhere."""
REMEMBERED = 500


class Albums:
    """The parts of the last albums, and which of them are being waited for.

    Only this run remembers them, since a cursor must hold nothing that people said: a part that is changed after a
    restart makes a post with its own words, which are the album's, and its own picture alone.
    """

    def __init__(self) -> None:
        self.held: frozenset[str] = frozenset()
        self._parts: dict[str, dict[int, RawMessage]] = {}
        self._numbers: dict[str, int] = {}

    @property
    def numbers(self) -> Mapping[str, int]:
        """The numbers of the first messages, by which albums are known as posts."""
        return self._numbers

    def cut(self, updates: Sequence[RawUpdate | None]) -> int:
        """How many updates can be handed over: those before the first album of which more may come in a moment.

        An album is held back once.
        """
        tail = updates[-TAIL:]
        held = frozenset(filter(None, (_new_part(one) for one in tail))) - self.held
        self.held = held
        return next((at for at, one in enumerate(updates) if _new_part(one) in held), len(updates))

    def add(self, message: RawMessage) -> None:
        """Remember a part, or its newer version."""
        if album := album_of(message):
            self._parts.setdefault(album, {})[message.message_id] = message
            while len(self._parts) > REMEMBERED:
                oldest = next(iter(self._parts))
                del self._parts[oldest]
                self._numbers.pop(oldest, None)

    def whole(self, message: RawMessage) -> Sequence[RawMessage]:
        """All known parts of a message's album; the message alone where it is in none."""
        parts = self._parts.get(album_of(message))
        if not parts:
            return (message,)
        # A part that comes late may be an earlier one, and changes nothing in how the album is known.
        self._numbers.setdefault(album_of(message), min(parts))
        return tuple(parts.values())


def _new_part(update: RawUpdate | None) -> str:
    new = update and (update.message or update.channel_post or update.business_message)
    return album_of(new) if new else ""
