"""A text that is longer than a platform takes, in parts that answer each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from apsw.unicode import grapheme_next_break

from crm.errors import InvalidInputError

_PERSIAN = re.compile("[\u0600-\u06ff]")
_LATIN = re.compile("[A-Za-z]")
_DIGITS = str.maketrans("0123456789", "".join(chr(0x6F0 + digit) for digit in range(10)))
_NUMBER = re.compile(r" \(\d+/\d+\)$")
_BORDERS = (
    re.compile(r"\n\s*\n\s*"),  # between paragraphs
    re.compile(r"\n\s*"),
    re.compile("(?<=[.!?\u061f\u2026\u061b])\\s+"),  # between sentences
    re.compile(r"\s+"),
)
MOST = 25
"""More parts than this nobody reads, and no platform welcomes."""


class TooLongForPartsError(InvalidInputError):
    """Even many parts do not hold the text."""

    def __init__(self) -> None:
        super().__init__(f"This text would need more than {MOST} posts; shorten it.")


def split(text: str, measure: Callable[[str], int], limit: int) -> tuple[str, ...]:
    """The parts of a text, each at most `limit` long in the platform's own `measure` and, of several, numbered: (1/3).

    They are cut between paragraphs, else sentences, else words, and within a word only where it alone is too long;
    words follow each other as they did. A text that fits is one part, as it is. Raises TooLongForPartsError.
    """
    if measure(text) <= limit:
        return (text,)
    for most in (9, MOST):  # the longer number is made room for only where it is needed
        room = limit - measure(_mark(text, most, most))
        if room < 1:
            break
        found = list(_cut(text.strip(), measure, room, most))
        if len(found) <= most and measure(found[-1]) <= room:
            return tuple(part + _mark(text, number, len(found)) for number, part in enumerate(found, 1))
    raise TooLongForPartsError


def bare(part: str) -> str:
    """A part without its number."""
    return _NUMBER.sub("", part)


def _cut(text: str, measure: Callable[[str], int], room: int, most: int) -> Iterator[str]:
    for _ in range(most):
        if measure(text) <= room:
            break
        end, start = _border(text, measure, room)
        yield text[:end]
        text = text[start:]
    if text:
        yield text


def _border(text: str, measure: Callable[[str], int], room: int) -> tuple[int, int]:
    """Where the first part ends and the rest begins."""
    longest = _fitting(text, measure, room)
    for number, border in enumerate(_BORDERS):
        # A cut far from the end of the room would make many short parts, so only words may be cut there.
        least = 0 if number == len(_BORDERS) - 1 else longest // 3
        cuts = [(found.start(), found.end()) for found in border.finditer(text, 0, min(len(text), longest + 200))]
        able = [cut for cut in cuts if least < cut[0] <= longest and measure(text[: cut[0]]) <= room]
        if able:
            return able[-1]
    return longest, longest


def _fitting(text: str, measure: Callable[[str], int], room: int) -> int:
    """How many characters of the text fit at most, never cutting what a reader sees as one."""
    low, high = 0, len(text)
    while low < high:  # measures grow with the text, but for links, which are then cut a little earlier
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    end = 0
    while (after := grapheme_next_break(text, end)) <= low and after > end:
        end = after
    return end or grapheme_next_break(text, 0)  # never nothing: what holds not even one is refused above


def _mark(text: str, number: int, of: int) -> str:
    mark = f" ({number}/{of})"
    return mark.translate(_DIGITS) if len(_PERSIAN.findall(text)) > len(_LATIN.findall(text)) else mark
