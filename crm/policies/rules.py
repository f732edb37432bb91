"""Rules of a workspace: a boolean query, and what happens to a mention that it matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from crm.policies.clock import PRIORITIES, Priority
from crm.words import EnrichedPost


class AddTag(Struct, frozen=True, tag="tag"):
    """Give the case this tag."""

    name: str


class Assign(Struct, frozen=True, tag="assign"):
    """Hand the case to this user, unless somebody has it."""

    user_id: str


class SetPriority(Struct, frozen=True, tag="priority"):
    """Raise the case to this priority; a rule never lowers it on a running case."""

    priority: Priority


class Complete(Struct, frozen=True, tag="complete"):
    """Resolve the case at once: it is kept and counted, nobody needs to answer."""


class Hide(Struct, frozen=True, tag="hide"):
    """Open no case for this mention."""


RuleAction = AddTag | Assign | SetPriority | Complete | Hide


class Rule(Struct, frozen=True):
    """One rule. Rules apply in the order of `position`."""

    id: str
    name: str
    position: int
    query: str
    actions: tuple[RuleAction, ...]
    enabled: bool = True


class LiveRule(Struct, frozen=True):
    """A rule with its query compiled to a matcher."""

    rule: Rule
    matches: Callable[[EnrichedPost], bool]


class Outcome(Struct, frozen=True):
    """What one rule changes on a case; None and False leave it as it is."""

    tags: tuple[str, ...] = ()
    assignee_id: str | None = None
    priority: Priority | None = None
    complete: bool = False


def applying(rules: Iterable[LiveRule], post: EnrichedPost) -> list[Rule]:
    """The rules that match `post`, in order."""
    return [live.rule for live in rules if live.matches(post)]


def hiding(applied: Iterable[Rule]) -> Rule | None:
    """The first of these rules that wants no case for the mention."""
    return next((rule for rule in applied if any(isinstance(action, Hide) for action in rule.actions)), None)


def outcome(rule: Rule, assignee_id: str | None, priority: Priority) -> Outcome:
    """What `rule` does to a case with this assignee and priority: it takes nobody's case away and lowers nothing."""
    raised = [action.priority for action in rule.actions if isinstance(action, SetPriority)]
    highest = max([priority, *raised], key=PRIORITIES.index)
    return Outcome(
        tuple(dict.fromkeys(action.name for action in rule.actions if isinstance(action, AddTag))),
        None if assignee_id else next((one.user_id for one in rule.actions if isinstance(one, Assign)), None),
        highest if highest != priority else None,
        any(isinstance(action, Complete) for action in rule.actions),
    )
