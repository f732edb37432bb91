"""The table of members, and what an administrator can change about them."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import ROLES, Role
from crm.records.users import User
from crm.usecases.team import EmailTakenError, LastAdministratorError
from dashboard.admin.fields import NOTHING, Wrong, choice, form, text_field, tick, ticks
from dashboard.admin.once import once
from dashboard.admin.permission import allowed
from dashboard.admin.step import Panel, Shown, Step, Steps, act, icon_act, sure
from dashboard.components import avatar, badge, card, handle, made_up, name, show, table, tag, toast
from dashboard.context import actor, services
from dashboard.dates import full_day
from dashboard.numbers import number
from dashboard.text import t, tn


def members_card() -> Component:
    """Everybody, active people first."""
    rows = sorted(services().team.members(actor()), key=lambda one: (not one.active, one.name.casefold()))
    monitors = {one.id: one.name for one in services().monitors.all(actor())} if allowed("read_posts") else {}
    able = allowed("edit_team")
    heads = [t("team.member"), t("team.role"), t("team.reach"), t("team.since"), ""]
    shown = table(heads, [_row(one, monitors, able) for one in rows], caption=t("team.title"), end=frozenset({4}),
                  class_="stack team")  # fmt: skip
    head = html.Div([html.H2(t("team.members"), className="w6"), html.Span(number(len(rows)), className="c3 num")],
                    className="row")  # fmt: skip
    return card(head, shown)


def _row(one: User, monitors: dict[str, str], able: bool) -> list[object]:
    mine = one.id == actor().user_id
    # Of the demo's colleagues nothing but where they come from matters: they take its cases and never come in.
    gone = not one.active and not one.made_up
    invited = one.must_change and one.can_sign_in
    marks = [
        badge(t("team.you"), "acc") if mine else None,
        badge(t("team.away"), "line") if gone else None,
        badge(t("team.invited"), "soon", title=t("team.invited_title")) if invited else None,
        made_up() if one.made_up else None,
    ]
    called = html.Div(
        [html.Span([name(one.name, "w5 cut"), *marks], className="row"), handle(one.email, "t12 c3 cut")],
        className="col starts",
    )
    acts = [icon_act("pencil", t("team.change"), "team", "member", one.id)] if able and not one.made_up else []
    return [
        html.Span([avatar(one.name, 32, me=mine), called], className="row g3 away" if gone else "row g3"),
        t(f"team.role_{one.role}"),
        _reach(one, monitors),
        html.Span(full_day(one.created_at), className="c2 nowrap"),
        html.Span(acts, className="row ends g1"),
    ]


def _reach(one: User, monitors: dict[str, str]) -> Component:
    if one.monitors is None:
        parts: list[object] = [t("team.all_monitors")]
    else:
        known = [monitors[id] for id in one.monitors if id in monitors]
        parts = [tn("team.n_monitors", len(one.monitors)), *(tag(called) for called in known[:3])]
    lock = (
        badge(t("team.private_yes"), icon_name="lock-open")
        if one.private
        else badge(t("team.private_no"), "line", "lock")
    )
    return html.Span([*parts, lock], className="row wraps g1 c2")


def ask_add(_step: Step) -> Shown:
    """The dialog for a new member."""
    return Shown(dialog=_add_panel({}))


def _add_panel(given: dict[str, str], wrong: Wrong = NOTHING) -> Panel:
    fields = [
        text_field("name", t("team.name"), given.get("name", ""), wrong=wrong, required=True),
        text_field(
            "email", t("team.email"), given.get("email", ""), wrong=wrong, kind="email", ltr=True, required=True
        ),
        choice("role", t("team.role"), _roles(), given.get("role", "agent"), hint=t("team.role_hint")),
    ]
    return Panel(t("team.add"), form("team", "add!", "", *fields, send=t("team.add_do"), wrong=wrong, cancel=True))


def _roles() -> list[tuple[str, str]]:
    return [(one, t(f"team.role_{one}")) for one in ROLES]


def _role(text: str) -> Role:
    return next((one for one in ROLES if one == text), "agent")


def add(step: Step) -> Shown:
    """Add somebody and show their one-time password, for the only time."""
    given = step.texts()
    try:
        user, password = services().team.add(actor(), step.text("email"), step.text("name"), _role(step.text("role")))
    except EmailTakenError:
        return Shown(dialog=_add_panel(given, {"email": t("team.email_taken")}))
    except InvalidInputError:
        return Shown(dialog=_add_panel(given, {"email": t("setup.email_wrong")}))
    return Shown(dialog=_password(user.name, password), again=True)


def _password(called: str, password: str) -> Panel:
    return Panel([t("team.password_of"), " ", name(called)], once(password, t("team.password_once"), "team"))


def _find(user_id: str) -> User:
    found = next((one for one in services().team.members(actor()) if one.id == user_id), None)
    if found is None:
        raise NotFoundError("member", user_id)
    return found


def open_member(step: Step) -> Shown:
    """The drawer of one member."""
    return Shown(drawer=_drawer(_find(step.of)))


def _drawer(one: User, wrong: Wrong = NOTHING) -> Panel:
    role = form("team", "role!", one.id, choice("role", t("team.role"), _roles(), one.role, wrong=wrong))
    ways = [
        act(t("team.reset"), "team", "reset", one.id, kind="", icon_name="key"),
        act(t("team.let_out"), "team", "out", one.id, kind="bad", icon_name="user-off")
        if one.active
        else act(t("team.let_in"), "team", "in", one.id, kind="pri", icon_name="user-check"),
    ]
    called = html.Div([name(one.name, "w6"), handle(one.email, "t12 c3")], className="col starts")
    inside = [
        html.Div([avatar(one.name, 40), called], className="row g3"),
        role,
        _reach_form(one),
        html.Hr(className="hr"),
        html.Div(ways, className="row wraps"),
    ]
    return Panel(t("team.change"), html.Div(inside, className="col g4"))


def _reach_form(one: User) -> Component:
    monitors = services().monitors.all(actor())
    boxes = [tick("monitors", name(each.name), value=each.id, on=one.monitors is not None and each.id in one.monitors)
             for each in monitors]  # fmt: skip
    return form(
        "team", "reach!", one.id,
        ticks(t("team.reach"), boxes, hint=t("team.reach_hint")),
        tick("private", t("team.private"), on=one.private, hint=t("team.private_hint")),
        send=t("team.reach_save"),
    )  # fmt: skip


def set_role(step: Step) -> Shown:
    """Give somebody another role."""
    try:
        services().team.set_role(actor(), step.of, _role(step.text("role")))
    except LastAdministratorError:
        return Shown(drawer=_drawer(_find(step.of), {"role": t("team.last_administrator")}))
    show(toast(t("common.saved")))
    return Shown(drawer=_drawer(_find(step.of)), again=True)


def set_reach(step: Step) -> Shown:
    """Limit what somebody sees; no monitor ticked means all of them."""
    chosen = step.many("monitors")
    services().team.set_reach(actor(), step.of, chosen or None, step.on("private"))
    show(toast(t("common.saved")))
    return Shown(drawer=_drawer(_find(step.of)), again=True)


def ask_reset(step: Step) -> Shown:
    """Ask before a password is replaced."""
    return Shown(dialog=sure("team", "reset!", step.of, t("team.reset_sure"), t("team.reset_why"), t("team.reset")))


def reset(step: Step) -> Shown:
    """A new one-time password, shown once."""
    called = _find(step.of).name
    return Shown(dialog=_password(called, services().team.reset_password(actor(), step.of)), again=True)


def ask_out(step: Step) -> Shown:
    """Ask before somebody is put out."""
    text = t("team.out_why", name=_find(step.of).name)
    return Shown(dialog=sure("team", "out!", step.of, t("team.out_sure"), text, t("team.let_out")))


def let_out(step: Step) -> Shown:
    """Put somebody out; their sessions and tokens end."""
    return _set_active(step, active=False)


def let_in(step: Step) -> Shown:
    """Let somebody in again."""
    return _set_active(step, active=True)


def _set_active(step: Step, *, active: bool) -> Shown:
    try:
        freed = services().team.set_active(actor(), step.of, active)
    except LastAdministratorError:
        show(toast(t("team.last_administrator"), bad=True))
        return Shown(dialog=None)
    show(toast(t("team.is_in" if active else "team.is_out"), sub=tn("team.freed", freed) if freed else ""))
    return Shown(drawer=None, dialog=None, again=True)


STEPS: Steps = {
    "add": ask_add,
    "add!": add,
    "member": open_member,
    "role!": set_role,
    "reach!": set_reach,
    "reset": ask_reset,
    "reset!": reset,
    "out": ask_out,
    "out!": let_out,
    "in": let_in,
}
