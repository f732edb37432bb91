"""Team: people, roles and reach."""

from __future__ import annotations

from dash import Input, Output, html
from dash.development.base_component import Component

from dashboard.admin.permission import allowed, who_can
from dashboard.admin.step import Steps, act, close, room, takes
from dashboard.admin.team import members
from dashboard.admin.team.members import members_card
from dashboard.admin.team.rights import rights_card
from dashboard.callbacks import callback
from dashboard.components import main, page_header
from dashboard.page import page
from dashboard.text import t

STEPS: Steps = {"close": close, **members.STEPS}


@page("/team", "team.title", icon="users-group", order=60, action="read_team")
def layout(**_query: str) -> Component:
    """Members, then what each role may do."""
    add = act(t("team.add"), "team", "add", kind="pri", icon_name="user-plus") if allowed("edit_team") else None
    return main(
        page_header(t("team.title"), add),
        who_can("edit_team"),
        html.Div(members_card(), id="team-members"),
        rights_card(),
        *room("team"),
    )


@callback(
    Output("team-members", "children"), Input("team-again", "data"), Input("live-team", "data"),
    prevent_initial_call=True,
)  # fmt: skip
def redraw(_again: object, _changed: object) -> Component:
    """The members as they are now."""
    return members_card()


takes("team", STEPS)
