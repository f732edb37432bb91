"""What was done by whom, provably unchanged; and forgetting people for good."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from crm.records.audit import Verification
from crm.usecases.privacy import Receipt
from crm.usecases.trail import TrailPage
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["audit and privacy"])


class Erasure(Asked):
    """Whom or what to forget: a post's key, an author's key, or a customer's id."""

    kind: Literal["post", "author", "customer"]
    key: str = Field(min_length=1)


@router.get("/audit", response_model=shown(TrailPage))
def list_audit(who: Caller, before: int | None = None, action: str = "") -> TrailPage:
    """A page of a hundred rows, newest first; `before` of a page is the cursor of the next one."""
    return who.services.trail.rows(who.actor, before, action)


@router.get("/audit/verify", response_model=shown(Verification))
def verify(who: Caller) -> Verification:
    """Check the whole chain; `broken` is null where nothing was changed."""
    return who.services.trail.verify(who.actor)


@router.post("/erase", response_model=shown(Receipt))
def erase(who: Caller, asked: Erasure) -> Receipt:
    """Erase from every store for good; the answer is a signed receipt."""
    privacy = who.services.privacy
    steps = {"post": privacy.erase_post, "author": privacy.erase_author, "customer": privacy.erase_customer}
    [receipt] = steps[asked.kind](who.actor, asked.key)
    return receipt
