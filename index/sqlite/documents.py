"""Whole documents as bytes and back, with a checksum: SQLite notices a broken page, and not a changed letter."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import apsw
import msgspec

from crm.words import EnrichedPost

_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(EnrichedPost)
_SUM = 4
"""Bytes of the checksum behind a document; the first version of the file had none."""


def packed(document: EnrichedPost) -> bytes:
    """What is stored beside the tokens. One string is written and read faster than the many hashes of a text."""
    bands = (" ".join(document.bands),) if document.bands else ()
    content = _ENCODER.encode(msgspec.structs.replace(document, tokens="", bands=bands))
    return content + _checksum(content, document.tokens)


def read_documents(db: apsw.Connection, docids: Iterable[int]) -> list[EnrichedPost]:
    """The documents of these docids, in this order. Raises apsw.CorruptError where one is not as it was stored."""
    # All rows first: an error in mid-way would be hidden by apsw's own about the rest.
    rows = db.executemany(
        "SELECT tokens, document FROM body WHERE rowid = ?", [(docid,) for docid in docids]
    ).fetchall()
    return [_unpacked(*row) for row in rows]


def _unpacked(tokens: object, stored: object) -> EnrichedPost:
    if not isinstance(tokens, str) or not isinstance(stored, bytes):
        raise apsw.CorruptError("a document is missing")
    content = stored[:-_SUM]
    try:
        if stored[-_SUM:] != _checksum(content, tokens):
            content = stored  # written before there were checksums; a newer one fails as there is more behind it
        found = _DECODER.decode(content)
        bands = tuple(found.bands[0].split(" ")) if found.bands else ()
        return msgspec.structs.replace(found, tokens=tokens, bands=bands)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise apsw.CorruptError("a document is not as it was stored") from error


def _checksum(content: bytes, tokens: str) -> bytes:
    return crc32(tokens.encode(), crc32(content)).to_bytes(_SUM)
