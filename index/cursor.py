"""Cursors: where a page ended, sealed with the search it belongs to."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import TypeVar

import msgspec

from crm.errors import InvalidInputError
from crm.ports.index import Order, Scope
from crm.query.tree import Node


class Seal(msgspec.Struct, frozen=True, array_like=True):
    """The search that a cursor belongs to; an adapter adds where its page ended."""

    search: bytes


Mark = TypeVar("Mark", bound=Seal)


def fingerprint(scope: Scope, query: Node, order: Order) -> bytes:
    """Tells one search from another."""
    return blake2b(msgspec.msgpack.encode((scope, query, order)), digest_size=8).digest()


def write_cursor(mark: Seal) -> str:
    """A mark as opaque text that is safe in a URL."""
    return urlsafe_b64encode(msgspec.msgpack.encode(mark)).decode().rstrip("=")


def read_cursor(cursor: str | None, search: bytes, kind: type[Mark]) -> Mark | None:
    """The mark in `cursor`. Raises InvalidInputError if it is none of ours or of another search."""
    if cursor is None:
        return None
    try:
        raw = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        mark = msgspec.msgpack.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidInputError("This cursor is damaged; begin the search again without one.") from error
    if mark.search != search:
        raise InvalidInputError("This cursor belongs to another search; begin this one without a cursor.")
    return mark
