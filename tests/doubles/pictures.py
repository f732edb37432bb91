"""Pictures that are real ones."""

from __future__ import annotations

import zlib

from crm.ports.responder import Attachment


def png(width: int = 3, height: int = 2) -> bytes:
    """A black picture."""
    rows = zlib.compress(b"".join(b"\0" + b"\0" * width for _ in range(height)))
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def picture(name: str = "receipt.png", alt: str = "", width: int = 3) -> Attachment:
    """One to be sent."""
    return Attachment(name, "image/png", png(width), alt)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
