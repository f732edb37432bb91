"""Ready texts, called by a slash; their placeholders are filled for the open case."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from crm.records.cases import Case
from crm.records.desk import Template
from crm.usecases.views import CaseView
from dashboard.components import empty
from dashboard.context import actor, language, services
from dashboard.inbox.parts import does
from dashboard.text import t

_PLACE = re.compile(r"\{(\w+)\}")


def listbox(view: CaseView) -> Component:
    """All templates, those in the language of the newest post first; hidden until a slash is typed."""
    near = spoken(view)
    found = sorted(services().toolbox.templates(actor()), key=lambda one: (one.language != near, one.shortcut))
    values = placeholders(view.case)
    options = [_option(one, values) for one in found] or [empty(t("inbox.no_templates"), t("inbox.no_templates_why"))]
    return html.Div(
        options,
        id="inbox-templates",
        className="tpl",
        role="listbox",
        hidden=True,
        **{"aria-label": t("inbox.templates")},
    )


def spoken(view: CaseView) -> str:
    """The language that is spoken in a case: of the newest post whose language is known, else the viewer's own."""
    posts = [one.post for one in reversed(view.items) if one.post is not None and not one.post.own]
    known = [post.language.value for post in posts if post.language.value not in (None, "", "other")]
    found = next(iter(known), None) or view.case.language
    return found.partition("-")[0] if found not in ("", "other") else language()


def _option(one: Template, values: Mapping[str, str]) -> Component:
    text = filled(one.text, values)
    return html.Div(
        [
            html.Div(
                [html.Span(f"/{one.shortcut}", className="code h"), html.Bdi(one.title, className="w5 cut")],
                className="row",
            ),
            html.Div(text, dir="auto", lang=one.language or None, className="preview cut c3 t12"),
        ],
        role="option",
        className="tpl-one",
        **{"data-text": text, "data-find": f"{one.shortcut} {one.title}".casefold(), "aria-selected": "false"},
        **does("template"),
    )


def placeholders(case: Case) -> dict[str, str]:
    """What stands for ``{name}``, ``{agent}``, ``{brand}`` and ``{case}``."""
    return {
        "name": _first(case.author_name),
        "agent": actor().name,
        "brand": services().setup.workspace(actor()).name,
        "case": f"#{case.number}",
    }


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with its placeholders filled; unknown ones stay as they are, so that they are seen."""
    return _PLACE.sub(lambda found: values.get(found[1].lower()) or found[0], text)


def _first(name: str) -> str:
    words = name.split()
    return words[0] if words else ""
