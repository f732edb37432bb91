"""Who the token belongs to."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from dashboard.api import Caller

router = APIRouter(tags=["me"])


class Me(BaseModel):
    """The holder of a token."""

    user_id: str
    workspace: str
    name: str
    email: str
    role: str


@router.get("/me")
def me(who: Caller) -> Me:
    """Who this token stands for, and in which role."""
    actor = who.actor
    return Me(user_id=actor.user_id, workspace=actor.workspace, name=actor.name, email=actor.email, role=actor.role)
