"""What a source did in the last day, as bars of half hours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from crm.records.sources import SLOT, Activity
from dashboard.text import t, tn

SLOTS = 48
WIDTH, HEIGHT = 4, 20


def bars(rows: Sequence[Activity], now: datetime) -> Component:
    """48 bars from left (a day ago) to right (now): posts in grey, half hours with failures in red."""
    last = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    first = last - (SLOTS - 1) * SLOT
    slots: dict[int, Activity] = {(row.slot - first) // SLOT: row for row in rows if row.slot >= first}
    most = max((row.posts for row in slots.values()), default=0)
    posts = [_bar(at, _height(row.posts, most)) for at, row in slots.items() if row.posts]
    failures = [_bar(at, 4) for at, row in slots.items() if row.failures]
    style = {"--posts": _mask(posts), "--failures": _mask(failures)}
    return html.Span(className="acts", role="img", style=style, **{"aria-label": _said(list(slots.values()))})


def _said(slots: Sequence[Activity]) -> str:
    failed = sum(bool(row.failures) for row in slots)
    posts = tn("health.posts_24h", sum(row.posts for row in slots))
    return f"{posts}{t('common.comma')} {tn('health.slots_failed', failed)}" if failed else posts


def _height(posts: int, most: int) -> float:
    return max(2.0, HEIGHT * math.sqrt(posts / most))


def _bar(at: int, height: float) -> str:
    return f"M{at * WIDTH + 0.5} {HEIGHT}v-{height:.1f}h{WIDTH - 1.2}v{height:.1f}z"


def _mask(paths: Sequence[str]) -> str:
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {SLOTS * WIDTH} {HEIGHT}' preserveAspectRatio='none'>"
        f"<path d='{''.join(paths)}'/></svg>"
    )
    return f'url("data:image/svg+xml,{quote(svg)}")'


def posts_today(rows: Sequence[Activity], now: datetime) -> int:
    """Posts of the last 24 hours."""
    return sum(row.posts for row in rows if row.slot >= now - timedelta(days=1))
