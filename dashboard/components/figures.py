"""Figures: tiles with a trend, sparklines, bars."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from dashboard.components.icon import icon
from dashboard.components.link import link


def sparkline(values: Sequence[float], label: str, *, width: int = 72, height: int = 22) -> Component:
    """A small line of `values` in time order, left to right; `label` says what it shows."""
    path = _path(values, width, height)
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' preserveAspectRatio='none'>"
        f"<path d='{path}' fill='none' stroke='#000' stroke-width='1.6' stroke-linejoin='round'/></svg>"
    )
    style = {"width": width, "height": height, "--line-of": f'url("data:image/svg+xml,{quote(svg)}")'}
    return html.Span(className="spark", role="img", style=style, **{"aria-label": label})


def _path(values: Sequence[float], width: int, height: int) -> str:
    if not values:
        return ""
    low, high = min(values), max(values)
    step = (width - 3) / max(1, len(values) - 1)
    scale = (height - 4) / (high - low) if high > low else 0
    base = height - 2 if high > low else height / 2
    points = [f"{1.5 + i * step:.1f} {base - (v - low) * scale:.1f}" for i, v in enumerate(values)]
    return "M" + "L".join(points)


def figure(
    title: str,
    value: str,
    *,
    note: object = None,
    change: str = "",
    tone: str = "",
    unit: str = "",
    spark: Component | None = None,
    href: str = "",
    hint: str = "",
) -> Component:
    """A tile of :func:`figures`: `value` as text, `change` with `tone` "pos" or "neg", `note` what it compares with.

    `href` opens the posts behind the number; `hint` explains how it is counted.
    """
    head = [title, *([html.Span(icon("info-circle", 14), title=hint)] if hint else [])]
    arrow = {"pos": "arrow-up-right", "neg": "arrow-down-right"}.get(tone)
    moved = (
        html.B([icon(arrow, 12) if arrow else None, html.Bdi(change, dir="ltr")], className=tone) if change else None
    )
    inside = [
        html.Span(head, className="k-title"),
        html.Span([value, html.Small(unit) if unit else None], className="v"),
        html.Span([moved, note], className="d") if moved is not None or note is not None else None,
        spark,
    ]
    if href:
        return link(inside, href, "kpi plain")
    return html.Div(inside, className="kpi")


def figures(*tiles: Component) -> Component:
    """A row of tiles."""
    return html.Div(list(tiles), className="kpis")


def bar(share: float, *, tone: str = "", label: str = "") -> Component:
    """A horizontal bar filled to `share` (0 to 1); it grows from the start of the line."""
    width = f"{100 * min(1.0, max(0.0, share)):.1f}%"
    return html.Div(html.I(className=tone or None, style={"width": width}), className="bar", role="img",
                    **{"aria-label": label or width})  # fmt: skip


def moods(positive: float, neutral: float, negative: float, label: str) -> Component:
    """Shares of sentiment in one thin bar; `label` says them in words."""
    total = (positive + neutral + negative) or 1
    parts = (("n", negative), ("u", neutral), ("p", positive))
    return html.Div(
        [html.I(className=tone, style={"width": f"{100 * part / total:.1f}%"}) for tone, part in parts if part],
        className="bar", role="img", **{"aria-label": label},
    )  # fmt: skip
