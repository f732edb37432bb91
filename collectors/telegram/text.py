"""What stands in a text: the stretches that the Bot API marks, in UTF-16 code units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.telegram.raw import RawEntity

_UNIT = "utf-16-le"
_PARTS = ("text", "blocks", "items", "cells", "summary", "caption", "credit")
"""Where the words of a rich message stand, in reading order."""


def marked(text: str, entities: Iterable[RawEntity]) -> Iterator[tuple[RawEntity, str]]:
    """Every marked stretch with its words; one that lies outside of the text is left out."""
    units = text.encode(_UNIT, "surrogatepass")
    for entity in entities:
        start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
        if 0 <= start < end <= len(units):
            yield entity, units[start:end].decode(_UNIT, "replace")


def handles(marks: Iterable[tuple[RawEntity, str]]) -> Iterator[str]:
    """Who is addressed: handles without the at sign, and the names of people who have none."""
    for entity, words in marks:
        if entity.type == "mention":
            yield words.removeprefix("@")
        elif entity.type == "text_mention" and entity.user:
            yield entity.user.username or words


def links(marks: Iterable[tuple[RawEntity, str]]) -> Iterator[str]:
    """Web addresses, those behind words too. Hashtags stay in the text."""
    for entity, words in marks:
        if entity.type == "url":
            yield words if "://" in words else f"https://{words}"
        elif entity.type == "text_link" and entity.url and entity.url.startswith(("https://", "http://")):
            yield entity.url


def plain(rich: object) -> str:
    """The words of a rich message's block, a line for every part of it that stands alone."""
    if isinstance(rich, str):
        return rich
    if isinstance(rich, list):
        # text is given as a list of pieces, blocks and cells as a list of objects
        between = "" if any(isinstance(one, str) for one in rich) else "\n"
        return between.join(filter(None, map(plain, rich)))
    if isinstance(rich, dict):
        return "\n".join(filter(None, (plain(rich[name]) for name in _PARTS if name in rich)))
    return ""
