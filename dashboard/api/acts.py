"""Liking and hiding posts of a case on their platforms."""

from __future__ import annotations

from fastapi import APIRouter

from crm.ports.responder import Act
from crm.usecases.views import PostActs
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["cases"])


class Deed(Asked):
    """What is done to which post of the case."""

    post_key: str
    act: Act


@router.get("/cases/{case_id}/acts", response_model=shown(PostActs))
def list_acts(who: Caller, case_id: str, post_key: str) -> PostActs:
    """What may be done to a post of the case on its platform, by which rule, and what was done."""
    return who.services.acts.available(who.actor, case_id, post_key)


@router.post("/cases/{case_id}/acts", response_model=shown(PostActs))
def act(who: Caller, case_id: str, asked: Deed) -> PostActs:
    """Like or hide a post, or take that back; 409 where its platform refuses."""
    return who.services.acts.do(who.actor, case_id, asked.post_key, asked.act)
