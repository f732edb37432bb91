"""Audit: what everybody did, in order, and the proof that nobody changed it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from urllib.parse import quote

import dash_mantine_components as dmc
import msgspec
from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component
from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from crm.policies.access import ForbiddenError
from crm.usecases.trail import TrailPage
from dashboard.admin.audit.rows import sealed, told, when, who
from dashboard.admin.audit.sentences import did
from dashboard.admin.permission import allowed
from dashboard.admin.step import Panel, Shown, Step, Steps, act, close, room, takes
from dashboard.callbacks import callback
from dashboard.components import alert, card, empty, icon, link_button, main, page_header, table
from dashboard.context import actor, services
from dashboard.errors import sentence
from dashboard.page import page, query
from dashboard.text import t, tn

router = APIRouter(include_in_schema=False)

EVERY = "-"


@page("/audit", "audit.title", icon="history", order=51, action="read_audit")
def layout(action: str = "", before: str = "", **_query: str) -> Component:
    """A page of the trail, newest first."""
    trail = services().trail
    actions = trail.actions(actor())
    chosen = action if action in actions else ""
    rows = trail.rows(actor(), int(before) if before.isdecimal() and len(before) < 19 else None, chosen)
    buttons = [
        html.A([icon("download"), t("audit.csv")], href=f"/audit/export.csv{_asked(chosen)}", className="btn")
        if allowed("export") else None,
        act(t("audit.verify"), "audit", "verify", kind="pri", icon_name="shield-check"),
    ]  # fmt: skip
    body = _table(rows) if rows.rows else empty(t("audit.nothing"), icon_name="history")
    return main(
        page_header(t("audit.title"), _filter(actions, chosen), *buttons),
        html.P(t("audit.about"), className="c2"),
        card(body, _pager(rows, chosen, paged=bool(before))),
        *room("audit"),
    )


def _asked(action: str, before: int | None = None) -> str:
    parts = [f"action={quote(action)}"] if action else []
    parts += [f"before={before}"] if before is not None else []
    return f"?{'&'.join(parts)}" if parts else ""


def _filter(actions: list[str], chosen: str) -> Component:
    named_ = sorted(((one, did(one)) for one in actions), key=lambda pair: pair[1])
    options = [{"value": EVERY, "label": t("audit.all")}, *({"value": one, "label": text} for one, text in named_)]
    return dmc.Select(id="audit-action", data=options, value=chosen or EVERY, searchable=True, allowDeselect=False,
                      w=220, **{"aria-label": t("audit.filter")})  # fmt: skip


@callback(Output("url", "href"), Input("audit-action", "value"), State("url", "search"), prevent_initial_call=True)
def choose(action: str | None, search: str | None) -> object:
    """Show one kind of thing only. It fires, too, when the page is drawn with a choice: then nothing is to be done."""
    wanted = "" if action in {None, EVERY} else str(action)
    return no_update if wanted == query(search).get("action", "") else f"/audit{_asked(wanted)}"


def _table(shown: TrailPage) -> Component:
    heads = [t("audit.when"), t("audit.who"), t("audit.what"), ""]
    rows: list[list[object]] = [[when(row), who(row.actor, shown.people), told(row, shown), sealed(row)]
                                for row in shown.rows]  # fmt: skip
    return table(heads, rows, caption=t("audit.title"), end=frozenset({3}), class_="stack auditt")


def _pager(shown: TrailPage, action: str, *, paged: bool) -> Component | None:
    newer = link_button(t("audit.newest"), f"/audit{_asked(action)}", kind="sm") if paged else None
    older = link_button(t("audit.older"), f"/audit{_asked(action, shown.before)}", kind="sm") if shown.before else None
    return html.Div([newer, older], className="row ends pager") if newer or older else None


def verify(_step: Step) -> Shown:
    """Check the whole chain and say how it stands."""
    found = services().trail.verify(actor())
    if found.broken is None:
        said = alert(tn("audit.whole", found.rows), "acc", "shield-check")
    else:
        where = t("audit.broken", position=found.broken.position, row=str(found.broken.audit_id))
        said = alert([where, " ", html.Bdi(found.broken.reason, className="c2")], "neg", "alert-triangle")
    head = [html.Span(t("audit.head"), className="t12 c3"), html.Pre(found.head, className="value", dir="ltr")]
    ends = html.Div(act(t("common.close"), "audit", "close", kind="pri"), className="row ends")
    return Shown(dialog=Panel(t("audit.verify"), html.Div([said, *head, ends], className="col g3")))


STEPS: Steps = {"close": close, "verify": verify}
takes("audit", STEPS)


@router.get("/audit/export.csv")
def export(action: str = "") -> Response:
    """The whole trail as CSV, page by page, so that its length costs no memory."""
    try:
        pages = services().trail.export(actor(), action)
    except ForbiddenError as error:
        return PlainTextResponse(sentence(error), 403)
    headers = {"Content-Disposition": 'attachment; filename="shenava-audit.csv"'}
    return StreamingResponse(_lines(pages), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(pages: Iterator[TrailPage]) -> Iterator[str]:
    # The mark at the start lets spreadsheets read Persian.
    yield "\ufeff" + _line(["id", "at", "actor", "name", "action", "subject", "details", "sealed"])
    for shown in pages:
        for row in shown.rows:
            detail = "" if row.detail is None else msgspec.json.encode(row.detail).decode()
            who = shown.people.get(row.actor, "")
            yield _line([row.id, row.at.isoformat(), row.actor, who, row.action, row.subject, detail, row.sealed])


def _line(values: list[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: object) -> object:
    # A spreadsheet would run a cell that begins like a formula.
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
