"""Liking and hiding a post: buttons in the thread, and the step behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from dash import html
from dash.development.base_component import Component

from crm.errors import InvalidInputError
from crm.ports.responder import Act, ActRule
from crm.usecases.acts import ACCOUNT_GONE, KINDS
from crm.usecases.views import PostActs
from dashboard.components import badge, icon
from dashboard.context import actor, services
from dashboard.dates import full
from dashboard.inbox.commands import Command, Effect, undoing
from dashboard.inbox.parts import does, platform_name
from dashboard.text import t

ICONS = {"like": "heart", "hide": "eye-off"}
UNDO: dict[Act, Act] = {"like": "unlike", "unlike": "like", "hide": "unhide", "unhide": "hide"}


def buttons(acts: PostActs, post_key: str) -> list[Component]:
    """A small button for each act that is open now, pressed where it was done, with the platform's rule as a tooltip.

    What is closed is not drawn: it would only stand in the way.
    """
    return [_button(rule, post_key) for rule in acts.rules if rule.allowed]


def _button(rule: ActRule, post_key: str) -> Component:
    platform = platform_name(post_key.partition(":")[0])
    kind = KINDS[rule.act]
    label = t(f"inbox.act_{rule.act}", platform=platform)
    why = t(f"inbox.rule_{rule.rule}", platform=platform, name="")
    return html.Button(
        icon(ICONS[kind], 14),
        type="button",
        className="btn ico ghost sm touch act-on",
        title=f"{label}: {why}",
        **{"aria-label": t(f"inbox.act_{kind}", platform=platform), "aria-pressed": str(rule.act != kind).lower()},
        **does("act", post=post_key, value=rule.act),
    )


def marks(acts: PostActs, post_key: str) -> list[Component]:
    """What was done to a post, by whom and when, and why it can't be taken back where its account is gone."""
    platform = platform_name(post_key.partition(":")[0])
    stuck = {KINDS[rule.act]: t(f"inbox.rule_{rule.rule}") for rule in acts.rules if rule.rule == ACCOUNT_GONE}
    found = []
    for one in acts.done:
        mark = badge(t(f"inbox.acted_{one.act}"), "line", ICONS[one.act])
        by = t(f"inbox.acted_{one.act}_by", name=one.by or t("inbox.somebody"), platform=platform, time=full(one.at))
        mark.title = f"{by}. {stuck[one.act]}" if one.act in stuck else by
        found.append(mark)
    return found


def is_hidden(acts: PostActs) -> bool:
    """Whether we hid the post on its platform."""
    return any(one.act == "hide" for one in acts.done)


def _act(command: Command) -> Effect:
    act: Act | None = next((one for one in get_args(Act) if one == command.value), None)
    if act is None:
        raise InvalidInputError(f"{command.value!r} is nothing that is done to a post; load the page again.")
    services().acts.do(actor(), command.case, command.post, act)
    said = t(f"inbox.done_{act}", platform=platform_name(command.post.partition(":")[0]))
    undo = undoing("act", command, post=command.post, value=UNDO[act]) if command.then != "undone" else {}
    return Effect(case=command.case, again=True, said=said, undo=dict(undo))


STEPS: dict[str, Callable[[Command], Effect]] = {"act": _act}
