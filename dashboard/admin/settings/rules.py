"""Rules: a query, and what happens by itself to a mention that it finds."""

from __future__ import annotations

import re

from dash import html
from dash.development.base_component import Component

from crm.errors import InvalidInputError
from crm.policies.access import ALLOWED
from crm.policies.clock import PRIORITIES
from crm.policies.rules import AddTag, Assign, Complete, Hide, Rule, RuleAction, SetPriority
from crm.query import QueryError
from crm.usecases.toolbox import RuleDraft
from dashboard.admin.fields import NOTHING, Wrong, area, choice, form, text_field, tick, ticks
from dashboard.admin.permission import allowed, who_can
from dashboard.admin.step import Panel, Shown, Step, Steps, act, icon_act, sure
from dashboard.components import badge, card, empty, name, show, table, tag, toast
from dashboard.components.query_text import place
from dashboard.context import actor, services
from dashboard.errors import explained, plain_sentence
from dashboard.numbers import number
from dashboard.text import t

NONE = "-"
_COMMA = re.compile("[,\u060c]")


def section() -> list[Component | None]:
    """All rules in their order."""
    rows, able = services().toolbox.rules(actor()), allowed("edit_rules")
    add = act(t("settings.rule_add"), "settings", "rule", kind="pri", icon_name="plus") if able else None
    if not rows:
        return [who_can("edit_rules"), card(empty(t("settings.no_rules"), t("settings.no_rules_why"), add, "bolt"))]
    people = {one.id: one.name for one in services().team.members(actor())}
    heads = ["", t("settings.rule_query"), t("settings.rule_does"), ""]
    shown = table(heads, [_row(at, one, people, able) for at, one in enumerate(rows, 1)], caption=t("settings.rules"),
                  end=frozenset({3}), class_="stack fixed rls")  # fmt: skip
    return [who_can("edit_rules"), card(shown, title=t("settings.rules"), beside=add)]


def _row(at: int, rule: Rule, people: dict[str, str], able: bool) -> list[object]:
    off = badge(t("settings.rule_off"), "line") if not rule.enabled else None
    query = html.Div(
        [html.Span([name(rule.name, "w5 cut"), off], className="row"),
         html.Bdi(rule.query, className="code t12 c2 cut", title=rule.query)], className="col",
    )  # fmt: skip
    mark, label = ("player-pause", "settings.rule_pause") if rule.enabled else ("player-play", "settings.rule_go")
    acts = [
        icon_act(mark, t(label), "settings", "rule-switch", rule.id),
        icon_act("pencil", t("settings.edit"), "settings", "rule", rule.id),
        icon_act("trash", t("settings.delete"), "settings", "rule-delete", rule.id),
    ]  # fmt: skip
    does = html.Span([_said(action, people) for action in rule.actions], className="row wraps g1")
    return [
        html.Span(number(at), className="c3 num"),
        query,
        does,
        html.Span(acts, className="row ends g1") if able else None,
    ]


def _said(action: RuleAction, people: dict[str, str]) -> Component:
    match action:
        case AddTag():
            return tag(action.name)
        case Assign():
            return badge(
                html.Span([t("settings.rule_assign"), " ", name(people.get(action.user_id, "?"))]), icon_name="user"
            )
        case SetPriority():
            return badge(t(f"settings.priority_{action.priority}"), icon_name="flag")
        case Complete():
            return badge(t("settings.rule_complete"), icon_name="check")
        case Hide():
            return badge(t("settings.rule_hide"), icon_name="eye-off")


def edit(step: Step) -> Shown:
    """The dialog of one rule, or of a new one."""
    rule = next((one for one in services().toolbox.rules(actor()) if one.id == step.of), None)
    return Shown(dialog=_panel(step.of if rule else "", _given(rule) if rule else {}))


Given = dict[str, tuple[str, ...]]


def _given(rule: Rule) -> Given:
    tags = tuple(action.name for action in rule.actions if isinstance(action, AddTag))
    found: Given = {"name": (rule.name,), "query": (rule.query,), "tags": (", ".join(tags),)}
    for action in rule.actions:
        match action:
            case Assign():
                found["assign"] = (action.user_id,)
            case SetPriority():
                found["priority"] = (action.priority,)
            case Complete():
                found["complete"] = ("on",)
            case Hide():
                found["hide"] = ("on",)
    return found


def _panel(of: str, given: Given, wrong: Wrong = NOTHING) -> Panel:
    def value(field: str, otherwise: str = "") -> str:
        return next(iter(given.get(field, ())), otherwise)

    people = [
        (one.id, one.name)
        for one in services().team.members(actor())
        if one.can_be_given(made_up=False) and "work_cases" in ALLOWED[one.role]
    ]
    people.insert(0, (NONE, t("settings.rule_nobody")))
    priorities: list[tuple[str, str]] = [(one, t(f"settings.priority_{one}")) for one in PRIORITIES if one != "low"]
    priorities.insert(0, (NONE, t("settings.rule_as_is")))
    fields = [
        text_field("name", t("settings.rule_name"), value("name"), wrong=wrong, required=True),
        area("query", t("settings.rule_query"), value("query"), wrong=wrong, rows=2, required=True, ltr=True,
             hint=t("settings.rule_query_hint")),
        text_field("tags", t("settings.rule_tags"), value("tags"), wrong=wrong, hint=t("settings.rule_tags_hint")),
        html.Div(
            [choice("assign", t("settings.rule_assign"), people, value("assign", NONE)),
             choice("priority", t("settings.rule_priority"), priorities, value("priority", NONE))], className="pair"),
        ticks(t("settings.rule_else"), [
            tick("complete", t("settings.rule_complete"), on=bool(value("complete")),
                 hint=t("settings.rule_complete_hint")),
            tick("hide", t("settings.rule_hide"), on=bool(value("hide")), hint=t("settings.rule_hide_hint"))]),
    ]  # fmt: skip
    title = t("settings.rule_edit") if of else t("settings.rule_add")
    return Panel(title, form("settings", "rule!", of, *fields, wrong=wrong, cancel=True))


def actions_of(step: Step) -> tuple[RuleAction, ...]:
    """What the form says that the rule does."""
    found: list[RuleAction] = [AddTag(tag.strip()) for tag in _COMMA.split(step.text("tags")) if tag.strip()]
    if step.text("assign") not in {"", NONE}:
        found.append(Assign(step.text("assign")))
    found += [SetPriority(one) for one in PRIORITIES if one == step.text("priority")]
    if step.on("complete"):
        found.append(Complete())
    if step.on("hide"):
        found.append(Hide())
    return tuple(found)


def save(step: Step) -> Shown:
    """Store a rule, or say what is wrong beside its field."""
    old = next((one for one in services().toolbox.rules(actor()) if one.id == step.of), None)
    actions = actions_of(step)
    if not actions:
        return Shown(dialog=_panel(step.of, dict(step.fields), {"": t("settings.rule_idle")}))
    position = old.position if old else len(services().toolbox.rules(actor()))
    draft = RuleDraft(step.text("name"), step.text("query"), actions, position, old.enabled if old else True)
    try:
        services().toolbox.save_rule(actor(), draft, step.of or None)
    except QueryError as error:
        return Shown(dialog=_panel(step.of, dict(step.fields), {"query": f"{place(error)} {explained(error)}"}))
    except InvalidInputError as error:
        return Shown(dialog=_panel(step.of, dict(step.fields), {"": plain_sentence(error)}))
    show(toast(t("common.saved")))
    return Shown(dialog=None, again=True)


def switch(step: Step) -> Shown:
    """Stop a rule, or let it work again."""
    for one in services().toolbox.rules(actor()):
        if one.id == step.of:
            draft = RuleDraft(one.name, one.query, one.actions, one.position, not one.enabled)
            services().toolbox.save_rule(actor(), draft, one.id)
    return Shown(again=True)


def ask_delete(step: Step) -> Shown:
    """Ask before a rule goes."""
    return Shown(dialog=sure("settings", "rule-delete!", step.of, t("settings.rule_delete_sure"),
                             t("settings.rule_delete_why"), t("settings.delete")))  # fmt: skip


def delete(step: Step) -> Shown:
    """Delete a rule."""
    services().toolbox.delete_rule(actor(), step.of)
    show(toast(t("settings.deleted")))
    return Shown(dialog=None, again=True)


STEPS: Steps = {"rule": edit, "rule!": save, "rule-switch": switch, "rule-delete": ask_delete, "rule-delete!": delete}
