"""Cursors of pages: the place of the last row, opaque to whoever hands it back."""

from __future__ import annotations

import base64
import binascii

import msgspec

from crm.errors import InvalidInputError


def write(place: tuple[int | str, ...]) -> str:
    """A place as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def read(cursor: str | None, length: int) -> tuple[int | str, ...] | None:
    """The place of a cursor with `length` parts. Raises InvalidInputError for one that is not ours."""
    if not cursor:
        return None
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=tuple[int | str, ...])
    except (binascii.Error, msgspec.DecodeError, UnicodeError) as error:
        raise InvalidInputError("This page cursor is damaged; start again at the first page.") from error
    if len(place) != length:
        raise InvalidInputError("This page cursor belongs to another order; start again at the first page.")
    return place
