"""What a team prepares for its work: templates, saved views and rules."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from crm import query
from crm.errors import InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import Actor, require
from crm.policies.cases import tag_name
from crm.policies.rules import AddTag, Assign, Rule, RuleAction
from crm.ports.clock import Clock
from crm.records import audit, changes, desk, rules, workspaces
from crm.records.database import Records
from crm.records.desk import SavedView, Template
from crm.records.queue import QueueFilter
from crm.usecases import casebook


class TemplateDraft(Struct, frozen=True):
    """A text to answer with. `shortcut` is typed after a slash."""

    shortcut: str
    title: str
    text: str
    language: str


class RuleDraft(Struct, frozen=True):
    """A rule as a person writes it."""

    name: str
    query: str
    actions: tuple[RuleAction, ...]
    position: int = 0
    enabled: bool = True


class Toolbox:
    """What the settings and the composer call."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock = records, clock

    def templates(self, actor: Actor) -> list[Template]:
        """All templates by shortcut."""
        require(actor, "read_cases")
        with self._records.read() as tx:
            return desk.all_templates(tx, actor.workspace)

    def save_template(self, actor: Actor, draft: TemplateDraft, template_id: str | None = None) -> Template:
        """Store a template. Raises InvalidInputError for an empty text or a shortcut that is taken."""
        require(actor, "edit_templates")
        now, shortcut = self._clock.now(), draft.shortcut.strip().lstrip("/")
        if not shortcut or not draft.text.strip() or any(char.isspace() for char in shortcut):
            raise InvalidInputError("A template needs a text and a shortcut of one word.")
        with self._records.write() as tx:
            desk.hold_names(tx, actor.workspace)
            there = desk.all_templates(tx, actor.workspace)
            if template_id is not None and all(one.id != template_id for one in there):
                raise NotFoundError("template", template_id)
            if any(one.shortcut == shortcut and one.id != template_id for one in there):
                raise InvalidInputError(f"The shortcut /{shortcut} is taken; choose another.")
            saved = Template(
                template_id or new_id(now), actor.workspace, shortcut, draft.title.strip() or shortcut, draft.text,
                draft.language, now,
            )  # fmt: skip
            desk.put_template(tx, saved)
            audit.append(tx, actor.workspace, actor.user_id, "template_saved", saved.id, now, shortcut=shortcut)
            changes.note(tx, actor.workspace, "template", saved.id, now)
        return saved

    def delete_template(self, actor: Actor, template_id: str) -> None:
        """Delete a template. Raises NotFoundError."""
        require(actor, "edit_templates")
        now = self._clock.now()
        with self._records.write() as tx:
            old = next((one for one in desk.all_templates(tx, actor.workspace) if one.id == template_id), None)
            if old is None:
                raise NotFoundError("template", template_id)
            desk.remove_template(tx, actor.workspace, template_id)
            audit.append(
                tx, actor.workspace, actor.user_id, "template_deleted", template_id, now, shortcut=old.shortcut
            )
            changes.note(tx, actor.workspace, "template", template_id, now)

    def views(self, actor: Actor) -> list[SavedView]:
        """The actor's own views of the queue and those of the workspace."""
        require(actor, "read_cases")
        with self._records.read() as tx:
            return desk.views_for(tx, actor.workspace, actor.user_id)

    def save_view(self, actor: Actor, name: str, wanted: QueueFilter, *, shared: bool = False) -> SavedView:
        """Keep a filter under a name, for the actor or (managers) for everybody; the same name overwrites."""
        require(actor, "edit_templates" if shared else "read_cases")
        if not name.strip():
            raise InvalidInputError("A view needs a name.")
        owner, now = (None if shared else actor.user_id), self._clock.now()
        with self._records.write() as tx:
            desk.hold_names(tx, actor.workspace)
            mine = desk.views_for(tx, actor.workspace, actor.user_id)
            same = next((one.id for one in mine if (one.name, one.user_id) == (name.strip(), owner)), None)
            stored = msgspec.to_builtins(wanted)
            saved = SavedView(same or new_id(now), actor.workspace, owner, name.strip(), stored)
            desk.put_view(tx, saved)
            audit.append(tx, actor.workspace, actor.user_id, "view_saved", saved.id, now, name=saved.name,
                         shared=shared)  # fmt: skip
        return saved

    def delete_view(self, actor: Actor, view_id: str) -> None:
        """Delete one's own view, or (managers) a shared one. Raises NotFoundError."""
        require(actor, "read_cases")
        with self._records.write() as tx:
            mine = desk.views_for(tx, actor.workspace, actor.user_id)
            view = next((one for one in mine if one.id == view_id), None)
            if view is None:
                raise NotFoundError("view", view_id)
            if view.user_id is None:
                require(actor, "edit_templates")
            desk.remove_view(tx, actor.workspace, view_id)
            audit.append(tx, actor.workspace, actor.user_id, "view_deleted", view_id, self._clock.now(),
                         name=view.name)  # fmt: skip

    def rules(self, actor: Actor) -> list[Rule]:
        """All rules in their order."""
        require(actor, "read_cases")
        with self._records.read() as tx:
            return rules.of_workspace(tx, actor.workspace)

    def save_rule(self, actor: Actor, draft: RuleDraft, rule_id: str | None = None) -> Rule:
        """Store a rule.

        Raises QueryError, InvalidInputError (no name, no action, a tag or a person that it can't give), NotFoundError.
        """
        require(actor, "edit_rules")
        if not draft.name.strip() or not draft.actions:
            raise InvalidInputError("A rule needs a name and at least one thing to do.")
        now = self._clock.now()
        with self._records.write() as tx:
            zone = workspaces.get(tx, actor.workspace).zone
            query.check_monitor(query.parse(draft.query, zone=zone, now=now))
            if rule_id is not None and all(one.id != rule_id for one in rules.of_workspace(tx, actor.workspace)):
                raise NotFoundError("rule", rule_id)
            actions = tuple(_checked(tx, actor.workspace, action, live=draft.enabled) for action in draft.actions)
            name, made = draft.name.strip(), rule_id or new_id(now)
            saved = Rule(made, name, draft.position, draft.query, actions, draft.enabled)
            rules.put(tx, actor.workspace, saved, now)
            audit.append(tx, actor.workspace, actor.user_id, "rule_saved", saved.id, now, query=draft.query)
            changes.note(tx, actor.workspace, "rule", saved.id, now)
        return saved

    def delete_rule(self, actor: Actor, rule_id: str) -> None:
        """Delete a rule. Raises NotFoundError."""
        require(actor, "edit_rules")
        now = self._clock.now()
        with self._records.write() as tx:
            old = next((one for one in rules.of_workspace(tx, actor.workspace) if one.id == rule_id), None)
            if old is None:
                raise NotFoundError("rule", rule_id)
            rules.remove(tx, actor.workspace, rule_id)
            audit.append(tx, actor.workspace, actor.user_id, "rule_deleted", rule_id, now, name=old.name)
            changes.note(tx, actor.workspace, "rule", rule_id, now)


def _checked(tx: Connection, workspace: str, action: RuleAction, *, live: bool) -> RuleAction:
    """The action as it is stored. Raises what :func:`tag_name` and :func:`casebook.check_given` raise.

    A rule that is not `live` may name somebody who has left, so that it can be switched off.
    """
    if isinstance(action, Assign) and live:
        casebook.check_given(tx, workspace, action.user_id, made_up=False)
    return AddTag(tag_name(action.name)) if isinstance(action, AddTag) else action
