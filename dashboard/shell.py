"""The frame around every page: rail, phone bar, stores, toasts; and the routing that fills it."""

from __future__ import annotations

import logging

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from crm.errors import ShenavaError
from crm.policies.access import may
from dashboard.callbacks import callback, clientside
from dashboard.components import avatar, dialog, empty, failed, icon, kbd, link, made_up, name, skeleton_rows
from dashboard.context import Viewer, actor, viewer
from dashboard.live import KINDS
from dashboard.numbers import compact
from dashboard.page import Page, find, pages, query
from dashboard.pages import not_found
from dashboard.text import t
from dashboard.theme import theme

_log = logging.getLogger(__name__)

FOOT = 50
"""Pages from this order on stand at the foot of the rail."""


def layout() -> Component:
    """The root layout, made for the viewer of this request."""
    try:
        return _layout(viewer())
    except Exception:
        # Dash answers with a bare 500 and keeps the reason to itself.
        _log.exception("The frame could not be drawn.")
        raise


def _layout(who: Viewer) -> Component:
    forced = {} if who.color_scheme == "auto" else {"forceColorScheme": who.color_scheme}
    body = html.Div([_frame(), *_stores(), html.Div(id="toasts", className="toasts"), _keys_help()])
    direction = dmc.DirectionProvider(body, direction=who.direction)
    return dmc.MantineProvider(direction, theme=theme(who.language), defaultColorScheme="auto", **forced)


def _frame() -> Component:
    demo = made_up() if viewer().services.setup.demo_loaded(actor()) else None
    rail = html.Nav(
        [_logo(), demo, html.Div(rail_items(""), id="rail", style={"display": "contents"}), user_menu(viewer())],
        className="rail", **{"aria-label": t("shell.pages")},
    )  # fmt: skip
    return html.Div(
        [
            html.A(t("shell.skip"), href="#page", className="skip"),
            html.Div([icon("plug", 14), t("shell.offline")], className="offline", role="status"),
            html.Div(
                [
                    rail,
                    html.Main(html.Div(skeleton_rows(), className="main"), id="page", className="page", tabIndex="-1"),
                    html.Nav(phone_items(""), id="phone-bar", className="tbar", **{"aria-label": t("shell.pages")}),
                ],
                className="app",
            ),
        ]
    )


def _stores() -> list[Component]:
    names = ["key", "toast", "undo", "live", "page-title", "address", *(f"live-{kind}" for kind in KINDS)]
    return [dcc.Location(id="url", refresh="callback-nav"), *(dcc.Store(id=one) for one in names)]


def _logo() -> Component:
    return html.Span(icon("shenava", 24), className="logo", role="img", **{"aria-label": t("common.shenava")})


def allowed_pages() -> list[Page]:
    """Pages with an icon that the actor's role may open, in order."""
    return [one for one in pages() if one.icon and (not one.action or may(actor(), one.action))]


def rail_items(path: str) -> list[Component]:
    """Links of the rail, the one of `path` marked."""
    top = [nav_item(one, path) for one in allowed_pages() if one.order < FOOT]
    foot = [nav_item(one, path) for one in allowed_pages() if one.order >= FOOT]
    return [*top, html.Span(className="sp"), *foot]


def phone_items(path: str) -> list[Component]:
    """Links of the phone's bar; the rest is behind "more"."""
    chosen = [nav_item(one, path) for one in allowed_pages() if one.phone][:4]
    more = Page("/more", "shell.more", html.Div, "menu-2")
    return [*chosen, nav_item(more, path)]


def nav_item(one: Page, path: str) -> Component:
    """One link: icon above label, what waits there as a number."""
    on = path == one.path or path.startswith(f"{one.path}/")
    waiting = _waiting(one)
    inside = [icon(one.icon, 20), html.Span(compact(waiting), className="dot") if waiting else None, t(one.title)]
    marked = {"aria-current": "page"} if on else {}
    return link(inside, one.path, "nav plain on" if on else "nav plain", **marked)


def _waiting(one: Page) -> int:
    """How much waits on a page; a number that can't be had now must not take the whole frame away."""
    try:
        return one.badge() if one.badge else 0
    except Exception:
        _log.exception("The number of %s could not be counted.", one.path)
        return 0


def user_menu(who: Viewer) -> Component:
    """The person at the rail's foot: preferences and log-out."""
    called = actor().name
    target = html.Button(
        avatar(called, 28, me=True), className="who", title=called, **{"aria-label": t("shell.you", name=called)}
    )
    inside = [dmc.PopoverTarget(target), dmc.PopoverDropdown(preferences(who))]
    menu = dmc.Popover(inside, position="right-end", shadow="md", radius=12)
    return html.Div(menu, className="who-box")


def preferences(who: Viewer) -> Component:
    """Language, colour scheme, keys and log-out as plain forms: each button saves at once."""
    choices = (
        ("language", who.language, (("fa", "فارسی"), ("en", "English"))),
        ("color_scheme", who.color_scheme, tuple((one, t(f"shell.scheme_{one}")) for one in ("light", "dark", "auto"))),
        ("keys", "on" if who.keys_on else "off", tuple((one, t(f"shell.keys_{one}")) for one in ("on", "off"))),
    )
    rows = [
        html.Div(
            [html.Span(t(f"shell.{field}"), className="t12 c2 grow"), _segments(field, chosen, options)],
            className="row",
        )
        for field, chosen, options in choices
    ]
    out = html.Button([icon("logout", flip=True), t("shell.log_out")], type="submit", className="btn ghost sm")
    person = html.Div(
        [name(actor().name, "w6"), html.Span(actor().email, className="h t12 c3 cut")],
        className="col",
        style={"alignItems": "flex-start"},
    )
    return html.Div(
        [
            person,
            html.Form(rows, action="/preferences", method="post"),
            html.Form(out, action="/logout", method="post"),
        ],
        className="who-menu",
    )


def _segments(field: str, chosen: str, options: tuple[tuple[str, str], ...]) -> Component:
    buttons = [
        html.Button(label, type="submit", name=field, value=value, className="on" if value == chosen else None,
                    **{"aria-pressed": str(value == chosen).lower()})
        for value, label in options
    ]  # fmt: skip
    return html.Span(buttons, className="seg")


def _keys_help() -> Component:
    return dialog("keys-help", t("shell.keys_help"), html.Div(id="keys-help-list"))


def route(path: str | None, search: str | None) -> tuple[Component, str]:
    """The page at this address and its title. An error of the project is shown in its place."""
    match = find(path or "/")
    if match is None:
        return not_found.layout(), _title(t("not_found.title"))
    found, parts = match
    if found.action and not may(actor(), found.action):
        return empty(t("shell.not_allowed"), t("shell.not_allowed_why"), icon_name="lock"), _title(t(found.title))
    try:
        return found.layout(**{**query(search), **parts}), _title(t(found.title))
    except ShenavaError as error:
        return failed(error), _title(t(found.title))


def _title(text: str) -> str:
    return f"{text} | {t('common.shenava')}"


@callback(Output("page", "children"), Output("page-title", "data"), Input("url", "pathname"), Input("url", "search"))
def show_page(path: str | None, search: str | None) -> tuple[Component, str]:
    """Fill the frame when the address changes."""
    return route(path, search)


@callback(
    Output("rail", "children"), Output("phone-bar", "children"), Input("url", "pathname"), Input("live-case", "data")
)
def show_rail(path: str | None, _changed: object) -> tuple[list[Component], list[Component]]:
    """Mark where we are, and count what waits."""
    return rail_items(path or ""), phone_items(path or "")


@callback(Output("keys-help-list", "children"), Input("keys-help", "opened"), State("url", "pathname"))
def show_keys(opened: bool | None, path: str | None) -> Component | None:
    """The keys of the page that is open, and those that always work."""
    if not opened:
        return None
    match = find(path or "/")
    own = match[0].keys if match else ()
    both = [(t(match[0].title), own)] if match and own else []
    both.append((t("shell.keys_everywhere"), (("?", "shell.key_help"), ("Esc", "shell.key_close"))))
    rows: list[Component] = []
    for head, keys in both:
        rows.append(html.H3(head))
        for key, label in keys:
            rows += [html.Dt([kbd(part) for part in key.split("+")]), html.Dd(t(label))]
    return html.Dl(rows, className="keys-list")


# What the browser does by itself: toasts, the title, and a quiet change of the address.
for _function, _store in (("toast", "toast"), ("title", "page-title"), ("address", "address")):
    clientside("shenava", _function, Input(_store, "data"), prevent_initial_call=True)
