"""The team: who belongs to it, in which role, with which reach."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from crm.policies.access import Role
from crm.records.users import User
from crm.records.workspaces import Workspace
from dashboard.api import Caller
from dashboard.api.shapes import Asked, Count, shown

router = APIRouter(tags=["team"])


class MemberText(Asked):
    """A new member."""

    email: str
    name: str = ""
    role: Role


class RoleText(Asked):
    """What somebody may do."""

    role: Role


class Active(Asked):
    """Whether somebody may come in."""

    active: bool


class Reach(Asked):
    """What somebody may read: posts of these monitors (null: all), and direct messages or not."""

    monitors: list[str] | None
    private: bool


class NewMember(BaseModel):
    """A member and the password for their first log-in, which is shown this once."""

    member: shown(User)  # type: ignore[valid-type]
    one_time_password: str = Field(description="To be changed at the first log-in.")


@router.get("/workspace", response_model=shown(Workspace))
def workspace(who: Caller) -> Workspace:
    """The token's workspace: its reporting zone and its working week."""
    return who.services.setup.workspace(who.actor)


@router.get("/team", response_model=list[shown(User)])  # type: ignore[misc]
def list_members(who: Caller) -> list[User]:
    """Everybody of the workspace."""
    return who.services.team.members(who.actor)


@router.post("/team", status_code=201, response_model=NewMember)
def add_member(who: Caller, asked: MemberText) -> dict[str, object]:
    """Add somebody."""
    member, password = who.services.team.add(who.actor, asked.email, asked.name, asked.role)
    return {"member": member, "one_time_password": password}


@router.put("/team/{user_id}/role", status_code=204)
def set_role(who: Caller, user_id: str, asked: RoleText) -> None:
    """Give somebody another role; the last administrator keeps theirs."""
    who.services.team.set_role(who.actor, user_id, asked.role)


@router.put("/team/{user_id}/active", response_model=Count)
def set_active(who: Caller, user_id: str, asked: Active) -> Count:
    """Let somebody in again, or put them out: their sessions and tokens end at once, their open cases are nobody's.

    Answers how many cases that were.
    """
    return Count(count=who.services.team.set_active(who.actor, user_id, asked.active))


@router.put("/team/{user_id}/reach", status_code=204)
def set_reach(who: Caller, user_id: str, asked: Reach) -> None:
    """Limit what somebody may read."""
    reach = None if asked.monitors is None else tuple(asked.monitors)
    who.services.team.set_reach(who.actor, user_id, reach, asked.private)
