"""How a case may be answered: the choice at the top of the composer, and the rule that allows or forbids each way."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.ports.responder import Way, WayRule
from crm.usecases.views import CaseView
from dashboard.components import icon, kbd, platform_icon
from dashboard.inbox.parts import does, platform_name
from dashboard.text import t

ICONS = {"quote": "quote", "dm": "mail", "open": "external-link"}


def chosen(view: CaseView) -> Way:
    """The way of the draft where it is still open, else the best one."""
    able = [rule.way for rule in view.ways.allowed]
    if view.draft is not None and view.draft.way in able:
        return view.draft.way
    return able[0] if able else "open"


def ways_row(view: CaseView, now: Way) -> Component:
    """The ways as a choice, and the button for a note."""
    choices = [_choice(rule, view, on=rule.way == now) for rule in view.ways.rules]
    seg = html.Div(choices, className="seg", role="radiogroup", **{"aria-label": t("inbox.ways")})
    note = html.Button(
        [icon("lock", 14), t("inbox.note"), kbd("N")],
        type="button",
        className="btn ghost sm end note-button",
        **{"aria-pressed": "false"},
        **does("note-mode"),
    )
    return html.Div([seg, note], className="cw")


def _choice(rule: WayRule, view: CaseView, *, on: bool) -> Component:
    platform = platform_name(view.case.platform)
    mark = platform_icon(view.case.platform, 14) if rule.way == "reply" else icon(ICONS[rule.way], 14)
    extra = {"data-limit": str(rule.limit)} if rule.limit else {}
    if rule.media is not None and rule.allowed:
        extra |= {"data-files": str(rule.media.count), "data-kinds": ",".join(rule.media.kinds)}
    return html.Button(
        [mark, t(f"inbox.way_{rule.way}", platform=platform)],
        type="button",
        role="radio",
        className="on" if on else None,
        disabled=not rule.allowed,
        title=rule_text(rule, view),
        **{"aria-checked": str(on).lower(), "data-prefix": rule.prefix},
        **extra,
        **does("way", value=rule.way),
    )


def rules_of(view: CaseView, now: Way) -> Sequence[Component]:
    """The sentence of each way's rule; that of the chosen one is shown, and of those that are closed."""
    return [
        html.P(
            [icon("circle-check" if rule.allowed else "circle-x", 14), html.Span(rule_text(rule, view))],
            className="rule" if rule.allowed else "rule closed",
            hidden=rule.allowed and rule.way != now,
            **{"data-rule": rule.way if rule.allowed else ""},
        )
        for rule in view.ways.rules
    ]


def rule_text(rule: WayRule, view: CaseView) -> str:
    """Why a way is open or closed."""
    return t(
        f"inbox.rule_{rule.rule}",
        platform=platform_name(view.case.platform),
        name=view.case.author_name or t("inbox.somebody"),
    )
