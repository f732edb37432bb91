"""Templates to answer with, and rules that sort what comes in."""

from __future__ import annotations

from typing import Literal

import msgspec
from fastapi import APIRouter
from pydantic import Field

from crm.errors import InvalidInputError
from crm.policies.clock import Priority
from crm.records.desk import Template
from crm.usecases.toolbox import RuleDraft, TemplateDraft
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["templates and rules"])


class TemplateText(Asked):
    """A text to answer with; `shortcut` is typed after a slash."""

    shortcut: str
    title: str = ""
    text: str
    language: str


class Action(Asked):
    """One thing a rule does: tag (`name`), assign (`user_id`), priority, complete (resolve at once) or hide."""

    type: Literal["tag", "assign", "priority", "complete", "hide"]
    name: str | None = None
    user_id: str | None = None
    priority: Priority | None = None


class RuleText(Asked):
    """A rule: what matches its query meets its actions. Rules apply in the order of `position`."""

    name: str
    query: str
    actions: list[Action] = Field(min_length=1)
    position: int = 0
    enabled: bool = True


class KnownRule(RuleText):
    """A rule that is kept."""

    id: str


@router.get("/templates", response_model=list[shown(Template)])  # type: ignore[misc]
def list_templates(who: Caller) -> list[Template]:
    """All templates by shortcut."""
    return who.services.toolbox.templates(who.actor)


@router.post("/templates", status_code=201, response_model=shown(Template))
def add_template(who: Caller, asked: TemplateText) -> Template:
    """Add a template."""
    return who.services.toolbox.save_template(who.actor, asked.into(TemplateDraft))


@router.put("/templates/{template_id}", response_model=shown(Template))
def change_template(who: Caller, template_id: str, asked: TemplateText) -> Template:
    """Write a template anew."""
    return who.services.toolbox.save_template(who.actor, asked.into(TemplateDraft), template_id)


@router.delete("/templates/{template_id}", status_code=204)
def delete_template(who: Caller, template_id: str) -> None:
    """Delete a template."""
    who.services.toolbox.delete_template(who.actor, template_id)


@router.get("/rules", response_model=list[KnownRule], response_model_exclude_none=True)
def list_rules(who: Caller) -> list[object]:
    """All rules in their order."""
    return [msgspec.to_builtins(one) for one in who.services.toolbox.rules(who.actor)]


@router.post("/rules", status_code=201, response_model=KnownRule, response_model_exclude_none=True)
def add_rule(who: Caller, asked: RuleText) -> object:
    """Add a rule."""
    return msgspec.to_builtins(who.services.toolbox.save_rule(who.actor, _drafted(asked)))


@router.put("/rules/{rule_id}", response_model=KnownRule, response_model_exclude_none=True)
def change_rule(who: Caller, rule_id: str, asked: RuleText) -> object:
    """Write a rule anew."""
    return msgspec.to_builtins(who.services.toolbox.save_rule(who.actor, _drafted(asked), rule_id))


@router.delete("/rules/{rule_id}", status_code=204)
def delete_rule(who: Caller, rule_id: str) -> None:
    """Delete a rule."""
    who.services.toolbox.delete_rule(who.actor, rule_id)


def _drafted(asked: RuleText) -> RuleDraft:
    try:
        return msgspec.convert(asked.model_dump(exclude_none=True), RuleDraft)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"An action of the rule lacks what it needs: {error}.") from error
