"""Tables as CSV, row by row, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from crm.errors import ShenavaError
from dashboard.api import problem
from dashboard.context import viewer
from dashboard.dates import local
from dashboard.errors import sentence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE = 200


def csv_file(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A download ``shenava-<name>-<day>.csv``; `rows` are drawn while it is sent."""
    file = f"shenava-{name}-{local(viewer().now).date().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    return StreamingResponse(csv_lines(heads, rows), media_type="text/csv; charset=utf-8", headers=headers)


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file in pieces, with the mark by which spreadsheets know UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(heads)
    for at, row in enumerate(rows, 1):
        writer.writerow([_safe(value) for value in row])
        if at % _ROWS_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def refused(error: ShenavaError) -> Response:
    """The answer of a download that may not or can't be made."""
    return PlainTextResponse(sentence(error), problem(error)[0])


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _safe(value: object) -> object:
    # A text that a stranger wrote must not become a formula of the spreadsheet that opens the file.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
