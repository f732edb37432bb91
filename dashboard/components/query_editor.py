"""The editor of a query: a see-through text field over the same text in colour.

The server says what is what in a query (:func:`crm.query.spans`); query.js paints it, and keeps
what is typed meanwhile readable.
"""

from __future__ import annotations

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.callbacks import callback, clientside
from dashboard.components.query_text import spans_of


def query_editor(id: str, text: str, label: str, *below: object, placeholder: str = "", head: object = None,
                 submit: str = "") -> Component:  # fmt: skip
    """An editor whose text is the ``value`` of the component `id`; `below` stands under it, `head` above it.

    Its page calls :func:`coloured` with the same id once, at import. With `submit`, the id of a button, Enter
    presses that button and Shift+Enter makes a line.
    """
    field = dcc.Textarea(
        id=id, value=text, className="query-in", placeholder=placeholder, spellCheck="false", title=label
    )
    sends = {"data-submit": submit} if submit else {}
    code = html.Div([html.Pre(text, id=f"{id}-code", **{"aria-hidden": "true"}), field], className="code", **sends)
    return html.Div([dcc.Store(id=f"{id}-spans", data=_painted(text)), head, code, *below], className="ed")


def coloured(id: str) -> None:
    """Register the colouring of the editor `id`."""
    clientside("query", "paint", Output(f"{id}-code", "children"), Input(id, "value"), Input(f"{id}-spans", "data"))

    @callback(Output(f"{id}-spans", "data"), Input(id, "value"), prevent_initial_call=True)
    def colour(text: str | None) -> dict[str, object]:
        return _painted(text or "")


def _painted(text: str) -> dict[str, object]:
    return {"text": text, "spans": spans_of(text)}
