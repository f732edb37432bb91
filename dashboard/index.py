"""The HTML that Dash starts from, made per request: language, direction, colour scheme and a first paint."""

from __future__ import annotations

from contextlib import suppress

from dash import html

from crm.errors import ShenavaError
from dashboard.components.icon import icon
from dashboard.components.states import skeleton_rows
from dashboard.context import Viewer, viewer
from dashboard.markup import render
from dashboard.text import t


def attributes(who: Viewer) -> str:
    """The attributes of ``<html>``; early.js settles ``auto`` before the first paint."""
    scheme = "light" if who.color_scheme == "auto" else who.color_scheme
    return (
        f'lang="{who.language}" dir="{who.direction}"'
        f' data-mantine-color-scheme="{scheme}" data-scheme="{who.color_scheme}"'
        f' data-keys="{"on" if who.keys_on else "off"}" data-session="{"on" if who.actor else "off"}"'
        f' data-cursor="{cursor(who)}" class="{"" if who.keys_on else "keys-off"}"'
    )


def cursor(who: Viewer) -> str:
    """The newest change when this page was made, so that the browser hears of all that come after it."""
    if who.actor is None:
        return ""
    with suppress(ShenavaError):
        return str(who.services.live.cursor())
    return ""


def index(*, metas: str, css: str, config: str, scripts: str, renderer: str, **_parts: str) -> str:
    """What ``Dash.interpolate_index`` must return."""
    who = viewer()
    return f"""<!doctype html>
<html {attributes(who)}>
<head>
{metas}
<title>{t("common.shenava")}</title>
<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
{_fonts(who)}
<script src="/assets/early.js"></script>
{css}
</head>
<body>
<div id="react-entry-point">{first_paint()}</div>
<footer>{config}{scripts}{renderer}</footer>
</body>
</html>"""


def first_paint() -> str:
    """The frame without its contents, so that nothing jumps when the scripts arrive."""
    logo = html.Span(icon("shenava", 24), className="logo")
    rail = html.Nav(logo, className="rail", **{"aria-label": t("shell.pages")})
    page = html.Main(html.Div(skeleton_rows(8), className="main"), className="page")
    return render(html.Div([rail, page], className="app"))


def _fonts(who: Viewer) -> str:
    font = "vazirmatn" if who.language == "fa" else "inter"
    return f'<link rel="preload" href="/assets/fonts/{font}.woff2" as="font" type="font/woff2" crossorigin>'
