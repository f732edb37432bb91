"""How much more may be read this month, by caps that nothing may break."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from crm.ports.source import UNLIMITED

WHOLE = ""
"""The monitor of what is said of a whole platform."""


class Cap(Struct, frozen=True):
    """The most posts that may be read in a month of UTC for a monitor, or on the platform for all together."""

    platform: str
    monitor: str
    posts: int


def allowance(caps: Iterable[Cap], spent: Mapping[str, int], platform: str, monitor: str) -> int:
    """How many posts may still be read on a platform for a monitor (for none of them with an empty one).

    `spent` is what was read on the platform this month, by monitor. The cap of the platform holds for all
    monitors together; without any cap the answer is :data:`crm.ports.source.UNLIMITED`.
    """
    left = UNLIMITED
    for cap in caps:
        if cap.platform == platform and cap.monitor in (WHOLE, monitor):
            read = sum(spent.values()) if cap.monitor == WHOLE else spent.get(monitor, 0)
            left = min(left, cap.posts - read)
    return max(left, 0)
