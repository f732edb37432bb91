"""Dead letters: grouped by what went wrong, to be read, replayed or thrown away."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.ports.dead import DeadLetter
from crm.records.dead_letters import Grouped
from crm.usecases.health import HealthView
from dashboard.admin.step import Panel, Shown, Step, act, sure
from dashboard.components import alert, card, empty, handle, icon, show, table, toast
from dashboard.context import actor, services
from dashboard.dates import full, stamp
from dashboard.errors import in_full, kept
from dashboard.numbers import number
from dashboard.text import t, tn

READ = 20
"""Letters of a group that the drawer shows."""
START = 1_500
"""Characters of a value that are shown."""


def dead_card(view: HealthView) -> Component:
    """The groups, largest first."""
    able = may(actor(), "replay")
    head = html.Div(
        [html.H2(t("health.dead"), className="w6"), html.Span(number(view.dead_total), className="c3 num"),
         html.Span(t("health.dead_hold"), className="t12 c3 wide"),
         html.Span(act(t("health.replay_all"), "health", "replay-all"), className="end")
         if able and len(view.dead) > 1 else None], className="row",
    )  # fmt: skip
    if not view.dead:
        return card(head, html.P([icon("circle-check"), t("health.dead_none")], className="row c2 quiet"))
    heads = [t("health.why"), t("health.place"), t("health.schema"), t("health.since"), t("health.posts"), ""]
    rows = [_row(group, able) for group in view.dead]
    return card(head, table(heads, rows, caption=t("health.dead"), end=frozenset({4, 5}), class_="stack deadt"))


def _row(group: Grouped, able: bool) -> list[object]:
    why = html.Div(
        [
            html.Div(kept("dead", group.error_kind, group.error), className="w5 cut2"),
            html.Span([t(f"health.role_{group.group}")], className="t12 c3"),
        ],
        className="col",
    )
    topic = group.topic.rpartition(".")[2]
    first = group.ids[0]
    acts = [
        act(t("health.read"), "health", "read", first, kind="ghost sm"),
        act(t("health.replay"), "health", "replay", first),
    ]
    return [
        why,
        html.Span(f"{topic}-{group.partition}, {group.offset}", className="h code t12 c2 nowrap"),
        html.Span(f"v{group.schema}" if group.schema else "–", className="h c2"),
        html.Span(stamp(group.first), className="num c2 nowrap", title=full(group.first)),
        html.Span(number(group.posts), className="num"),
        html.Span(acts, className="row ends g1") if able else None,
    ]


def read(step: Step) -> Shown:
    """The drawer with the letters of a group, their places and how their values begin."""
    ids = _group(step.of)
    letters = services().health.letters(actor(), ids[:READ])
    if not letters:
        return Shown(drawer=Panel(t("health.dead"), empty(t("health.dead_gone"), icon_name="circle-check")), again=True)
    first = letters[0]
    acts = [act(t("health.replay"), "health", "replay", step.of, kind="pri"),
            act(t("health.discard"), "health", "discard", step.of, kind="bad")]  # fmt: skip
    inside = [
        alert(
            [
                html.B(kept("dead", first.error_kind, first.error)),
                html.Div(first.error_kind, className="h code t12 c2"),
                in_full("dead", first.error_kind, first.error),
            ],
            "neg",
            "alert-circle",
        ),
        html.Div(acts, className="row"),
        html.P(tn("health.letters_shown", len(letters), all=len(ids)), className="t12 c3"),
        html.Ul([_letter(letter) for letter in letters], className="letters"),
    ]
    return Shown(drawer=Panel(t("health.dead"), inside))


def _letter(letter: DeadLetter) -> Component:
    facts = [
        (t("health.key"), handle(letter.key or "–")),
        (t("health.place"), html.Span(f"{letter.topic}-{letter.partition}, {letter.offset}", className="h code")),
        (t("health.schema"), html.Span(f"v{letter.schema}" if letter.schema else "–", className="h")),
        (t("health.failed_at"), full(letter.failed_at)),
    ]
    if letter.replayed_at:
        facts.append((t("health.replayed_at"), full(letter.replayed_at)))
    terms = [part for term, said in facts for part in (html.Dt(term), html.Dd(said))]
    value = html.Pre(beginning(letter.value), className="value", dir="ltr") if letter.value else _hidden()
    return html.Li([html.Dl(terms, className="facts"), value])


def _hidden() -> Component:
    return html.P([icon("lock"), t("health.value_hidden")], className="row c3 t12")


def beginning(value: bytes) -> str:
    """How a value begins: laid out where it is JSON, else as it stands."""
    text = value.decode("utf-8", errors="replace")
    with suppress(ValueError):
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    return text if len(text) <= START else text[:START] + "…"


def replay(step: Step) -> Shown:
    """Send a group through the pipeline again."""
    return _replayed(_group(step.of))


def replay_all(_step: Step) -> Shown:
    """Send every letter through the pipeline again."""
    return _replayed([one for group in services().health.view(actor()).dead for one in group.ids])


def _replayed(ids: Collection[str]) -> Shown:
    count = services().health.replay(actor(), ids)
    show(toast(tn("health.replayed", count)))
    return Shown(drawer=None, again=True)


def ask_discard(step: Step) -> Shown:
    """Ask before a group is thrown away."""
    text = tn("health.discard_why", len(_group(step.of)))
    return Shown(dialog=sure("health", "discard!", step.of, t("health.discard_sure"), text, t("health.discard")))


def discard(step: Step) -> Shown:
    """Throw a group away."""
    count = services().health.discard(actor(), _group(step.of))
    show(toast(tn("health.discarded", count)))
    return Shown(drawer=None, dialog=None, again=True)


def _group(letter_id: str) -> tuple[str, ...]:
    """All letters of the group that this one belongs to; the groups may have changed since they were drawn."""
    groups = services().health.view(actor()).dead
    return next((group.ids for group in groups if letter_id in group.ids), ())
