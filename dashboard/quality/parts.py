"""Figures of a question, the queue of posts that wait for an answer, and what drifts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from crm.records.corrections import VALUES
from crm.usecases.quality import ENOUGH, Drift, QualityView, Score
from crm.words import EnrichedPost
from dashboard.components import alert, badge, bar, card, empty, figure, figures, said, table
from dashboard.mentions.cards import by_line, language_of
from dashboard.numbers import number, percent
from dashboard.text import t, tn
from dashboard.trends.bar import language_name


def value_name(task: str, value: str) -> str:
    """How people call an answer; an abstention where it is empty."""
    if not value:
        return t("quality.abstained")
    if task == "language":
        return language_name(value)
    if task == "offence":
        return t("labels.is_offensive") if value == "offensive" else t("quality.not_offensive")
    prefix = {"sentiment": "common.sentiment", "urgency": "inbox.priority", "emotion": "labels.emotion"}[task]
    return t(f"{prefix}_{value}")


def tiles(view: QualityView) -> Component:
    """The figures of the whole."""
    whole, abstained = view.whole, next((one.share for one in view.drift if not one.value), None)
    return figures(
        figure(t("quality.answers"), number(whole.answered), note=t("quality.answers_note")),
        figure(t("quality.accuracy"), _accuracy(whole), note=tn("quality.of_judged", whole.judged),
               hint=t("quality.accuracy_hint")),
        figure(t("quality.agreement"), percent(view.same / view.together) if view.together >= ENOUGH else "–",
               note=tn("quality.of_together", view.together), hint=t("quality.agreement_hint")),
        figure(t("quality.abstains"), percent(abstained) if abstained is not None else "–",
               note=tn("quality.of_recent", view.recent_posts)),
    )  # fmt: skip


def _accuracy(score: Score) -> str:
    return percent(score.right / score.judged) if score.enough else "–"


def scores(view: QualityView) -> Component:
    """Where the model is right and where it errs, by what the posts are."""
    parts = (
        ("languages", [(language_name(one.name), one) for one in view.languages]),
        ("models", [(one.name or t("quality.no_model"), one) for one in view.models]),
        ("lengths", [(t(f"quality.length_{one.name}"), one) for one in view.lengths]),
        ("followers", [(t(f"quality.followers_{one.name}"), one) for one in view.followers]),
    )
    cards = [card(_table(rows, t(f"quality.by_{name}")), title=t(f"quality.by_{name}")) for name, rows in parts if rows]
    why = html.P(t("quality.bias_why", enough=number(ENOUGH)), className="t12 c3")
    nothing = empty(t("quality.none"), t("quality.none_why"), None, "list-check")
    return html.Div([*cards, why] if cards else [nothing], className="col g3")


def _table(rows: Sequence[tuple[str, Score]], caption: str) -> Component:
    heads = [caption, t("quality.answers"), t("quality.judged"), t("quality.right"), ""]
    shown = [[html.Bdi(name), number(one.answered), number(one.judged), *_told(one)] for name, one in rows]
    return table(heads, shown, caption=caption, end=frozenset({1, 2, 3}))


def _told(one: Score) -> tuple[object, object]:
    if not one.enough:
        return t("quality.too_little"), ""
    return _accuracy(one), bar(one.right / one.judged, label=_accuracy(one))


def queue(posts: Sequence[EnrichedPost], task: str) -> Component:
    """The posts on which the model abstained, each with its possible answers."""
    if not posts:
        return card(html.P(t("quality.queue_empty"), className="t13 c2"), title=t("quality.queue"))
    rows = [
        html.Article(
            [by_line(one), said(one.post.text[:400], language_of(one)),
             html.Div([_choice(one.post.key, task, value) for value in VALUES[task]], className="row wraps g1")],
            className="post",
        )
        for one in posts
    ]  # fmt: skip
    why = html.P(t("quality.queue_why"), className="t12 c3")
    return card(
        why, html.Div(rows, className="quality-queue"), title=t("quality.queue"), beside=badge(number(len(posts)))
    )


def _choice(key: str, task: str, value: str) -> Component:
    does: dict[str, Any] = {"data-quality": value, "data-of": key}
    return html.Button(value_name(task, value), type="button", className="btn sm", **does)


def drift(view: QualityView) -> Component | None:
    """The shares of the answers now and before, and an alarm where one moved."""
    if not view.drift:
        return None
    moved = [one for one in view.drift if one.alarm]
    told = [alert(_moved(view.task, one), "soon", "alert-triangle") for one in moved]
    heads = [t("quality.answer"), t("quality.now"), t("quality.before"), ""]
    rows = [
        [value_name(view.task, one.value), percent(one.share), percent(one.before),
         bar(one.share, label=percent(one.share))]
        for one in view.drift
    ]  # fmt: skip
    shown = table(heads, rows, caption=t("quality.drift"), end=frozenset({1, 2}))
    return card(*told, shown, html.P(t("quality.drift_why"), className="t12 c3"), title=t("quality.drift"))


def _moved(task: str, one: Drift) -> str:
    key = "quality.rose" if one.share > one.before else "quality.fell"
    return t(key, what=value_name(task, one.value), now=percent(one.share), before=percent(one.before))
