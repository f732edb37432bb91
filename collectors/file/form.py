"""What kind of file it is: packed or not, its encoding, its layout. Judged by its first bytes."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from pathlib import Path
from typing import Literal

from msgspec import Struct

from collectors.errors import UnusableFileError
from collectors.file.encodings import detect

SAMPLE = 256 * 1024
SEPARATORS = ",\t;|"
_ANNOUNCED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_PACKED = {
    b"PK\x03\x04": "a zip archive or an Excel workbook: save it as CSV, or unpack it first",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV",
    b"%PDF": "a PDF: export the posts as CSV or JSON Lines",
    b"SQLite format 3\x00": "an SQLite database: export the table as CSV",
    b"BZh": "packed with bzip2: unpack it, or pack it with gzip",
    b"\xfd7zXZ": "packed with xz: unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd: unpack it, or pack it with gzip",
}

Layout = Literal["lines", "array", "table"]


class Form(Struct, frozen=True):
    """How to read a file. `separator` is only for tables, `announced` says that the first line named it."""

    path: Path
    packed: bool
    encoding: str
    layout: Layout
    separator: str = ","
    announced: bool = False

    @property
    def unit(self) -> str:
        """What a row's number counts."""
        return "item" if self.layout == "array" else "line"

    def open(self) -> io.TextIOWrapper:
        """The file as text; bytes outside its encoding become lone surrogates, so that a row can be blamed."""
        newline = "" if self.layout == "table" else "\n"
        return io.TextIOWrapper(unpacked(self.path), self.encoding, errors="surrogateescape", newline=newline)


def look_at(path: Path, encoding: str = "") -> Form:
    """Find out how to read a file; `encoding` overrules the guess.

    Raises: UnusableFileError (no such file, empty, binary, a web page, an encoding that can't be told).
    """
    head = _head(path)
    if not head.strip():
        raise UnusableFileError(f"{path.name} is empty.", "empty_file", name=path.name)
    for magic, what in _PACKED.items():
        if head.startswith(magic):
            raise UnusableFileError(f"{path.name} is {what}.", "packed_file", name=path.name)
    encoding = known_encoding(encoding) or detect(path.name, head)
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    start = text.lstrip()
    if "\x00" in text:
        raise UnusableFileError(
            f"{path.name} is a binary file; posts are read from CSV, TSV, JSON Lines or JSON.",
            "binary_file", name=path.name,
        )  # fmt: skip
    if start.startswith("<"):
        raise UnusableFileError(
            f"{path.name} is a web page or XML, not CSV or JSON Lines; download the data file itself.",
            "web_page", name=path.name,
        )  # fmt: skip
    packed = is_packed(path)
    if start[:1] in ("{", "["):
        return Form(path, packed, encoding, "lines" if start[0] == "{" else "array")
    if announced := _ANNOUNCED.match(text):
        return Form(path, packed, encoding, "table", announced[1], announced=True)
    return Form(path, packed, encoding, "table", _separator(start))


def is_packed(path: Path) -> bool:
    """Whether the file is packed with gzip, whatever its name says."""
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def unpacked(path: Path) -> gzip.GzipFile | io.BufferedReader:
    """The file's bytes, unpacked where it is packed with gzip."""
    return gzip.open(path, "rb") if is_packed(path) else path.open("rb")


def _head(path: Path) -> bytes:
    head = b""
    try:
        with unpacked(path) as stream:
            while len(head) < SAMPLE and (piece := stream.read(4096)):
                head += piece
    except FileNotFoundError:
        raise UnusableFileError(f"There is no file {path}; check the path.", "no_file", name=path.name) from None
    except EOFError:
        pass  # cut short: the rows before the cut can still be read
    except zlib.error as error:
        if not head:
            message = f"{path.name} is a damaged gzip file: {error}."
            raise UnusableFileError(message, "damaged_file", name=path.name) from error
    except OSError as error:
        message = f"{path.name} can't be read: {error.strerror or error}."
        raise UnusableFileError(message, "unreadable_file", name=path.name) from error
    return head


def known_encoding(encoding: str) -> str:
    """The name that Python has for an encoding; empty for the empty name. Raises: UnusableFileError."""
    if not encoding:
        return ""
    try:
        name = codecs.lookup(encoding).name
        b"".decode(name)
    except (LookupError, ValueError):
        message = f"There is no encoding {encoding!r}; try utf-8, utf-16 or windows-1256."
        raise UnusableFileError(message, "no_encoding", value=encoding) from None
    return "utf-8-sig" if name == "utf-8" else name


def _separator(text: str) -> str:
    """The separator by which the first lines have most columns, alike in most lines."""
    lines = text.splitlines(keepends=True)[:50]

    def score(separator: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            return (0, 0)
        width = widths[0] if widths else 0
        return (sum(one == width for one in widths), width) if width > 1 else (0, 0)

    return max(SEPARATORS, key=score)
