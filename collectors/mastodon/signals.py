"""Server-sent signals: lines that name an event and carry its data, parted by empty lines.

Source: html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from crm.ports.transport import UnreadableAnswerError

LARGEST = 4_000_000


class Signal(Struct, frozen=True):
    """One signal: the name of its event, and its data as sent."""

    event: str
    data: bytes


def signals(pieces: Iterable[bytes]) -> Iterator[list[Signal]]:
    """The whole signals after each piece: none for a heartbeat, several where a piece holds them.

    Raises: UnreadableAnswerError where a signal never ends.
    """
    rest = b""
    for piece in pieces:
        blocks = (rest + piece.replace(b"\r", b"")).split(b"\n\n")
        rest = blocks.pop()
        if len(rest) > LARGEST:
            raise UnreadableAnswerError("the stream", "a signal in it has no end")
        yield [signal for block in blocks if (signal := _signal(block))]


def _signal(block: bytes) -> Signal | None:
    event, data = "message", []
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"event":
            event = value.strip().decode(errors="replace")
        elif name == b"data":
            data.append(value.removeprefix(b" "))
    return Signal(event, b"\n".join(data)) if data else None
