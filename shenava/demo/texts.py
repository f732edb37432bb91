"""The written texts, read from the package's data files."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import TypeVar

from msgspec import Struct
from msgspec.json import Decoder

from shenava.demo.words import DemoTemplate, Text

THEMES = (
    "crisis", "crisis_en", "app", "cards", "transfers", "loans", "service", "everyday", "life", "life_en",
    "banking77", "ideas", "ideas_en", "campaigns", "campaigns_en", "competitors", "competitors_en",
    "finglish", "neighbours", "news", "news_en", "spam", "spam_en",
)  # fmt: skip

Row = TypeVar("Row")


class Names(Struct, frozen=True):
    """Parts of made-up names (as written, then in Latin letters), biographies and places.

    `women` and `men` are first names in Latin letters, for texts whose voice is a woman's or a man's.
    """

    fa_first: list[tuple[str, str]]
    fa_last: list[tuple[str, str]]
    fa_nick: list[tuple[str, str]]
    en_first: list[str]
    en_last: list[str]
    en_nick: list[tuple[str, str]]
    ar: list[tuple[str, str]]
    ur: list[tuple[str, str]]
    fa_news: list[tuple[str, str]]
    en_news: list[tuple[str, str]]
    fa_bio: list[str]
    en_bio: list[str]
    fa_place: list[str]
    en_place: list[str]
    women: frozenset[str]
    men: frozenset[str]


class IdeaTitle(Struct, frozen=True):
    """An idea of the board before its posts are known."""

    slug: str
    fa: str
    en: str
    status: str


class NoteText(Struct, frozen=True):
    """A note that suits a case about `topic`."""

    topic: str
    text: str


def texts() -> list[Text]:
    """All written texts; within a theme a text comes after the one it answers."""
    return [row for theme in THEMES for row in _rows(theme, Text)]


def conversations(rows: Sequence[Text]) -> list[list[Text]]:
    """The texts by conversation, each beginning with its root, in the order they are written."""
    roots: dict[str, list[Text]] = {}
    for row in rows:
        thread = roots[row.reply_to] if row.reply_to else []
        thread.append(row)
        roots[row.id] = thread
    return [thread for key, thread in roots.items() if thread[0].id == key]


def names() -> Names:
    """What people are called."""
    return Decoder(Names).decode(_read("people.json"))


def templates() -> tuple[DemoTemplate, ...]:
    """The team's ready answers."""
    return tuple(_rows("templates", DemoTemplate))


def idea_titles() -> list[IdeaTitle]:
    """The ideas of the board."""
    return _rows("ideas_board", IdeaTitle)


def note_texts() -> list[NoteText]:
    """What agents note inside cases."""
    return _rows("notes", NoteText)


def _rows(name: str, kind: type[Row]) -> list[Row]:
    return Decoder(kind).decode_lines(_read(f"{name}.jsonl"))


def _read(name: str) -> bytes:
    return files("shenava.demo").joinpath("data", name).read_bytes()
