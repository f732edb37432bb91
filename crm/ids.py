"""Ids that sort by the time they were made."""

from __future__ import annotations

import secrets
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(now: datetime) -> str:
    """26 characters: 10 for the millisecond (they sort by time), 16 of chance (80 bits)."""
    return _written(int(now.timestamp() * 1000) << 80 | secrets.randbits(80))


def first_id(moment: datetime) -> str:
    """No id that is made at `moment` or later sorts before this one."""
    return _written(int(moment.timestamp() * 1000) << 80)


def _written(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))
