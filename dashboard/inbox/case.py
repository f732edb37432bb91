"""The second and the third pane of one case."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from crm.errors import ShenavaError
from dashboard.components import bone, empty, failed, pane
from dashboard.context import actor, services
from dashboard.inbox import thread
from dashboard.inbox.composer import composer, presence
from dashboard.inbox.customer import customer
from dashboard.inbox.items import items
from dashboard.inbox.names import members
from dashboard.inbox.parts import does
from dashboard.inbox.problems import problem
from dashboard.text import t


class Pieces(Struct, frozen=True):
    """What is drawn of a case, by the place where it stands."""

    head: list[Component] = []
    items: list[Component] = []
    presence: list[Component] = []
    composer: list[Component] = []
    customer: list[Component] = []

    def all(self) -> tuple[object, ...]:
        """In the order of the callback's outputs; None clears what was said to be wrong."""
        return self.head, None, self.items, self.presence, self.composer, self.customer


def draw(case_id: str) -> Pieces:
    """The pieces of a case; without an id, or where it can't be read, a sentence in their place."""
    if not case_id:
        return Pieces(items=[thread.nothing_open()])
    try:
        view = services().inbox.case(actor(), case_id)
    except ShenavaError as error:
        again = html.Button(t("common.retry"), type="button", className="btn", **does("again"))
        back = html.Button(t("inbox.back"), type="button", className="btn narrow", **does("step", value="queue"))
        return Pieces(items=[failed(problem(error)), html.Div([again, back], className="row centre")])
    people = members()
    return Pieces(thread.head(view, people), items(view, people), presence(view), composer(view), customer(view))


def thread_pane(pieces: Pieces) -> Component:
    """The pane in the middle; what may be typed in stands apart from what is drawn anew."""
    return pane(
        html.Header(pieces.head, id="inbox-head", className="th"),
        html.Div(id="inbox-trouble", className="trouble"),
        html.Div(pieces.items, id="inbox-items", className="msgs", role="log", **{"aria-label": t("inbox.thread")}),
        _skeleton(),
        html.Div(pieces.presence, id="inbox-presence"),
        html.Div(id="inbox-problem", className="trouble"),
        html.Div(pieces.composer, id="inbox-composer"),
        label=t("inbox.thread"),
        class_="thread",
    )


def customer_pane(pieces: Pieces) -> Component:
    """The pane at the far side."""
    return pane(
        html.Div(pieces.customer or [empty(t("inbox.customer_none"), "", None, "user-circle")], id="inbox-customer"),
        label=t("inbox.customer"),
        class_="third customer",
    )


def _skeleton() -> Component:
    """Posts on their way, shown by p-inbox.js while a case is fetched."""
    row = html.Div(
        [bone(32, 32, round=True), html.Div([bone("30%"), bone("92%"), bone("64%")], className="col g2 grow")],
        className="row top g3",
    )
    return html.Div([row] * 4, id="inbox-skeleton", className="msgs bones", hidden=True, **{"aria-hidden": "true"})
