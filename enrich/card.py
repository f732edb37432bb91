"""The measured part of the model card: docs/models.md holds it between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from crm.errors import InvalidInputError

BEGIN, END = "<!-- figures: written by `shenava train` -->", "<!-- end of figures -->"


class Figure(msgspec.Struct, frozen=True):
    """One measurement: rows of `name` that nothing was learned from. `baseline` is TF-IDF's macro-F1.

    The macro figures are None where the rows may all be of one label.
    """

    task: str
    name: str
    n: int
    accuracy: float
    macro_f1: float | None = None
    macro_recall: float | None = None
    baseline: float | None = None


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| question | held-out rows of | rows | accuracy | macro-F1 | macro-recall | TF-IDF baseline, macro-F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in figures:
        cells = [_shown(value) for value in (one.accuracy, one.macro_f1, one.macro_recall, one.baseline)]
        lines.append(f"| {one.task} | {one.name} | {one.n} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(card: Path, figures: Sequence[Figure]) -> None:
    """Put the figures into a model card. Raises InvalidInputError where the card lacks the marks."""
    put(card, "figures", table(figures))


def put(card: Path, name: str, lines: str) -> None:
    """Put lines between the marks of this name. Raises InvalidInputError where the card lacks them."""
    begin_mark, end_mark = BEGIN.replace("figures", name), END.replace("figures", name)
    text = card.read_text(encoding="utf-8")
    before, begin, rest = text.partition(begin_mark)
    _, end, after = rest.partition(end_mark)
    if not (begin and end):
        raise InvalidInputError(
            f"{card} has no place for the {name}; put {begin_mark} and {end_mark} where they belong."
        )
    card.write_text(f"{before}{begin_mark}\n{lines}\n{end_mark}{after}", encoding="utf-8")


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
