"""Files that go out with a reply: what they are, and what a platform takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from crm.errors import InvalidInputError
from crm.ports.responder import MediaRule

LARGEST = 20_000_000
"""Bytes of one file: no platform takes larger pictures with an answer."""
MOST = 10
SENT_KEPT = timedelta(days=90)
"""How long the bytes of a file are kept after it went out: the platform shows it from then on."""
NAME, ALT = 200, 2000

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class FileInfo(Struct, frozen=True):
    """A file of a reply without its bytes; `size` counts them, `kind` is its media type.

    They are not `kept` for ever: some time after the reply went out only the name and the description are left.
    """

    id: str
    reply_id: str
    position: int
    name: str
    kind: str
    size: int
    alt: str
    kept: bool = True


_REFUSALS = {
    "kind": "Only pictures can be added: PNG, JPEG, GIF or WebP.",
    "empty": "This file is empty; choose another.",
    "large": "This file is larger than {most} MB; make it smaller.",
    "many": "At most {most} files can go out with this reply; remove some.",
    "way": "This way of answering takes no files; remove them, or choose another way.",
    "kind_here": "The platform takes no such file as {name} here; choose another.",
    "large_here": "{name} is larger than the {most} MB that the platform takes; make it smaller.",
    "alt": "The description of {name} is longer than {most} characters; shorten it.",
}


class FileRefusedError(InvalidInputError):
    """A file can't go out with this reply; `code` says why, for the message catalogue."""

    def __init__(self, code: str, name: str = "", most: float = 0) -> None:
        self.code, self.name, self.most = code, name, most
        super().__init__(_REFUSALS[code].format(name=name, most=f"{most:g}"))


def kind_of(content: bytes) -> str:
    """The media type by what the file holds, whatever it is called. Raises FileRefusedError for what is no picture."""
    if not content:
        raise FileRefusedError("empty")
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise FileRefusedError("kind")


def check_new(content: bytes, there: int) -> None:
    """Raise FileRefusedError where nothing more, or nothing as large, can be added to a reply with `there` files."""
    if len(content) > LARGEST:
        raise FileRefusedError("large", most=LARGEST / 1e6)
    if there >= MOST:
        raise FileRefusedError("many", most=MOST)


def check_allowed(files: Sequence[FileInfo], rule: MediaRule | None) -> None:
    """Raise FileRefusedError where files can't go out in a way with this rule."""
    if not files:
        return
    if rule is None:
        raise FileRefusedError("way")
    if len(files) > rule.count:
        raise FileRefusedError("many", most=rule.count)
    for one in files:
        if one.kind not in rule.kinds:
            raise FileRefusedError("kind_here", one.name)
        if one.size > rule.size:
            raise FileRefusedError("large_here", one.name, rule.size / 1e6)
        if rule.alt is not None and len(one.alt) > rule.alt:
            raise FileRefusedError("alt", one.name, rule.alt)
