"""One monitor: its query is checked and tried out as it is typed, and nothing is saved before that is asked."""

from __future__ import annotations

from typing import TypedDict

from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from crm.query import QueryError
from crm.usecases.monitors import MonitorChangedError, MonitorDraft
from dashboard.callbacks import callback, clientside
from dashboard.components import empty, show, toast
from dashboard.components.query_editor import coloured
from dashboard.components.query_text import place
from dashboard.context import actor, services
from dashboard.errors import explained
from dashboard.monitors import form
from dashboard.monitors.editor import editor, mended, problem, run_of, sample_query
from dashboard.monitors.forecast import forecast
from dashboard.monitors.form import FIELDS, QUERY, Filled, Kept
from dashboard.monitors.preview import preview
from dashboard.monitors.reach import reach
from dashboard.page import page
from dashboard.text import t

KEYS = (
    ("Ctrl+S", "monitors.key_save"), ("Ctrl+Enter", "monitors.key_preview"), ("Ctrl+.", "monitors.key_replace"),
)  # fmt: skip


class Asked(TypedDict):
    """What is to be tried out."""

    query: str
    platforms: list[str]
    languages: list[str]


@page("/monitors/new", "monitors.new", action="edit_monitors", keys=KEYS)
def new(query: str = "", **_query: str) -> Component:
    """An empty editor, or one with the query of the address."""
    own_brand = "" if services().monitors.watches_own(actor()) else services().setup.workspace(actor()).name
    return editor(None, form.blank(query.strip(), own_brand))


@page("/monitors/{monitor}", "monitors.title", action="read_posts", keys=KEYS)
def one(monitor: str, **_query: str) -> Component:
    """The editor of a saved monitor."""
    saved = services().monitors.get(actor(), monitor)
    return editor(saved, form.filled(saved))


coloured(QUERY)
_fields = [Input(*place_) for place_ in FIELDS.values()]
clientside("monitors", "lines", Output("monitors-lines", "children"), Input(QUERY, "value"))
clientside("monitors", "ask", Input(QUERY, "value"), Input("monitors-platforms", "value"),
           Input("monitors-languages", "value"), prevent_initial_call=True)  # fmt: skip
clientside("monitors", "dirty", Output("monitors-dirty", "hidden"), Output("monitors-save", "disabled"),
           Output("monitors-discard", "disabled"), Input("monitors-kept", "data"), Input("monitors-problem", "data"),
           *_fields)  # fmt: skip


@callback(
    Output("monitors-error", "children"), Output("monitors-tried", "data"), Output("monitors-problem", "data"),
    Input("monitors-asked", "data"), prevent_initial_call=True,
)  # fmt: skip
def check(asked: Asked) -> tuple[object, Asked, bool]:
    """Say what is wrong with the query as it stands, and hand it on to the preview."""
    empty_ = not asked["query"].strip()
    error = None if empty_ else services().monitors.check(actor(), asked["query"])
    return problem(error) if error else None, asked, empty_ or error is not None


@callback(Output("monitors-preview", "children"), Input("monitors-tried", "data"))
def show_preview(asked: Asked) -> Component:
    """Try the query out; a wrong one finds nothing, and why is said in its place."""
    if not asked["query"].strip():
        return _begin()
    if (error := services().monitors.check(actor(), asked["query"])) is not None:
        return empty(t("monitors.no_preview"), explained(error), None, "alert-circle")
    return preview(services().monitors.preview(actor(), asked["query"], asked["platforms"], asked["languages"]))


def _begin() -> Component:
    sample = sample_query()
    use = (
        html.Button(t("monitors.use_sample"), type="button", className="btn", **{"data-insert": sample})
        if sample
        else None
    )
    inside = html.Div([html.Code(sample, className="mon-sample", dir="auto"), use], className="col mon-begin")
    return empty(t("monitors.no_query"), t("monitors.no_query_why"), inside, icon_name="radar-2")


@callback(Output("monitors-reach", "children"), Input("monitors-tried", "data"))
def show_reach(asked: Asked) -> Component:
    """What each of the chosen platforms is asked for, and what it can't be."""
    chosen = tuple(asked["platforms"]), tuple(asked["languages"])
    return reach(MonitorDraft("", asked["query"], "", platforms=chosen[0], languages=chosen[1]))


@callback(Output("monitors-forecast", "children"), Input("monitors-tried", "data"), State("monitors-kept", "data"))
def show_forecast(asked: Asked, kept: Kept) -> list[Component]:
    """What the query would cost on platforms that count what is read."""
    chosen = tuple(asked["platforms"]), tuple(asked["languages"])
    return forecast(MonitorDraft("", asked["query"], "", id=kept["id"], platforms=chosen[0], languages=chosen[1]))


@callback(
    Output(QUERY, "value"), Input("monitors-replace", "n_clicks"), State(QUERY, "value"), prevent_initial_call=True
)
def replace(_clicks: int, text: str | None) -> str:
    """Write the suggested spelling into the query."""
    error = services().monitors.check(actor(), text or "")
    if error is None or "suggestion" not in error.params:
        raise PreventUpdate
    return mended(text or "", error)


@callback(
    output={"kept": Output("monitors-kept", "data"), "wrong": Output("monitors-name", "error"),
            "href": Output("url", "href", allow_duplicate=True)},
    inputs={"_clicks": Input("monitors-save", "n_clicks")},
    state={"kept": State("monitors-kept", "data"), "fields": form.states()},
    prevent_initial_call=True,
)  # fmt: skip
def save(_clicks: int, kept: Kept, fields: Filled) -> dict[str, object]:
    """Keep the monitor; where the query or the name is wrong, nothing is saved and the page says so."""
    untouched: dict[str, object] = {"kept": no_update, "wrong": "", "href": no_update}
    if wrong := form.name_problem(fields["name"]):
        show(toast(t("monitors.nothing_saved"), sub=wrong, bad=True))
        return untouched | {"wrong": wrong}
    enabled = services().monitors.get(actor(), kept["id"]).enabled if kept["id"] else True
    try:
        saved = services().monitors.save(actor(), form.draft(fields, kept, enabled))
    except QueryError as error:
        show(toast(t("monitors.nothing_saved"), sub=f"{place(error)} {explained(error)}", bad=True))
        return untouched
    except MonitorChangedError:
        show(toast(t("monitors.nothing_saved"), sub=t("monitors.changed_meanwhile"), bad=True, seconds=12))
        return untouched
    show(toast(t("common.saved"), sub=t("monitors.saved_run")))
    fresh: Kept = {"id": saved.id, "version": saved.version, "fields": fields}
    return untouched | {"kept": fresh, "href": no_update if kept["id"] else f"/monitors/{saved.id}"}


@callback(
    Output("page", "children", allow_duplicate=True), Input("monitors-pause", "n_clicks"),
    State("monitors-kept", "data"), prevent_initial_call=True,
)  # fmt: skip
def pause(_clicks: int, kept: Kept) -> Component:
    """Stop listening, or begin again."""
    before = services().monitors.get(actor(), kept["id"])
    now = services().monitors.set_enabled(actor(), kept["id"], not before.enabled)
    show(toast(t("monitors.resumed") if now.enabled else t("monitors.paused_now")))
    return one(kept["id"])


@callback(Output("monitors-confirm", "opened"), Input("monitors-delete", "n_clicks"),
          Input("monitors-confirm-no", "n_clicks"), State("monitors-confirm", "opened"),
          prevent_initial_call=True)  # fmt: skip
def ask_delete(_open: int | None, _no: int | None, opened: bool) -> bool:
    """Ask before deleting."""
    return not opened


@callback(
    Output("url", "href", allow_duplicate=True), Input("monitors-confirm-do", "n_clicks"),
    State("monitors-kept", "data"), prevent_initial_call=True,
)  # fmt: skip
def delete(_clicks: int, kept: Kept) -> str:
    """Delete the monitor and go back to the list."""
    services().monitors.delete(actor(), kept["id"])
    show(toast(t("monitors.deleted")))
    return "/monitors"


@callback(Output("monitors-help", "opened"), Input("monitors-help-open", "n_clicks"), prevent_initial_call=True)
def open_help(_clicks: int) -> bool:
    """Show how queries are written."""
    return True


@callback(Output("monitors-run", "children"), Input("live-monitor", "data"), State("monitors-kept", "data"),
          prevent_initial_call=True)  # fmt: skip
def show_run(_signal: object, kept: Kept | None) -> Component | None:
    """How far the run over earlier posts is."""
    return run_of(services().monitors.get(actor(), kept["id"])) if kept and kept["id"] else None
