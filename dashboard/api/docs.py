"""A page that lists the API's operations, made on the server: no script from elsewhere is needed to read it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component
from fastapi import FastAPI
from starlette.responses import Response

from dashboard.components.tables import table
from dashboard.document import document
from dashboard.text import t


def show(api: FastAPI) -> Response:
    """The list of operations with a link to the machine-readable description."""
    rows: list[list[object]] = []
    for path, methods in api.openapi()["paths"].items():
        for method, operation in methods.items():
            said = str(operation.get("description") or operation.get("summary", ""))
            rows.append([html.Code(method.upper()), html.Code(f"/api{path}", dir="ltr"), html.Bdi(said)])
    heads = [t("api.method"), t("api.path"), t("api.what")]
    return document(t("api.title"), _page(table(heads, rows, caption=t("api.title"))))


def _page(listing: Component) -> Component:
    link = html.A("openapi.json", href="/api/openapi.json", className="h")
    head = html.Header([html.H1(t("api.title")), html.Span(link, className="end")], className="head")
    how = html.P([t("api.how"), " ", html.Code("Authorization: Bearer …", dir="ltr")], className="c2")
    return html.Main([head, how, html.Section(listing, className="card")], className="main")
