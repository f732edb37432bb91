"""Reading whole documents back."""

from __future__ import annotations

from collections.abc import Iterable

import apsw
import msgspec

from crm.words import EnrichedPost

_DECODER = msgspec.msgpack.Decoder(EnrichedPost)


def read_documents(db: apsw.Connection, docids: Iterable[int]) -> list[EnrichedPost]:
    """The documents of these docids, in this order."""
    rows = db.executemany("SELECT tokens, document FROM body WHERE rowid = ?", ((docid,) for docid in docids))
    return [msgspec.structs.replace(_DECODER.decode(document), tokens=tokens) for tokens, document in rows]
