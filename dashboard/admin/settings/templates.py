"""Templates: texts to answer with, called by a shortcut."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.errors import InvalidInputError
from crm.records.desk import Template
from crm.usecases.toolbox import TemplateDraft
from dashboard.admin.fields import NOTHING, Wrong, area, choice, form, text_field
from dashboard.admin.permission import allowed, who_can
from dashboard.admin.step import Panel, Shown, Step, Steps, act, icon_act, sure
from dashboard.components import card, empty, handle, name, preview, show, table, toast
from dashboard.context import LANGUAGES, actor, language, services
from dashboard.errors import plain_sentence
from dashboard.text import t

PLACEHOLDERS = ("name", "agent", "brand", "case")
"""What dashboard.inbox.templates fills in, in braces."""


def section() -> list[Component | None]:
    """All templates."""
    rows, able = services().toolbox.templates(actor()), allowed("edit_templates")
    add = act(t("settings.template_add"), "settings", "template", kind="pri", icon_name="plus") if able else None
    if not rows:
        return [who_can("edit_templates"),
                card(empty(t("settings.no_templates"), t("settings.no_templates_why"), add, "template"))]  # fmt: skip
    heads = [t("settings.shortcut"), t("settings.template_text"), t("settings.language"), ""]
    shown = table(heads, [_row(one, able) for one in rows], caption=t("settings.templates"), end=frozenset({3}),
                  class_="stack fixed tpl")  # fmt: skip
    return [who_can("edit_templates"), card(shown, title=t("settings.templates"), beside=add)]


def _row(one: Template, able: bool) -> list[object]:
    text = html.Div([name(one.title, "w5 cut"), preview(one.text, one.language, class_="cut c3 t12")], className="col")
    acts = [icon_act("pencil", t("settings.edit"), "settings", "template", one.id),
            icon_act("trash", t("settings.delete"), "settings", "template-delete", one.id)]  # fmt: skip
    return [
        html.Bdi(f"/{one.shortcut}", className="code"),
        text,
        t(f"settings.language_{one.language}") if one.language in LANGUAGES else one.language,
        html.Span(acts, className="row ends g1") if able else None,
    ]


def edit(step: Step) -> Shown:
    """The dialog of one template, or of a new one."""
    found = next((one for one in services().toolbox.templates(actor()) if one.id == step.of), None)
    if found is None:
        return Shown(dialog=_panel("", {"language": language()}))
    given = {"shortcut": found.shortcut, "title": found.title, "text": found.text, "language": found.language}
    return Shown(dialog=_panel(found.id, given))


def _panel(of: str, given: dict[str, str], wrong: Wrong = NOTHING) -> Panel:
    languages = [(one, t(f"settings.language_{one}")) for one in LANGUAGES]
    pair = [
        text_field("shortcut", t("settings.shortcut"), given.get("shortcut", ""), wrong=wrong, required=True,
                   hint=t("settings.shortcut_hint")),
        choice("language", t("settings.language"), languages, given.get("language", "en")),
    ]  # fmt: skip
    fields = [
        text_field("title", t("settings.template_title"), given.get("title", "")),
        html.Div(pair, className="pair"),
        area(
            "text",
            t("settings.template_text"),
            given.get("text", ""),
            wrong=wrong,
            rows=6,
            required=True,
            hint=_placeholders(),
        ),
    ]
    title = t("settings.template_edit") if of else t("settings.template_add")
    return Panel(title, form("settings", "template!", of, *fields, wrong=wrong, cancel=True))


def _placeholders() -> Component:
    """What may stand in a text and is filled for the open case."""
    codes = [handle(f"{{{one}}}", "code") for one in PLACEHOLDERS]
    return html.Span([t("settings.template_places"), *(part for code in codes for part in (" ", code))])


def save(step: Step) -> Shown:
    """Store a template, or say what is wrong."""
    given = step.texts()
    shortcut = given.get("shortcut", "").lstrip("/")
    taken = any(one.shortcut == shortcut and one.id != step.of for one in services().toolbox.templates(actor()))
    if taken or any(char.isspace() for char in shortcut):
        key = "settings.shortcut_taken" if taken else "settings.shortcut_spaces"
        return Shown(dialog=_panel(step.of, given, {"shortcut": t(key)}))
    draft = TemplateDraft(shortcut, given.get("title", ""), given.get("text", ""), given.get("language", "en"))
    try:
        services().toolbox.save_template(actor(), draft, step.of or None)
    except InvalidInputError as error:
        return Shown(dialog=_panel(step.of, given, {"": plain_sentence(error)}))
    show(toast(t("common.saved")))
    return Shown(dialog=None, again=True)


def ask_delete(step: Step) -> Shown:
    """Ask before a template goes."""
    return Shown(dialog=sure("settings", "template-delete!", step.of, t("settings.template_delete_sure"),
                             t("settings.template_delete_why"), t("settings.delete")))  # fmt: skip


def delete(step: Step) -> Shown:
    """Delete a template."""
    services().toolbox.delete_template(actor(), step.of)
    show(toast(t("settings.deleted")))
    return Shown(dialog=None, again=True)


STEPS: Steps = {"template": edit, "template!": save, "template-delete": ask_delete, "template-delete!": delete}
