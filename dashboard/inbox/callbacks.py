"""The callbacks of the inbox: thin, each one asks and draws. p-inbox.js decides when."""

from __future__ import annotations

from collections.abc import Mapping

from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component

from crm.errors import ShenavaError
from crm.policies.replies import AlreadyAnsweredError
from dashboard.callbacks import callback, clientside
from dashboard.components import show
from dashboard.context import actor, services, viewer
from dashboard.dates import clock
from dashboard.inbox import actions, answering, filters, queue, ties
from dashboard.inbox.case import draw
from dashboard.inbox.commands import Command, Pane, read
from dashboard.inbox.parts import does
from dashboard.inbox.problems import trouble
from dashboard.text import t, tn

Anything = dict[str, object]
PANES: tuple[Pane, ...] = ("thread", "composer", "queue", "dialog")
"""The places of troubles, in the order of the outputs."""


@callback(
    Output("inbox-queue-head", "children"),
    Output("inbox-above", "children"),
    Output("inbox-list", "children"),
    Output("inbox-below", "children"),
    Output("inbox-newer", "hidden"),
    Output("inbox-queue-trouble", "children"),
    Input("inbox-draw", "data"),
    prevent_initial_call=True,
)
def draw_queue(asked: Anything) -> tuple[object, ...]:
    """The queue for another filter, or anew."""
    drawn = queue.draw(filters.read(_inside(asked, "asked")))
    return drawn.head, drawn.above, drawn.rows, drawn.below, True, None


@callback(
    Output("inbox-fresh", "data"),
    Output("inbox-queue-head", "children", allow_duplicate=True),
    Output("inbox-newer", "children"),
    Output("inbox-newer", "hidden", allow_duplicate=True),
    Input("inbox-settle", "data"),
    prevent_initial_call=True,
)
def settle_queue(asked: Anything) -> tuple[object, ...]:
    """Rows that changed, in their places; what is new is counted, never pushed in."""
    found = queue.settle(filters.read(_inside(asked, "asked")), _texts(asked.get("shown")))
    return {"rows": found.rows}, found.head, tn("inbox.newer", found.newer), found.newer == 0


@callback(
    Output("inbox-head", "children"),
    Output("inbox-trouble", "children"),
    Output("inbox-items", "children"),
    Output("inbox-presence", "children"),
    Output("inbox-composer", "children"),
    Output("inbox-customer", "children"),
    Output("inbox-problem", "children"),
    Output("inbox-drawn", "data"),
    Input("inbox-again", "data"),
    State("inbox-drawn", "data"),
    prevent_initial_call=True,
)
def draw_case(asked: Anything, drawn: str | None) -> tuple[object, ...]:
    """The open case; its composer only when another case was opened, so that nothing typed is lost."""
    case_id = str(asked.get("case") or "")
    whole = bool(asked.get("full")) or case_id != drawn
    pieces = draw(case_id)
    if whole:
        return (*pieces.all(), None, case_id)
    head, alarm, items, presence, _composer, customer = pieces.all()
    return head, alarm, items, presence, no_update, customer, no_update, case_id


@callback(
    Output("inbox-told", "data"),
    Output("inbox-trouble", "children", allow_duplicate=True),
    Output("inbox-problem", "children", allow_duplicate=True),
    Output("inbox-queue-trouble", "children", allow_duplicate=True),
    Output("inbox-new-trouble", "children"),
    Input("inbox-do", "data"),
    prevent_initial_call=True,
)
def do(data: Anything) -> tuple[object, ...]:
    """One step; what fails is said in the pane where it was asked for."""
    command = read(data)
    try:
        effect = actions.perform(command)
    except ShenavaError as error:
        return (no_update, *_said_in(actions.pane_of(command), failure(error, command)))
    if (made := effect.toast()) is not None:
        show(made)
    return (effect.for_browser(), *(None for _ in PANES))


@callback(Output("inbox-told", "data", allow_duplicate=True), Input("undo", "data"), prevent_initial_call=True)
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
    said = ""
    if words.strip() or command.then == "kept":
        services().replies.draft(actor(), command.case, command.way, words, answering.language_of(words))
        said = t("inbox.draft_saved", time=clock(viewer().now))
    length = services().replies.length(actor(), command.case, words)
    return {"case": command.case, "text": words, "used": length.used, "said": said}


@callback(Output("inbox-found", "children"), Input("inbox-find", "data"), prevent_initial_call=True)
def find_customers(data: Anything) -> list[Component]:
    """Customers to tie an account to."""
    return ties.found(str(data.get("text") or ""), str(data.get("author") or ""))


def failure(error: ShenavaError, command: Command) -> Component:
    """What went wrong; somebody's answer in the meantime can be overruled once it was read."""
    if not isinstance(error, AlreadyAnsweredError):
        return trouble(error)
    again = {name: getattr(command, name) for name in ("value", "then", "day", "time", "reply")}
    step = does(command.do, **again, force=1)
    anyway = html.Button(t("inbox.send_anyway"), type="button", className="btn sm", **step)
    return trouble(error, anyway)


def _said_in(pane: Pane, said: Component) -> list[object]:
    return [said if one == pane else no_update for one in PANES]


def _inside(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _texts(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


# What the browser does by itself: it starts, obeys what a step says, and hears keys and signals. Each writes to a store
# of its own kind, because Dash takes two callbacks without outputs on one input for the same one.
_heard = Output("inbox-heard", "data", allow_duplicate=True)
clientside("inbox", "start", _heard, Input("inbox-start", "data"), prevent_initial_call="initial_duplicate")
for _function, _store in (("told", "inbox-told"), ("kept", "inbox-kept"), ("drawn", "inbox-drawn"), ("key", "key")):
    clientside("inbox", _function, _heard, Input(_store, "data"), prevent_initial_call=True)
for _kind in ("case", "reply", "post", "presence", "customer"):
    clientside("inbox", f"live_{_kind}", _heard, Input(f"live-{_kind}", "data"), prevent_initial_call=True)
clientside(
    "inbox",
    "merge",
    Output("inbox-list", "children", allow_duplicate=True),
    Input("inbox-fresh", "data"),
    State("inbox-list", "children"),
    prevent_initial_call=True,
)
