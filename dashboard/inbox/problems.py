"""What went wrong in a pane of the inbox."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.query import QueryError
from dashboard.components import alert, handle
from dashboard.components.query_text import explain
from dashboard.errors import sentence_part


def trouble(error: Exception, *more: Component) -> Component:
    """The line that stands in the pane where something failed; `more` are ways out of it."""
    return alert(html.Span([sentence_part(error), *more], className="row wraps"), "neg", "alert-circle")


def fault_in(error: QueryError, text: str) -> Component:
    """A search that can't be answered, with its fault marked."""
    end = error.start + error.length
    marked = handle("")
    marked.children = [text[: error.start], html.Mark(text[error.start : end] or " "), text[end:]]
    marked.className = "code wrap-any"
    return html.Div([html.P(marked, dir="auto", className="qfault"), explain(error)], className="qwrong")
