"""The head of the second pane: what the case is, who has it, and what can be done with it as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.policies.cases import STATUSES, Status
from crm.policies.clock import PRIORITIES
from crm.records.cases import Case
from crm.records.users import User
from crm.usecases.views import CaseView
from dashboard.components import alert, avatar, avatars, badge, button, clock, icon, icon_button, kbd, made_up
from dashboard.context import actor, services, viewer
from dashboard.dates import full
from dashboard.inbox.names import able
from dashboard.inbox.parts import can_work, choice_button, does, item, line, menu, panel
from dashboard.inbox.places import text_input
from dashboard.inbox.rows import asleep
from dashboard.inbox.snooze import presets
from dashboard.text import t

OFFERED_TAGS = 10
_MOVES: dict[Status, tuple[Status, ...]] = {
    "new": ("open", "waiting", "resolved"),
    "open": ("waiting", "resolved"),
    "waiting": ("open", "resolved"),
    "resolved": ("open",),
}


def head(view: CaseView, people: Sequence[User]) -> list[Component]:
    """Title, state and steps; plain words for those who may only read."""
    works = can_work(view.case)
    case = view.case
    title = html.H2(
        html.Span(case.title or t("inbox.untitled"), dir="auto", className="cut"),
        className="t16 w6 title-of",
        **{"data-version": str(case.version)},
    )
    number = html.Span(f"#{case.number}", className="c3 num h")
    back = icon_button(
        "chevron-left", t("inbox.back"), flip=True, kind="ghost sm touch narrow", **does("step", value="queue")
    )
    person = icon_button(
        "user-circle", t("inbox.customer"), kind="ghost sm touch third-only", **does("step", value="customer")
    )
    end = html.Span(
        [_lookers(view), *(_steps(case) if works else []), person, _more(view) if works else None],
        className="end row g1",
    )
    meta = _meta(view, people) if works else _plain(view)
    return [
        html.Div([back, title, number, end], className="row"),
        html.Div(meta, className="meta"),
        *_banners(view, works),
    ]


def _lookers(view: CaseView) -> Component | None:
    """Who else has the case open now."""
    if not view.viewers:
        return None
    names = [one.person.name for one in view.viewers]
    label = t("inbox.looking", names=t("inbox.list_comma").join(names))
    return html.Span(avatars(names), role="img", title=label, className="lookers", **{"aria-label": label})


def _steps(case: Case) -> list[Component]:
    if case.status == "resolved":
        return [
            button(t("inbox.reopen"), kind="sm", icon_name="rotate", **does("status", value="open", was=case.status))
        ]
    return [
        _snooze(),
        button(
            t("inbox.resolve"),
            kind="sm",
            icon_name="check",
            key="E",
            title=t("inbox.resolve_next"),
            **does("resolve", value="resolved", was=case.status),
        ),
    ]


def _snooze() -> Component:
    target = button(t("inbox.snooze"), "inbox-snooze", kind="sm", icon_name="clock-pause", key="S")
    lines = [item(label, does("snooze", value=when.isoformat()), note=full(when)) for _name, label, when in presets()]
    other = item(t("inbox.snooze_pick"), does("pick-time", value="snooze"), icon_name="calendar")
    return menu(target, [*lines, line(), other], end=True)


def _more(view: CaseView) -> Component:
    mine = actor().user_id
    lines = [
        item(
            t("inbox.take"),
            does("assign", value=mine, was=view.case.assignee_id or ""),
            icon_name="user-check",
            key="A",
        ),
        item(t("inbox.mark_unread"), does("unread"), icon_name="mail", key="U"),
        item(t("inbox.copy_link"), does("copy-link"), icon_name="link"),
    ]
    if view.case.status != "resolved":
        lines.append(
            item(t("inbox.resolve_stay"), does("status", value="resolved", was=view.case.status), icon_name="check")
        )
    return menu(icon_button("dots", t("inbox.more"), kind="ghost sm touch"), lines, end=True)


def _meta(view: CaseView, people: Sequence[User]) -> list[Component]:
    case = view.case
    return [
        _status(case),
        _priority(case),
        _assignee(view, people),
        *(_tag(one) for one in view.tags),
        _add_tag(view),
        made_up() if case.made_up else None,
        _next(case),
    ]


def _plain(view: CaseView) -> list[Component]:
    case = view.case
    return [
        badge(t(f"inbox.status_{case.status}"), "line"),
        badge(t(f"inbox.priority_{case.priority}"), "line", "flag"),
        badge(view.assignee.name if view.assignee else t("common.unassigned"), "line", "user"),
        *(badge(html.Bdi(one)) for one in view.tags),
        made_up() if case.made_up else None,
        _next(case),
    ]


def _status(case: Case) -> Component:
    target = choice_button(t(f"inbox.status_{case.status}"), t("inbox.status"))
    lines = [
        item(t(f"inbox.status_{one}"), does("status", value=one, was=case.status), on=one == case.status)
        for one in STATUSES
        if one == case.status or one in _MOVES[case.status]
    ]
    return menu(target, lines, label=t("inbox.status"))


def _priority(case: Case) -> Component:
    inside = html.Span([icon("flag", 12), t(f"inbox.priority_{case.priority}")], className="row g1")
    lines = [
        item(t(f"inbox.priority_{one}"), does("priority", value=one, was=case.priority), on=one == case.priority)
        for one in reversed(PRIORITIES)
    ]
    high = "bd line pick-one high" if case.priority in PRIORITIES[2:] else "bd line pick-one"
    return menu(choice_button(inside, t("inbox.priority"), class_=high), lines, label=t("inbox.priority"))


def _assignee(view: CaseView, people: Sequence[User]) -> Component:
    mine, there = actor().user_id, view.assignee
    shown = (
        [avatar(there.name, 20, me=there.id == mine), html.Bdi(there.name)]
        if there
        else [icon("user", 12), t("common.unassigned")]
    )
    was = there.id if there else ""
    lines = [
        item(
            html.Bdi(one.name),
            does("assign", value=one.id, was=was),
            on=one.id == was,
            note=t("inbox.you") if one.id == mine else "",
        )
        for one in able(people, made_up=view.case.made_up)
    ]
    nobody = item(t("common.unassigned"), does("assign", value="", was=was), icon_name="user-off", on=not there)
    return menu(
        choice_button(html.Span(shown, className="row g1"), t("inbox.assignee")),
        [*lines, line(), nobody],
        label=t("inbox.assignee"),
    )


def _tag(name: str) -> Component:
    off = html.Button(
        icon("x", 12),
        type="button",
        title=t("inbox.tag_off"),
        **{"aria-label": t("inbox.tag_off_named", name=name)},
        **does("untag", value=name),
    )
    return html.Span([html.Bdi(name, className="cut"), off], className="bd tag-of")


def _add_tag(view: CaseView) -> Component:
    target = html.Button(
        icon("plus", 12),
        type="button",
        className="bd line pick-one",
        title=t("inbox.tag_add"),
        **{"aria-label": t("inbox.tag_add")},
    )
    known = sorted(
        (one for one in services().inbox.tags(actor()) if one.name not in view.tags), key=lambda one: -one.cases
    )
    offered = [
        html.Button(html.Bdi(one.name), type="button", className="chip line", **does("tag", value=one.name))
        for one in known[:OFFERED_TAGS]
    ]
    form = html.Form(
        [
            text_input("value", t("inbox.tag_name"), longest=100, required=True),
            html.Button(t("inbox.tag_add"), type="submit", className="btn pri"),
        ],
        className="row",
        **{"data-form": "tag"},
    )
    inside = html.Div([form, html.Div(offered, className="row g1 wraps")], className="fpanel")
    return panel(target, inside, label=t("inbox.tag_add"))


def _next(case: Case) -> Component | None:
    """When the next answer is due."""
    if case.due_at is None or case.status not in ("new", "open"):
        return None
    due = clock(case.due_at, case.last_post_at)
    key = "inbox.due_late" if case.due_at <= viewer().now else "inbox.due_in"
    before, _, after = t(key, span="\x00").partition("\x00")
    return html.Span(
        [html.Span(before, className="wide"), due, html.Span(after, className="wide")],
        className=f"end due {due.className}",
    )


def _banners(view: CaseView, works: bool) -> list[Component]:
    case = view.case
    if not asleep(case, viewer().now) or case.snoozed_until is None:
        return []
    wake = button(t("inbox.wake"), kind="sm", **does("wake")) if works else None
    return [alert(t("inbox.sleeps_until", time=full(case.snoozed_until)), "", "clock-pause", wake)]


def nothing_open() -> Component:
    """What the pane shows before a case is chosen."""
    keys = html.Span([kbd("J"), kbd("K"), kbd("Enter")], className="row g1 tip-keys")
    inside = [
        html.Span(icon("messages", 24), className="ico"),
        html.H2(t("inbox.choose")),
        html.P(t("inbox.choose_why")),
        keys,
    ]
    return html.Div(inside, className="empty")
