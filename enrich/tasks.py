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
from enrich.evaluate import evaluate, evaluate_encoder, parse_names, read_rows, read_tags
from enrich.finglish import evaluate_finglish
from enrich.language import LanguageModel
from enrich.matching import evaluate_matching
from enrich.models import costly_sentiment
from enrich.sentiment import SentimentModel
from enrich.signals import SignalsModel
from enrich.tags_measured import OneOf, evaluate_tags
from enrich.topics_measured import evaluate_topics
from enrich.urgency import UrgencyModel

TASKS: Mapping[str, Callable[[], Decisive]] = {
    "sentiment": lambda: SentimentModel(LanguageModel()),
    "language": LanguageModel,
    "urgency": UrgencyModel,
    "intent": lambda: _one_of("intent", "intents"),
    "emotion": lambda: _one_of("emotion", "emotion"),
    "offence": lambda: _one_of("offence", "offence"),
}
"""What may be evaluated, with the shipped model that answers."""


def _encoder(file: Path, names: str) -> object:
    return evaluate_encoder(read_rows(file), StaticEncoder(), SystemClock(), parse_names(names))


def _duplicates(file: Path, _names: str) -> object:
    return measure_duplicates(read_rows(file, labelled=False), SystemClock())


def _one_of(task: str, question: str) -> OneOf:
    language = LanguageModel()
    return OneOf(task, question, SignalsModel(SentimentModel(language).shares), language)


def _tags(task: str, key: str, file: Path) -> object:
    """Figures of rows with several answers each; None where the rows of the file have one label."""
    rows = read_tags(file, key)
    if rows is None:
        return None
    language = LanguageModel()
    return evaluate_tags(task, rows, SignalsModel(SentimentModel(language).shares), language, SystemClock())


def _aspects(file: Path, _names: str) -> object:
    found = _tags("aspects", "aspects", file)
    if found is None:
        raise InvalidInputError(f'{file.name} has no rows with "aspects": lists of pairs of aspect and sentiment.')
    return found


def _matching(file: Path, _names: str) -> object:
    return evaluate_matching(file, SystemClock())


def _topics(file: Path, _names: str) -> object:
    return evaluate_topics(read_rows(file), StaticEncoder(), SystemClock())


def _finglish(file: Path, _names: str) -> object:
    return evaluate_finglish(file, SystemClock())


OTHERS: Mapping[str, Callable[[Path, str], object]] = {
    "encoder": _encoder,
    "duplicates": _duplicates,
    "matching": _matching,
    "finglish": _finglish,
    "aspects": _aspects,
    "topics": _topics,
}
"""What is evaluated otherwise than by the share of right answers: a file and names of labels to figures."""


def evaluate_file(task: str, file: Path, names: str = "", model: str = "") -> dict[str, object]:
    """What ``shenava eval TASK FILE --labels theirs=ours`` prints, as plain values.

    `model` names a transformer to measure in the place of the shipped model; `names` may name its labels too.

    See :class:`enrich.evaluate.Evaluation`.
    Some tasks ask no question of a text, see :data:`OTHERS`: they print figures of their own.
    Raises InvalidInputError for an unknown task, a file that can't be used or malformed `names`.
    """
    if model:
        if task != "sentiment":
            raise InvalidInputError(f"--model names a model of sentiment; leave it out for {task}.")
        renamed = parse_names(names)
        found: object = evaluate(task, read_rows(file), costly_sentiment(model, names), SystemClock(), renamed)
    elif task == "intent" and (tagged := _tags("intent", "intents", file)) is not None:
        found = tagged
    elif task in OTHERS:
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
