"""The text of a query: what is what in it by colour, what is wrong with it and where, and how it is written."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.query import QueryError, spans
from dashboard.components.icon import icon
from dashboard.errors import explained
from dashboard.text import t

_CLASSES = {"operator": "k", "field": "f", "phrase": "w", "word": "w", "paren": "p", "error": "er"}
EXAMPLES = (
    "words", "phrase", "or", "not", "group", "prefix", "near", "sentiment", "intent", "aspect", "platform", "author",
    "since", "monitor", "case", "is",
)  # fmt: skip


def place(error: QueryError) -> str:
    """Where it is wrong, ``Line 4, column 5:``."""
    return t("query.where", line=error.line, column=error.column)


def explain(error: QueryError) -> Component:
    """The line below a query editor that says where it is wrong, what, and how to mend it."""
    inside = html.Div([html.B(place(error), className="neg"), " ", explained(error)], className="grow")
    return html.Div([icon("alert-circle"), inside], className="msg", role="alert")


def spans_of(text: str) -> list[list[object]]:
    """The coloured stretches of a query for query.js: ``[start, end, class]``, in characters of `text`."""
    return [[start, end, _CLASSES[kind]] for start, end, kind in spans(text)]


def legend(*end: object) -> Component:
    """The line below a query editor that names its colours; `end` stands at its far side."""
    colours = [
        html.Span(t("query.operator"), className="k"),
        html.Span(t("query.field"), className="f"),
        html.Span(t("query.phrase"), className="w"),
        html.Span(t("query.folding"), className="wide"),
    ]
    return html.Div([*colours, html.Span(list(end), className="end row g3") if end else None], className="legend")


def query_help() -> Component:
    """The language by examples; a press on one writes it into the editor (``data-example``)."""
    rows: list[Component] = []
    for name in EXAMPLES:
        example = t(f"query.example_{name}")
        rows.append(html.Dt(html.Button(example, type="button", className="code", dir="auto",
                                        **{"data-example": example})))  # fmt: skip
        rows.append(html.Dd(t(f"query.help_{name}")))
    return html.Dl(rows, className="query-help")
