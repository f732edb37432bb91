"""The documents that feedparser is tested with, each with what it is expected to give, and our reading beside it."""

from __future__ import annotations

import ast
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from collectors.errors import NormaliseError
from collectors.feed.document import Entry, Feed, parse
from collectors.feed.normalise import to_post
from crm.words import Post

HOST = "http://127.0.0.1:8097/"
NOW = datetime(2026, 3, 21, 8, tzinfo=UTC)
DETAILS = frozenset(("title_detail", "summary_detail", "content", "author_detail"))
ENTRY = {
    ("title",): "title", ("title_detail", "value"): "title", ("description",): "body", ("summary",): "body",
    ("summary_detail", "value"): "body", ("content", "value"): "content", ("content", "language"): "language",
    ("summary_detail", "language"): "language", ("link",): "url", ("id",): "id", ("guid",): "id",
    ("author",): "author", ("author_detail", "name"): "writer", ("published_parsed",): "published",
    ("created_parsed",): "published", ("updated_parsed",): "updated", ("enclosures", "href"): "file",
    ("enclosures", "type"): "kind", ("slash_comments",): "replies", ("media_content", "url"): "file",
    ("media_thumbnail", "url"): "file",
}  # fmt: skip
FEED = {("title",): "title", ("title_detail", "value"): "title", ("link",): "url", ("language",): "language"}

Path_ = tuple[str | int, ...]


@dataclass
class Expected:
    """One thing that a document is expected to give: `path` from the parser's result, `value`."""

    path: Path_
    value: object

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one for one in self.path if isinstance(one, str))

    @property
    def ours(self) -> str:
        """What we call it; empty where we keep no such thing."""
        known = ENTRY if self.names[:1] == ("entries",) else FEED if self.names[:1] == ("feed",) else {}
        return known.get(self.names[1:], "")


@dataclass
class Document:
    """A document, the content type it came with, and what it is expected to give."""

    name: str
    body: bytes
    content_type: str = ""
    expected: list[Expected] = field(default_factory=list)
    other: int = 0

    def parse(self) -> Feed:
        """Our reading of it. Raises what the collector raises."""
        return parse(f"{HOST}{self.name}", self.body, self.content_type)


def documents(archive: Path) -> Iterator[Document]:
    """Every document of the archive."""
    with tarfile.open(archive) as packed:
        for member in packed:
            if member.name.endswith(".xml") and (opened := packed.extractfile(member)):
                yield _document(member.name.partition("/")[2], opened.read())


def _document(name: str, body: bytes) -> Document:
    text = _text(body)
    header = re.search(r"^Header:\s*Content-type:\s*(.+?)\s*$", text, re.MULTILINE | re.IGNORECASE)
    found = Document(name, body, header[1] if header else "")
    expect = re.search(r"^\s*Expect:\s*(.+?)\s*(?:-->)?\s*$", text, re.MULTILINE)
    if expect:
        _read(ast.parse(expect[1], mode="eval").body, found)
    return found


def _text(body: bytes) -> str:
    for encoding in ("utf-8", "utf-16", "utf-32", "utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le"):
        try:
            if "Expect:" in (text := body.decode(encoding)):
                return text
        except UnicodeError:
            continue
    return body.decode("latin-1")


def _read(node: ast.expr, found: Document) -> None:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            for one in values:
                _read(one, found)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]) if path := _path(left):
            try:
                found.expected.append(Expected(path, ast.literal_eval(right)))
            except ValueError:
                found.other += 1
        case _:
            found.other += 1


def _path(node: ast.expr) -> Path_:
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Subscript(value=value, slice=ast.Constant(value=key)) if (rest := _path(value)) and key is not None:
            return (*rest, key if isinstance(key, str | int) else str(key))
        case ast.Attribute(value=value, attr=name) if rest := _path(value):
            return (*rest, name)
    return ()


def entry_of(feed: Feed, number: int) -> Entry | None:
    """The entry that the parser counts as `number`."""
    entries = list(feed.read())
    found = entries[number] if -len(entries) <= number < len(entries) else None
    return None if isinstance(found, NormaliseError) else found


def post_of(entry: Entry, feed: Feed) -> Post | None:
    """The entry as a post; None where it says nothing."""
    try:
        return to_post(entry, feed, NOW)
    except NormaliseError:
        return None


def said(expected: Expected, feed: Feed) -> object:
    """What we read of it; the name of a missing entry where there is none."""
    if expected.names[0] == "feed":
        return getattr(feed, expected.ours)
    number = next(one for one in expected.path if isinstance(one, int))
    entry = entry_of(feed, number)
    if entry is None:
        return "no entry"
    match expected.ours:
        case "content":
            return entry.body
        case "writer":
            return entry.author
        case "file" | "kind":
            at = [one for one in expected.path if isinstance(one, int)][1:2] or [0]
            files = entry.attached[at[0] : at[0] + 1]
            return "" if not files else files[0].url if expected.ours == "file" else files[0].kind
        case "replies":
            return str(entry.replies)
    return getattr(entry, expected.ours)


def wanted(expected: Expected) -> object:
    """What is expected, in our words: moments for the parser's nine numbers, the empty text for none."""
    match expected.value:
        case None:
            return ""
        case (int(), int(), int(), int(), int(), int(), *_) as numbers:
            year, month, day, hour, minute, second = numbers[:6]
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return expected.value
