"""Privacy: what is stored of a person, giving it out, erasing it, and the receipts of what was erased."""

from __future__ import annotations

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from crm.errors import NotFoundError, ShenavaError
from crm.policies.access import ForbiddenError, require
from crm.usecases.disclosure import kind_of
from crm.usecases.privacy import ErasedPage
from dashboard.admin.privacy import erasing, finding, past
from dashboard.admin.step import Steps, close, room, takes
from dashboard.callbacks import callback
from dashboard.components import card, cards, main, page_header
from dashboard.context import actor, services
from dashboard.errors import plain_sentence, sentence
from dashboard.jsonfile import json_file, json_stream
from dashboard.page import page
from dashboard.text import t

router = APIRouter(include_in_schema=False)

TICK_MS = 2_000
"""An erasure shows how far it is, and gives no signal of its own."""
LARGEST_RECEIPTS = 4 << 20

STEPS: Steps = {
    "close": close,
    "open": finding.show,
    "ask": erasing.ask,
    "erase": erasing.erase,
    "verify": past.ask_verify,
    "verified": past.verified,
}


@page("/privacy", "privacy.title", icon="shield-lock", order=52, action="erase")
def layout(before: str = "", **_query: str) -> Component:
    """Search, past erasures, retention and the stop list."""
    state, erased = services().privacy.state(actor()), services().privacy.erased(actor(), before or None)
    return main(
        page_header(t("privacy.title")),
        html.P(t("privacy.about"), className="c2"),
        card(finding.search_form(), html.Div(id="privacy-found"), title=t("privacy.person"), class_="roomy"),
        html.Div(past.past(erased, paged=bool(before)), id="privacy-past"),
        html.Div(cards(past.keeping(state.kept), past.stop_list(state.stopped)), id="privacy-state"),
        dcc.Interval(id="privacy-tick", interval=TICK_MS),
        dcc.Store(id="privacy-before", data=before),
        dcc.Store(id="privacy-seen", data=_mark(erased)),
        *room("privacy"),
    )


@callback(
    Output("privacy-found", "children"), Input("privacy-find", "n_clicks"), Input("privacy-text", "n_submit"),
    State("privacy-text", "value"), prevent_initial_call=True,
)  # fmt: skip
def find(_clicks: object, _enter: object, text: str | None) -> Component | None:
    """Those who may be meant."""
    wanted = (text or "").strip()
    return finding.found(wanted, services().disclosure.find(actor(), wanted)) if wanted else None


@callback(
    Output("privacy-past", "children"), Output("privacy-state", "children"), Output("privacy-seen", "data"),
    Input("privacy-tick", "n_intervals"), Input("privacy-again", "data"),
    State("privacy-seen", "data"), State("privacy-before", "data"), prevent_initial_call=True,
)  # fmt: skip
def redraw(_tick: object, _again: object, seen: object, before: str | None) -> tuple[object, object, object]:
    """The list as it is now, where an erasure went on."""
    erased = services().privacy.erased(actor(), before or None)
    if _mark(erased) == seen:
        return no_update, no_update, no_update
    state = services().privacy.state(actor())
    below = cards(past.keeping(state.kept), past.stop_list(state.stopped))
    return past.past(erased, paged=bool(before)), below, _mark(erased)


def _mark(erased: ErasedPage) -> str:
    return " ".join(f"{one.id}:{one.step}" for one in erased.rows)


takes("privacy", STEPS)


@router.get("/privacy/receipts/{erasure_id}")
def receipt(erasure_id: str) -> Response:
    """A receipt as a file."""
    try:
        found = services().privacy.receipt(actor(), erasure_id)
    except ShenavaError as error:
        return _refused(error)
    return json_file(f"receipt-{found.id}", found)


@router.post("/privacy/export")
async def export(request: Request) -> Response:
    """Everything about a person or a post as a file."""
    async with request.form() as data:
        kind, key = str(data.get("kind", "")), str(data.get("key", ""))
    try:
        pieces = await run_in_threadpool(lambda: services().disclosure.export(actor(), kind_of(kind), key))
    except ShenavaError as error:
        return _refused(error)
    return json_stream("person", pieces)


@router.post("/privacy/verify")
async def verify(request: Request) -> JSONResponse:
    """Check the receipts of a file; answers ``{id: "genuine/all"}`` or ``{problem}``."""
    try:
        require(actor(), "erase")
        async with request.form() as data:
            file = data.get("file")
            text = await file.read(LARGEST_RECEIPTS) if isinstance(file, UploadFile) else b""
        return JSONResponse({"id": await run_in_threadpool(past.judge, text)})
    except ShenavaError as error:
        return JSONResponse({"problem": plain_sentence(error), "option": ""}, 422)


def _refused(error: ShenavaError) -> Response:
    status = 403 if isinstance(error, ForbiddenError) else 404 if isinstance(error, NotFoundError) else 422
    return PlainTextResponse(sentence(error), status)
