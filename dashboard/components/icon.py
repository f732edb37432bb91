"""Icons (Tabler, as CSS masks in assets/icons.css) and the marks of platforms."""

from __future__ import annotations

from functools import lru_cache

from dash import html
from dash.development.base_component import Component

PLATFORM_ICONS = {
    "bluesky": "brand-bluesky",
    "mastodon": "brand-mastodon",
    "x": "brand-x",
    "twitter": "brand-x",
    "instagram": "brand-instagram",
    "telegram": "brand-telegram",
    "bale": "message-circle",
    "reddit": "brand-reddit",
    "youtube": "brand-youtube",
    "linkedin": "brand-linkedin",
    "facebook": "brand-facebook",
    "tiktok": "brand-tiktok",
    "github": "brand-github",
    "googleplay": "brand-google-play",
    "hackernews": "brand-ycombinator",
    "rss": "rss",
    "feed": "rss",
    "feeds": "rss",
    "news": "news",
    "web": "world",
    "email": "mail",
    "file": "file-import",
}


@lru_cache(maxsize=1024)
def icon(name: str, size: int = 16, *, flip: bool = False, label: str = "", class_: str = "") -> Component:
    """An icon in the colour of its text; `size` 12 to 32. `flip` mirrors it right to left (forward, back, send).

    Without a `label` it is decoration and hidden from screen readers.
    """
    classes = " ".join(
        filter(None, ["i", f"i-{name}", "" if size == 16 else f"s{size}", "flip" if flip else "", class_])
    )
    if label:
        return html.Span(className=classes, role="img", title=label, **{"aria-label": label})
    return html.Span(className=classes, **{"aria-hidden": "true"})


def platform_icon(platform: str, size: int = 16) -> Component:
    """The mark of a platform, in the colour of its text; an unknown platform gets a globe."""
    return icon(PLATFORM_ICONS.get(platform, "world"), size, label=platform)
