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


class Verdict(Struct, frozen=True):
    """What the rules that match say together; `applied` are those rules, in order.

    The first rule that assigns wins, the highest priority wins, tags add up.
    """

    applied: tuple[Rule, ...] = ()
    tags: tuple[str, ...] = ()
    assignee_id: str | None = None
    priority: Priority | None = None
    complete: bool = False
    hide: bool = False


def judge(rules: Iterable[LiveRule], post: EnrichedPost) -> Verdict:
    """What the rules make of `post`."""
    applied = tuple(live.rule for live in rules if live.matches(post))
    actions = [action for rule in applied for action in rule.actions]
    priorities = [action.priority for action in actions if isinstance(action, SetPriority)]
    return Verdict(
        applied,
        tuple(dict.fromkeys(action.name for action in actions if isinstance(action, AddTag))),
        next((action.user_id for action in actions if isinstance(action, Assign)), None),
        max(priorities, key=PRIORITIES.index, default=None),
        any(isinstance(action, Complete) for action in actions),
        any(isinstance(action, Hide) for action in actions),
    )
