"""What the responders share of files that go out with a text."""

from __future__ import annotations

from crm.errors import PermanentError
from crm.ports.responder import MediaRule, SendOrder

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""The marks in a JPEG behind which its measures stand."""


def refuse_files(platform: str, order: SendOrder, rule: MediaRule | None, length: int = 0) -> None:
    """Raise PermanentError, before anything is asked, for files that the platform does not take with this text.

    `length` is that of the text in the platform's measure.
    """
    if not order.media:
        return
    if rule is None:
        raise PermanentError(f"{platform} takes no files with this way of answering ({order.way}); remove them.")
    if len(order.media) > rule.count:
        raise PermanentError(f"{platform} takes at most {rule.count} files with an answer; remove some.")
    if rule.limit is not None and length > rule.limit:
        raise PermanentError(f"{platform} takes at most {rule.limit} characters with files; shorten the text.")
    for one in order.media:
        if one.kind not in rule.kinds:
            raise PermanentError(f"{platform} takes no {one.kind} with an answer ({one.name}); choose another file.")
        if not 0 < len(one.content) <= rule.size:
            raise PermanentError(f"{one.name} must hold from 1 to {rule.size} bytes for {platform}; make it smaller.")
        if rule.alt is not None and len(one.alt) > rule.alt:
            raise PermanentError(f"{platform} takes at most {rule.alt} characters to describe {one.name}.")


def measures(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG in pixels, None where its bytes do not say.

    Source: PNG, IHDR (w3.org/TR/png); JPEG, frame headers (ITU-T T.81, B.2.2).
    """
    found = None
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        found = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    elif content.startswith(b"\xff\xd8"):
        found = _of_jpeg(content)
    return found if found and all(found) else None


def _of_jpeg(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        if content[at + 1] in _FRAMES:
            return int.from_bytes(content[at + 7 : at + 9], "big"), int.from_bytes(content[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None
