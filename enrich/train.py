"""Learning the shipped weights: ``shenava train DATA``. Deterministic for the same rows and seed.

Every head is fitted twice: on four fifths of the rows, to measure it and its temperature on the
fifth held out, then on all of them, which is what ships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress

from crm.errors import InvalidInputError
from crm.ports.clock import Clock, SystemClock
from enrich import card, features, fit, linear, sets
from enrich.card import Figure
from enrich.evaluate import Evaluation, Row, evaluate
from enrich.language import LIMIT as LANGUAGE_LIMIT
from enrich.language import LanguageModel
from enrich.sentiment import LABELS as MOODS
from enrich.sentiment import LIMIT as SENTIMENT_LIMIT
from enrich.sentiment import SentimentModel
from enrich.sets import Example

ONLY = ("language",)
SHORT_ROWS = 9000
PERSIAN_FIRST, ENGLISH_FIRST = 1.2, 0.4
"""Logits by which the languages of this house lead those that share their letters and many of their words."""

_LETTERS = str.maketrans("یک", "يك")
SENTIMENT = fit.Recipe(features.Spec(18, (2, 4), (1, 2), SENTIMENT_LIMIT, "sense", mood=True), c=0.6, spread=0.5)
_LANGUAGE = fit.Recipe(features.Spec(16, (1, 4), (0, 0), LANGUAGE_LIMIT, "script"), c=20, tolerance=3e-4, rounds=80)

BALANCE = {"fa": 0.5, "en": 0.8, "multi": 0.8}
"""How far the labels of a set are evened out, by head: 1 would make the rarest count as much as the commonest."""


class Job(msgspec.Struct, frozen=True):
    """One head to fit: where its weights go, what it answers, its rows and what they count."""

    file: str
    labels: tuple[str, ...]
    recipe: fit.Recipe
    examples: Sequence[Example]
    weigh: Callable[[Sequence[Example]], linear.Floats]
    lead: float = 0.0

    def rows(self, everything: bool) -> fit.Rows:
        """What is fitted on: all, or what is not held out."""
        used = [one for one in self.examples if everything or not one.held]
        columns = np.array([self.labels.index(self.answer(one)) for one in used])
        return fit.Rows([one.text for one in used], columns, self.weigh(used))

    def answer(self, one: Example) -> str:
        """The label that the head should give."""
        return one.label if one.label in self.labels else "other"


def train_all(
    data: Path, out: Path, seed: int, model_card: Path | None = None, only: str = ""
) -> list[dict[str, object]]:
    """What ``shenava train`` does, with a progress bar on stderr; returns the figures as plain values.

    `only` names one question whose heads are learned; the others keep theirs, and their figures. The figures go into
    `model_card` too. Raises InvalidInputError where a set is missing, the card has no place or `only` is unknown.
    """
    if only not in ("", *ONLY):
        raise InvalidInputError(f"{only!r} can't be learned alone; choose {', '.join(ONLY)}.")
    with Progress(console=Console(stderr=True)) as progress:
        figures = learn(data, out, seed, SystemClock(), progress, only)
    if model_card:
        card.write(model_card, figures)
    return msgspec.convert(msgspec.to_builtins(figures), type=list[dict[str, object]])


def learn(data: Path, out: Path, seed: int, clock: Clock, progress: Progress, only: str = "") -> list[Figure]:
    """Learn every head from the sets in `data` into `out`; returns what was measured on held-out rows.

    The figures are written to ``figures.json`` beside the weights. Raises InvalidInputError where a set is missing.
    """
    jobs = [*_language_jobs(data, Random(seed))]
    if only != "language":
        jobs += [_sentiment_job(data, head) for head in ("fa", "en", "multi")]
    bar = progress.add_task("Learning", total=2 * len(jobs) + 1)
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        split = Path(folder)
        for job in jobs:
            progress.update(bar, description=f"Learning {job.file}")
            head = _fitted(job, None)
            linear.save(split / f"{job.file}.npz", head)
            progress.advance(bar)
            final = msgspec.structs.replace(_fitted(job, head), temperature=head.temperature)
            linear.save(out / f"{job.file}.npz", final)
            progress.advance(bar)
        progress.update(bar, description="Measuring")
        figures = list(_measured(data, split, jobs, clock))
        if only:
            figures += [one for one in _before(out) if not one.task.startswith(only)]
        progress.advance(bar)
    (out / "figures.json").write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    return figures


def _before(out: Path) -> list[Figure]:
    """The figures that were written when everything was learned last."""
    written = out / "figures.json"
    return msgspec.json.decode(written.read_bytes(), type=list[Figure]) if written.exists() else []


def _fitted(job: Job, start: linear.Head | None) -> linear.Head:
    head = fit.fit(job.recipe, job.labels, job.rows(everything=start is not None), start and _without_lead(job, start))
    head = msgspec.structs.replace(head, bias=head.bias + job.lead * (np.arange(len(job.labels)) == 0))
    if start is not None:
        return head
    held = [one for one in job.examples if one.held]
    return fit.calibrated(head, [one.text for one in held], [job.answer(one) for one in held])


def _without_lead(job: Job, head: linear.Head) -> linear.Head:
    return msgspec.structs.replace(head, bias=head.bias - job.lead * (np.arange(len(job.labels)) == 0))


def _language_jobs(data: Path, chance: Random) -> Iterator[Job]:
    examples = sets.language(data)
    arabic = [one for one in examples if one.label in {"fa", "ar", "ur"}]
    arabic += sets.short_examples([one for one in arabic if not one.held], 2 * SHORT_ROWS, chance)
    arabic += [
        msgspec.structs.replace(one, text=one.text.translate(_LETTERS))
        for one in arabic
        if one.label == "fa" and not one.held and chance.random() < 0.2
    ]
    yield Job("language_arabic", ("fa", "ar", "ur"), _LANGUAGE, arabic, _weigh_tongues, PERSIAN_FIRST)
    latin = [one for one in examples if one.label not in {"fa", "ar", "ur", "ru", "he", "hi"}]
    latin += sets.short_examples([one for one in latin if not one.held], SHORT_ROWS // 3, chance)
    yield Job("language_latin", ("en", "fa-Latn", "other"), _LANGUAGE, latin, _weigh_tongues, ENGLISH_FIRST)


def _weigh_tongues(examples: Sequence[Example]) -> linear.Floats:
    """Every language counts the same; the languages that are answered `other` share three parts among them."""
    weights = fit.evened([one.label for one in examples], ["all"] * len(examples), 1.0)
    others = {one.label for one in examples} - {"fa", "ar", "ur", "en", "fa-Latn"}
    return np.array([w * (3 / len(others) if e.label in others else 1) for w, e in zip(weights, examples, strict=True)])


def _sentiment_job(data: Path, head: str) -> Job:
    def weigh(examples: Sequence[Example]) -> linear.Floats:
        evened = fit.evened([one.label for one in examples], [one.origin for one in examples], BALANCE[head])
        return np.multiply(evened, [sets.weight(one.origin, head) for one in examples])

    return Job(f"sentiment_{head}", MOODS, SENTIMENT, sets.sentiment(data, head), weigh)


def _measured(data: Path, weights: Path, jobs: Sequence[Job], clock: Clock) -> Iterator[Figure]:
    language = LanguageModel(weights)
    for name, part in _groups([one for job in jobs[:2] for one in job.examples if one.held]):
        yield _recalled(name, part, language, None)
    single = [one for one in jobs[0].examples if one.held and one.origin.endswith("single-words")]
    for name, part in _groups(single, by_label=True):
        yield _recalled(f"single words of {name} among fa, ar, ur", part, language, ("fa", "ar", "ur"))
    for job in jobs[2:]:
        model = SentimentModel(language, weights)
        held = [one for one in job.examples if one.held] + _unseen(data, job)
        shares = dict(zip(map(id, held), _baseline(job, held), strict=True))
        for name, part in _groups(held):
            result = evaluate("sentiment", [Row(one.text, one.label) for one in part], model, clock)
            plain = _macro_f1(part, np.array([shares[id(one)] for one in part]))
            yield _figure(f"sentiment ({job.file.rpartition('_')[2]})", name, result, plain)


def _unseen(data: Path, job: Job) -> list[Example]:
    if not job.file.endswith("_en"):
        return []
    return [
        Example(str(row["text"]), str(row["label"]), f"{file} (never learned from)", held=True)
        for file in sets.UNSEEN
        for row in sets.rows(data, file)
    ]


def _baseline(job: Job, held: Sequence[Example]) -> linear.Floats:
    rows = job.rows(everything=False)
    return fit.baseline(rows.texts, rows.columns, [one.text for one in held])


def _macro_f1(part: Sequence[Example], shares: linear.Floats) -> float:
    truths = np.array([MOODS.index(one.label) for one in part])
    asked = np.unique(truths)
    said = asked[shares[:, asked].argmax(axis=1)]
    scores = [2 * np.sum((truths == c) & (said == c)) / (np.sum(truths == c) + np.sum(said == c)) for c in asked]
    return round(float(np.mean(scores)), 4)


def _groups(examples: Iterable[Example], by_label: bool = False) -> list[tuple[str, list[Example]]]:
    groups: dict[str, list[Example]] = {}
    for one in examples:
        groups.setdefault(one.label if by_label else one.origin, []).append(one)
    return sorted(groups.items())


def _recalled(name: str, part: Sequence[Example], model: LanguageModel, among: tuple[str, ...] | None) -> Figure:
    """The share of right answers on rows that may all be of one language."""
    said = model.best([one.text for one in part], among)
    truths = [one.label if one.label in model.labels else "other" for one in part]
    share = sum(label.value == truth for label, truth in zip(said, truths, strict=True)) / len(part)
    return Figure("language", name, len(part), round(share, 4))


def _figure(task: str, name: str, found: Evaluation, baseline: float) -> Figure:
    return Figure(task, name, found.n, found.accuracy, found.macro_f1, found.macro_recall, baseline)
