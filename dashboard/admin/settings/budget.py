"""What is read on platforms that count it: this month's reads beside their caps, and the caps themselves."""

from __future__ import annotations

from itertools import groupby

from dash import html
from dash.development.base_component import Component

from crm.policies.budget import WHOLE
from crm.ports.source import Unit
from crm.usecases.budgets import MOST, Use
from dashboard.admin.fields import NOTHING, Wrong, choice, form, text_field
from dashboard.admin.permission import allowed, who_can
from dashboard.admin.step import Panel, Shown, Step, Steps, act
from dashboard.components import bar, card, empty, name, platform_icon, show, toast
from dashboard.context import actor, services
from dashboard.monitors.names import platform_name
from dashboard.numbers import number, percent, whole
from dashboard.text import t, tn

NEAR = 0.8
"""From this share of a cap on, its bar warns."""


def section() -> list[Component | None]:
    """A card for each platform, its monitors below it."""
    found = services().budgets.uses(actor()) if allowed("read_health") else []
    cards = [_platform(platform, list(lines)) for platform, lines in groupby(found, lambda one: one.platform)]
    about = html.P(t("settings.budget_about"), className="c2")
    none = card(empty(t("settings.no_budget"), t("settings.no_budget_why"), icon_name="coins"))
    return [who_can("edit_sources"), about, *(cards or [none])]


def _platform(platform: str, lines: list[Use]) -> Component:
    able = allowed("edit_sources")
    more = act(t("settings.cap_monitor"), "settings", "cap-monitor", platform, icon_name="plus") if able else None
    title = html.Span([platform_icon(platform, 20), platform_name(platform)], className="row")
    return card(html.Ul([line(one, able=able) for one in lines], className="qu"), title=title, beside=more)


def line(use: Use, *, able: bool = False, called: object = None) -> Component:
    """One line of reads: the count, a bar to its cap, and where the month will end."""
    who = called or (name(use.name) if use.monitor else t("settings.all_monitors"))
    whole_read = counted(use.read, use.unit)
    said = whole_read if use.cap is None else t("settings.read_of", read=number(use.read),
                                                cap=counted(use.cap, use.unit))  # fmt: skip
    share = _share(use)
    tone = "bad" if share >= 1 else "soon" if share >= NEAR else "ink"
    change = act(t("settings.cap_change"), "settings", "cap", f"{use.platform} {use.monitor}".strip(), kind="ghost sm")
    return html.Li(
        [
            html.Span(who, className="w5 cut"),
            html.Span([html.Span(said, className="num c2"), change if able else None], className="row g3"),
            bar(share, tone=tone, label=percent(share)) if use.cap is not None else None,
            html.Small(_outlook(use)),
        ]
    )


def _share(use: Use) -> float:
    return 0.0 if use.cap is None else 1.0 if use.cap == 0 else use.read / use.cap


def _outlook(use: Use) -> str:
    if use.cap is None:
        return t("settings.no_cap", posts=counted(use.by_end, use.unit))
    if use.read >= use.cap:
        return t("settings.cap_reached")
    breaks = use.by_end > use.cap
    return t("settings.cap_breaks" if breaks else "settings.cap_holds", posts=counted(use.by_end, use.unit))


def counted(count: int, unit: Unit) -> str:
    """A number with what is counted."""
    return tn(f"settings.count_{unit}", count)


def ask(step: Step) -> Shown:
    """The dialog for a cap that a line shows; `of` is the platform and the monitor, if there is one."""
    platform, _, monitor = step.of.partition(" ")
    found = (one for one in services().budgets.uses(actor()) if (one.platform, one.monitor) == (platform, monitor))
    cap = next((one.cap for one in found), None)
    return Shown(dialog=_panel(platform, monitor, "" if cap is None else str(cap)))


def ask_monitor(step: Step) -> Shown:
    """The dialog for the cap of a monitor that is to be chosen."""
    every = [(one.id, one.name) for one in services().monitors.all(actor())]
    return Shown(dialog=_panel(step.of, every[0][0] if every else WHOLE, "", choices=every))


def _panel(platform: str, monitor: str, posts: str, wrong: Wrong = NOTHING,
           choices: list[tuple[str, str]] | None = None) -> Panel:  # fmt: skip
    which = choice("monitor", t("settings.cap_of"), choices, monitor, wrong=wrong) if choices else None
    unit = services().budgets.unit(platform)
    label, hint = t(f"settings.cap_{unit}"), t("settings.cap_hint")
    if unit == "units":
        hint = f"{hint} {t('settings.cap_hint_units')}"
    cap = text_field("posts", label, posts, wrong=wrong, hint=hint, ltr=True)
    title = t("settings.cap_title", platform=platform_name(platform))
    of = platform if choices else f"{platform} {monitor}".strip()
    return Panel(title, form("settings", "cap!", of, which, cap, wrong=wrong, cancel=True))


def keep(step: Step) -> Shown:
    """Keep the cap, lift it where the field is empty, or say what is wrong with it."""
    platform, _, monitor = step.of.partition(" ")
    chosen = step.text("monitor") or monitor
    posts = whole(step.text("posts"))
    if step.text("posts") and (posts is None or posts > MOST):
        wrong = {"posts": t("settings.cap_wrong", most=number(MOST))}
        return Shown(dialog=_panel(platform, chosen, step.text("posts"), wrong))
    services().budgets.cap(actor(), platform, chosen, posts)
    show(toast(t("common.saved")))
    return Shown(dialog=None, again=True)


STEPS: Steps = {"cap": ask, "cap-monitor": ask_monitor, "cap!": keep}
