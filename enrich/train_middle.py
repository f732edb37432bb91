"""Learning the middle tier of sentiment: ``shenava train DATA --only middle``.

One logistic regression a group of languages, on the vectors of the sentence encoder and the rows of the shipped model.
It is measured beside the shipped way on a fifth of every set and on the airline tweets, which teach nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, recall_score

from enrich import card, distil, fit, linear, sets
from enrich.middle import FILE, GROUPS, SHARE, Middle, save, unit
from enrich.sentiment import LABELS
from enrich.train import BALANCE, SENTIMENT

C, ROUNDS = 3.0, 400
UNSEEN = "airline_tweets"
MOST_UNSEEN = 1500


class _Group(msgspec.Struct, frozen=True):
    texts: list[str]
    origins: NDArray[np.str_]
    truths: NDArray[np.int64]
    held: NDArray[np.bool_]
    weights: linear.Floats


def train_middle(data: Path, out: Path, cache: Path | None, model_card: Path | None = None) -> list[dict[str, object]]:
    """Learn the heads into `out`; returns the figures as plain values, which go into `model_card` too.

    `cache` keeps what the encoder said. Raises InvalidInputError where a set is missing or the card has no place.
    """
    figures, means, weights, biases = [], [], [], []
    with Progress(console=Console(stderr=True)) as progress:
        groups = [_group(data, name) for name in GROUPS]
        every = sorted({text for group in groups for text in group.texts})
        vectors = dict(zip(every, distil.embedded(every, cache, progress), strict=True))
        bar = progress.add_task("Learning", total=len(groups))
        for name, group in zip(GROUPS, groups, strict=True):
            said = np.stack([vectors[text] for text in group.texts])
            figures += _measured(name, group, said)
            mean, model = _learned(group, said, group.weights > 0)
            means.append(mean)
            weights.append(model.coef_)
            biases.append(model.intercept_)
            progress.advance(bar)
    save(out / FILE, Middle(np.stack(means), np.stack(weights).astype(np.float32), np.stack(biases)))
    if model_card:
        card.put(model_card, "middle", _lines(figures))
    return figures


def _group(data: Path, name: str) -> _Group:
    examples = sets.sentiment(data, name)
    labels, origins = [one.label for one in examples], [one.origin for one in examples]
    weights = np.multiply(fit.evened(labels, origins, BALANCE[name]), [sets.weight(one, name) for one in origins])
    unseen = list(sets.rows(data, UNSEEN))[:MOST_UNSEEN] if name == "en" else []
    return _Group(
        [one.text for one in examples] + [str(row["text"]) for row in unseen],
        np.array(origins + [UNSEEN] * len(unseen)),
        np.array([LABELS.index(one) for one in (*labels, *(str(row["label"]) for row in unseen))]),
        np.array([one.held for one in examples] + [True] * len(unseen)),
        np.concatenate([weights, np.zeros(len(unseen))]),
    )


def _learned(
    group: _Group, said: NDArray[np.float32], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], LogisticRegression]:
    mean = said[chosen].mean(axis=0)
    model = LogisticRegression(C=C, max_iter=ROUNDS)
    model.fit(unit(said[chosen] - mean), group.truths[chosen], sample_weight=group.weights[chosen])
    return mean, model


def _measured(name: str, group: _Group, said: NDArray[np.float32]) -> list[dict[str, object]]:
    """Figures of the shipped way, of the encoder alone and of both, learned from the rows that are not held out."""
    taught = ~group.held
    rows = fit.Rows([text for text, one in zip(group.texts, taught, strict=True) if one], group.truths[taught],
                    group.weights[taught])  # fmt: skip
    head = fit.fit(SENTIMENT, LABELS, rows, None)
    asked = np.flatnonzero(group.held)
    plain = np.log(linear.probabilities(head.logits([group.texts[at] for at in asked]), range(len(LABELS))) + 1e-9)
    mean, model = _learned(group, said, taught)
    alone = model.predict_log_proba(unit(said[asked] - mean))
    ways = {"shipped": plain, "encoder": alone, "both": (1 - SHARE) * plain + SHARE * alone}
    return [
        {"head": name, "rows": str(origin)} | _figures(ways, group.truths[asked], group.origins[asked] == origin)
        for origin in sorted(set(group.origins[asked].tolist()))
    ]


def _figures(ways: dict[str, linear.Floats], truths: NDArray[np.int64], mine: NDArray[np.bool_]) -> dict[str, object]:
    known = np.unique(truths[mine])
    found: dict[str, object] = {"n": int(mine.sum())}
    for way, scores in ways.items():
        answers = known[scores[mine][:, known].argmax(axis=1)]
        found[f"{way}_f1"] = round(float(f1_score(truths[mine], answers, average="macro")), 3)
        found[f"{way}_recall"] = round(float(recall_score(truths[mine], answers, average="macro")), 3)
    return found


def _lines(figures: Sequence[dict[str, object]]) -> str:
    heads = ["head", "rows", "n", "shipped_f1", "encoder_f1", "both_f1", "shipped_recall", "both_recall"]
    names = ["head", "set", "rows", "shipped, F1", "encoder alone, F1", "both, F1", "shipped, recall", "both, recall"]
    table = ["| " + " | ".join(names) + " |", "|---|---|---|---|---|---|---|---|"]
    return "\n".join([*table, *("| " + " | ".join(str(one[head]) for head in heads) + " |" for one in figures)])
