"""What ``shenava eval`` can measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from crm.errors import InvalidInputError
from crm.ports.classifier import Decisive
from crm.ports.clock import SystemClock
from enrich.duplicates_measured import measure as measure_duplicates
from enrich.encoder import StaticEncoder
from enrich.evaluate import evaluate, evaluate_encoder, parse_names, read_rows
from enrich.finglish import evaluate_finglish
from enrich.language import LanguageModel
from enrich.matching import evaluate_matching
from enrich.sentiment import SentimentModel
from enrich.urgency import UrgencyModel

TASKS: Mapping[str, Callable[[], Decisive]] = {
    "sentiment": lambda: SentimentModel(LanguageModel()),
    "language": LanguageModel,
    "urgency": UrgencyModel,
}
"""What may be evaluated, with the shipped model that answers."""


def _encoder(file: Path, names: str) -> object:
    return evaluate_encoder(read_rows(file), StaticEncoder(), SystemClock(), parse_names(names))


def _duplicates(file: Path, _names: str) -> object:
    return measure_duplicates(read_rows(file, labelled=False), SystemClock())


def _matching(file: Path, _names: str) -> object:
    return evaluate_matching(file, SystemClock())


def _finglish(file: Path, _names: str) -> object:
    return evaluate_finglish(file, SystemClock())


OTHERS: Mapping[str, Callable[[Path, str], object]] = {
    "encoder": _encoder,
    "duplicates": _duplicates,
    "matching": _matching,
    "finglish": _finglish,
}
"""What is evaluated otherwise than by the share of right answers: a file and names of labels to figures."""


def evaluate_file(task: str, file: Path, names: str = "") -> dict[str, object]:
    """What ``shenava eval TASK FILE --labels theirs=ours`` prints, as plain values.

    See :class:`enrich.evaluate.Evaluation`.
    Some tasks ask no question of a text, see :data:`OTHERS`: they print figures of their own.
    Raises InvalidInputError for an unknown task, a file that can't be used or malformed `names`.
    """
    if task in OTHERS:
        found = OTHERS[task](file, names)
    else:
        found = evaluate(task, read_rows(file), classifier(task), SystemClock(), parse_names(names))
    return msgspec.convert(msgspec.to_builtins(found), type=dict[str, object])


def classifier(task: str) -> Decisive:
    """The shipped model of a task. Raises InvalidInputError for an unknown task, StoreError for lost weights."""
    if task not in TASKS:
        known = ", ".join(sorted([*TASKS, *OTHERS]))
        raise InvalidInputError(f"There is no task {task!r} to evaluate; choose one of {known}.")
    return TASKS[task]()
