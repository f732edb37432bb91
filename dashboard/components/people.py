"""Avatars: initials on a neutral ground, so that colour keeps its meaning."""

from __future__ import annotations

from collections.abc import Iterable

from dash import html
from dash.development.base_component import Component

from dashboard.components.icon import icon, platform_icon
from dashboard.text import t


def initials(name: str) -> str:
    """One Persian letter or up to two Latin ones; a handle gives its first letter."""
    words = [word.lstrip("@#") for word in name.split()]
    letters = [word[0] for word in words if word and word[0].isalnum()]
    if not letters:
        return "?"
    latin = all(letter.isascii() for letter in letters[:2])
    return "".join(letters[:2]).upper() if latin and len(letters) > 1 else letters[0].upper()


def avatar(name: str, size: int = 32, *, platform: str = "", me: bool = False) -> Component:
    """A person's initials, with the platform's mark at its foot; `size` 20, 24, 28, 32, 40 or 48."""
    classes = f"av{'' if size == 32 else f' s{size}'}{' me' if me else ''}"
    inside: list[Component | str] = [initials(name)]
    if platform:
        inside.append(html.Span(platform_icon(platform, 12), className="pf"))
    return html.Span(inside, className=classes, title=name)


def nobody(size: int = 20) -> Component:
    """The empty place of a case without an assignee."""
    label = t("common.unassigned")
    return html.Span(icon("user", 12), className=f"av none s{size}", title=label, role="img", **{"aria-label": label})


def avatars(names: Iterable[str], size: int = 24) -> Component:
    """People side by side, for example who is looking now."""
    return html.Span([avatar(name, size) for name in names], className="avs")
