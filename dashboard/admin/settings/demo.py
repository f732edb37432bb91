"""The demo: load it, see how far it is, take it away again."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.admin.permission import allowed, who_can
from dashboard.admin.step import Shown, Step, Steps, act, sure
from dashboard.components import alert, card, made_up, show, toast
from dashboard.context import actor, services
from dashboard.numbers import percent
from dashboard.text import t


def section() -> list[Component | None]:
    """What the demo is, and the one thing that can be done now."""
    setup = services().setup
    work, loaded = setup.demo_progress(actor()), setup.demo_loaded(actor())
    busy = work is not None and work.state in {"waiting", "running"}
    failed = work is not None and work.state == "failed"
    state: Component | None = None
    if work is not None and busy:
        share = work.done / work.total if work.total else 0.0
        state = html.Div(
            [html.Div(html.I(style={"width": f"{100 * share:.0f}%"}), className="progress"),
             html.Span(t("settings.demo_busy", share=percent(share)), className="t12 c3")], className="col g1",
        )  # fmt: skip
    elif loaded and allowed("edit_workspace"):
        state = html.Div(act(t("settings.demo_remove"), "settings", "demo-remove", kind="bad", icon_name="trash"))
    elif not loaded and allowed("import"):
        state = html.Div(act(t("settings.demo_load"), "settings", "demo", kind="pri", icon_name="flask"))
    about = html.P(t("settings.demo_there" if loaded else "settings.demo_about"), className="c2")
    wrong = alert(t("settings.demo_failed"), "neg", "alert-circle") if failed else None
    return [who_can("edit_workspace" if loaded else "import"),
            card(wrong, about, state, title=t("settings.demo"), beside=made_up(), class_="roomy")]  # fmt: skip


def load(_step: Step) -> Shown:
    """Ask for the demo; it is loaded in the background."""
    services().setup.load_demo(actor())
    show(toast(t("settings.demo_asked")))
    return Shown(again=True)


def ask_remove(_step: Step) -> Shown:
    """Ask before the demo goes."""
    return Shown(dialog=sure("settings", "demo-remove!", "", t("settings.demo_sure"), t("settings.demo_why"),
                             t("settings.demo_remove")))  # fmt: skip


def remove(_step: Step) -> Shown:
    """Take everything made up away."""
    services().setup.remove_demo(actor())
    show(toast(t("settings.demo_gone")))
    return Shown(dialog=None, again=True)


STEPS: Steps = {"demo": load, "demo-remove": ask_remove, "demo-remove!": remove}
