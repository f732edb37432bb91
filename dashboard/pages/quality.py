"""Quality: how good the models are on this team's own posts, and the posts that wait for a person's word."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import urlencode

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.usecases.learning import TASK
from dashboard.callbacks import callback
from dashboard.components import chip, chips, main, page_header, show, toast
from dashboard.context import actor, services
from dashboard.page import page
from dashboard.quality import parts, versions
from dashboard.text import t

TASKS = ("sentiment", "language", "urgency", "emotion", "offence")


class HeadCommand(TypedDict):
    """What was pressed among the versions: p-quality.js writes it into the store ``quality-head``."""

    kind: str
    value: str


class Command(TypedDict):
    """What was pressed in the queue: p-quality.js writes it into the store ``quality-command``."""

    post: str
    value: str


@page("/quality", "quality.title", icon="list-check", order=57, action="read_trends")
def layout(task: str = "", **_query: str) -> Component:
    """The figures of one question."""
    chosen = task if task in TASKS else TASKS[0]
    questions = [
        chip(t(f"quality.task_{one}"), href=f"/quality?{urlencode({'task': one})}", on=one == chosen) for one in TASKS
    ]
    return main(
        page_header(t("quality.title")),
        chips(*questions, label=t("quality.question")),
        html.Div(_body(chosen), id="quality-body", className="col g3"),
        dcc.Store(id="quality-task", data=chosen), dcc.Store(id="quality-command"),
        dcc.Store(id="quality-head"), class_="quality",
    )  # fmt: skip


def _body(task: str) -> list[Component]:
    view = services().quality.report(actor(), task)
    queue = services().quality.queue(actor(), task) if may(actor(), "correct") else []
    return [
        parts.tiles(view),
        *(_versions() if task == TASK else ()),
        html.Div([parts.scores(view), html.Div([parts.queue(queue, task), parts.drift(view)], className="col g3")],
                 className="quality-cols"),
    ]  # fmt: skip


def _versions() -> tuple[Component, ...]:
    learning = services().learning
    able = may(actor(), "edit_workspace")
    return (versions.listing(learning.versions(actor()), learning.work(actor()), able),)


@callback(Output("quality-body", "children", allow_duplicate=True), Input("quality-head", "data"),
          State("quality-task", "data"), prevent_initial_call=True)  # fmt: skip
def head(command: HeadCommand, task: str) -> list[Component]:
    """Learn now, use a version, try it, or go back to the shipped model."""
    learning, kind = services().learning, command["kind"]
    if kind == "learn":
        learning.learn(actor())
    elif kind in ("use", "pilot"):
        learning.use(actor(), command["value"], pilot=kind == "pilot")
    elif kind == "back":
        learning.take_back(actor())
    return _body(task)


@callback(Output("quality-body", "children"), Input("quality-command", "data"), State("quality-task", "data"),
          prevent_initial_call=True)  # fmt: skip
def answer(command: Command, task: str) -> list[Component]:
    """Keep a person's answer about a post of the queue."""
    services().corrections.correct(actor(), command["post"], task, command["value"])
    show(toast(t("quality.kept")))
    return _body(task)


@callback(Output("quality-body", "children", allow_duplicate=True), Input("live-post", "data"),
          State("quality-task", "data"), prevent_initial_call=True)  # fmt: skip
def redraw(_signal: object, task: str) -> list[Component]:
    """Show what others answered meanwhile."""
    return _body(task)
