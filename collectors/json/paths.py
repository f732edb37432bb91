"""Where something stands in a JSON document: names and numbers joined by dots, such as ``data.items.0.author.name``."""

from __future__ import annotations

from collections.abc import Iterator

Row = dict[str, object]
DEEPEST, WIDEST, LONGEST_LIST = 6, 400, 10


def at(value: object, path: str) -> object:
    """What stands at `path`, the whole for an empty one; None where nothing does."""
    for step in filter(None, path.split(".")):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit():
            value = value[int(step[:9])] if int(step[:9]) < len(value) else None
        else:
            return None
    return value


def flat(item: dict[str, object]) -> Row:
    """Everything in an object by its path, down to six levels, 400 values and ten items of a list; nulls left out."""
    row: Row = {}
    for path, value in _leaves(item, "", DEEPEST):
        if len(row) == WIDEST:
            break
        row[path] = value
    return row


def lists(value: object, path: str = "", depth: int = 3) -> Iterator[tuple[str, list[object]]]:
    """Lists of objects in a document with their paths, the outer ones first."""
    if isinstance(value, list):
        if any(isinstance(one, dict) for one in value):
            yield path, value
    elif isinstance(value, dict) and depth:
        inner = [(f"{path}.{name}".lstrip("."), one) for name, one in value.items()]
        for where, one in inner:
            if isinstance(one, list):
                yield from lists(one, where)
        for where, one in inner:
            if isinstance(one, dict):
                yield from lists(one, where, depth - 1)


def _leaves(value: object, path: str, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        named = value.items()
    elif isinstance(value, list):
        named = {str(n): one for n, one in enumerate(value[:LONGEST_LIST])}.items()
    else:
        if value is not None:
            yield path, value
        return
    if depth:
        for name, one in named:
            yield from _leaves(one, f"{path}.{name}".lstrip("."), depth - 1)
