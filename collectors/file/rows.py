"""The rows of a file, one by one, with the faults of each; memory stays flat."""

from __future__ import annotations

import csv
import json
import re
import zlib
from collections.abc import Iterator
from itertools import islice

import msgspec
from msgspec import Struct

from collectors.errors import UnusableFileError
from collectors.file.form import Form

Row = dict[str, object]
LONGEST_LINE = 16_000_000
CHUNK = 65_536


class Fault(Struct, frozen=True):
    """Why a row can't be read; `code` and `params` say it for the catalogue of messages."""

    reason: str
    code: str
    params: dict[str, str] = {}


def rows(form: Form) -> Iterator[tuple[int, Row | Fault]]:
    """Every row with its number (a line, or an item of an array, from 1); empty lines are passed over.

    Raises: UnusableFileError where the file breaks off or is damaged; all rows before have been given.
    """
    reader = {"lines": _lines, "array": _array, "table": _table}[form.layout]
    number = 0
    try:
        for number, row in reader(form):
            yield number, row
    except (EOFError, zlib.error, UnicodeError, OSError) as error:
        raise UnusableFileError(
            f"{form.path.name} is cut short or damaged after {form.unit} {number} ({error}); "
            "what came before is imported; fetch the file again for the rest.",
            "cut_short", name=form.path.name, number=str(number),
        ) from error  # fmt: skip


def sample(form: Form, wanted: int) -> list[Row]:
    """The first readable rows, at most `wanted`, looked for among the first few times as many."""
    found: list[Row] = []
    try:
        for _, row in islice(rows(form), wanted * 4):
            if not isinstance(row, Fault):
                found.append(row)
            if len(found) == wanted:
                break
    except UnusableFileError:
        if not found:
            raise
    return found


def _lines(form: Form) -> Iterator[tuple[int, Row | Fault]]:
    decode, number = msgspec.json.Decoder().decode, 0
    with form.open() as stream:
        while line := stream.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                message = f"Line {number} of {form.path.name} is too long; one post a line is expected."
                raise UnusableFileError(message, "long_line", name=form.path.name, number=str(number))
            if line.isspace():
                continue
            try:
                value = decode(line)
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                value = _loosely(line, form)
            yield number, _flat(value)


def _loosely(line: str, form: Form) -> object:
    """What stricter readers refuse and common tools write (NaN, halves of surrogate pairs), or the fault."""
    try:
        line.encode()
        return json.loads(line)
    except UnicodeError:
        return _wrong_bytes(form)
    except json.JSONDecodeError as error:
        return Fault(f"it is broken JSON: {error.msg} at column {error.colno}", "broken_json")
    except (ValueError, RecursionError) as error:
        return Fault(f"it can't be read as JSON: {error}", "broken_json")


def _wrong_bytes(form: Form) -> Fault:
    said = f"it holds bytes that are not {form.encoding}; name the file's encoding if many rows have this fault"
    return Fault(said, "wrong_bytes", {"encoding": form.encoding})


def _flat(value: object) -> Row | Fault:
    """A row whose nested objects are spread over columns such as ``user.name``."""
    if isinstance(value, Fault):
        return value
    if not isinstance(value, dict):
        return Fault("it is no JSON object", "no_object")
    nested = [name for name, cell in value.items() if type(cell) is dict]
    for name in nested:
        for inner, cell in value.pop(name).items():
            value[f"{name}.{inner}"] = cell
    return value


def _array(form: Form) -> Iterator[tuple[int, Row | Fault]]:
    """Items of a JSON array, decoded as they come in."""
    decode, number, text, at = json.JSONDecoder().raw_decode, 0, "", 0
    skip, ends = re.compile(r"[\s,]*"), False
    with form.open() as stream:
        text = stream.read(CHUNK).lstrip("\ufeff \t\r\n")[1:]
        while True:
            at = skip.match(text, at).end()  # type: ignore[union-attr]
            if at < len(text) and text[at] == "]":
                return
            try:
                value, end = decode(text, at)
                whole = ends or end < len(text)
            except (json.JSONDecodeError, RecursionError) as error:
                value, end, whole = error, at, False
            if whole:
                number, at = number + 1, end
                yield number, _wrong_bytes(form) if not _sound(value) else _flat(value)
                continue
            piece = stream.read(max(CHUNK, len(text) - at))
            if (not piece and ends) or len(text) - at > LONGEST_LINE:
                raise EOFError("its JSON is broken or unfinished")
            text, at, ends = text[at:] + piece, 0, not piece


def _sound(value: object) -> bool:
    """Whether no byte of the item was outside the file's encoding."""
    return not (isinstance(value, dict) and re.search("[\udc80-\udcff]", "".join(map(str, value.values()))))


def _table(form: Form) -> Iterator[tuple[int, Row | Fault]]:
    with form.open() as stream:
        if form.announced:
            stream.readline()
        reader, shift = csv.reader(stream, delimiter=form.separator), int(form.announced)
        header = header_of(next(reader, []))
        while True:
            number = reader.line_num + 1 + shift
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                said = f"it can't be read as a row ({error}); look for a quotation mark that never closes"
                yield number, Fault(said, "broken_row")
                continue
            if any(cells):
                yield number, _row(cells, header, form)


def header_of(cells: list[str]) -> list[str]:
    """Names of the columns; one without a name is called by its number."""
    return [name.strip().lstrip("\ufeff") or str(n) for n, name in enumerate(cells, 1)]


def _row(cells: list[str], header: list[str], form: Form) -> Row | Fault:
    if len(cells) != len(header):
        if len(cells) < len(header) or any(cells[len(header) :]):
            said = f"it has {len(cells)} columns where the first line names {len(header)}"
            return Fault(said, "columns", {"has": str(len(cells)), "names": str(len(header))})
        cells = cells[: len(header)]
    try:
        "".join(cells).encode()
    except UnicodeError:
        return _wrong_bytes(form)
    return dict(zip(header, cells, strict=True))
