"""What every adapter refuses: pages and splits that are out of bounds."""

from __future__ import annotations

from collections.abc import Sequence

from crm.errors import InvalidInputError
from crm.ports.index import Dimension

MAX_LIMIT = 1000
MAX_DIMENSIONS = 3
MAX_TEXTS = 10_000
"""So many groups of near-copies are counted at most."""


def check_limit(limit: int) -> None:
    """Raises InvalidInputError unless `limit` is the size of a page."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInputError(f"A page holds 1 to {MAX_LIMIT} posts, not {limit}.")


def check_dimensions(by: Sequence[Dimension]) -> None:
    """Raises InvalidInputError for more than three dimensions, one twice, or `text` beside another."""
    if "text" in by and len(by) > 1:
        raise InvalidInputError(f"Counts by text are split by nothing else, not {list(by)}.")
    if len(by) > MAX_DIMENSIONS or len(set(by)) < len(by):
        raise InvalidInputError(f"Counts are split by up to {MAX_DIMENSIONS} different dimensions, not {list(by)}.")
