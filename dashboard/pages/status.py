"""Health: how everything fares, live, with the mend beside each trouble."""

from __future__ import annotations

from dash import Input, Output, dcc, html
from dash.development.base_component import Component
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from crm.errors import ShenavaError
from crm.policies.access import require
from crm.usecases.sources import SourceProblemsError
from dashboard.admin.health import add, dead, detail, webhook
from dashboard.admin.health.dead import dead_card
from dashboard.admin.health.processes import processes_card
from dashboard.admin.health.quota import reads_card
from dashboard.admin.health.sources import sources_card
from dashboard.admin.health.top import top
from dashboard.admin.step import Steps, close, room, takes
from dashboard.callbacks import callback
from dashboard.components import main
from dashboard.context import actor, services
from dashboard.errors import plain_sentence
from dashboard.page import page
from dashboard.settings import ConsoleSettings
from dashboard.uploads import handed_over

router = APIRouter(include_in_schema=False)

TICK_MS = 5_000
"""Roles report without a signal, and silence gives none: look again by the clock."""

OPTIONS = ("platform", "zone", "encoding", "map", "open_cases")

STEPS: Steps = {
    "close": close,
    "open": detail.open_source,
    "pause": detail.pause,
    "resume": detail.start,
    "retry": detail.start,
    "remove": detail.ask_remove,
    "remove!": detail.remove,
    "secret": webhook.ask_secret,
    "secret!": webhook.new_secret,
    "add": add.kinds,
    "add-kind": add.options,
    "add!": add.add,
    "uploaded": add.uploaded,
    "read": dead.read,
    "replay": dead.replay,
    "replay-all": dead.replay_all,
    "discard": dead.ask_discard,
    "discard!": dead.discard,
}


@page("/status", "health.title", icon="heartbeat", order=50, action="read_health")
def layout(**_query: str) -> Component:
    """Head, sources, dead letters and processes."""
    above, sources, below = _sections()
    return main(
        html.Div(above, id="health-top", className="col g3"),
        html.Div(sources, id="health-sources"),
        html.Div(below, id="health-below", className="cards healthy"),
        dcc.Interval(id="health-tick", interval=TICK_MS),
        *room("health"),
    )


def _sections() -> tuple[list[Component | None], Component, list[Component]]:
    view = services().health.view(actor())
    aside = html.Div([reads_card(services().budgets.uses(actor())), processes_card(view)], className="col g3")
    return top(view), sources_card(view), [dead_card(view), aside]


@callback(
    Output("health-top", "children"), Output("health-sources", "children"), Output("health-below", "children"),
    Input("health-tick", "n_intervals"), Input("live-source", "data"), Input("live-health", "data"),
    Input("health-again", "data"), prevent_initial_call=True,
)  # fmt: skip
def redraw(*_signals: object) -> tuple[list[Component | None], Component, list[Component]]:
    """Everything as it is now."""
    return _sections()


takes("health", STEPS)


@router.post("/sources/file")
async def take_file(request: Request) -> JSONResponse:
    """Keep a file and set it up as a source; answers ``{id}`` or ``{problem, option}``."""
    try:
        require(actor(), "import")
        async with request.form() as data:
            return JSONResponse(await run_in_threadpool(_import, data, request.app.state.settings))
    except SourceProblemsError as error:
        option, problem = next(iter(add.wrong_fields(error.problems).items()))
        return JSONResponse({"problem": problem, "option": option}, 422)
    except ShenavaError as error:
        return JSONResponse({"problem": plain_sentence(error), "option": ""}, 422)


def _import(data: FormData, settings: ConsoleSettings) -> dict[str, str]:
    file = data.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return {"problem": add.wrong_file(), "option": "path"}
    chosen = {name: str(data.get(name, "")).strip() for name in OPTIONS}
    with handed_over([file], settings.uploads, chosen) as (kept,):
        return {"id": services().sources.import_file(actor(), kept).id}
