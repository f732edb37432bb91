"""What people wrote and what they are called, safe in both directions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

Spans = Sequence[tuple[int, int]]
# After an ellipsis an at sign goes on with a masked address.
_NAMED = re.compile(r"((?<![\w…])[@#]\w[\w.@-]*\w)")


def name(text: str, class_: str = "") -> Component:
    """A person's or brand's name."""
    return html.Bdi(text, className=class_ or None)


def handle(text: str, class_: str = "") -> Component:
    """A handle, an address or a code: always left to right; give it with its at sign."""
    return html.Bdi(text, className=f"h {class_}".strip())


def highlighted(text: str, spans: Spans = ()) -> list[str | Component]:
    """`text` with its `spans` (start and end in characters, sorted, apart) marked and its handles kept in one piece."""
    parts: list[str | Component] = []
    at = 0
    for start, end in spans:
        if start >= at and end > start:
            parts += [*_kept_together(text[at:start]), html.Mark(_kept_together(text[start:end]))]
            at = end
    return [*parts, *_kept_together(text[at:])]


def _kept_together(text: str) -> list[str | Component]:
    # An at sign or a hash would else be torn from its word where the script around it runs the other way.
    parts: list[str | Component] = []
    for at, piece in enumerate(_NAMED.split(text)):
        if piece:
            parts.append((handle(piece) if piece.isascii() else html.Bdi(piece)) if at % 2 else piece)
    return parts


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
