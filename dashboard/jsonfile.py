"""JSON that people keep as files."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from fastapi.responses import Response, StreamingResponse
from msgspec import Struct

_KIND = "application/json"


def json_text(struct: Struct) -> bytes:
    """A struct as JSON that people can read too."""
    return msgspec.json.format(msgspec.json.encode(struct), indent=2) + b"\n"


def json_file(name: str, struct: Struct) -> Response:
    """A download ``shenava-<name>.json``."""
    return Response(json_text(struct), media_type=_KIND, headers=_headers(name))


def json_stream(name: str, pieces: Iterable[bytes]) -> Response:
    """A download ``shenava-<name>.json`` that is made while it is sent."""
    return StreamingResponse(pieces, media_type=_KIND, headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    file = f'attachment; filename="shenava-{name}.json"'
    return {"Content-Disposition": file, "Cache-Control": "no-store"}
