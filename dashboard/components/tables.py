"""Tables: a short fixed one, and the grid for deep browsing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from dashboard.context import viewer
from dashboard.text import t

_THEME = (
    "themeQuartz.withParams({fontFamily: 'inherit', fontSize: 13, backgroundColor: 'var(--surface)', "
    "dataBackgroundColor: 'var(--surface)', oddRowBackgroundColor: 'var(--surface)', foregroundColor: 'var(--ink)', "
    "textColor: 'var(--ink)', headerBackgroundColor: 'var(--surface)', headerTextColor: 'var(--ink-3)', "
    "headerFontSize: 12, headerFontWeight: 500, headerHeight: 32, rowHeight: 40, borderColor: 'var(--line)', "
    "rowBorder: '1px solid var(--line)', rowHoverColor: 'var(--sunken)', "
    "selectedRowBackgroundColor: 'var(--accent-soft)', "
    "accentColor: 'var(--accent-solid)', cellHorizontalPadding: 12, wrapperBorderRadius: 8})"
)


def table(heads: Sequence[object], rows: Sequence[Sequence[object]], *, caption: str, end: frozenset[int] = frozenset(),
          class_: str = "") -> Component:  # fmt: skip
    """A short table; columns in `end` (numbers) are aligned to the end. `caption` is for screen readers."""

    def cells(tag: type[Component], values: Sequence[object]) -> Component:
        return html.Tr([tag(value, className="r tnum" if at in end else None) for at, value in enumerate(values)])

    inside = [
        html.Caption(caption, className="vh"),
        html.Thead(cells(html.Th, heads)),
        html.Tbody([cells(html.Td, row) for row in rows]),
    ]
    return html.Div(html.Table(inside, className=f"tbl {class_}".strip()), className="table-box")


def grid(id: str, columns: Sequence[Mapping[str, object]], rows: Sequence[Mapping[str, object]] | None = None, *,
         height: str = "60vh", options: Mapping[str, object] | None = None) -> Component:  # fmt: skip
    """An ag-grid in the look and direction of the console; without `rows` it asks the server page by page.

    Every row needs a text ``id``. See ``getRowsRequest``/``getRowsResponse`` of dash-ag-grid.
    """
    settings: dict[str, object] = {
        "theme": {"function": _THEME},
        "enableRtl": viewer().direction == "rtl",
        "localeText": {"noRowsToShow": t("common.no_rows")},
        "suppressCellFocus": False,
        "rowHeight": 40,
        **(options or {}),
    }
    common = {"sortable": False, "resizable": True, "suppressMovable": True}
    kind = {"rowData": list(rows)} if rows is not None else {"rowModelType": "infinite"}
    return dag.AgGrid(
        id=id, columnDefs=list(columns), defaultColDef=common, dashGridOptions=settings, getRowId="params.data.id",
        className="grid", style={"height": height, "width": "100%"}, **kind,
    )  # fmt: skip
