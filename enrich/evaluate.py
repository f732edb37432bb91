"""How well a model answers on labelled posts. Nothing is learned from them."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from crm.errors import InvalidInputError
from crm.ports.classifier import Decisive
from crm.ports.clock import Clock
from crm.ports.encoder import Encoder
from enrich.neighbours import labels_of_nearest

OTHER = "other"


class Row(msgspec.Struct, frozen=True):
    """A text and the label that a person gave it."""

    text: str
    label: str


class LabelFigures(msgspec.Struct, frozen=True):
    """Figures of one label, from 0 to 1; `n` rows carry it."""

    precision: float
    recall: float
    f1: float
    n: int


class Evaluation(msgspec.Struct, frozen=True):
    """What ``shenava eval`` prints. Figures are from 0 to 1.

    The model is made to answer every row; `abstained` counts those which it would have left to
    a person. The macro figures are plain means over the labels of the task that the rows hold.
    `model` is name and version.
    """

    task: str
    n: int
    accuracy: float
    macro_f1: float
    macro_recall: float
    per_label: dict[str, LabelFigures]
    abstained: int
    posts_per_second: float
    model: str


def evaluate(
    task: str, rows: Sequence[Row], model: Decisive, clock: Clock, names: Mapping[str, str] | None = None
) -> Evaluation:
    """Ask `model` about every row, its answers restricted to the labels that the rows hold.

    `names` translates labels of the rows to those of the task; one translated to "" leaves its
    rows out. Letter case does not count. A label that the task doesn't know becomes `other`:
    an answer where the task has it, else rows that can only be got wrong (they count in
    `accuracy` and against the precision of what was answered, and stand in `per_label`).
    Raises InvalidInputError where no row is left or none has a label of the task.
    """
    asked = [(row.text, truth) for row in rows if (truth := _ours(row.label, model.labels, names or {}))]
    held = {truth for _, truth in asked}
    among = [label for label in model.labels if label in held]
    if not among:
        raise InvalidInputError(
            f"No row has a label of the task {task} ({', '.join(model.labels)}); name them with --labels theirs=ours."
        )
    texts, truths = [text for text, _ in asked], [truth for _, truth in asked]
    abstained = sum(label.value is None for label in model.predict(texts, among))
    start = clock.monotonic()
    answers = [label.value or "" for label in model.best(texts, among)]
    seconds = clock.monotonic() - start
    return _evaluation(task, truths, answers, among, abstained, seconds, model)


def _evaluation(
    task: str, truths: Sequence[str], answers: Sequence[str], among: Sequence[str], abstained: int, seconds: float,
    model: Decisive | Encoder,
) -> Evaluation:  # fmt: skip
    """The figures of answers beside truths; the macro figures are means over `among`."""
    per_label = {label: _figures(label, truths, answers) for label in (*among, *sorted(set(truths) - set(among)))}
    return Evaluation(
        task=task,
        n=len(truths),
        accuracy=_rounded(sum(map(str.__eq__, truths, answers)) / len(truths)),
        macro_f1=_rounded(sum(per_label[label].f1 for label in among) / len(among)),
        macro_recall=_rounded(sum(per_label[label].recall for label in among) / len(among)),
        per_label={label: _rounded_figures(figures) for label, figures in per_label.items()},
        abstained=abstained,
        posts_per_second=round(len(truths) / max(seconds, 1e-9), 1),
        model=f"{model.name} {model.version}",
    )


def evaluate_encoder(
    rows: Sequence[Row], encoder: Encoder, clock: Clock, names: Mapping[str, str] | None = None
) -> Evaluation:
    """How often the nearest other text, by the cosine of their vectors, carries the label of a text.

    The labels are the file's own; `names` renames or (with "") leaves out. `posts_per_second` counts the encoding.
    Raises InvalidInputError for fewer than two rows.
    """
    renamed = [Row(row.text, (names or {}).get(row.label, row.label)) for row in rows]
    asked = [row for row in renamed if row.label]
    start = clock.monotonic()
    vectors = encoder.encode([row.text for row in asked])
    seconds = clock.monotonic() - start
    truths = [row.label for row in asked]
    return _evaluation("encoder", truths, labels_of_nearest(vectors, truths), sorted(set(truths)), 0, seconds, encoder)


def parse_names(text: str) -> dict[str, str]:
    """Read ``theirs=ours,…``. Raises InvalidInputError at the first part that is not a pair."""
    names = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        theirs, equals, ours = part.partition("=")
        if not equals or not theirs.strip():
            raise InvalidInputError(f"--labels holds {part!r}; write pairs as theirs=ours, separated by commas.")
        names[theirs.strip()] = ours.strip()
    return names


def read_rows(path: Path, *, labelled: bool = True) -> list[Row]:
    """Labelled rows of a CSV or JSON Lines file (``.csv``, ``.jsonl``, ``.ndjson``, each with or without ``.gz``).

    Columns or keys `text` and `label`; others are passed over. A row may lack a label, which is empty then, unless
    they must be `labelled`. Raises InvalidInputError, with the line, for a file that can't be read or a row without
    what it must have.
    """
    kind = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if kind not in {"csv", "jsonl", "ndjson"}:
        raise InvalidInputError(f"{path.name} is neither .csv nor .jsonl (or those with .gz); convert it first.")
    try:
        with _opened(path) as lines:
            return list(
                _csv_rows(lines, path.name, labelled) if kind == "csv" else _json_rows(lines, path.name, labelled)
            )
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path.name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    except (OSError, EOFError, csv.Error) as error:
        raise InvalidInputError(f"{path.name} can't be read: {error}.") from error


def read_tags(path: Path, key: str) -> list[tuple[str, dict[str, str]]] | None:
    """Texts with several answers each: a JSON list of names, or of pairs of name and sentiment, under `key`.

    None where the first row has no such key: then it is a file of rows with one label. Raises InvalidInputError, with
    the line, for a row that lacks what it must have.
    """
    found: list[tuple[str, dict[str, str]]] = []
    if path.name.removesuffix(".gz").endswith(".csv"):
        return None
    with _opened(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = msgspec.json.decode(line, type=dict[str, object])
                if not found and key not in row:
                    return None
                tags = msgspec.convert(row[key], type=list[str | tuple[str, str]])
                pairs = [(tag, "") if isinstance(tag, str) else tag for tag in tags]
                found.append((msgspec.convert(row["text"], type=str), dict(pairs)))
            except (msgspec.MsgspecError, KeyError) as error:
                raise InvalidInputError(f"{path.name}, line {number}: no text with its {key} ({error}).") from error
    return found


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _json_rows(lines: TextIO, name: str, labelled: bool) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = msgspec.json.decode(line, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise InvalidInputError(f"{name}, line {number}: not a JSON object ({error}).") from error
        yield _row(found.get("text"), found.get("label"), name, number, labelled)


def _csv_rows(lines: TextIO, name: str, labelled: bool) -> Iterator[Row]:
    reader = csv.DictReader(lines)
    missing = ({"text", "label"} if labelled else {"text"}) - set(reader.fieldnames or ())
    if missing:
        raise InvalidInputError(f"{name} has no column {' and no column '.join(sorted(missing))}; name it in line 1.")
    for found in reader:
        yield _row(found["text"], found.get("label"), name, reader.line_num, labelled)


def _row(text: object, label: object, name: str, number: int, labelled: bool) -> Row:
    if isinstance(text, str) and not labelled:
        return Row(text=text, label="" if label is None else str(label))
    if not isinstance(text, str) or label is None or not str(label).strip():
        what = "label" if isinstance(text, str) else "text"
        raise InvalidInputError(f"{name}, line {number}: no {what}; give every row a text and a label.")
    return Row(text=text, label=str(label))


def _ours(label: str, labels: Sequence[str], names: Mapping[str, str]) -> str:
    """The task's label for a row's; "" leaves the row out."""
    named = names.get(label.strip(), label.strip())
    known = {ours.casefold(): ours for ours in labels}
    return known.get(named.casefold(), OTHER) if named else ""


def _figures(label: str, truths: Sequence[str], answers: Sequence[str]) -> LabelFigures:
    n, said = truths.count(label), answers.count(label)
    hits = sum(truth == answer == label for truth, answer in zip(truths, answers, strict=True))
    return LabelFigures(
        precision=hits / said if said else 0.0,
        recall=hits / n if n else 0.0,
        f1=2 * hits / (n + said) if n + said else 0.0,
        n=n,
    )


def _rounded_figures(exact: LabelFigures) -> LabelFigures:
    return LabelFigures(_rounded(exact.precision), _rounded(exact.recall), _rounded(exact.f1), exact.n)


def _rounded(share: float) -> float:
    return round(share, 4)
