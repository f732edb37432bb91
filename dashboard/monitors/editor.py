"""The editor of one monitor: its form beside what the query would have found."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.query import QueryError
from crm.records.monitors import Monitor
from crm.usecases.setup import brand_query
from dashboard.components import badge, bone, button, confirm, dialog, icon, made_up, page_header
from dashboard.components.query_editor import query_editor
from dashboard.components.query_text import legend, place, query_help
from dashboard.components.words import name
from dashboard.context import actor, services
from dashboard.errors import explained
from dashboard.monitors import form
from dashboard.monitors.form import QUERY, Filled, Kept
from dashboard.monitors.listing import query_line, running
from dashboard.text import t


def editor(monitor: Monitor | None, fields: Filled) -> Component:
    """The whole page; `monitor` is None for a new one."""
    able = may(actor(), "edit_monitors")
    kept: Kept = {"id": monitor.id if monitor else "", "version": monitor.version if monitor else 0, "fields": fields}
    error = services().monitors.check(actor(), fields["query"]) if fields["query"] else None
    left = [
        html.Div(run_of(monitor), id="monitors-run", className="mon-run-box"),
        None if able else html.P([icon("lock", 14), t("monitors.read_only")], className="row c2 t12"),
        form.who(fields, able),
        form.where(fields, able),
        _query(fields["query"], able, error),
        html.Div(id="monitors-reach"),
        html.Div(id="monitors-forecast", role="status", className="col g1"),
        form.then(fields, able),
    ]
    asked = {name_: fields[name_] for name_ in ("query", "platforms", "languages")}
    stores = [
        dcc.Store(id="monitors-kept", data=kept), dcc.Store(id="monitors-asked"),
        dcc.Store(id="monitors-tried", data=asked),
        dcc.Store(id="monitors-problem", data=error is not None or not fields["query"]),
    ]  # fmt: skip
    return html.Div(
        [_head(monitor, able), html.Div([html.Div(left, className="l"), _preview()], className="two-cols mon-cols"),
         *stores, *_dialogs(monitor)],
        id="monitors-editor", className="mon-page", **{"data-leave": t("monitors.leave")},
    )  # fmt: skip


def _head(monitor: Monitor | None, able: bool) -> Component:
    title = name(monitor.name) if monitor else t("monitors.new")
    beside = html.Span(state_of(monitor), id="monitors-state", className="row") if monitor else None
    right: list[Component | None] = []
    if able:
        right = [
            html.Span(t("monitors.edited"), id="monitors-dirty", className="t12 c3", hidden=True, role="status"),
            _more(monitor) if monitor else None,
            button(t("monitors.discard"), "monitors-discard", disabled=True),
            button(t("common.save"), "monitors-save", kind="pri", key="Ctrl S", disabled=True),
        ]
    return page_header(title, *right, crumb=(t("monitors.title"), "/monitors"), beside=beside, bar=True)


def state_of(monitor: Monitor) -> list[Component | None]:
    """Whose brand it is, and whether it listens."""
    whose = t("monitors.own_brand") if monitor.own else t("monitors.competitor")
    live = badge(t("monitors.live"), "line", "player-play") if monitor.enabled else badge(
        t("monitors.paused"), "soon", "player-pause"
    )  # fmt: skip
    return [badge(html.Span([f"{whose}: ", name(monitor.brand)])), live, made_up() if monitor.made_up else None]


def _more(monitor: Monitor) -> Component:
    pause = ("player-pause", t("monitors.pause")) if monitor.enabled else ("player-play", t("monitors.resume"))
    return html.Span(
        [button(pause[1], "monitors-pause", kind="ghost", icon_name=pause[0]),
         button(t("monitors.delete"), "monitors-delete", kind="ghost", icon_name="trash")],
        className="row g1",
    )  # fmt: skip


def run_of(monitor: Monitor | None) -> Component | None:
    """How far the background run of a saved monitor is."""
    bar = running(services().monitors.run_of(actor(), monitor.id)) if monitor else None
    return html.Div([html.Span(t("monitors.run_about"), className="grow"), bar], className="alert acc") if bar else None


def _query(text: str, able: bool, error: QueryError | None) -> Component:
    if not able:
        return html.Section(query_line(text, "open"), className="card")
    language = button(t("monitors.language"), "monitors-help-open", kind="ghost sm", icon_name="book-2")
    bar = html.Div([html.H2(t("monitors.query")), html.Span(language, className="end row")], className="eb")
    wrong = problem(error) if error else None
    lines = html.Div(id="monitors-lines", className="mon-lines", **{"aria-hidden": "true"})
    keys = [html.Kbd("Ctrl"), html.Kbd("Enter"), t("monitors.preview")]
    box = query_editor(
        QUERY, text, t("monitors.query"), html.Div(wrong, id="monitors-error"),
        legend(html.Span(keys, className="row g1")),
        head=html.Div([bar, lines], className="mon-top"), placeholder=t("monitors.query_example"),
    )  # fmt: skip
    return html.Div(box, className="mon-ed")


def problem(error: QueryError) -> Component:
    """What is wrong with the query and where; a wrong spelling can be replaced."""
    why = [html.B(place(error), className="neg"), " ", explained(error)]
    note = html.Div(t("monitors.not_saved"), className="c2 t12")
    able = "suggestion" in error.params and "found" in error.params
    mend = button(t("monitors.replace"), "monitors-replace", kind="sm", key="Ctrl .") if able else None
    return html.Div([icon("alert-circle"), html.Div([html.Div(why), note], className="grow"), mend], className="msg",
                    role="alert")  # fmt: skip


def mended(text: str, error: QueryError) -> str:
    """The query with the suggested spelling in place of the one that was found."""
    found, better = error.params["found"], error.params["suggestion"]
    at = text.find(found, error.start)
    return text if at < 0 else text[:at] + better + text[at + len(found) :]


def sample_query() -> str:
    """A query to begin with: the name of the workspace's brand in quotes, whatever word it is."""
    return brand_query([services().setup.workspace(actor()).name])


def _preview() -> Component:
    bones = html.Div([bone("40%", 32), *[bone("100%", 12)] * 5, bone("100%", 64), bone("100%", 64)],
                     className="col mon-bones sk-wait", **{"aria-busy": "true"})  # fmt: skip
    head = html.H2(t("monitors.preview"), className="t14 w6")
    return html.Aside([head, html.Div(bones, id="monitors-preview")], className="side",
                      **{"aria-label": t("monitors.preview"), "aria-live": "polite"})  # fmt: skip


def _dialogs(monitor: Monitor | None) -> list[Component]:
    allowed = html.P(t("monitors.not_known_yet"), className="t12 c3")
    help_ = dialog("monitors-help", t("query.help"), html.Div([query_help(), allowed], id="monitors-examples",
                   className="col g3"), size="lg")  # fmt: skip
    if monitor is None:
        return [help_]
    sure = t("monitors.delete_why", name=monitor.name)
    return [help_, confirm("monitors-confirm", t("monitors.delete_sure"), sure, t("monitors.delete"))]
