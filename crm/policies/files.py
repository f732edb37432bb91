"""Files that go out with a reply: what they are, and what a platform takes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from crm.errors import InvalidInputError
from crm.ports.responder import MediaRule

LARGEST = 20_000_000
"""Bytes of one file: no platform takes larger pictures with an answer."""
MOST = 10
NAME, ALT = 200, 2000

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class FileInfo(Struct, frozen=True):
    """A file of a reply without its bytes; `size` counts them, `kind` is its media type."""

    id: str
    reply_id: str
    position: int
    name: str
    kind: str
    size: int
    alt: str


class FileRefusedError(InvalidInputError):
    """A file can't go out with this reply."""


def kind_of(content: bytes) -> str:
    """The media type by what the file holds, whatever it is called. Raises FileRefusedError for what is no picture."""
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise FileRefusedError("Only pictures can be added: PNG, JPEG, GIF or WebP.")


def check_new(content: bytes, there: int) -> None:
    """Raise FileRefusedError where nothing more, or nothing as large, can be added to a reply with `there` files."""
    if not content:
        raise FileRefusedError("This file is empty; choose another.")
    if len(content) > LARGEST:
        raise FileRefusedError(f"This file is larger than {LARGEST // 1_000_000} MB; make it smaller.")
    if there >= MOST:
        raise FileRefusedError(f"A reply takes at most {MOST} files; remove some first.")


def check_allowed(files: Sequence[FileInfo], rule: MediaRule | None) -> None:
    """Raise FileRefusedError where files can't go out in a way with this rule."""
    if not files:
        return
    if rule is None:
        raise FileRefusedError("This way of answering takes no files; remove them, or choose another way.")
    if len(files) > rule.count:
        raise FileRefusedError(f"The platform takes at most {rule.count} files with this reply; remove some.")
    for one in files:
        if one.kind not in rule.kinds:
            raise FileRefusedError(f"The platform takes no {one.kind} here ({one.name}); choose another file.")
        if one.size > rule.size:
            raise FileRefusedError(f"{one.name} is larger than the {rule.size} bytes the platform takes.")
        if rule.alt is not None and len(one.alt) > rule.alt:
            raise FileRefusedError(f"The description of {one.name} is longer than {rule.alt} characters; shorten it.")
