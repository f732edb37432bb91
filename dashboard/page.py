"""Pages: a module in ``dashboard/pages`` declares its own with ``@page``.

A page is a ``layout()`` function; path parts in braces and the query string arrive as keyword
arguments, all of them text chosen by whoever wrote the address, so check them.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import TypeVar
from urllib.parse import parse_qsl, unquote

from dash.development.base_component import Component

from crm.policies.access import Action

Layout = TypeVar("Layout", bound=Callable[..., Component])


@dataclass(frozen=True)
class Page:
    """One page of the console.

    `title` is a message key. Pages with an `icon` stand in the rail, ordered by `order`
    (below 50 at its top, from 50 at its foot); `phone` ones stand in the phone's bar too. `keys`
    are pairs of a key's name and the message key of what it does, for the help of keys.
    `badge` counts what waits there. `action` hides the page from roles that may not do it.
    """

    path: str
    title: str
    layout: Callable[..., Component]
    icon: str = ""
    order: int = 50
    phone: bool = False
    keys: tuple[tuple[str, str], ...] = ()
    badge: Callable[[], int] | None = None
    action: Action | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """What paths it answers."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path.rstrip("/")) + "/?")


_pages: dict[str, Page] = {}


def page(
    path: str,
    title: str,
    *,
    icon: str = "",
    order: int = 50,
    phone: bool = False,
    keys: tuple[tuple[str, str], ...] = (),
    badge: Callable[[], int] | None = None,
    action: Action | None = None,
) -> Callable[[Layout], Layout]:
    """Declare the decorated ``layout`` function as the page at `path`. See :class:`Page`."""

    def declare(layout: Layout) -> Layout:
        _pages[path] = Page(path, title, layout, icon, order, phone, keys, badge, action)
        return layout

    return declare


def pages() -> list[Page]:
    """Every declared page, in the order of the rail."""
    return sorted(_pages.values(), key=lambda entry: (entry.order, entry.path))


def find(path: str, candidates: Iterable[Page] | None = None) -> tuple[Page, dict[str, str]] | None:
    """The page that answers `path` with the parts of the path, or None."""
    for entry in pages() if candidates is None else candidates:
        if match := entry.pattern.fullmatch(path):
            return entry, {name: unquote(value) for name, value in match.groupdict().items()}
    return None


def query(search: str | None) -> dict[str, str]:
    """The query string as keyword arguments; the last of equal names wins, odd names are dropped."""
    return {name: value for name, value in parse_qsl((search or "").lstrip("?")) if name.isidentifier()}


def discover(package: ModuleType) -> list[ModuleType]:
    """Import every module of `package`, so that adding a file is enough."""
    found = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in found]
