"""What happened to a case, in one line each."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.records.cases import CaseEvent
from crm.records.users import User
from crm.usecases.views import ThreadItem
from dashboard.components import icon
from dashboard.dates import full
from dashboard.inbox.names import called
from dashboard.inbox.parts import said_at
from dashboard.inbox.snooze import moment_of
from dashboard.text import t

ICONS = {
    "opened": "inbox",
    "reopened": "rotate",
    "assigned": "user-check",
    "status": "circle-check",
    "priority": "flag",
    "snoozed": "clock-pause",
    "woken": "bell",
    "tagged": "tag",
    "untagged": "tag",
    "rule": "bolt",
    "merged": "git-merge",
    "removed": "trash",
}
"""Events that are shown; the others are told by the posts and replies themselves."""


def event(item: ThreadItem, people: Sequence[User]) -> Component | None:
    """An event as a line of the thread, None for kinds that say nothing to a reader."""
    if item.event is None or item.event.kind not in ICONS:
        return None
    who = item.writer.name if item.writer else ""
    when = said_at(item.at)
    mark = icon(ICONS[item.event.kind], 14)
    return html.Div([mark, html.Span(told(item.event, who, people)), when], className="ev", key=item.id)


def told(event: CaseEvent, who: str, people: Sequence[User]) -> str:
    """The sentence; `who` is empty for the system and for rules."""
    said = event.detail
    match event.kind:
        case "assigned":
            whom = str(said.get("to") or "")
            if not whom:
                return t("inbox.event_unassigned", who=who)
            return (
                t("inbox.event_taken", who=who)
                if whom == event.actor
                else t("inbox.event_assigned", who=who, whom=called(people, whom))
            )
        case "status":
            return t("inbox.event_status", who=who, status=t(f"inbox.status_{said.get('to')}"))
        case "priority":
            return t("inbox.event_priority", who=who, priority=t(f"inbox.priority_{said.get('to')}"))
        case "snoozed":
            return t("inbox.event_snoozed", who=who, time=full(moment_of(str(said.get("until")))))
        case "tagged" | "untagged":
            return t(f"inbox.event_{event.kind}", who=who, tag=str(said.get("tag", "")))
        case "rule":
            return _rule(event, people)
        case "merged":
            return t("inbox.event_merged", number=str(said.get("number", "")))
        case "opened" | "woken":
            return t(f"inbox.event_{event.kind}_by", who=who) if who else t(f"inbox.event_{event.kind}")
    return t(f"inbox.event_{event.kind}")


def _rule(event: CaseEvent, people: Sequence[User]) -> str:
    said, did = event.detail, []
    tags = said.get("tags")
    did += [t("inbox.rule_tag", tag=str(tag)) for tag in (tags if isinstance(tags, list) else [])]
    if said.get("assignee"):
        did.append(t("inbox.rule_assign", whom=called(people, str(said["assignee"]))))
    if said.get("priority"):
        did.append(t("inbox.rule_priority", priority=t(f"inbox.priority_{said['priority']}")))
    if said.get("complete"):
        did.append(t("inbox.rule_complete"))
    return t("inbox.event_rule", rule=str(said.get("rule", "")), did=t("inbox.list_comma").join(did))
