"""Steps on customers and on the views of the queue."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from crm.usecases.customers import CustomerDraft
from dashboard.context import actor, services, viewer
from dashboard.inbox import filters
from dashboard.inbox.commands import Command, Effect
from dashboard.text import t


def _tie(command: Command) -> Effect:
    one = services().customers.tie(actor(), command.author, command.value)
    undo: dict[str, object] = {"do": "untie", "case": command.case, "value": one.id}
    return Effect(case=command.case, again=True, settle=True, said=t("inbox.done_tied", name=command.name), undo=undo)


def _untie(command: Command) -> Effect:
    services().customers.untie(actor(), command.value)
    undo: dict[str, object] = {}
    if command.author and command.customer:
        undo = {"do": "tie", "case": command.case, "author": command.author, "value": command.customer}
    return Effect(case=command.case, again=True, settle=True, said=t("inbox.done_untied"), undo=undo)


def _confirm(command: Command) -> Effect:
    one = services().suggestions.confirm(actor(), command.author, command.value)
    undo: dict[str, object] = {"do": "untie", "case": command.case, "value": one.id}
    return Effect(case=command.case, again=True, settle=True, said=t("inbox.done_tied", name=command.name), undo=undo)


def _dismiss(command: Command) -> Effect:
    services().suggestions.dismiss(actor(), command.author, command.value)
    undo: dict[str, object] = {"do": "suggest-tie", "case": command.case, "author": command.author,
                               "value": command.value}  # fmt: skip
    return Effect(case=command.case, again=True, said=t("inbox.done_dismissed", name=command.name), undo=undo)


def _suggest(command: Command) -> Effect:
    """Take a dismissal back."""
    services().suggestions.take_back(actor(), command.author, command.value)
    return Effect(case=command.case, again=True)


def _new_customer(command: Command) -> Effect:
    draft = CustomerDraft(command.name, command.email, command.phone, vip=bool(command.vip))
    saved = services().customers.save(actor(), draft)
    if command.author:
        services().customers.tie(actor(), command.author, saved.id)
    return Effect(
        case=command.case, again=True, settle=True, close=True, said=t("inbox.done_customer", name=saved.name)
    )


def _save_view(command: Command) -> Effect:
    asked = replace(filters.read(command.asked), days=0, pages=())
    services().toolbox.save_view(actor(), command.name, asked.wanted(viewer().now), shared=bool(command.shared))
    return Effect(queue=True, close=True, said=t("inbox.done_view", name=command.name))


def _delete_view(command: Command) -> Effect:
    services().toolbox.delete_view(actor(), command.value)
    return Effect(queue=True, said=t("inbox.done_view_deleted"))


STEPS: dict[str, Callable[[Command], Effect]] = {
    "tie": _tie,
    "untie": _untie,
    "confirm-tie": _confirm,
    "dismiss-tie": _dismiss,
    "suggest-tie": _suggest,
    "new-customer": _new_customer,
    "save-view": _save_view,
    "delete-view": _delete_view,
}
