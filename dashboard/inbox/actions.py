"""Steps on cases: each asks one use case and says what changes on the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from msgspec.structs import replace

from crm.errors import InvalidInputError
from crm.policies.cases import STATUSES
from crm.policies.clock import PRIORITIES
from crm.usecases.inbox import BulkAction
from dashboard.context import actor, services
from dashboard.dates import full
from dashboard.inbox import acting, answering, people
from dashboard.inbox.commands import Command, Effect, Pane, undoing
from dashboard.inbox.names import called, members
from dashboard.text import t, tn

Step = Callable[[Command], Effect]
_UNDO_OF_BULK: dict[BulkAction, tuple[BulkAction, str]] = {"snooze": ("wake", ""), "status": ("status", "open")}


def perform(command: Command) -> Effect:
    """Carry out one step. Raises what the use case raises, InvalidInputError for an unknown step."""
    step = STEPS.get(command.do)
    if step is None:
        raise InvalidInputError(f"The inbox knows no step {command.do!r}; load the page again.")
    return step(command)


def pane_of(command: Command) -> Pane:
    """Where it is said that the step failed."""
    if command.do in answering.STEPS or command.do == "note":
        return "composer"
    if command.do in ("bulk", "save-view", "delete-view"):
        return "queue"
    return "dialog" if command.do == "new-customer" else "thread"


def _assign(command: Command) -> Effect:
    services().inbox.assign(actor(), command.case, command.value or None, command.version)
    who = called(members(), command.value) if command.value else ""
    said = t("inbox.done_assigned", name=who) if who else t("inbox.done_unassigned")
    return _changed(command, said, undoing("assign", command, value=command.was))


def _status(command: Command) -> Effect:
    status = next((one for one in STATUSES if one == command.value), None)
    if status is None:
        raise InvalidInputError(f"{command.value!r} is no status of a case; load the page again.")
    # A resolved case can only be opened; where it waited before, it is opened on the way.
    if command.was == "resolved" and status == "waiting":
        services().inbox.set_status(actor(), command.case, "open")
    services().inbox.set_status(actor(), command.case, status, command.version)
    back = "open" if status == "resolved" and command.was == "new" else command.was
    undo = undoing("status", command, value=back, was=status) if back else {}
    return _changed(command, t(f"inbox.done_{status}"), undo, dropped=(command.case,) if status == "resolved" else ())


def _resolve(command: Command) -> Effect:
    """Resolve and go on to the next case."""
    done = _status(command)
    return replace(done, open=command.next, again=False)


def _priority(command: Command) -> Effect:
    priority = next((one for one in PRIORITIES if one == command.value), None)
    if priority is None:
        raise InvalidInputError(f"{command.value!r} is no priority; load the page again.")
    services().inbox.set_priority(actor(), command.case, priority, command.version)
    said = t("inbox.done_priority", priority=t(f"inbox.priority_{priority}"))
    return _changed(command, said, undoing("priority", command, value=command.was))


def _snooze(command: Command) -> Effect:
    until = command.moment
    services().inbox.snooze(actor(), command.case, until, command.version)
    return Effect(
        case=command.case,
        open=command.next,
        settle=True,
        dropped=(command.case,),
        close=True,
        said=t("inbox.done_snoozed", time=full(until)),
        undo=dict(undoing("wake", command)),
    )


def _wake(command: Command) -> Effect:
    services().inbox.wake(actor(), command.case)
    return _changed(command, t("inbox.done_woken"), {})


def _tag(command: Command) -> Effect:
    services().inbox.tag(actor(), command.case, command.value)
    return Effect(case=command.case, again=True, settle=True, close=True)


def _untag(command: Command) -> Effect:
    services().inbox.untag(actor(), command.case, command.value)
    said = t("inbox.done_untagged", tag=command.value)
    return _changed(command, said, undoing("tag", command, value=command.value))


def _note(command: Command) -> Effect:
    services().inbox.add_note(actor(), command.case, command.text)
    return Effect(case=command.case, again=True, note=True)


def _unread(command: Command) -> Effect:
    """Shown as unread again; the case is closed, because an open one counts as seen."""
    services().inbox.mark_unread(actor(), command.case)
    return Effect(case=command.case, open="", settle=True, said=t("inbox.done_unread"))


def _correct(command: Command) -> Effect:
    services().corrections.correct(actor(), command.post, "sentiment", command.value)
    return Effect(case=command.case, said=t("inbox.done_corrected"))


def _bulk(command: Command) -> Effect:
    action = next((one for one in get_args(BulkAction) if one == command.action), None)
    if action is None or not command.ids:
        raise InvalidInputError("Pick cases first, then what is to be done with them.")
    services().inbox.bulk(actor(), command.ids, action, command.value)
    gone = command.ids if action in ("snooze", "status") else ()
    undo: dict[str, object] = {}
    if action in _UNDO_OF_BULK:
        back, value = _UNDO_OF_BULK[action]
        undo = {"do": "bulk", "ids": list(command.ids), "action": back, "value": value}
    elif action == "tag":
        undo = {"do": "bulk", "ids": list(command.ids), "action": "untag", "value": command.value}
    return Effect(
        case=command.case,
        again=True,
        settle=True,
        queue=action == "wake",
        dropped=gone,
        unpick=True,
        close=True,
        said=tn(f"inbox.bulk_{action}", len(command.ids)),
        undo=undo,
    )


def _changed(command: Command, said: str, undo: object, dropped: tuple[str, ...] = ()) -> Effect:
    """The usual effect of a step on the open case. A step that is being undone offers no undo of its own."""
    back = dict(undo) if isinstance(undo, dict) and command.then != "undone" else {}
    return Effect(case=command.case, again=True, settle=True, dropped=dropped, said=said, undo=back)


STEPS: dict[str, Step] = {
    "assign": _assign,
    "status": _status,
    "resolve": _resolve,
    "priority": _priority,
    "snooze": _snooze,
    "wake": _wake,
    "tag": _tag,
    "untag": _untag,
    "note": _note,
    "unread": _unread,
    "correct": _correct,
    "bulk": _bulk,
    **acting.STEPS,
    **answering.STEPS,
    **people.STEPS,
}
