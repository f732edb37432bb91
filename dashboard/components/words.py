"""What people wrote and what they are called, safe in both directions."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

Spans = Sequence[tuple[int, int]]


def name(text: str, class_: str = "") -> Component:
    """A person's or brand's name."""
    return html.Bdi(text, className=class_ or None)


def handle(text: str, class_: str = "") -> Component:
    """A handle, an address or a code: always left to right; give it with its at sign."""
    return html.Bdi(text, className=f"h {class_}".strip())


def highlighted(text: str, spans: Spans = ()) -> list[str | Component]:
    """`text` with its `spans` (start and end in characters, sorted, apart) marked."""
    parts: list[str | Component] = []
    at = 0
    for start, end in spans:
        if start >= max(at, 0) and end > start:
            parts += [text[at:start], html.Mark(text[start:end])]
            at = end
    return [part for part in [*parts, text[at:]] if part != ""]


def said(text: str, language: str = "", spans: Spans = (), class_: str = "") -> Component:
    """The text of a post on its own side, in its own language."""
    return html.Div(highlighted(text, spans), dir="auto", lang=_known(language), className=f"say {class_}".strip())


def preview(text: str, language: str = "", spans: Spans = (), class_: str = "cut") -> Component:
    """One line of a post, aligned to the reader's side."""
    line = text if spans else " ".join(text.split())
    return html.Div(highlighted(line, spans), dir="auto", lang=_known(language), className=f"preview {class_}".strip())


def _known(language: str) -> str | None:
    if language == "finglish":
        return "en"
    return language if language and language != "other" else None
