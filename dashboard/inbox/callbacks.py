"""The callbacks of the inbox: thin, each one asks and draws. p-inbox.js decides when."""

from __future__ import annotations

from collections.abc import Mapping

from dash import Input, Output, html, no_update
from dash.development.base_component import Component

from crm.errors import InvalidInputError, ShenavaError
from crm.policies.replies import AlreadyAnsweredError
from dashboard.callbacks import callback, clientside
from dashboard.components import show
from dashboard.context import actor, services, viewer
from dashboard.dates import clock
from dashboard.inbox import actions, answering, filters, queue, ties
from dashboard.inbox.case import draw
from dashboard.inbox.commands import Command, Pane, read
from dashboard.inbox.parts import does
from dashboard.inbox.places import places
from dashboard.inbox.problems import trouble
from dashboard.text import t, tn

Anything = dict[str, object]
TROUBLES: Mapping[Pane, str] = {
    "thread": "inbox-trouble", "composer": "inbox-problem", "queue": "inbox-queue-trouble",
    "dialog": "inbox-new-trouble",
}  # fmt: skip
"""The places where it is said what failed."""


@callback(Output("inbox-queue-html", "data"), Input("inbox-draw", "data"), prevent_initial_call=True)
def draw_queue(asked: Anything) -> Anything:
    """The queue for another filter, or anew."""
    return {"places": queue.draw(filters.read(_inside(asked, "asked")))}


@callback(Output("inbox-fresh", "data"), Input("inbox-settle", "data"), prevent_initial_call=True)
def settle_queue(asked: Anything) -> Anything:
    """Rows that changed, in their places; what is new is counted, never pushed in."""
    found = queue.settle(filters.read(_inside(asked, "asked")), _texts(asked.get("shown")))
    newer = tn("inbox.newer", found.newer) if found.newer else ""
    return {"places": found.places, "rows": found.rows, "newer": newer}


@callback(Output("inbox-case-html", "data"), Input("inbox-again", "data"), prevent_initial_call=True)
def draw_case(asked: Anything) -> Anything:
    """The open case; its composer only when the browser shows another one's, so that nothing typed is lost.

    `released` is the draft that the composer holds where it is none any more.
    """
    case_id, held = str(asked.get("case") or ""), str(asked.get("held") or "")
    drawn = draw(case_id, whole=bool(asked.get("full")))
    released = bool(held) and not services().replies.drafting(actor(), case_id, held)
    return {"case": case_id, "places": drawn, "released": held if released else ""}


@callback(Output("inbox-told", "data"), Input("inbox-do", "data"), prevent_initial_call=True)
def do(data: Anything) -> Anything:
    """One step; what fails is said in the pane where it was asked for."""
    command = read(data)
    try:
        effect = actions.perform(command)
    except ShenavaError as error:
        return {"places": places({TROUBLES[actions.pane_of(command)]: [failure(error, command)]})}
    if (made := effect.toast()) is not None:
        show(made)
    return {**effect.for_browser(), "places": {name: [] for name in TROUBLES.values()}}


@callback(Output("inbox-undone", "data"), Input("undo", "data"), prevent_initial_call=True)
def undo(data: Anything) -> object:
    """Take the last step back."""
    back = data.get("command")
    if data.get("kind") != "inbox" or not isinstance(back, dict):
        return no_update
    effect = actions.perform(read({**back, "then": "undone"}))
    return {**effect.for_browser(), "again": True, "queue": True}


@callback(Input("inbox-here", "data"), prevent_initial_call=True)
def here(data: Anything) -> None:
    """The heartbeat of somebody who looks at a case, and their leaving it."""
    if left := str(data.get("left") or ""):
        services().inbox.leave(actor(), left)
    if case_id := str(data.get("case") or ""):
        services().inbox.seen(actor(), case_id, typing=bool(data.get("typing")))


@callback(Output("inbox-kept", "data"), Input("inbox-draft", "data"), prevent_initial_call=True)
def keep_draft(data: Anything) -> Anything:
    """Save what is being written, and measure it as its platform does."""
    command = read({**data, "do": "draft"})
    words = command.text
    said = draft = ""
    if words.strip() or command.then == "kept":
        language = answering.language_of(words)
        draft = (
            services()
            .replies.draft(actor(), command.case, command.way, words, language, as_thread=command.as_thread)
            .id
        )
        said = t("inbox.draft_saved", time=clock(viewer().now))
    length = services().replies.length(actor(), command.case, words, command.way)
    told: Anything = {"case": command.case, "text": words, "used": length.used, "said": said, "draft": draft}
    return told | {"parts": _parts(command)}


def _parts(command: Command) -> Anything | None:
    """How a text that is too long can go out as several posts; None where it needs not, or can't."""
    try:
        found = services().replies.parts(actor(), command.case, command.text, command.way)
    except InvalidInputError:
        return None
    return {"label": tn("inbox.as_thread", len(found)), "parts": list(found)} if found else None


@callback(Output("inbox-found-html", "data"), Input("inbox-find", "data"), prevent_initial_call=True)
def find_customers(data: Anything) -> Anything:
    """Customers to tie an account to."""
    return {"places": places({"inbox-found": ties.found(str(data.get("text") or ""), str(data.get("author") or ""))})}


def failure(error: ShenavaError, command: Command) -> Component:
    """What went wrong; somebody's answer in the meantime can be overruled once it was read."""
    if not isinstance(error, AlreadyAnsweredError):
        return trouble(error)
    again = {name: getattr(command, name) for name in ("value", "then", "day", "time", "reply")}
    step = does(command.do, **again, force=1)
    anyway = html.Button(t("inbox.send_anyway"), type="button", className="btn sm", **step)
    return trouble(error, anyway)


def _inside(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _texts(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


# What the browser does by itself: it starts, writes in what was drawn, obeys what a step says, and hears
# signals. Each has an output, because Dash takes two callbacks without outputs on one input for the same one.
_heard = Output("inbox-heard", "data", allow_duplicate=True)
clientside("inbox", "start", _heard, Input("inbox-start", "data"), prevent_initial_call="initial_duplicate")
for _function, _store in (
    ("queue", "inbox-queue-html"),
    ("fresh", "inbox-fresh"),
    ("drawn", "inbox-case-html"),
    ("told", "inbox-told"),
    ("told", "inbox-undone"),
    ("found", "inbox-found-html"),
    ("kept", "inbox-kept"),
):
    clientside("inbox", _function, _heard, Input(_store, "data"), prevent_initial_call=True)
for _kind in ("case", "reply", "presence", "customer"):
    clientside("inbox", f"live_{_kind}", _heard, Input(f"live-{_kind}", "data"), prevent_initial_call=True)
