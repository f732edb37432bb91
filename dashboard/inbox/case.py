"""The second and the third pane of one case."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.errors import ShenavaError
from dashboard.components import bone, empty, failed, pane
from dashboard.context import actor, services
from dashboard.inbox import thread
from dashboard.inbox.composer import composer, presence
from dashboard.inbox.customer import customer
from dashboard.inbox.items import items
from dashboard.inbox.names import members
from dashboard.inbox.parts import does
from dashboard.inbox.places import Places, place, places
from dashboard.text import t


def draw(case_id: str, *, whole: bool = True) -> Places:
    """A case in its places; without an id, or where it can't be read, a sentence in their stead.

    Unless `whole`, the composer and what is said above it stay as they are.
    """
    drawn = _drawn(case_id)
    if not whole:
        drawn = {name: children for name, children in drawn.items() if name not in ("inbox-composer", "inbox-problem")}
    return places(drawn)


def _drawn(case_id: str) -> dict[str, Sequence[object]]:
    if not case_id:
        return _shown(items=[thread.nothing_open()])
    try:
        view = services().inbox.case(actor(), case_id)
    except ShenavaError as error:
        again = html.Button(t("common.retry"), type="button", className="btn", **does("again"))
        back = html.Button(t("inbox.back"), type="button", className="btn narrow", **does("step", value="queue"))
        return _shown(items=[failed(error), html.Div([again, back], className="row centre")])
    people = members()
    return _shown(thread.head(view, people), items(view, people), presence(view), composer(view), customer(view))


def _shown(
    head: Sequence[object] = (), items: Sequence[object] = (), presence: Sequence[object] = (),
    composer: Sequence[object] = (), customer: Sequence[object] = (),
) -> dict[str, Sequence[object]]:  # fmt: skip
    nobody = [empty(t("inbox.customer_none"), "", None, "user-circle")]
    return {
        "inbox-head": head, "inbox-trouble": (), "inbox-items": items, "inbox-presence": presence,
        "inbox-problem": (), "inbox-composer": composer, "inbox-customer": customer or nobody,
    }  # fmt: skip


def thread_pane() -> Component:
    """The pane in the middle; what may be typed in stands apart from what is drawn anew."""
    return pane(
        html.Header(id="inbox-head", className="th"),
        place("inbox-trouble", "trouble"),
        place("inbox-items", "msgs", role="log", **{"aria-label": t("inbox.thread")}),
        _skeleton(),
        place("inbox-presence"),
        place("inbox-problem", "trouble"),
        place("inbox-composer"),
        label=t("inbox.thread"),
        class_="thread",
    )


def customer_pane() -> Component:
    """The pane at the far side."""
    return pane(place("inbox-customer"), label=t("inbox.customer"), class_="third customer")


def _skeleton() -> Component:
    """Posts on their way, shown by p-inbox.js while a case is fetched."""
    row = html.Div(
        [bone(32, 32, round=True), html.Div([bone("30%"), bone("92%"), bone("64%")], className="col g2 grow")],
        className="row top g3",
    )
    return html.Div([row] * 4, id="inbox-skeleton", className="msgs bones", hidden=True, **{"aria-hidden": "true"})
