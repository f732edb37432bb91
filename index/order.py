"""The order of buckets: time rises, all else falls by count."""

from __future__ import annotations

from collections.abc import Sequence

from crm.ports.index import Bucket, Dimension

_TIME = frozenset({"day", "hour", "hour_of_week"})


def in_order(found: Sequence[Bucket], by: Sequence[Dimension]) -> list[Bucket]:
    """The buckets by their times, then falling count, then keys."""
    times = [place for place, dimension in enumerate(by) if dimension in _TIME]
    return sorted(found, key=lambda bucket: ([bucket.keys[place] for place in times], -bucket.posts, bucket.keys))
