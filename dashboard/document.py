"""Whole HTML documents for the pages that stand outside of the frame, without any script of Dash."""

from __future__ import annotations

from pathlib import Path

from dash import html
from dash.development.base_component import Component
from starlette.responses import HTMLResponse

from dashboard.components.icon import icon
from dashboard.context import Language, viewer
from dashboard.index import attributes
from dashboard.markup import render
from dashboard.text import t

_ASSETS = Path(__file__).parent / "assets"
_STYLES = ("a-tokens.css", "b-base.css", "c-parts.css", "d-shell.css", "f-panels.css", "g-forms.css", "icons.css")


def document(title: str, body: object, status: int = 200) -> HTMLResponse:
    """`body` (components, see :mod:`dashboard.markup`) as a page in the viewer's language."""
    styles = "\n".join(f'<link rel="stylesheet" href="{_versioned(name)}">' for name in _STYLES)
    text = f"""<!doctype html>
<html {attributes(viewer())}>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<title>{render(title)} | {render(t("common.shenava"))}</title>
<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
<script src="/assets/early.js"></script>
{styles}
</head>
<body>{render(body)}<script src="{_versioned("out.js")}" defer></script></body>
</html>"""
    return HTMLResponse(text, status)


def brand_line(path: str) -> Component:
    """The logo with the choice of language; `path` is where a choice leads."""
    names: tuple[tuple[Language, str], ...] = (("fa", "فارسی"), ("en", "English"))
    links = [
        html.A(text, href=f"{path}?language={one}", lang=one, className="on" if viewer().language == one else None,
               **({"aria-current": "true"} if viewer().language == one else {}))
        for one, text in names
    ]  # fmt: skip
    return html.Div(
        [
            html.Span(icon("shenava", 24), className="logo"),
            html.B(t("common.shenava"), className="t16 w6"),
            html.Nav(links, className="seg end", **{"aria-label": t("shell.language")}),
        ],
        className="brandline",
    )


def _versioned(name: str) -> str:
    return f"/assets/{name}?m={(_ASSETS / name).stat().st_mtime_ns}"
